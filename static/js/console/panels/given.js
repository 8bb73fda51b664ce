/** Video given to agencies: what waits for a word, what stands with its clock, what may be given. */

import { byId, h, show } from "../../lib/dom.js";
import { age, moment } from "../../lib/format.js";
import { announceUrgent, toast } from "../../lib/notices.js";
import { t } from "../../lib/text.js";
import { ask } from "../dialogs/form.js";
import { drillWord } from "../drill.js";

/** Ended grants and answered requests are history: so many are shown. */
const PAST = 8;
const NOTHING = { requests: [], grants: [], offers: [], words: {} };

function endText(reason) {
  return (
    {
      agency_close: t("closed by the agency"),
      incident_closed: t("the incident ended"),
      ttl: t("its time ran out"),
      revoked: t("withdrawn"),
      source_lost: t("the camera gives no picture"),
      link_suspended: t("the link was suspended"),
      basis_lost: t("the legal basis carries no video any more"),
      place_moved: t("the place moved away from the camera"),
    }[reason] ?? ""
  );
}

function triggerText(trigger) {
  return { request: t("asked for"), automatic: t("automatic"), operator: t("by hand") }[trigger] ?? "";
}

function stateText(state) {
  return { allowed: t("Allowed"), refused: t("Refused"), lapsed: t("Nobody answered in time"), over: t("Over before it was answered") }[state] ?? "";
}

const turnsText = (turns) => (turns ? t("may turn the camera") : "");

