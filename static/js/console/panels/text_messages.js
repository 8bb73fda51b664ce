/** Disaster text messages: those that may be this city's, to be judged; the judged; the city's own. */

import { openDialog } from "../../lib/dialog.js";
import { byId, h, setText, show } from "../../lib/dom.js";
import { number } from "../../lib/format.js";
import { announce, toast } from "../../lib/notices.js";
import { t } from "../../lib/text.js";
import { Timers } from "../../lib/timers.js";
import { messageItem } from "./disaster_alerts.js";

// Facts come in bursts: one look a moment after the first of them tells it all.
const SETTLE_MS = 400;
const SEVERITY = { 위급재난: 1, 긴급재난: 2 };

export class TextMessages {
  /**
   * @param {object} wiring
   * @param {(url: string) => Promise<any>} wiring.getJson
   * @param {(url: string, body: object) => Promise<any>} wiring.postJson
   * @param {string} wiring.url of the list; a message lies below it
   * @param {boolean} wiring.mayWork
   * @param {() => number} wiring.now by the server's clock
   * @param {(id: string) => void} wiring.onIncident
   * @param {(severity: number, text: string) => void} wiring.alarm
   */
  constructor(wiring) {
    Object.assign(this, wiring);
    this.dialog = /** @type {HTMLDialogElement} */ (byId("texts-dialog"));
    this.button = byId("texts-open");
    this.found = { waiting: [], decided: [], ours: [], has_more: false, counts: { total: 0, recent: 0 } };
    this.timers = new Timers();
    this.button.addEventListener("click", () => this.open());
    byId("texts-more").addEventListener("click", () => this.#more());
  }

  open() {
    this.#draw();
    openDialog(this.dialog);
    this.refresh();
  }

  /** @param {import("../store.js").Changes} changes */
  changed(changes) {
    for (const fact of /** @type {any[]} */ (changes.facts)) {
      const message = fact.kind === "disaster.message" && fact.data.message;
      if (message?.landing === "ambiguous" && SEVERITY[message.step]) {
        this.alarm(SEVERITY[message.step], `${t("May concern this city")}: ${message.category}, ${message.agency}`);
      }
    }
    const isNews = changes.facts.some((fact) => /^disaster\.message/.test(/** @type {any} */ (fact).kind));
    if (changes.reset || isNews) {
      this.timers.once("refresh", SETTLE_MS, () => this.refresh());
    }
  }

  async refresh() {
    try {
      this.found = await this.getJson(this.url);
    } catch {
      // The freshness light tells of a lost server; the last known messages stay.
      return;
    }
    this.#count();
    if (this.dialog.open) {
      this.#draw();
    }
  }

  async #more() {
    try {
      const last = this.found.waiting.at(-1);
      const older = await this.getJson(`${this.url}?before=${last.number}`);
      this.found = { ...this.found, waiting: [...this.found.waiting, ...older.waiting], has_more: older.has_more };
      this.#draw();
      this.#focus(older.waiting[0]?.number);
    } catch (error) {
      toast(error.message, { bad: true });
    }
  }

  #count() {
    const { total, recent } = this.found.counts;
    const label = t("%(n)s text messages may concern this city, %(m)s of the last 24 hours", { n: number(total), m: number(recent) });
    show(this.button, true);
    this.button.toggleAttribute("data-waiting", recent > 0);
    this.button.title = `${label} (Shift+M)`;
    this.button.replaceChildren(h("span", { "aria-hidden": true }, total ? `${t("Texts")} ${number(recent || total)}` : t("Texts")), h("span", { class: "visually-hidden" }, label));
  }

  #draw() {
    const { waiting, decided, ours, has_more: hasMore, counts } = this.found;
    const focused = /** @type {HTMLElement | null} */ (document.activeElement)?.id;
    setText(byId("texts-count"), number(counts.total));
    this.#list("texts-waiting", waiting, (one) => this.#verdicts(one), t("Nothing waits for a decision."));
    this.#list("texts-decided", decided, (one) => this.#second(one), t("Nothing was decided yet."));
    this.#list("texts-ours", ours, (one) => this.#incident(one), t("None has come for this city."));
    show(byId("texts-more"), hasMore);
    if (focused && this.dialog.open) {
      document.getElementById(focused)?.focus();
    }
  }

  #list(id, messages, actions, none) {
    const rows = messages.map((one) => messageItem(one, this.now(), actions(one)));
    byId(id).replaceChildren(...(rows.length ? rows : [h("li", { class: "muted" }, none)]));
  }

  #verdicts(message) {
    if (!this.mayWork) {
      return [];
    }
    const ours = h("button", { class: "button button-small button-strong", type: "button", id: `text-ours-${message.number}`, onclick: () => this.#decide(message, true) }, t("Ours"));
    const not = h("button", { class: "button button-small", type: "button", id: `text-not-${message.number}`, onclick: () => this.#decide(message, false) }, t("Not ours"));
    return [ours, not];
  }

  #second(message) {
    const again = this.mayWork && !message.decided.is_ours && h("button", { class: "button button-small", type: "button", onclick: () => this.#decide(message, true) }, t("Ours after all"));
    return again ? [again, ...this.#incident(message)] : this.#incident(message);
  }

  #incident(message) {
    const open = () => {
      this.dialog.close();
      this.onIncident(message.incident);
    };
    return message.incident ? [h("button", { class: "button button-small", type: "button", onclick: open }, t("Open the incident"))] : [];
  }

  async #decide(message, isOurs) {
    const at = this.found.waiting.findIndex((one) => one.number === message.number);
    try {
      const { message: now } = await this.postJson(`${this.url}${message.number}/`, { is_ours: isOurs });
      const kept = now.incident ? t("Taken as this city's: its incident is open") : t("Taken as this city's; it opens no incident");
      toast(isOurs ? kept : t("Kept as not this city's"));
      announce(isOurs ? kept : t("Kept as not this city's"));
    } catch (error) {
      toast(error.message, { bad: true });
    }
    await this.refresh();
    this.#focus(this.found.waiting[Math.min(Math.max(at, 0), this.found.waiting.length - 1)]?.number);
  }

  #focus(messageNumber) {
    (document.getElementById(`text-ours-${messageNumber}`) ?? byId("texts-dialog").querySelector("[data-close]"))?.focus();
  }
}
