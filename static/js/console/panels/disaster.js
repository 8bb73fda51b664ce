/** A disaster situation in the incident panel: level, report cycle, who was told, alerts, texts. */

import { byId, h, setText, show } from "../../lib/dom.js";
import { age, moment } from "../../lib/format.js";
import { toast } from "../../lib/notices.js";
import { t } from "../../lib/text.js";
import { LEVELS, bars, channelName, levelName } from "../crisis.js";
import { alertItem, issueItem, messageItem } from "./disaster_alerts.js";
import { DisasterQuestions } from "./disaster_questions.js";

const SHOWN_REPORTS = 5;
const PICTURES = 5;

const none = (text) => [h("li", { class: "muted" }, text)];
const rowsOr = (rows, text) => (rows.length ? rows : none(text));

export class DisasterPanel {
  /**
   * @param {object} wiring
   * @param {boolean} wiring.mayWork
   * @param {(url: string) => Promise<any>} wiring.getJson
   * @param {(url: string, body: object) => Promise<any>} wiring.postJson
   * @param {(id: string) => string} wiring.url
   * @param {() => number} wiring.now by the server's clock
   * @param {(cameras: any[]) => void} wiring.onCameras
   * @param {(id: string) => boolean} wiring.onFrame bring the area into sight
   * @param {() => Promise<[number, number][] | null>} wiring.onDraw let a ring be drawn on the map
   * @param {(id: string, said: any) => void} wiring.onText of which area a text message speaks
   */
  constructor(wiring) {
    Object.assign(this, wiring);
    this.id = null;
    this.situation = null;
    this.questions = new DisasterQuestions({ situation: () => this.situation, send: (verb, said) => this.send(verb, said), draw: () => this.#drawArea() });
    byId("disaster-declare").addEventListener("click", () => this.questions.declare());
    byId("disaster-notice-add").addEventListener("click", () => this.questions.notice());
    byId("disaster-video").addEventListener("click", () => this.watch());
  }

  /**
   * @param {string | null} id the incident that is open now
   * @param {() => any} feature
   */
  open(id, feature) {
    if (id === this.id) {
      return;
    }
    this.id = id;
    this.onText(id, null);
    this.feature = feature;
    this.situation = null;
    show(byId("disaster"), false);
    if (id) {
      this.refresh();
    }
  }

  async refresh() {
    const id = this.id;
    if (!id) {
      return;
    }
    let found;
    try {
      found = await this.getJson(this.url(id));
    } catch (error) {
      toast(error.message, { bad: true });
      return;
    }
    if (id === this.id) {
      this.#draw(found);
    }
  }

  /** Do a verb, and show the section as it is then. */
  async send(verb, said) {
    const id = this.id;
    await this.postJson(`${this.url(id)}${verb}/`, said);
    if (id === this.id) {
      await this.refresh();
    }
  }

  watch(first = 0) {
    const cameras = this.situation?.cameras ?? [];
    if (cameras.length) {
      this.onCameras(cameras.slice(first, first + PICTURES));
    }
  }

  #draw(found) {
    const { situation, alerts, issued, messages, text } = found;
    this.onText(this.id, text);
    const isOurs = Boolean(situation) || alerts.length > 0 || issued.length > 0 || this.feature?.()?.service === "disaster";
    show(byId("disaster"), isOurs);
    if (!isOurs) {
      return;
    }
    const focused = document.activeElement?.id;
    this.situation = situation;
    const isOn = Boolean(situation) && situation.ended_at === null;
    show(byId("disaster-declare"), this.mayWork && !isOn);
    show(byId("disaster-body"), Boolean(situation));
    setText(byId("disaster-state"), situation ? (isOn ? "" : t("ended %(time)s", { time: moment(situation.ended_at, this.now()) })) : t("not declared"));
    if (situation) {
      this.#situation(situation, isOn);
    }
    const now = this.now();
    const told = [...issued.map((one) => issueItem(one, now)), ...alerts.map((one) => alertItem(one, now))];
    byId("disaster-alerts").replaceChildren(...rowsOr(told, t("No CAP alert speaks of this.")));
    byId("disaster-messages").replaceChildren(...rowsOr(messages.map((one) => messageItem(one, now)), t("None for this city in the last 24 hours.")));
    if (focused) {
      document.getElementById(focused)?.focus();
    }
    this.tick();
  }

  #situation(situation, isOn) {
    byId("crisis-levels").replaceChildren(...LEVELS.map((level) => h("li", { class: `crisis-${level}`, "aria-current": level === situation.level ? "step" : null }, h("span", { "aria-hidden": "true" }, bars(level)), " ", levelName(level))));
    const facts = { [t("Area")]: situation.area_names.join(", "), [t("Issued by")]: situation.issuer, [t("Casualties")]: situation.casualties, [t("Measures")]: situation.actions, [t("Public")]: situation.is_public ? t("published as a CAP alert") : t("not published") };
    byId("disaster-facts").replaceChildren(...Object.entries(facts).filter(([, text]) => text).map(([name, text]) => h("div", null, h("dt", null, name), h("dd", null, text))));
    const actions = isOn && this.mayWork ? this.questions.actions() : [];
    const sight = situation.area && h("button", { class: "button button-small", type: "button", id: "disaster-sight", onclick: () => this.onFrame(this.id) }, t("Area on the map"));
    byId("disaster-actions").replaceChildren(...[...actions, isOn && sight].filter(Boolean));
    byId("disaster-reports").replaceChildren(...rowsOr(situation.reports.slice(0, SHOWN_REPORTS).map((one) => this.#report(one)), t("No report has been filed.")));
    show(byId("disaster-notice-add"), isOn && this.mayWork);
    byId("disaster-notices").replaceChildren(...rowsOr(situation.notices.map((one) => this.#notice(one, isOn)), t("Nobody stands on the list.")));
    this.#cameras(situation.cameras);
  }

  #report(one) {
    const who = one.by?.name ?? one.agent;
    return h("li", { class: "unit" }, h("strong", { class: "number" }, moment(one.at, this.now())), h("span", { class: "muted" }, `${levelName(one.level)} · ${who}`), h("span", null, one.text));
  }

  #notice(notice, isOn) {
    const box = h("input", { type: "checkbox", id: `notice-${notice.id}`, disabled: !isOn || !this.mayWork || notice.told_at !== null, onchange: () => this.#attempt("told", { notice: notice.id }) });
    /** @type {HTMLInputElement} */ (box).checked = notice.told_at !== null;
    const name = h("label", null, box, h("span", null, `${notice.whom} · ${channelName(notice.channel)}`, notice.number && h("span", { class: "number" }, ` ${notice.number}`)));
    const asks = isOn && this.mayWork && notice.told_at !== null && notice.acknowledged_at === null;
    const button = asks && h("button", { class: "button button-small", type: "button", id: `notice-understood-${notice.id}`, onclick: () => this.questions.understood(notice) }, t("Acknowledged by…"));
    const told = notice.told_at ? t("told %(time)s by %(name)s", { time: moment(notice.told_at, this.now()), name: notice.told_by?.name ?? "" }) : t("not told yet");
    const heard = notice.acknowledged_at ? ` · ${t("acknowledged %(time)s by %(name)s", { time: moment(notice.acknowledged_at, this.now()), name: notice.acknowledged_by })}` : "";
    return h("li", { class: "disaster-notice" }, name, button, h("p", { class: notice.told_at ? "muted number" : "disaster-bad" }, `${told}${heard}`));
  }

  #cameras(cameras) {
    setText(byId("disaster-cameras-title"), t("Cameras in the area: %(n)s", { n: cameras.length }));
    show(byId("disaster-video"), cameras.length > 0);
    show(byId("disaster-cameras-box"), cameras.length > 0);
    byId("disaster-cameras").replaceChildren(...cameras.map((camera, index) => h("li", { class: "camera" }, h("button", { class: "camera-name", type: "button", onclick: () => this.watch(index) }, camera.name))));
  }

  async #attempt(verb, said) {
    try {
      await this.send(verb, said);
    } catch (error) {
      toast(error.message, { bad: true });
      await this.refresh();
    }
  }

  async #drawArea() {
    toast(t("Click the corners on the map. Enter or a double click ends it, Esc leaves."));
    const id = this.id;
    const ring = await this.onDraw();
    if (ring && id === this.id) {
      await this.#attempt("area", { area: { type: "Polygon", coordinates: [ring] } });
    }
  }

  /** How long until the next report, and how long ago the last was. */
  tick() {
    const line = byId("disaster-cycle");
    const situation = this.situation;
    if (!situation?.next_report_at) {
      setText(line, "");
      line.toggleAttribute("data-bad", false);
      return;
    }
    const left = Date.parse(situation.next_report_at) - this.now();
    const due = left >= 0 ? t("Next report in %(age)s", { age: age(left) }) : t("Report overdue for %(age)s", { age: age(-left) });
    const last = situation.reports[0] ? t("last %(age)s ago", { age: age(this.now() - Date.parse(situation.reports[0].at)) }) : t("none yet");
    setText(line, `${due} · ${t("every %(age)s", { age: age(situation.report_every_min * 60000) })} · ${last}`);
    line.toggleAttribute("data-bad", left < 0);
  }
}
