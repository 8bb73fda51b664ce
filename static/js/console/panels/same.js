/** What other sources probably report of the same happening: why, and a person's verdict. */

import { byId, h, show } from "../../lib/dom.js";
import { age, distance, moment } from "../../lib/format.js";
import { announce, toast } from "../../lib/notices.js";
import { t } from "../../lib/text.js";
import { drillMark } from "../drill.js";
import { kindName, serviceName, statusName } from "../labels.js";
import { drawTimeline, drawWhy } from "./timeline.js";

export class SamePanel {
  /**
   * @param {object} wiring
   * @param {any} wiring.config
   * @param {(url: string) => Promise<any>} wiring.getJson
   * @param {(url: string, body: object) => Promise<any>} wiring.postJson
   * @param {(id: string) => void} wiring.onIncident
   * @param {() => number} wiring.now by the server's clock
   */
  constructor(wiring) {
    Object.assign(this, wiring);
    this.card = byId("same-card");
    this.id = null;
    this.asked = 0;
    this.found = { same: [], joined: [], into: null };
    this.mayWork = this.config.rights.includes("incident_work");
  }

  /** @param {string | null} id the incident that is open now */
  open(id) {
    if (id === this.id) {
      return;
    }
    this.id = id;
    this.#draw({ same: [], joined: [], into: null });
    this.refresh();
  }

  /** Whether this one is shown in the card now. */
  knows(id) {
    return id === this.id || [...this.found.same, ...this.found.joined].some((one) => one.id === id);
  }

  /** By the keyboard: to the first one that waits for a verdict. */
  async focus() {
    await this.refresh();
    const first = /** @type {HTMLElement | null} */ (byId("same").querySelector("button[data-verdict]"));
    if (this.card.hidden) {
      announce(t("No other source reports the same."));
    } else {
      this.card.scrollIntoView({ block: "nearest" });
      (first ?? this.card).focus();
    }
  }

  async refresh() {
    const { id } = this;
    if (!id) {
      return;
    }
    const asked = ++this.asked;
    try {
      const found = await this.getJson(this.#url());
      if (asked === this.asked && id === this.id) {
        this.#draw(found);
      }
    } catch (error) {
      toast(error.message, { bad: true });
    }
  }

  #url() {
    return `${this.config.urls.incidents}${this.id}/same/`;
  }

  #draw(found) {
    const known = JSON.stringify(found);
    if (known === this.drawn) {
      return;
    }
    this.drawn = known;
    this.found = found;
    const kept = this.#focused();
    byId("same").replaceChildren(...found.same.map((one) => this.#candidate(one)));
    byId("joined").replaceChildren(...(found.into ? [this.#into(found.into)] : []), ...found.joined.map((one) => this.#joined(one)));
    const isJoined = found.joined.length > 0 || found.into !== null;
    show(byId("same-title"), found.same.length > 0);
    show(byId("same"), found.same.length > 0);
    show(byId("joined-title"), isJoined);
    show(byId("joined"), isJoined);
    show(this.card, found.same.length > 0 || isJoined);
    this.card.setAttribute("aria-labelledby", found.same.length ? "same-title" : "joined-title");
    kept();
  }

  /** Keep the focus where it was, else on what comes next: a redraw must not throw it away. */
  #focused() {
    const focused = document.activeElement;
    const inside = focused instanceof HTMLElement && this.card.contains(focused);
    const name = inside ? focused.dataset.name : null;
    return () => {
      if (inside && !this.card.contains(document.activeElement)) {
        const buttons = /** @type {HTMLElement[]} */ ([...this.card.querySelectorAll("[data-name]")]);
        const next = buttons.find((button) => button.dataset.name === name) ?? buttons.find((button) => button.dataset.verdict) ?? (this.card.hidden ? byId("incident-scroll") : this.card);
        next.focus({ preventScroll: true });
      }
    };
  }

  #open(one) {
    return h("button", { class: "camera-name", type: "button", "data-name": `open ${one.id}`, onclick: () => this.onIncident(one.id) }, `${kindName(one)} ${one.number}`, drillMark(one.is_drill));
  }

  #candidate(one) {
    const why = [t("%(far)s away", { far: distance(one.distance_m) }), t("%(age)s apart", { age: age(one.apart_s * 1000) }), t("from %(source)s", { source: `${serviceName(one.service)} (${one.source})` })].join(" · ");
    const verdict = (name, label, strong = false) => h("button", { class: `button button-small${strong ? " button-strong" : ""}`, type: "button", "data-verdict": name, "data-name": `${name} ${one.id}`, onclick: (event) => this.#judge(one, name, event.currentTarget) }, label, h("span", { class: "visually-hidden" }, ` · ${one.number}`));
    const about = [statusName(one.status), one.address, one.summary].filter(Boolean).join(" · ");
    const buttons = this.mayWork && h("span", { class: "same-verdicts" }, verdict("same", t("The same: join"), true), verdict("different", t("Not the same")));
    return h("li", { class: "unit" }, this.#open(one), h("span", { class: "number same-why" }, why), h("span", { class: "muted" }, about), buttons);
  }

  #into(one) {
    return h("li", { class: "unit" }, h("strong", null, t("Goes on as")), this.#open(one));
  }

  /** Its own reports and history, fetched when they are asked for. */
  #joined(one) {
    const why = h("div");
    const timeline = h("ol", { class: "timeline" });
    const load = async (event) => {
      if (event.currentTarget.open && !timeline.hasChildNodes()) {
        try {
          const detail = await this.getJson(`${this.config.urls.incidents}${one.id}/`);
          drawWhy(why, detail);
          drawTimeline(timeline, detail.timeline, this.now());
        } catch (error) {
          toast(error.message, { bad: true });
        }
      }
    };
    const more = h("details", { class: "same-more", ontoggle: load }, h("summary", { "data-name": `more ${one.id}` }, t("Its reports and timeline"), h("span", { class: "visually-hidden" }, ` · ${one.number}`)), why, timeline);
    return h("li", { class: "unit" }, this.#open(one), h("span", { class: "muted" }, [serviceName(one.service), moment(one.occurred_at, this.now()), one.address].filter(Boolean).join(" · ")), more);
  }

  async #judge(one, verdict, button) {
    const { id } = this;
    button.disabled = true;
    try {
      const found = await this.postJson(this.#url(), { other: one.id, verdict });
      announce(verdict === "same" ? t("%(number)s joined with this incident", { number: one.number }) : t("%(number)s is not the same: it is not asked again", { number: one.number }));
      this.asked += 1;
      if (id === this.id) {
        this.#draw(found);
      }
    } catch (error) {
      button.disabled = false;
      toast(error.message, { bad: true });
      this.refresh();
    }
  }
}
