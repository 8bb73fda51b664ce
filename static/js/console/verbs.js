/** What can be done to an incident: words, keys and what each verb asks for. */

import { t } from "../lib/text.js";

/**
 * @typedef {object} Field
 * @property {string} name
 * @property {string} label
 * @property {"text" | "area" | "choice" | "check" | "number" | "many"} type
 * @property {boolean} [required]
 * @property {boolean} [wide]
 * @property {string} [choices] name of a table of choices
 * @property {string} [hint]
 *
 * @typedef {object} VerbText
 * @property {string} label on the button
 * @property {string} [done] said afterwards
 * @property {string} [key] shown beside the label
 * @property {boolean} [strong]
 * @property {boolean} [rare] kept under More
 * @property {string} [about] what it means, said in its dialog
 * @property {Field[]} [fields] asked for in a dialog
 */

const reason = () => ({ name: "reason", label: t("Reason"), type: "area", required: true, wide: true });
const remark = () => ({ name: "text", label: t("Remark"), type: "area", wide: true });

/** In the order of the buttons. @returns {Record<string, VerbText>} */
export function verbTexts() {
  return {
    acknowledge: { label: t("Acknowledge"), key: "Space", strong: true, done: t("Acknowledged") },
    "accept-offer": { label: t("Accept hand-over"), strong: true, done: t("Hand-over accepted") },
    "decline-offer": { label: t("Decline hand-over"), done: t("Hand-over declined") },
    claim: { label: t("Claim"), key: "C", strong: true, done: t("Claimed") },
    respond: { label: t("Response under way"), done: t("Response under way") },
    close: {
      label: t("Close incident"),
      about: t("The agency is told the result. Video of this incident stops."),
      done: t("Incident closed"),
      fields: [{ name: "result", label: t("Result"), type: "choice", choices: "result", required: true, wide: true }, remark(), { name: "useful", label: t("Was what the agency sent of use?"), type: "choice", choices: "useful", wide: true }],
    },
    offer: {
      label: t("Hand over"),
      key: "T",
      about: t("It stays yours until the colleague accepts."),
      done: t("Hand-over offered"),
      fields: [{ name: "to", label: t("To whom"), type: "choice", choices: "people", required: true, wide: true }],
    },
    release: { rare: true, label: t("Release"), done: t("Released") },
    "take-over": { rare: true, label: t("Take over"), about: t("The owner is told, and the reason is kept on the timeline."), done: t("Taken over"), fields: [reason()] },
    move: {
      rare: true,
      label: t("Correct place"),
      about: t("The cameras are chosen again for the new place."),
      done: t("Place corrected"),
      fields: [
        { name: "lon", label: t("Longitude"), type: "number", required: true },
        { name: "lat", label: t("Latitude"), type: "number", required: true },
        { name: "error_radius_m", label: t("Error radius (m)"), type: "number", required: true },
        { name: "address", label: t("Address"), type: "text" },
      ],
    },
    "mark-duplicate": {
      rare: true,
      label: t("Duplicate of"),
      about: t("It is kept and linked; nothing is merged."),
      done: t("Marked as duplicate"),
      fields: [{ name: "of", label: t("Which incident"), type: "choice", choices: "others", required: true, wide: true }],
    },
    transfer: {
      rare: true,
      label: t("Transfer elsewhere"),
      about: t("The incident leaves this centre."),
      done: t("Transferred"),
      fields: [{ name: "to", label: t("To which agency or municipality"), type: "text", required: true, wide: true }, reason()],
    },
    "false-alarm": { rare: true, label: t("False alarm"), about: t("The incident ends as a false alarm."), done: t("Marked as false alarm"), fields: [remark()] },
    cancel: { rare: true, label: t("Cancel"), about: t("The incident ends as cancelled."), done: t("Cancelled"), fields: [remark()] },
    reopen: { label: t("Reopen"), strong: true, done: t("Reopened"), fields: [reason()] },
  };
}

/** What a new incident by hand asks for: six fields. @returns {Field[]} */
export function newIncidentFields() {
  return [
    { name: "kind", label: t("Kind"), type: "choice", choices: "kinds", required: true },
    { name: "urgency", label: t("Urgency code"), type: "choice", choices: "urgency" },
    { name: "address", label: t("Address"), type: "text", wide: true },
    { name: "error_radius_m", label: t("Error radius (m)"), type: "number", hint: t("The place is the centre of the map.") },
    { name: "summary", label: t("What happened"), type: "area", required: true, wide: true },
    { name: "is_drill", label: t("This is a drill"), type: "check", wide: true },
  ];
}
