/** Police 112 in the incident panel: units, terminals, where somebody fled. */

import { byId, h, show } from "../../lib/dom.js";
import { age, compass, distance, moment } from "../../lib/format.js";
import { toast } from "../../lib/notices.js";
import { t } from "../../lib/text.js";
import { ask } from "../dialogs/form.js";
import { drillMark, drillWord } from "../drill.js";
import { choicesOf, exchangeState, kindName } from "../labels.js";

/** A terminal says every few seconds that it is there; so often this panel asks how long ago. */
const ASK_SEEN_MS = 10000;
const BEARINGS = [0, 45, 90, 135, 180, 225, 270, 315];

export class Police112Panel {
  /**
   * @param {object} wiring
   * @param {any} wiring.config
   * @param {(url: string) => Promise<any>} wiring.getJson
   * @param {(url: string, body: object) => Promise<any>} wiring.postJson
   * @param {(id: string) => void} wiring.onIncident
   * @param {() => number} wiring.now by the server's clock
   * @param {{choices(id: string): {value: string, label: string}[], reference(id: string, choice: string): Promise<string>}} wiring.stills
   */
  constructor(wiring) {
    Object.assign(this, wiring);
    this.id = null;
    this.sharing = false;
    this.askedAt = 0;
    this.mayWork = this.config.rights.includes("incident_work");
    byId("escape-open").addEventListener("click", () => this.#askEscape());
    byId("join-open").addEventListener("click", () => this.#askJoin());
    byId("report-open").addEventListener("click", () => this.#askReport());
    this.links = [];
    show(byId("report-open"), this.mayWork);
    show(byId("escape-open"), this.mayWork);
    show(byId("join-open"), this.mayWork);
    setInterval(() => this.#tick(), 1000);
  }

  /** @param {string | null} id the incident that is open now */
  open(id) {
    if (id === this.id) {
      return;
    }
    this.id = id;
    for (const list of ["units", "shares", "joins", "filed"]) {
      byId(list).replaceChildren();
    }
    if (id) {
      this.refresh();
    }
  }

  async refresh() {
    const id = this.id;
    try {
      const about = `${this.config.urls.exchanges}${id}/`;
      const [found, { joins }, filed] = await Promise.all([this.getJson(`${about}police112/`), this.getJson(`${this.config.urls.incidents}${id}/joins/`), this.getJson(`${about}reports/`)]);
      if (id === this.id) {
        this.links = filed.links;
        this.#draw(found, joins);
        byId("filed").replaceChildren(...filed.reports.map((report) => this.#filed(report)));
      }
    } catch (error) {
      toast(error.message, { bad: true });
    }
  }

  #draw({ units, shares }, joins) {
    const none = (text) => [h("li", { class: "muted" }, text)];
    byId("units").replaceChildren(...(units.length ? units.map((unit) => this.#unit(unit)) : none(t("No unit has said where it is."))));
    show(byId("shares-title"), shares.length > 0);
    byId("shares").replaceChildren(...shares.map((share) => this.#share(share)));
    this.askedAt = this.now();
    this.sharing = shares.some((share) => share.ended_at === null);
    byId("joins").replaceChildren(...(joins.length ? joins.map((join) => this.#join(join)) : none(t("Not linked with another incident."))));
  }

  #unit(unit) {
    const left = unit.is_there ? t("At the scene") : this.#left(unit);
    const where = unit.distance_m === null ? "" : distance(unit.distance_m);
    const heading = unit.heading_deg === null ? "" : compass(unit.heading_deg);
    const facts = [where, left, heading, unit.speed_kmh === null ? "" : `${Math.round(unit.speed_kmh)} km/h`].filter(Boolean);
    return h("li", { class: "unit" }, h("strong", null, unit.unit), h("span", { class: "number" }, facts.join(" · ")), h("span", { class: "muted number" }, t("position of"), " ", h("span", { "data-at": unit.at }, age(this.now() - Date.parse(unit.at)))));
  }

  /** How long the rest of the way takes, and by what it was reckoned. */
  #left({ eta_s: seconds, by_road: byRoad }) {
    if (seconds === null) {
      return "";
    }
    const words = { age: age(seconds * 1000) };
    return byRoad ? t("about %(age)s (by road)", words) : t("about %(age)s (straight line)", words);
  }

  #share(share) {
    const over = share.ended_at !== null;
    const ends = { agency_close: t("closed by the agency"), taken_back: t("taken back by the agency"), unit_left: t("the unit left"), incident_ended: t("the incident ended"), expired: t("its time ran out"), revoked: t("withdrawn"), replaced: t("another case took its place"), terminal: t("the terminal was retired or enrolled anew"), link_stopped: t("the link was stopped") };
    const state = over ? `${ends[share.end_reason] ?? ""} ${moment(share.ended_at, this.now())}` : t("%(since)s until %(time)s", { since: moment(share.given_at, this.now()), time: moment(share.expires_at, this.now()) });
    const seen = share.last_seen_at ? h("span", { class: "muted number" }, t("last seen"), " ", h("span", { "data-at": share.last_seen_at }, age(this.now() - Date.parse(share.last_seen_at)))) : h("span", { class: "muted" }, t("not opened yet"));
    const revoke = !over && this.mayWork && h("button", { class: "button button-small", type: "button", onclick: () => this.#askWithdraw(share) }, t("Withdraw"));
    return h("li", { class: "unit" }, h("strong", null, `${share.terminal} · ${share.unit}`), h("span", { class: over ? "muted" : "number" }, `${share.link} · ${state}`), !over && seen, revoke);
  }

  #join(join) {
    const names = { co_response: t("Co-response"), transfer: join.direction === "out" ? t("Handed on as") : t("Handed on from"), related: t("Related") };
    const open = h("button", { class: "camera-name", type: "button", onclick: () => this.onIncident(join.incident.id) }, `${kindName(join.incident)} ${join.incident.number}`, drillMark(join.incident.is_drill));
    return h("li", { class: "unit" }, h("strong", null, names[join.kind] ?? join.kind), open, h("span", { class: "muted" }, [join.incident.address, join.reason].filter(Boolean).join(" · ")));
  }

  #filed(report) {
    const answer = report.case ? t("their number %(number)s", { number: report.case }) : exchangeState(report.state);
    const names = { report: t("Reported"), co_response: t("Co-response asked for"), transfer: t("Handed on as") };
    return h("li", { class: "unit" }, h("strong", null, `${names[report.relation] ?? report.relation} · ${report.link}`), h("span", { class: report.case ? "" : "muted" }, answer), h("span", { class: "muted" }, `${report.text} · ${report.by} · ${moment(report.at, this.now())}`));
  }

  #askReport() {
    const id = this.id;
    const kinds = this.config.choices.kinds;
    const isDrill = this.others().some((one) => one.id === id && one.is_drill);
    const open = this.links.filter((link) => link.takes_drills || !isDrill);
    const targets = open.flatMap((link) => kinds.filter((kind) => kind.service === link.service).map((kind) => ({ value: `${link.code} ${kind.code}`, label: `${link.name} · ${choicesOf([kind])[0].label}` })));
    const fields = [
      { name: "target", label: t("To whom, as what"), type: /** @type {const} */ ("choice"), choices: "targets", required: true, wide: true },
      { name: "relation", label: t("What is asked"), type: /** @type {const} */ ("choice"), choices: "relation", required: true },
      { name: "text", label: t("What happens there"), type: /** @type {const} */ ("area"), required: true, wide: true, hint: t("No names and no telephone numbers.") },
      { name: "still", label: t("Still that goes with it"), type: /** @type {const} */ ("choice"), choices: "stills", wide: true },
    ];
    const relation = [{ value: "report", label: t("Report") }, { value: "co_response", label: t("Co-response asked for") }, { value: "transfer", label: t("Handed on as") }];
    const act = async ({ target, ...values }) => {
      const [to, kind] = target.split(" ");
      const still = await this.stills.reference(id, values.still);
      await this.postJson(this.config.urls.reports, { ...values, to, kind, incident: id, still: still ?? null });
      toast(t("Reported; the agency's number follows"));
      await this.refresh();
    };
    ask({ title: `${drillWord(isDrill)}${t("Report to an agency")}`, submit: t("Report"), fields, tables: { targets, relation, stills: this.stills.choices(id) }, values: { relation: "report" }, act });
  }

  #tick() {
    for (const line of document.querySelectorAll(":is(#units, #shares) [data-at]")) {
      line.textContent = age(this.now() - Date.parse(line.dataset.at));
    }
    if (this.id && this.sharing && this.now() - this.askedAt > ASK_SEEN_MS) {
      this.askedAt = this.now();
      this.refresh();
    }
  }

  #askWithdraw(share) {
    this.#askReason(`${share.terminal} · ${share.unit}`, `${this.config.urls.shares}${share.id}/revoke/`);
  }

  #askReason(what, url) {
    const fields = [{ name: "reason", label: t("Reason"), type: /** @type {const} */ ("area"), required: true, wide: true }];
    const act = async (values) => {
      await this.postJson(url, values);
      await this.refresh();
    };
    ask({ title: `${t("Withdraw")} · ${what}`, submit: t("Withdraw"), fields, tables: {}, act });
  }

  #askEscape() {
    const id = this.id;
    const fields = [
      { name: "bearing_deg", label: t("Direction"), type: /** @type {const} */ ("choice"), choices: "bearing", required: true },
      { name: "text", label: t("What was seen"), type: /** @type {const} */ ("area"), wide: true },
    ];
    const tables = { bearing: BEARINGS.map((degrees) => ({ value: String(degrees), label: `${compass(degrees)} (${degrees}°)` })) };
    const act = async (values) => {
      const sent = await this.postJson(`${this.config.urls.exchanges}${id}/escape-route/`, { ...values, bearing_deg: Number(values.bearing_deg) });
      toast(t("Direction sent, with %(n)s cameras along it", { n: sent.cameras.length }));
    };
    ask({ title: t("Direction of escape"), about: t("It is told to the police room that has this case, with the next cameras along it."), submit: t("Send"), fields, tables, act });
  }

  #askJoin() {
    const id = this.id;
    const fields = [
      { name: "other", label: t("Other incident"), type: /** @type {const} */ ("choice"), choices: "others", required: true, wide: true },
      { name: "kind", label: t("How they belong together"), type: /** @type {const} */ ("choice"), choices: "join", required: true },
      { name: "reason", label: t("Reason"), type: /** @type {const} */ ("area"), wide: true },
    ];
    const others = this.others().filter((other) => other.id !== id);
    const tables = {
      others: others.map((other) => ({ value: other.id, label: `${other.number} · ${kindName(other)} · ${other.address}` })),
      join: [{ value: "co_response", label: t("Co-response") }, { value: "transfer", label: t("Handed on as") }, { value: "related", label: t("Related") }],
    };
    const act = async (values) => {
      await this.postJson(`${this.config.urls.incidents}${id}/joins/`, values);
      await this.refresh();
    };
    ask({ title: t("Link with another incident"), about: t("Both stay as they are; nothing is merged."), submit: t("Link"), fields, tables, act });
  }
}
