/** Clusters of reports above the strips: each stands, and sounds, until somebody says what it is. */

import { byId, h } from "../../lib/dom.js";
import { age } from "../../lib/format.js";
import { announce, announceUrgent, toast } from "../../lib/notices.js";
import { t } from "../../lib/text.js";
import { ask } from "../dialogs/form.js";
import { drillMark, drillWord } from "../drill.js";
import { choicesOf, labelIn } from "../labels.js";

const SOUND_EVERY_MS = 10000;
const ASSESSMENT = () => [
  { name: "assessment", label: t("What is it?"), type: /** @type {const} */ ("choice"), choices: "assessment", required: true, wide: true },
  { name: "note", label: t("Note"), type: /** @type {const} */ ("area"), wide: true },
];

export class ClusterAlarms {
  /**
   * @param {object} wiring
   * @param {any} wiring.config
   * @param {(url: string) => Promise<any>} wiring.getJson
   * @param {(url: string, body: object) => Promise<any>} wiring.postJson
   * @param {(id: string) => void} wiring.onIncident
   * @param {() => number} wiring.now by the server's clock
   * @param {() => void} wiring.sound
   */
  constructor(wiring) {
    Object.assign(this, wiring);
    this.box = byId("clusters");
    /** @type {Map<string, any>} */
    this.standing = new Map();
    this.soundedAt = -Infinity;
    this.mayWork = this.config.rights.includes("incident_work");
  }

  start() {
    this.refresh();
    setInterval(() => this.#tick(), 1000);
  }

  async refresh() {
    try {
      const { clusters } = await this.getJson(this.config.urls.clusters);
      this.standing = new Map(clusters.map((cluster) => [cluster.id, cluster]));
      this.draw();
    } catch (error) {
      toast(error.message, { bad: true });
    }
  }

  /** @param {{kind: string, data: any}} fact of the journal */
  heard(fact) {
    const cluster = fact.data.cluster;
    if (cluster.ended_at) {
      this.standing.delete(cluster.id);
    } else {
      this.standing.set(cluster.id, cluster);
    }
    if (fact.kind === "cluster.raised" || fact.kind === "cluster.rings_again") {
      announceUrgent(`${drillWord(cluster.is_drill)}${this.#title(cluster)}`);
      this.soundedAt = -Infinity;
    } else if (fact.kind === "cluster.escalated") {
      announceUrgent(`${drillWord(cluster.is_drill)}${this.#level(cluster)}. ${this.#title(cluster)}`);
    }
    this.draw();
    this.#tick();
  }

  #tick() {
    const rings = [...this.standing.values()].some((cluster) => !cluster.acknowledged_at);
    if (rings && performance.now() - this.soundedAt >= SOUND_EVERY_MS) {
      this.soundedAt = performance.now();
      this.sound();
    }
    for (const line of this.box.querySelectorAll("[data-since]")) {
      line.textContent = age(this.now() - Date.parse(line.dataset.since));
    }
  }

  #title(cluster) {
    const kind = labelIn(this.config.choices.class, cluster.class);
    const text = t("%(n)s reports of one place: %(kind)s", { n: cluster.count, kind });
    return cluster.accelerating ? `${text} · ${t("growing")}` : text;
  }

  #level(cluster) {
    return ["", t("Not acknowledged: the supervisor is called"), t("Not acknowledged: telephone the duty officer")][cluster.escalation_level] ?? "";
  }

  draw() {
    const rows = [...this.standing.values()].sort((a, b) => Number(Boolean(a.acknowledged_at)) - Number(Boolean(b.acknowledged_at)) || (a.raised_at < b.raised_at ? 1 : -1));
    const focused = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset?.cluster;
    this.box.replaceChildren(...rows.map((cluster) => this.#card(cluster)));
    if (focused) {
      /** @type {HTMLElement | null} */ (this.box.querySelector(`[data-cluster="${focused}"]`))?.focus();
    }
  }

  #card(cluster) {
    const rings = !cluster.acknowledged_at;
    const counts = t("%(recent)s in the last 5 minutes, %(before)s in the 5 before", cluster);
    const judged = !rings && `${labelIn(this.config.choices.assessment, cluster.assessment)} · ${cluster.acknowledged_by.name}`;
    const open = h("button", { class: "button button-small", type: "button", "data-cluster": `open-${cluster.id}`, onclick: () => this.onIncident(cluster.lead.id) }, t("Open"));
    const acknowledge = rings && this.mayWork && h("button", { class: "button button-small button-strong", type: "button", "data-cluster": `ack-${cluster.id}`, onclick: () => this.#ask(cluster) }, t("Acknowledge"));
    return h(
      "article",
      { class: `cluster-alarm${rings ? " cluster-rings" : ""}`, "aria-label": this.#title(cluster) },
      h("p", { class: "cluster-title" }, h("strong", null, this.#title(cluster)), drillMark(cluster.is_drill)),
      h("p", null, cluster.address || t("Place not known")),
      h("p", { class: "muted number" }, counts, " · ", h("span", { "data-since": cluster.rings_since }, age(this.now() - Date.parse(cluster.rings_since)))),
      rings && cluster.escalation_level > 0 && h("p", { class: "cluster-late" }, this.#level(cluster)),
      judged && h("p", { class: "muted" }, judged),
      h("p", { class: "cluster-actions" }, open, acknowledge),
    );
  }

  #ask(cluster) {
    const act = async (values) => {
      const row = await this.postJson(`${this.config.urls.clusters}${cluster.id}/acknowledge/`, values);
      this.standing.set(row.id, row);
      this.draw();
      announce(t("Cluster acknowledged"));
    };
    const tables = { assessment: choicesOf(this.config.choices.assessment) };
    ask({ title: this.#title(cluster), about: t("Look at the place before you judge. Your judgement is put on record with your name."), submit: t("Acknowledge"), fields: ASSESSMENT(), tables, act });
  }
}
