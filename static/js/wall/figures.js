/** The figures of the day on a wall screen, each with what it counts. */

import { byId, h } from "../lib/dom.js";
import { age, number } from "../lib/format.js";
import { t } from "../lib/text.js";

export class Figures {
  constructor() {
    this.key = "";
  }

  draw(figures, now) {
    const oldest = figures.oldest_waiting_at ? age(now - Date.parse(figures.oldest_waiting_at)) : "–";
    const rows = [
      [t("Reported today"), number(figures.received_today), ""],
      [t("Ended of these"), number(figures.ended_today), ""],
      [t("Mean time to acknowledgement"), figures.mean_acknowledge_s === null ? "–" : age(figures.mean_acknowledge_s * 1000), t("of %(n)s acknowledged today", { n: number(figures.acknowledged_today) })],
      [t("Waiting for acknowledgement"), number(figures.waiting), figures.waiting ? t("the oldest for %(age)s", { age: oldest }) : ""],
      [t("Cameras that give a picture"), number(figures.cameras.online), t("of %(n)s in the register", { n: number(figures.cameras.all) })],
    ];
    const key = JSON.stringify([rows, figures.by_hour]);
    if (key === this.key) {
      return;
    }
    this.key = key;
    byId("figures").replaceChildren(...rows.map(([name, value, about]) => h("div", null, h("dt", null, name), h("dd", null, h("strong", { class: "number" }, value), h("span", { class: "muted" }, about)))));
    const most = Math.max(1, ...figures.by_hour.map((hour) => hour.count));
    byId("hours").replaceChildren(...figures.by_hour.map((hour) => this.#bar(hour, most)));
  }

  #bar({ hour, count }, most) {
    const bar = h("span", { class: "wall-column", "aria-hidden": "true" });
    bar.style.height = `${Math.round((count / most) * 100)}%`;
    return h("li", null, h("span", { class: "number" }, number(count)), h("span", { class: "wall-well" }, bar), h("span", { class: "muted number" }, t("%(h)s h", { h: hour })));
  }
}
