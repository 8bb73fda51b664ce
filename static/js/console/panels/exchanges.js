/** Exchanges with agencies: what went, how far it came, and when it is tried again. */

import { h } from "../../lib/dom.js";
import { age, moment } from "../../lib/format.js";
import { t } from "../../lib/text.js";
import { exchangeState, messageName } from "../labels.js";
import { drawSteps } from "./steps.js";

const BAD = new Set(["dead", "retrying", "unknown"]);

function row(exchange, now) {
  const arrow = exchange.direction === "out" ? t("To %(link)s", { link: exchange.link }) : t("From %(link)s", { link: exchange.link });
  const isBad = BAD.has(exchange.state);
  const line = h("p", { class: "exchange-line" }, h("strong", null, arrow), h("span", null, messageName(exchange.type)), h("span", { class: isBad ? "exchange-bad" : "muted" }, exchangeState(exchange.state)), h("span", { class: "number muted" }, moment(exchange.at, now)));
  const steps = h("p", { class: "steps", hidden: true });
  drawSteps(steps, [exchange]);
  const notes = [];
  if (exchange.attempts > 1) {
    notes.push(t("%(n)s attempts", { n: exchange.attempts }));
  }
  if (exchange.next_try_at) {
    const left = Date.parse(exchange.next_try_at) - now;
    notes.push(left > 0 ? t("next try in %(age)s", { age: age(left) }) : t("next try now"));
  }
  if (exchange.last_error) {
    notes.push(exchange.last_error);
  }
  return h("li", { class: "exchange" }, line, steps, notes.length > 0 && h("p", { class: isBad ? "exchange-bad" : "muted" }, notes.join(" · ")));
}

/**
 * @param {HTMLElement} list
 * @param {any[] | null} exchanges null: not known
 * @param {number} now
 */
export function drawExchanges(list, exchanges, now) {
  if (!exchanges || !exchanges.length) {
    list.replaceChildren(h("li", { class: "muted" }, exchanges ? t("Nothing has been exchanged yet.") : t("The exchanges cannot be read now.")));
    return;
  }
  const newest = [...exchanges].sort((a, b) => (a.at < b.at ? 1 : -1));
  list.replaceChildren(...newest.map((exchange) => row(exchange, now)));
}
