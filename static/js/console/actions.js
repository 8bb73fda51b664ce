/** Doing verbs: posts them, asks what they need first, and says what came of it. */

import { announce, toast } from "../lib/notices.js";
import { getJson, postJson } from "../lib/http.js";
import { t } from "../lib/text.js";
import { ask } from "./dialogs/form.js";
import { drillWord } from "./drill.js";
import { choicesOf, kindName } from "./labels.js";
import { newIncidentFields, verbTexts } from "./verbs.js";

/** Verbs that may be taken back within ten seconds, and by which. */
const UNDO = { claim: "release" };

export class Actions {
  /**
   * @param {object} wiring
   * @param {any} wiring.config
   * @param {() => Iterable<import("./store.js").Feature>} wiring.incidents
   * @param {() => {lon: number, lat: number}} wiring.mapCentre
   * @param {(detail: any) => void} wiring.onDetail the answer to a verb
   */
  constructor({ config, incidents, mapCentre, onDetail }) {
    this.config = config;
    this.incidents = incidents;
    this.mapCentre = mapCentre;
    this.onDetail = onDetail;
    this.texts = verbTexts();
    this.busy = new Set();
  }

  get mayWork() {
    return this.config.rights.includes("incident_work");
  }

  url(id, verb = "") {
    return `${this.config.urls.incidents}${id}/${verb ? `${verb}/` : ""}`;
  }

  detail(id) {
    return getJson(this.url(id));
  }

  /** Do it now; a refusal is shown, and nothing is done twice at once. */
  async perform(id, verb, body = {}) {
    const mark = `${id} ${verb}`;
    if (this.busy.has(mark)) {
      return;
    }
    this.busy.add(mark);
    try {
      await this.#post(id, verb, body);
    } catch (error) {
      toast(error.message, { bad: true });
    } finally {
      this.busy.delete(mark);
    }
  }

  async #post(id, verb, body) {
    const { useful, ...told } = body;
    const detail = await postJson(this.url(id, verb), told);
    if (useful) {
      // The incident is closed by now: a verdict that is lost harms nobody.
      postJson(`${this.config.urls.exchanges}${id}/useful/`, { useful: useful === "yes" }).catch((error) => toast(error.message, { bad: true }));
    }
    this.onDetail(detail);
    const text = this.texts[verb]?.done ?? verb;
    const back = UNDO[verb];
    if (back) {
      toast(`${detail.number} · ${text}`, { undo: { label: t("Undo"), run: () => this.perform(id, back) } });
    } else {
      announce(`${detail.number} ${text}`);
    }
  }

  /** Do it, asking first for what the verb needs. */
  start(feature, verb) {
    const text = this.texts[verb];
    if (!text?.fields) {
      return this.perform(feature.id, verb);
    }
    const title = `${drillWord(feature.is_drill)}${text.label} · ${kindName(feature)} ${feature.number}`;
    const act = (values) => this.#post(feature.id, verb, this.#body(verb, values));
    ask({ title, about: text.about, submit: text.label, fields: text.fields, tables: this.#tables(feature), values: this.#values(feature, verb), act });
    return Promise.resolve();
  }

  #body(verb, values) {
    return verb === "offer" ? { ...values, to: Number(values.to) } : values;
  }

  #values(feature, verb) {
    if (verb === "move") {
      const { lon, lat } = this.mapCentre();
      return { lon: lon.toFixed(6), lat: lat.toFixed(6), error_radius_m: feature.error_radius_m, address: feature.address };
    }
    return {};
  }

  #tables(feature) {
    const others = [...this.incidents()].filter((other) => other.id !== feature.id);
    return {
      result: choicesOf(this.config.choices.result),
      useful: [{ value: "yes", label: t("Yes") }, { value: "no", label: t("No") }],
      people: choicesOf(this.config.choices.people).filter((person) => person.value !== String(this.config.user.id)),
      others: others.map((other) => ({ value: other.id, label: `${drillWord(other.is_drill)}${other.number} · ${kindName(other)} · ${other.address}` })),
    };
  }

  /** No incident, no purpose, no picture: ask why before watching. */
  askPurpose(name, onPurpose, usual = "") {
    const fields = [{ name: "purpose", label: t("Purpose of viewing"), type: /** @type {const} */ ("area"), required: true, wide: true }];
    const act = (values) => Promise.resolve(onPurpose(values.purpose));
    ask({ title: name, about: t("No incident is open: say why you watch. It is put on record."), submit: t("Watch"), fields, tables: {}, values: { purpose: usual }, act });
  }

  /** A new incident by hand (F2). */
  create() {
    const kinds = this.config.choices.kinds.map((kind) => ({ value: `${kind.service}/${kind.code}`, label: choicesOf([kind])[0].label }));
    const own = this.config.choices.kinds.some((kind) => kind.service === "city") ? kinds.filter((kind) => kind.value.startsWith("city/")) : kinds;
    const urgency = ["0", "1", "2", "3", "4"].map((code) => ({ value: code, label: t("Code %(n)s", { n: code }) }));
    const place = this.mapCentre();
    const act = async (values) => {
      const { kind, error_radius_m: error, ...rest } = values;
      const [service, code] = kind.split("/");
      const body = { ...rest, service, kind: code, place: { ...place, error_radius_m: error ?? 0 } };
      const detail = await postJson(this.config.urls.incidents, body);
      this.onDetail(detail);
      toast(`${detail.number} · ${t("Incident opened")}`);
    };
    ask({ title: t("New incident"), submit: t("Open incident"), fields: newIncidentFields(), tables: { kinds: own, urgency }, values: { error_radius_m: 0 }, act });
  }
}
