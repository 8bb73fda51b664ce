/** Alarms of the system and its lines: a count in the top strip, and what to do about each. */

import { openDialog } from "../../lib/dialog.js";
import { byId, h, setText, show } from "../../lib/dom.js";
import { age, moment, number } from "../../lib/format.js";
import { getJson, postJson } from "../../lib/http.js";
import { language, t } from "../../lib/text.js";
import { Timers } from "../../lib/timers.js";
import { drillMark, drillWord } from "../drill.js";
import { priorityName, shape } from "../priorities.js";

const EVERY_MS = 60000;

export class StandingAlarms {
  /**
   * @param {object} wiring
   * @param {string} wiring.url of the list; an alarm's verbs lie below it
   * @param {string[]} wiring.rights
   * @param {() => number} wiring.now by the server's clock
   * @param {(alarm: any, text: string) => void} wiring.onNew only what arose while this page is open
   */
  constructor({ url, rights, now, onNew }) {
    Object.assign(this, { url, rights, now, onNew });
    this.dialog = /** @type {HTMLDialogElement} */ (byId("alarms-dialog"));
    this.button = byId("alarms-open");
    this.list = byId("alarms-list");
    this.alarms = [];
    /** @type {Set<number> | null} */
    this.known = null;
    this.timers = new Timers();
  }

  start() {
    this.button.addEventListener("click", () => this.open());
    this.refresh();
    this.timer = setInterval(() => document.hidden || this.refresh(), EVERY_MS);
  }

  open() {
    this.#render();
    openDialog(this.dialog);
  }

  /** Ask once for however many facts came together. */
  touch() {
    this.timers.once("refresh", 0, () => this.refresh());
  }

  async refresh() {
    try {
      this.#take((await getJson(this.url)).alarms);
    } catch {
      // The freshness light tells of a lost server; the last known alarms stay.
    }
  }

  #take(alarms) {
    const before = this.known;
    this.alarms = alarms;
    this.known = new Set(alarms.map((alarm) => alarm.id));
    this.#count();
    if (this.dialog.open) {
      this.#render();
    }
    for (const alarm of before ? alarms.filter((one) => !before.has(one.id)) : []) {
      this.onNew(alarm, `${drillWord(alarm.detail.is_drill)}${priorityName(alarm.severity)}: ${this.#words(alarm).title}`);
    }
  }

  #count() {
    const worst = Math.min(...this.alarms.map((alarm) => alarm.severity));
    const waiting = this.alarms.filter((alarm) => !alarm.acknowledged_at).length;
    const label = t("%(n)s alarms stand, %(m)s not acknowledged", { n: number(this.alarms.length), m: number(waiting) });
    show(this.button, this.alarms.length > 0);
    this.button.toggleAttribute("data-waiting", waiting > 0);
    this.button.title = label;
    if (this.alarms.length) {
      this.button.replaceChildren(shape(worst), h("span", { class: "number", "aria-hidden": true }, number(this.alarms.length)), h("span", { class: "visually-hidden" }, label));
    }
  }

  #render() {
    setText(byId("alarms-none"), this.alarms.length ? "" : t("No alarm stands."));
    this.list.replaceChildren(...this.alarms.map((alarm) => this.#item(alarm)));
  }

  #item(alarm) {
    const words = this.#words(alarm);
    const about = [alarm.subject.id, t("for %(age)s", { age: age(this.now() - Date.parse(alarm.raised_at)) })].filter(Boolean).join(" · ");
    return h(
      "li",
      { class: "standing-alarm", "data-severity": alarm.severity },
      shape(alarm.severity),
      h("div", null, h("h3", null, h("span", { class: "visually-hidden" }, `${priorityName(alarm.severity)}: `), words.title, drillMark(alarm.detail.is_drill)), h("p", { class: "muted" }, about), h("p", null, `${words.cause ?? ""} ${words.consequence ?? ""}`), h("p", { class: "standing-alarm-action" }, words.action ?? "")),
      this.#taken(alarm),
    );
  }

  #taken(alarm) {
    if (alarm.acknowledged_at) {
      return h("p", { class: "muted standing-alarm-taken" }, t("%(name)s, %(at)s", { name: alarm.acknowledged_by?.name ?? "", at: moment(alarm.acknowledged_at) }));
    }
    const needed = alarm.is_system || alarm.route === "supervisor" ? "supervise" : "incident_work";
    if (!this.rights.includes(needed)) {
      return h("p", { class: "muted standing-alarm-taken" }, t("for the supervisor"));
    }
    const press = async () => {
      await postJson(`${this.url}${alarm.id}/acknowledge/`, {});
      await this.refresh();
    };
    return h("button", { class: "button button-small standing-alarm-taken", type: "button", onclick: press }, t("Acknowledge"));
  }

  #words(alarm) {
    return alarm.words[language] ?? alarm.words.ko;
  }
}
