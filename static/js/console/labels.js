/** Words for codes: what the server translated for us, and the verbs of the timeline. */

import { age } from "../lib/format.js";
import { either, t } from "../lib/text.js";
import { reasonText } from "./video_reasons.js";

/** @typedef {{value: string, label: string}} Choice */

/**
 * Read a table of choices: {value, ko, en}, {code, name_ko, name_en} or {id, name}.
 * @param {any[]} table
 * @returns {Choice[]}
 */
export function choicesOf(table) {
  return table.map((row) => {
    const value = String(row.value ?? row.code ?? row.id);
    return { value, label: row.name || either(row.ko ?? row.name_ko, row.en ?? row.name_en) || value };
  });
}

/** The label of one value. */
export function labelIn(table, value) {
  return choicesOf(table).find((choice) => choice.value === String(value))?.label ?? String(value ?? "");
}

/** @param {{kind: {name_ko: string, name_en: string}}} feature */
export const kindName = (feature) => either(feature.kind.name_ko, feature.kind.name_en);

/** @param {string} service */
export function serviceName(service) {
  return { police112: t("Police 112"), fire119: t("Fire 119"), disaster: t("Disaster"), city: t("Centre") }[service] ?? service;
}

/** @param {string} status */
export function statusName(status) {
  return (
    {
      received: t("Received"),
      acknowledged: t("Acknowledged"),
      accepted: t("Claimed"),
      responding: t("Responding"),
      closed: t("Closed"),
      cancelled: t("Cancelled"),
      false_alarm: t("False alarm"),
      transferred: t("Transferred"),
      duplicate: t("Duplicate"),
    }[status] ?? status
  );
}

/** What happened, for the timeline. */
export function verbName(verb) {
  const names = {
    open: t("Report received"),
    opened: t("Report received"),
    update: t("Report updated"),
    acknowledge: t("Acknowledged"),
    claim: t("Claimed"),
    release: t("Released"),
    offer: t("Hand-over offered"),
    accept_offer: t("Hand-over accepted"),
    decline_offer: t("Hand-over declined"),
    take_over: t("Taken over"),
    note: t("Note"),
    respond: t("Response under way"),
    move: t("Place corrected"),
    close: t("Closed"),
    false_alarm: t("False alarm"),
    cancel: t("Cancelled"),
    revive: t("Cancellation withdrawn"),
    transfer: t("Transferred"),
    reopen: t("Reopened"),
    mark_duplicate: t("Marked as duplicate"),
    escalate: t("Escalated: not acknowledged in time"),
    video_request: t("The agency asks for video"),
    video_allow: t("Video allowed"),
    video_refuse: t("Video refused"),
    video_lapse: t("Request for video not answered in time"),
    video_give: t("Video given by hand"),
    video_extend: t("Video extended"),
    agency_close: t("The agency closed its case"),
    escape_route: t("Direction of escape sent"),
    cap_issue: t("CAP alert issued"),
    cap_ack: t("Our CAP alert was acknowledged"),
    cap_error: t("Our CAP alert was refused"),
    co_response: t("Linked: co-response"),
    handed_on: t("Linked: handed on"),
    related: t("Linked: related"),
    different: t("Judged to be another happening"),
    agency_report: t("Reported to an agency"),
    terminal_share: t("Shared with a police terminal"),
    terminal_share_revoked: t("Withdrawn from a police terminal"),
    still: t("Still sent"),
  };
  return names[verb.replaceAll("-", "_").replace(/^incident\./, "")] ?? verb;
}

/** The state of a message to or from an agency. */
export function exchangeState(state) {
  return (
    {
      queued: t("Queued"),
      sent: t("Sent"),
      acked: t("Acknowledged by the agency"),
      answered: t("Answered"),
      retrying: t("Retrying"),
      unknown: t("Outcome unknown"),
      dead: t("Not delivered"),
      failed: t("Not delivered"),
      manual_fallback: t("Told by telephone"),
      reconciled: t("Told by telephone, then acknowledged"),
      applied: t("Taken over into the incident"),
      unchanged: t("Nothing new"),
      stale: t("Older than what is known"),
      filed: t("Waits for its report"),
    }[state] ?? state
  );
}

/** The type of a message to or from an agency. */
export function messageName(type) {
  return (
    { EVENT_NOTIFY: t("Report"), STATUS_UPDATE: t("Status"), CANCEL: t("Cancellation"), ACK: t("Acknowledgement"), CLOSE: t("Closing"), CAMERA_LIST: t("List of cameras"), STREAM_REQUEST: t("Video asked for"), STREAM_GRANT: t("Video granted"), STREAM_DENY: t("Video refused"), UNIT_POSITION: t("Position of a unit"), ESCAPE_ROUTE: t("Direction of escape"), STILL: t("Still"), CLOSE_ACK: t("Closing acknowledged"), CAP_ALERT: t("CAP alert"), RESYNC: t("Everything again"), CO_RESPONSE: t("Co-response"), TRANSFER: t("Handed on as") }[type] ?? type
  );
}

/** Health of a camera. */
export function healthName(health) {
  return (
    {
      online: t("Online"),
      offline: t("Offline"),
      frozen: t("Frozen picture"),
      dark: t("Dark picture"),
      covered: t("Covered"),
      blurred: t("Blurred picture"),
      tampered: t("Tampering reported"),
      unknown: t("Health unknown"),
    }[health] ?? health
  );
}

/** State of a camera in one line: why, since when, its clock. */
export function conditionText(camera, now) {
  const since = camera.health_at && camera.health !== "unknown" ? t("for %(age)s", { age: age(now - Date.parse(camera.health_at)) }) : "";
  const clock = camera.clock_wrong ? t("clock wrong by %(s)s s", { s: Math.round(camera.clock_skew_ms / 1000) }) : "";
  return [[healthName(camera.health), reasonText(camera.reason)].filter(Boolean).join(": "), since, clock].filter(Boolean).join(" · ");
}

/** Condition of a link. */
export function linkState(state) {
  return (
    { up: t("Working"), degraded: t("Slow"), down: t("Down"), maintenance: t("Maintenance"), dormant: t("Silent for long"), suspended: t("Suspended") }[state] ?? state
  );
}
