/** The cluster card: other reports that may tell of the same happening; never merged by itself. */

import { h, show } from "../../lib/dom.js";
import { age } from "../../lib/format.js";
import { t } from "../../lib/text.js";
import { drillMark } from "../drill.js";
import { kindName, statusName } from "../labels.js";

/**
 * @param {HTMLElement} card
 * @param {any} detail
 * @param {{onIncident: (id: string) => void, now: number}} wiring
 */
export function drawCluster(card, detail, { onIncident, now }) {
  const cluster = detail.cluster;
  show(card, Boolean(cluster));
  if (!cluster) {
    return;
  }
  const others = cluster.members.filter((member) => member.id !== detail.id);
  const head = h("h3", null, t("%(n)s reports may tell of one happening", { n: cluster.count }));
  const rate = h("p", null, t("%(rate)s a minute", { rate: cluster.rate_per_min }), cluster.accelerating && h("strong", null, ` · ${t("growing")}`));
  const rows = others.slice(0, 8).map((member) =>
    h("li", { class: "camera" }, h("button", { class: "camera-name", type: "button", onclick: () => onIncident(member.id) }, `${kindName(member)} ${member.number}`, drillMark(member.is_drill)), h("span", { class: "camera-far number" }, age(now - Date.parse(member.received_at))), h("span", { class: "camera-why muted" }, `${statusName(member.status)} · ${member.address}`)),
  );
  card.replaceChildren(head, rate, h("ul", { class: "cameras" }, ...rows));
}
