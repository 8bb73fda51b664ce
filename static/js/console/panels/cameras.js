/** Cameras of an incident: the chosen with their reasons, the skipped with theirs. */

import { byId, setText, show, stamp } from "../../lib/dom.js";
import { compass, distance } from "../../lib/format.js";
import { either, t } from "../../lib/text.js";

const reasonsOf = (pick) => pick.reasons.map((reason) => either(reason.ko, reason.en)).join(" · ");

function looks(pick) {
  return pick.bearing_deg === null || pick.bearing_deg === undefined ? "" : `${compass(pick.bearing_deg)} `;
}

function row(pick, rank, onCamera) {
  const { root, parts } = stamp("camera-template");
  const name = /** @type {HTMLButtonElement} */ (parts.name);
  setText(name, rank ? `${rank}. ${pick.name}` : pick.name);
  name.disabled = !rank;
  name.addEventListener("click", () => onCamera(pick.id));
  setText(parts.far, `${looks(pick)}${distance(pick.distance_m)}`);
  setText(parts.why, reasonsOf({ reasons: pick.reasons.filter((reason) => reason.code !== "distance") }));
  return root;
}

/**
 * @param {{radius_m: number | null, picks: any[], skipped: any[]}} cameras
 * @param {{onCamera: (id: number) => void, hasPlace?: boolean}} wiring
 */
export function drawCameras(cameras, { onCamera, hasPlace = true }) {
  const { picks, skipped, radius_m: radius } = cameras;
  setText(byId("cameras-radius"), radius ? t("within %(far)s", { far: distance(radius) }) : "");
  byId("cameras").replaceChildren(...picks.map((pick, index) => row(pick, index + 1, onCamera)));
  if (!picks.length) {
    const none = document.createElement("li");
    none.className = "muted";
    none.textContent = hasPlace ? t("No camera can serve this place.") : t("No single place is known, so no cameras were chosen for one.");
    byId("cameras").append(none);
  }
  byId("skipped").replaceChildren(...skipped.map((pick) => row(pick, 0, onCamera)));
  setText(byId("skipped-title"), t("Passed over: %(n)s, with the reason", { n: skipped.length }));
  show(byId("skipped-box"), skipped.length > 0);
  show(byId("video-open"), picks.length > 0);
}
