/** The board of a wall screen: one row an incident, the most urgent first; and the counts above. */

import { arrange, byId, h, setText, show } from "../lib/dom.js";
import { age, number } from "../lib/format.js";
import { t } from "../lib/text.js";
import { drillMark } from "../console/drill.js";
import { kindName, serviceName, statusName } from "../console/labels.js";
import { priorityCode, priorityName, shape } from "../console/priorities.js";

export class Board {
  constructor() {
    /** @type {Map<string, {key: string, root: HTMLElement, age: HTMLElement, at: number}>} */
    this.rows = new Map();
    this.more = new ResizeObserver(() => this.#fit());
    this.more.observe(byId("board"));
  }

  draw({ incidents, figures }, now) {
    for (const id of [...this.rows.keys()]) {
      if (!incidents.some((one) => one.id === id)) {
        this.rows.delete(id);
      }
    }
    arrange(byId("board"), incidents.map((one) => this.#row(one).root));
    show(byId("none"), !incidents.length);
    byId("counts").replaceChildren(...Object.entries(figures.open).map(([priority, count]) => this.#count(Number(priority), count)));
    this.tick(now);
    this.#fit();
  }

  #count(priority, count) {
    const label = `${priorityName(priority)} ${count}`;
    return h("li", { class: `wall-count p${priority}`, "data-some": count > 0, "aria-label": label }, shape(priority), h("span", null, priorityCode(priority)), h("strong", { class: "number" }, number(count)));
  }

  #row(one) {
    const key = JSON.stringify(one);
    const known = this.rows.get(one.id);
    if (known?.key === key) {
      return known;
    }
    const ageText = h("span", { class: "wall-age number" });
    const state = one.status === "received" ? t("Waiting") : statusName(one.status);
    const root = h(
      "li",
      { class: `wall-row p${one.priority}`, "data-waiting": one.status === "received" },
      h("span", { class: "wall-shape" }, shape(one.priority)),
      h("span", { class: "wall-kind" }, kindName(one), drillMark(one.is_drill)),
      ageText,
      h("span", { class: "wall-place" }, one.address || t("No single place")),
      h("span", { class: "wall-state" }, `${serviceName(one.service)} · ${state}`),
    );
    const row = { key, root, age: ageText, at: Date.parse(one.received_at) };
    this.rows.set(one.id, row);
    return row;
  }

  /** Rows that do not fit are counted, not cut: nobody can scroll a wall. */
  #fit() {
    const list = byId("board");
    const rows = [...list.children];
    for (const row of rows) {
      show(row, true);
    }
    const foot = list.getBoundingClientRect().bottom;
    const beyond = rows.filter((row) => row.getBoundingClientRect().bottom > foot + 1);
    for (const row of beyond) {
      show(row, false);
    }
    show(byId("more"), beyond.length > 0);
    setText(byId("more"), t("and %(n)s more", { n: number(beyond.length) }));
  }

  tick(now) {
    for (const row of this.rows.values()) {
      setText(row.age, age(now - row.at));
    }
  }
}
