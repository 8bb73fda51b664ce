/** Telephone tasks as pure data: which wait, what to say, and the time of day where the centre is. */

import { moment } from "../lib/format.js";
import { either, t } from "../lib/text.js";

const KST_MS = 9 * 3600_000;

/** @param {{state: string}} task */
export const waits = (task) => task.state === "open";

/** A time as the form's field takes it, by Korea's clock whatever the computer's zone is. */
export const toField = (at) => new Date(at + KST_MS).toISOString().slice(0, 16);
/** @param {string} text what the field gave */
export const fromField = (text) => `${text}${text.length === 16 ? ":00" : ""}+09:00`;

/** What happened to a task, in a word. */
export function taskState(task) {
  return (
    {
      open: t("Call now"),
      done: t("Told by telephone"),
      reconciled: t("Told, and the line confirmed"),
      withdrawn: t("The line confirmed first"),
    }[task.state] ?? task.state
  );
}

/** What a message's status says, for reading out. */
function statusWords(status) {
  return (
    {
      ACKNOWLEDGED: t("The report was acknowledged"),
      ACCEPTED: t("An operator works at it"),
      RESPONDING: t("A response is under way"),
      PLACE_CORRECTED: t("The place was corrected"),
      REOPENED: t("The incident was opened again"),
      DUPLICATE: t("It is a duplicate of another report"),
      CLOSED: t("The incident was closed"),
      FALSE_ALARM: t("It was a false alarm"),
      CANCELLED: t("It was cancelled"),
      TRANSFERRED: t("It was transferred"),
    }[status] ?? status
  );
}

/**
 * The lines to read out, drafted from the message.
 * @param {any} task
 * @param {string} centre name of the municipality
 * @returns {[string, string][]} name and text
 */
export function script(task, centre) {
  const lines = [
    task.is_drill ? [t("First of all"), t("This is a drill")] : null,
    [t("Who calls"), either(`${centre} 도시통합운영센터`, t("%(city)s operations centre", { city: centre }))],
    task.case_number ? [t("Your case number"), task.case_number] : null,
    [t("Message"), task.message.type_name],
    task.message.status ? [t("What is to be told"), statusWords(task.message.status)] : null,
    task.incident?.address ? [t("Place"), task.incident.address] : null,
    task.incident?.summary ? [t("What happened"), task.incident.summary] : null,
    task.incident?.number ? [t("Our incident number"), task.incident.number] : null,
    [t("Time of the message"), moment(task.message.at)],
    [t("At the end"), t("Ask for the name, and that the line be looked at")],
  ];
  return /** @type {[string, string][]} */ (lines.filter(Boolean));
}
