/** CAP alerts and disaster text messages as lines: whose, what became of them, who answered. */

import { h } from "../../lib/dom.js";
import { moment } from "../../lib/format.js";
import { t } from "../../lib/text.js";
import { exchangeState } from "../labels.js";

export const typeName = (type) => ({ Alert: t("Alert issued"), Update: t("Update"), Cancel: t("Cancellation"), Ack: t("Acknowledgement"), Error: t("Error") })[type] ?? type;

function stateOf(alert, now) {
  const results = { applied: t("applied"), stale: t("older than what is known"), filed: t("waits for its alert"), unchanged: t("kept, nothing to change") };
  const isExpired = alert.expires !== null && Date.parse(alert.expires) < now;
  return isExpired ? t("expired %(time)s", { time: moment(alert.expires, now) }) : results[alert.result] ?? alert.result;
}

/** An alert that a link brought. */
export function alertItem(alert, now) {
  const info = alert.infos[0];
  const areas = alert.areas.map((area) => area.description).join(", ");
  return h(
    "li",
    { class: "unit", "data-cap": alert.identifier },
    h("strong", null, `${t("In")} · ${typeName(alert.msg_type)}`),
    h("span", null, [info?.headline || info?.event, areas].filter(Boolean).join(" · ")),
    h("span", { class: "muted" }, `${stateOf(alert, now)} · ${info?.sender_name || alert.sender} · ${moment(alert.sent, now)}`),
  );
}

export function replyLine(one, now) {
  const isBad = one.msg_type === "Error";
  const note = one.note ? ` (${one.note})` : "";
  return h("span", { class: isBad ? "disaster-bad" : "" }, `${isBad ? t("refused by %(name)s", { name: one.sender }) : t("acknowledged by %(name)s", { name: one.sender })}${note} ${moment(one.sent, now)}`);
}

/** Where an alert of ours stands on the line to one agency. */
export function pushLine(one, now) {
  const isBad = one.state === "dead";
  return h("span", { class: isBad ? "disaster-bad" : "muted", "data-push": one.link }, `${one.name}: ${exchangeState(one.state)}${one.at ? ` ${moment(one.at, now)}` : ""}`);
}

/** An alert of our own: how it was delivered to each agency, and what others answered. */
export function issueItem(issue, now) {
  const replies = issue.replies.length ? issue.replies.map((one) => replyLine(one, now)) : [h("span", { class: "muted" }, t("no reply yet"))];
  return h("li", { class: "unit", "data-cap": issue.identifier }, h("strong", null, `${t("Out")} · ${typeName(issue.msg_type)}`), h("span", null, issue.title), h("span", { class: "muted" }, t("published %(time)s", { time: moment(issue.sent, now) })), ...issue.pushes.map((one) => pushLine(one, now)), ...replies);
}

function decision({ is_ours: isOurs, by, at }, now) {
  const said = { name: by.name, time: moment(at, now) };
  return isOurs ? t("taken as this city's by %(name)s %(time)s", said) : t("not this city's, said %(name)s %(time)s", said);
}

function elsewhere({ name, is_ours: isOurs, at }, now) {
  const said = { name, time: moment(at, now) };
  return isOurs ? t("%(name)s has taken it %(time)s", said) : t("%(name)s: not theirs %(time)s", said);
}

/** A text message to everybody's telephones. @param {HTMLElement[]} actions buttons of what may be done with it */
export function messageItem(message, now, actions = []) {
  const steps = { 위급재난: t("Critical disaster"), 긴급재난: t("Urgent disaster"), 안전안내: t("Safety notice") };
  const isOpen = message.landing === "ambiguous" && !message.decided;
  const names = message.candidates.map((one) => one.name).join(", ");
  const unsure = isOpen && h("p", { class: "text-unsure" }, t("not certain whose: %(names)s", { names }));
  return h(
    "li",
    { class: "text-item", "data-message": message.number, "data-urgent": message.step !== "안전안내" },
    h("p", null, h("strong", null, `${steps[message.step] ?? message.step} · ${message.category}`), h("span", { class: "muted number" }, ` · ${message.agency} · ${moment(message.issued_at, now)}`)),
    h("p", { class: "text-message" }, message.text),
    unsure,
    message.decided && h("p", { class: "muted" }, decision(message.decided, now)),
    ...message.others.map((one) => h("p", null, elsewhere(one, now))),
    actions.length > 0 && h("div", { class: "text-verdicts", role: "group", "aria-label": message.text.slice(0, 60) }, ...actions),
  );
}
