/** The tiny steps of a message to an agency: sent, received, acknowledged. */

import { h, show } from "../../lib/dom.js";
import { t } from "../../lib/text.js";

const BAD = new Set(["dead", "retrying", "unknown"]);

/** How far the newest outbound message is: 0 queued, 1 sent, 2 received, 3 acknowledged. */
export function reached(exchange) {
  const named = new Set((exchange.steps ?? []).filter((step) => step.at).map((step) => step.name));
  if (exchange.state === "acked" || exchange.state === "answered" || named.has("acked") || named.has("acknowledged")) {
    return 3;
  }
  if (named.has("received") || named.has("taken")) {
    return 2;
  }
  return exchange.state === "sent" || named.has("sent") ? 1 : 0;
}

/** @param {object[]} exchanges of one incident */
export function newestOutbound(exchanges) {
  const out = exchanges.filter((exchange) => exchange.direction === "out");
  return out.reduce((newest, one) => (newest && newest.at >= one.at ? newest : one), null);
}

/**
 * Draw the steps of the newest message to an agency.
 * @param {HTMLElement} element
 * @param {object[]} exchanges
 */
export function drawSteps(element, exchanges) {
  const newest = newestOutbound(exchanges);
  show(element, Boolean(newest));
  if (!newest) {
    return;
  }
  const far = reached(newest);
  const words = [t("sent"), t("received"), t("acknowledged")];
  const steps = words.map((word, index) => h("span", { class: "step", "data-done": far > index }, word));
  if (BAD.has(newest.state)) {
    steps.push(h("span", { class: "step", "data-bad": true }, newest.state === "retrying" ? t("retrying") : t("not delivered")));
  }
  element.replaceChildren(...steps);
}