export class GivenPanel {
  /**
   * @param {object} wiring
   * @param {any} wiring.config
   * @param {(url: string) => Promise<any>} wiring.getJson
   * @param {(url: string, body: object) => Promise<any>} wiring.postJson
   * @param {() => number} wiring.now by the server's clock
   * @param {(id: string) => any} wiring.feature of an incident
   */
  constructor(wiring) {
    Object.assign(this, wiring);
    this.id = null;
    this.shown = NOTHING;
    this.mayWork = this.config.rights.includes("incident_work");
    this.told = new Set();
    show(byId("grant-open"), this.mayWork);
    byId("grant-open").addEventListener("click", () => this.askGive());
    setInterval(() => this.#tick(), 1000);
  }

  /** @param {string | null} id the incident that is open now */
  open(id) {
    if (id === this.id) {
      return;
    }
    this.id = id;
    this.shown = NOTHING;
    byId("asked").replaceChildren();
    byId("grants").replaceChildren();
    if (id) {
      this.refresh();
    }
  }

  async refresh() {
    const id = this.id;
    try {
      const found = await this.getJson(`${this.config.urls.exchanges}${id}/video/`);
      if (id === this.id) {
        this.shown = found;
        this.#draw();
      }
    } catch (error) {
      toast(error.message, { bad: true });
    }
  }

  get waiting() {
    return this.shown.requests.filter((request) => request.state === "pending");
  }

  /** The grant whose row has the focus. */
  get selected() {
    const row = document.activeElement?.closest("#grants [data-grant]");
    const id = row instanceof HTMLElement ? row.dataset.grant : "";
    return this.shown.grants.find((grant) => grant.id === id && grant.ended_at === null);
  }

  #draw() {
    const { requests, grants } = this.shown;
    const held = document.activeElement?.closest("[data-grant], [data-request]");
    const mark = held instanceof HTMLElement ? (held.dataset.grant ?? held.dataset.request) : "";
    const answered = requests.filter((request) => request.state !== "pending").slice(0, PAST);
    byId("asked").replaceChildren(...this.waiting.map((request) => this.#waiting(request)), ...answered.map((request) => this.#answered(request)));
    const open = grants.filter((grant) => grant.ended_at === null);
    const past = grants.filter((grant) => grant.ended_at !== null).slice(0, PAST);
    const none = h("li", { class: "muted" }, t("No video was given to an agency."));
    byId("grants").replaceChildren(...(grants.length ? [...open, ...past].map((grant) => this.#grant(grant)) : [none]));
    if (mark) {
      const again = document.querySelector(`[data-grant="${mark}"], [data-request="${mark}"]`);
      /** @type {HTMLElement | null} */ (again)?.focus();
    }
    for (const request of this.waiting) {
      if (!this.told.has(request.id)) {
        this.told.add(request.id);
        announceUrgent(t("%(link)s asks for video: it waits for your word", { link: request.link }));
      }
    }
    this.#tick();
  }

  /** @param {"purpose" | "basis" | "ground"} what */
  #word(what, code) {
    return this.shown.words[what]?.[code] ?? code;
  }

  #names(cameras) {
    return cameras.map((camera) => camera.name).join(", ");
  }

  #waiting(request) {
    const about = [turnsText(request.access === "ptz"), this.#word("purpose", request.purpose), this.#word("basis", request.basis), this.#word("ground", request.ground), request.minutes ? t("%(n)s min", { n: request.minutes }) : ""].filter(Boolean);
    const buttons = this.mayWork && h("div", { class: "unit-actions" },
      h("button", { class: "button button-small button-primary", type: "button", onclick: () => this.allow(request) }, t("Allow"), " ", h("kbd", { "aria-hidden": "true" }, "Y")),
      h("button", { class: "button button-small", type: "button", onclick: () => this.askRefuse(request) }, t("Refuse"), " ", h("kbd", { "aria-hidden": "true" }, "⇧Y")));
    return h("li", { class: "unit unit-waits", tabindex: "0", "data-request": request.id },
      h("strong", null, t("%(link)s asks for video", { link: request.link })),
      h("span", { class: "number", "data-until": request.answer_by }),
      h("span", null, `${this.#names(request.cameras)} · ${about.join(" · ")}`),
      request.extension && h("span", null, request.extension),
      h("span", { class: "muted" }, `${request.why} (${request.policy_row})`), buttons);
  }

  #answered(request) {
    const who = [stateText(request.state), request.answered_by, moment(request.answered_at, this.now())].filter(Boolean).join(" · ");
    return h("li", { class: "unit" }, h("span", { class: "muted" }, `${request.link} · ${this.#names(request.cameras)} · ${who}`), request.state !== "allowed" && h("span", { class: "muted" }, request.reason || request.why));
  }

  #grant(grant) {
    const over = grant.ended_at !== null;
    const clock = over ? h("span", { class: "muted" }, `${endText(grant.end_reason)} ${moment(grant.ended_at, this.now())}`) : h("span", { class: "number", "data-until": grant.expires_at });
    const watched = grant.first_viewed_at ? t("watched") : t("not watched yet");
    const facts = [grant.link, turnsText(grant.rights.includes("ptz")), triggerText(grant.trigger), grant.given_by, watched].filter(Boolean).join(" · ");
    const buttons = !over && this.mayWork && h("div", { class: "unit-actions" },
      h("button", { class: "button button-small", type: "button", onclick: () => this.askExtend(grant) }, t("Extend")),
      h("button", { class: "button button-small", type: "button", onclick: () => this.askRevoke(grant) }, t("Withdraw"), " ", h("kbd", { "aria-hidden": "true" }, "X")));
    return h("li", { class: "unit", tabindex: over ? null : "0", "data-grant": grant.id }, h("strong", null, grant.camera.name), clock, h("span", { class: over ? "muted" : "" }, facts), h("span", { class: "muted" }, [this.#word("purpose", grant.purpose), this.#word("basis", grant.basis), grant.end_text].filter(Boolean).join(" · ")), buttons);
  }

  #tick() {
    for (const line of document.querySelectorAll("#given [data-until]")) {
      const left = Date.parse(/** @type {HTMLElement} */ (line).dataset.until ?? "") - this.now();
      line.textContent = left > 0 ? t("%(age)s left", { age: age(left) }) : t("its time ran out");
    }
  }

  async #post(url, body) {
    try {
      await this.postJson(url, body);
    } finally {
      await this.refresh();
    }
  }

  /** Allow the request that waits longest, or this one. */
  async allow(request = this.waiting.at(-1)) {
    if (!request || !this.mayWork) {
      return;
    }
    try {
      await this.#post(`${this.config.urls.video_requests}${request.id}/allow/`, {});
      toast(t("Video given"));
    } catch (error) {
      toast(error.message, { bad: true });
    }
  }

  askRefuse(request = this.waiting.at(-1)) {
    if (request && this.mayWork) {
      this.#askReason(t("Refuse"), request.link, (values) => this.#post(`${this.config.urls.video_requests}${request.id}/refuse/`, values));
    }
  }

  /** Withdraw the selected grant; false when none is selected. */
  revokeSelected() {
    const grant = this.mayWork && this.selected;
    if (grant) {
      this.askRevoke(grant);
    }
    return Boolean(grant);
  }

  askRevoke(grant) {
    this.#askReason(t("Withdraw"), grant.camera.name, (values) => this.#post(`${this.config.urls.grants}${grant.id}/revoke/`, values));
  }

  askExtend(grant) {
    const about = t("At most until %(time)s.", { time: moment(grant.not_after, this.now()) });
    const minutes = { name: "minutes", label: t("Minutes from now"), type: /** @type {const} */ ("number") };
    this.#askReason(t("Extend"), grant.camera.name, (values) => this.#post(`${this.config.urls.grants}${grant.id}/extend/`, values), about, [minutes]);
  }

  #askReason(verb, what, act, about = "", more = []) {
    const fields = [{ name: "reason", label: t("Reason"), type: /** @type {const} */ ("area"), required: true, wide: true }, ...more];
    ask({ title: `${verb} · ${what}`, about, submit: verb, fields, tables: {}, act });
  }

  /** The grant dialog: agency, purpose, basis, cameras and duration from the policy, one confirm. */
  async askGive() {
    if (!this.id || !this.mayWork) {
      return;
    }
    await this.refresh();
    const open = this.shown.offers.filter((offer) => !offer.rule);
    if (open.length === 0) {
      const why = this.shown.offers.map((offer) => `${offer.agency}: ${offer.why} (${offer.row})`).join(" ");
      toast(why || t("No agency that may have video has taken this case."), { bad: true });
      return;
    }
    if (open.length === 1) {
      this.#askWhat(open[0]);
      return;
    }
    const fields = [{ name: "link", label: t("Agency"), type: /** @type {const} */ ("choice"), choices: "links", required: true, wide: true }];
    const links = open.map((offer) => ({ value: offer.link, label: offer.agency }));
    // The next question opens when this one has closed.
    const act = async ({ link }) => {
      setTimeout(() => this.#askWhat(open.find((offer) => offer.link === link)));
    };
    ask({ title: t("Give video"), submit: t("Next"), fields, tables: { links }, act });
  }

  #askWhat(offer) {
    const id = this.id;
    const feature = this.feature(id);
    const held = new Set(this.shown.grants.filter((grant) => grant.ended_at === null && grant.link === offer.link).map((grant) => grant.camera.id));
    const cameras = offer.can.map((camera) => ({ value: String(camera.id), label: camera.name, why: camera.why }));
    const free = offer.can.filter((camera) => !camera.why && !held.has(camera.id)).slice(0, Math.max(0, offer.cameras - held.size));
    const fields = [
      { name: "purpose", label: t("Purpose"), type: /** @type {const} */ ("choice"), choices: "purposes", required: true },
      { name: "minutes", label: t("Minutes"), type: /** @type {const} */ ("number"), required: true, hint: t("%(n)s at most", { n: offer.minutes }) },
      ...(offer.grounds.length ? [{ name: "ground", label: t("Ground"), type: /** @type {const} */ ("choice"), choices: "grounds", required: true, wide: true }] : []),
      { name: "cameras", label: t("Cameras, %(n)s at most", { n: offer.cameras }), type: /** @type {const} */ ("many"), choices: "cameras", required: true, wide: true },
      ...(offer.may_turn ? [{ name: "turns", label: t("The agency may turn those that turn"), type: /** @type {const} */ ("check"), wide: true }] : []),
    ];
    const named = (what, codes) => codes.map((code) => ({ value: code, label: this.#word(what, code) }));
    const tables = { cameras, purposes: named("purpose", offer.purposes), grounds: named("ground", offer.grounds) };
    const values = { purpose: offer.purposes[0], minutes: offer.minutes, cameras: free.map((camera) => String(camera.id)) };
    const act = async ({ turns, ...said }) => {
      const rights = turns ? ["live", "ptz"] : ["live"];
      await this.#post(`${this.config.urls.exchanges}${id}/video/give/`, { ...said, rights, cameras: said.cameras.map(Number), link: offer.link });
      toast(t("Video given"));
    };
    const title = `${drillWord(feature?.is_drill)}${t("Give video")} · ${offer.agency} · ${feature?.number ?? ""}`;
    ask({ title, about: `${t("Legal basis")}: ${this.#word("basis", offer.basis)}`, submit: t("Give video"), fields, tables, values, act });
  }
}
