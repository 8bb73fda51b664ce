/** The top strip: clock, freshness, counts by priority, the person. */

import { byId, h, setText, show } from "../../lib/dom.js";
import { age, clock, day, number } from "../../lib/format.js";
import { t } from "../../lib/text.js";
import { countByPriority } from "../ordering.js";
import { priorityCode, priorityName, shape } from "../priorities.js";

const STATE_TEXT = () => ({
  starting: t("Connecting"),
  live: t("Live"),
  stale: t("Stale"),
  reconnecting: t("Reconnecting"),
  "signed-out": t("Signed out"),
  forbidden: t("No right"),
});

export class Topbar {
  /** @param {{roles: string[], rights: string[]}} config */
  constructor(config) {
    this.texts = STATE_TEXT();
    const roles = { operator: t("Operator"), police: t("Seconded police officer"), supervisor: t("Supervisor"), administrator: t("Administrator"), privacy_officer: t("Privacy officer"), auditor: t("Auditor"), statistics: t("Statistics") };
    const names = config.roles.map((role) => roles[role] ?? role).join(", ");
    const readOnly = config.rights.includes("incident_work") ? "" : ` · ${t("Read only")}`;
    setText(byId("role"), names + readOnly);
    this.counts = [1, 2, 3, 4].map((priority) => this.#count(priority));
    byId("counts").append(...this.counts.map((entry) => entry.item));
  }

  #count(priority) {
    const value = h("span", { class: "count-value number" }, "0");
    const item = h("li", { class: "count", "data-none": true, title: priorityName(priority) }, shape(priority), h("span", { class: "visually-hidden" }, priorityName(priority)), h("span", { class: "count-name", "aria-hidden": true }, priorityCode(priority)), value);
    return { priority, item, value };
  }

  /** @param {Iterable<import("../store.js").Feature>} incidents */
  count(incidents) {
    const open = [...incidents];
    const counts = countByPriority(open);
    const waiting = new Set(open.filter((feature) => feature.status === "received").map((feature) => feature.priority));
    for (const { priority, item, value } of this.counts) {
      setText(value, number(counts[priority]));
      item.toggleAttribute("data-none", counts[priority] === 0);
      item.toggleAttribute("data-waiting", priority === 1 && waiting.has(1));
    }
  }

  /**
   * @param {number} now by the server's clock
   * @param {import("../freshness.js").Freshness} fresh
   */
  tick(now, fresh) {
    setText(byId("clock"), clock(now));
    setText(byId("clock-day"), day(now));
    const box = byId("freshness");
    box.dataset.state = fresh.state;
    setText(byId("freshness-text"), this.texts[fresh.state]);
    setText(byId("freshness-age"), fresh.state === "starting" ? "" : age(fresh.ageMs));
    this.#banner(fresh);
  }

  #banner(fresh) {
    const late = fresh.state === "stale" || fresh.state === "reconnecting";
    document.body.dataset.freshness = fresh.state;
    show(byId("banner"), late);
    if (late) {
      const seconds = Math.floor(fresh.ageMs / 1000);
      setText(byId("banner-text"), fresh.state === "stale" ? t("What you see is old. Last update %(n)s s ago", { n: seconds }) : t("Connection lost, reconnecting. Last update %(n)s s ago", { n: seconds }));
    }
  }
}
