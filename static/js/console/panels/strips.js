/** Strips on the left: one per open incident, in order of urgency. */

import { arrange, byId, setText, show, stamp } from "../../lib/dom.js";
import { age, number } from "../../lib/format.js";
import { t } from "../../lib/text.js";
import { kindName, serviceName, statusName } from "../labels.js";
import { byUrgency, noFilter, passes } from "../ordering.js";
import { priorityCode, priorityName, shape } from "../priorities.js";
import { drawSteps } from "./steps.js";

export class Strips {
  /**
   * @param {object} wiring
   * @param {number} wiring.me
   * @param {(id: string) => void} wiring.onOpen
   * @param {(id: string) => void} wiring.onSelect
   * @param {(id: string) => void} wiring.onSeen a strip came into sight
   */
  constructor({ me, onOpen, onSelect, onSeen }) {
    this.me = me;
    this.onOpen = onOpen;
    this.onSelect = onSelect;
    this.list = byId("strips");
    this.filter = noFilter();
    this.selected = null;
    /** @type {Map<string, any>} */
    this.rows = new Map();
    this.order = [];
    this.incidents = new Map();
    /** How many others are probably the same happening, by incident. @type {Map<string, number>} */
    this.same = new Map();
    this.watcher = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        if (entry.isIntersecting) {
          onSeen(/** @type {HTMLElement} */ (entry.target).dataset.id ?? "");
        }
      }
    }, { root: this.list, rootMargin: "200px" });
    this.#wireFilter();
  }

  #wireFilter() {
    const text = /** @type {HTMLInputElement} */ (byId("filter-text"));
    const whose = /** @type {HTMLSelectElement} */ (byId("filter-whose"));
    text.addEventListener("input", () => this.#refilter({ text: text.value }));
    text.addEventListener("keydown", (event) => {
      if (event.key === "Escape" || (event.key === "Enter" && !event.isComposing)) {
        event.stopPropagation();
        event.preventDefault();
        if (event.key === "Escape") {
          text.value = "";
          this.#refilter({ text: "" });
        }
        text.blur();
      }
    });
    whose.addEventListener("change", () => this.#refilter({ whose: whose.value }));
    byId("filter-clear").addEventListener("click", () => {
      text.value = "";
      whose.value = "all";
      this.filter = noFilter();
      this.update(this.incidents);
    });
  }

  #refilter(change) {
    this.filter = { ...this.filter, ...change };
    this.update(this.incidents);
  }

  focusFilter() {
    byId("filter-text").focus();
  }

  /** @param {Map<string, import("../store.js").Feature>} incidents */
  update(incidents) {
    this.incidents = incidents;
    const shown = [...incidents.values()].filter((feature) => passes(feature, this.filter, this.me)).sort(byUrgency);
    for (const [id, row] of this.rows) {
      if (!incidents.has(id)) {
        this.watcher.unobserve(row.root);
        this.rows.delete(id);
      }
    }
    this.order = shown.map((feature) => feature.id);
    arrange(this.list, shown.map((feature) => this.#row(feature).root));
    setText(byId("strips-count"), shown.length === incidents.size ? number(incidents.size) : `${number(shown.length)} / ${number(incidents.size)}`);
    show(byId("strips-empty"), incidents.size === 0);
    show(byId("strips-filtered"), incidents.size > 0 && shown.length === 0);
    show(this.list, shown.length > 0);
  }

  #row(feature) {
    let row = this.rows.get(feature.id);
    if (!row) {
      row = stamp("strip-template");
      row.root.dataset.id = feature.id;
      row.parts.strip.addEventListener("click", () => this.onOpen(feature.id));
      this.rows.set(feature.id, row);
      this.watcher.observe(row.root);
    }
    if (row.feature !== feature) {
      row.feature = feature;
      this.#fill(row, feature);
    }
    return row;
  }

  #fill({ parts }, feature) {
    const strip = parts.strip;
    strip.dataset.priority = String(feature.priority);
    strip.toggleAttribute("data-waiting", feature.status === "received");
    strip.setAttribute("aria-current", String(feature.id === this.selected));
    if (parts.priority.dataset.of !== String(feature.priority)) {
      parts.priority.dataset.of = String(feature.priority);
      parts.priority.replaceChildren(shape(feature.priority), priorityName(feature.priority));
      parts.priority.title = priorityCode(feature.priority);
    }
    setText(parts.kind, kindName(feature));
    setText(parts.address, feature.address || t("Place not known"));
    setText(parts.status, `${serviceName(feature.service)} · ${statusName(feature.status)}`);
    setText(parts.owner, feature.offered_to ? t("Offered to %(name)s", { name: feature.offered_to.name }) : feature.owner ? feature.owner.name : t("Unclaimed"));
    parts.owner.toggleAttribute("data-mine", feature.owner?.id === this.me || feature.offered_to?.id === this.me);
    show(parts.drill, feature.is_drill);
    this.#fillSame(parts, feature.id);
  }

  #fillSame(parts, id) {
    const count = this.same.get(id) ?? 0;
    show(parts.same, count > 0);
    setText(parts.same, count ? t("Same? %(n)s", { n: number(count) }) : "");
    parts.same.title = count ? t("Another source probably reports the same happening") : "";
  }

  /** @param {Map<string, number>} same */
  showSame(same) {
    this.same = same;
    for (const [id, row] of this.rows) {
      this.#fillSame(row.parts, id);
    }
  }

  /** Ages of all strips, once a second. */
  tick(now) {
    for (const { feature, parts } of this.rows.values()) {
      setText(parts.age, age(now - Date.parse(feature.received_at)));
    }
  }

  /** Steps of what agencies were told. */
  showSteps(id, exchanges) {
    const row = this.rows.get(id);
    if (row) {
      drawSteps(row.parts.steps, exchanges);
    }
  }

  /** @param {string | null} id */
  select(id, { focus = false } = {}) {
    this.rows.get(this.selected)?.parts.strip.setAttribute("aria-current", "false");
    this.selected = id;
    const row = this.rows.get(id);
    if (row) {
      row.parts.strip.setAttribute("aria-current", "true");
      row.root.scrollIntoView({ block: "nearest" });
      if (focus) {
        row.parts.strip.focus({ preventScroll: true });
      }
    }
  }
}
