/** Why a camera gives no picture, in words; the server sends codes. */

import { t } from "../lib/text.js";

/** @param {string | undefined} code @returns {string | undefined} nothing for a code that says nothing to an operator */
export function reasonText(code) {
  switch (code) {
    case "unauthorized":
      return t("the camera refuses the password");
    case "not_found":
      return t("the camera has no such stream");
    case "refused":
    case "unreachable":
    case "timeout":
      return t("the camera does not answer");
    case "certificate":
      return t("the camera's certificate is not trusted");
    case "camera_not_connected":
      return t("this camera is not connected");
    case "camera_address_refused":
      return t("the camera's address is not allowed");
    case "transcoding_off":
      return t("its format needs transcoding, which is switched off");
    case "transcodes_full":
      return t("its format needs transcoding, and this server has no room for more");
    case "media_server_down":
      return t("the media server does not answer");
    case "tampering":
      return t("reports tampering too");
    case "host_down":
      return t("its recorder is unreachable");
    case "host_back":
      return t("its recorder is back; not looked at yet");
    case "failed":
      return t("breaks off");
    case "no_picture":
    case "invalid":
      return t("the camera sends nothing that can be shown");
    default:
      return undefined;
  }
}
