/** What the disaster section asks for before it acts: each verb with its fields. */

import { h } from "../../lib/dom.js";
import { toast } from "../../lib/notices.js";
import { t } from "../../lib/text.js";
import { LEVELS, bars, channelName, levelName } from "../crisis.js";
import { ask } from "../dialogs/form.js";

const CHANNELS = ["phone", "radio", "messenger", "fax", "broadcast", "in_person"];
const USUAL_RADIUS_M = 500;

const levels = () => ({ levels: LEVELS.map((level) => ({ value: String(level), label: `${bars(level)} ${levelName(level)}` })) });
const level = () => ({ name: "level", label: t("Crisis level"), type: /** @type {const} */ ("choice"), choices: "levels", required: true });
const radius = (required) => ({ name: "radius_m", label: t("Radius of the area (m)"), type: /** @type {const} */ ("number"), required, hint: t("A circle around the place of the incident.") });

export class DisasterQuestions {
  /**
   * @param {object} wiring
   * @param {() => any} wiring.situation
   * @param {(verb: string, said: object) => Promise<void>} wiring.send
   * @param {() => void} wiring.draw let the area be drawn on the map
   */
  constructor(wiring) {
    Object.assign(this, wiring);
  }

  /** The buttons of a situation that goes on. */
  actions() {
    const isPublic = this.situation().is_public;
    const all = {
      report: [t("File a report"), () => this.report()],
      level: [t("Change the level"), () => this.level()],
      cycle: [t("Report cycle"), () => this.cycle()],
      draw: [t("Draw the area"), () => this.draw()],
      area: [t("Circle as area"), () => this.area()],
      publish: [isPublic ? t("Withdraw the alert") : t("Publish as an alert"), () => this.publish(!isPublic)],
      end: [t("End the situation"), () => this.end()],
    };
    return Object.entries(all).map(([name, [label, act]]) => h("button", { class: "button button-small", type: "button", id: `disaster-do-${name}`, onclick: act }, label));
  }

  declare() {
    this.#ask("declare", { title: t("Declare a situation"), submit: t("Declare"), fields: [level(), radius(false)], tables: levels(), values: { radius_m: USUAL_RADIUS_M }, done: t("The situation is declared") });
  }

  report() {
    const { casualties, actions } = this.situation();
    const fields = [
      { name: "text", label: t("What is known now"), type: /** @type {const} */ ("area"), required: true, wide: true, hint: t("No names and no telephone numbers.") },
      { name: "casualties", label: t("Casualties"), type: /** @type {const} */ ("text"), wide: true },
      { name: "actions", label: t("Measures"), type: /** @type {const} */ ("area"), wide: true },
    ];
    this.#ask("report", { title: t("File a report"), about: t("The next one is due a cycle from now."), submit: t("File"), fields, values: { casualties, actions }, done: t("The report is filed") });
  }

  level() {
    const values = { level: String(this.situation().level) };
    this.#ask("level", { title: t("Change the level"), about: t("The report cycle and the list of who is told follow the level."), submit: t("Change"), fields: [level()], tables: levels(), values, done: t("The level is changed") });
  }

  cycle() {
    const fields = [{ name: "every_min", label: t("Minutes between reports"), type: /** @type {const} */ ("number"), required: true, hint: t("5 minutes to a week") }];
    this.#ask("cycle", { title: t("Report cycle"), submit: t("Change"), fields, values: { every_min: this.situation().report_every_min } });
  }

  area() {
    this.#ask("area", { title: t("Set the area"), about: t("The cameras of the area are chosen anew."), submit: t("Set"), fields: [radius(true)], values: { radius_m: USUAL_RADIUS_M } });
  }

  publish(isPublic) {
    const about = isPublic ? t("Everybody can read it in the city's index of CAP alerts, and the disaster agencies are told. A drill goes as an exercise to the links that take drills and stands in no index.") : t("A Cancel is published after it.");
    this.#ask("publish", { title: isPublic ? t("Publish as an alert") : t("Withdraw the alert"), about, submit: isPublic ? t("Publish") : t("Withdraw"), more: { is_public: isPublic } });
  }

  end() {
    const fields = [{ name: "text", label: t("How it ended"), type: /** @type {const} */ ("area"), wide: true }];
    this.#ask("end", { title: t("End the situation"), about: t("No report is due any more. The incident itself stays open."), submit: t("End it"), fields });
  }

  notice() {
    const fields = [
      { name: "whom", label: t("Whom"), type: /** @type {const} */ ("text"), required: true },
      { name: "channel", label: t("How"), type: /** @type {const} */ ("choice"), choices: "channels", required: true },
      { name: "number", label: t("Number or address"), type: /** @type {const} */ ("text") },
    ];
    const tables = { channels: CHANNELS.map((value) => ({ value, label: channelName(value) })) };
    this.#ask("notice", { title: t("Add somebody to tell"), submit: t("Add"), fields, tables, values: { channel: "phone" } });
  }

  understood(notice) {
    const fields = [{ name: "name", label: t("Who at the other end"), type: /** @type {const} */ ("text"), required: true }];
    this.#ask("told-acknowledged", { title: `${t("Acknowledged")} · ${notice.whom}`, submit: t("Acknowledged"), fields, more: { notice: notice.id } });
  }

  #ask(verb, { done = "", more = {}, fields = [], tables = {}, values = {}, about = "", title, submit }) {
    const act = async (said) => {
      const numbers = "level" in said ? { level: Number(said.level) } : {};
      await this.send(verb, { ...said, ...numbers, ...more });
      if (done) {
        toast(done);
      }
    };
    ask({ title, about, submit, fields, tables, values, act });
  }
}
