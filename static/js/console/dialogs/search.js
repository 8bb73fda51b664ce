/** Search (/ or Ctrl+K): open incidents, cameras by words, and every command by its name. */

import { byId, h, setText } from "../../lib/dom.js";
import { openDialog } from "../../lib/dialog.js";
import { number } from "../../lib/format.js";
import { postJson } from "../../lib/http.js";
import { t } from "../../lib/text.js";
import { drillMark } from "../drill.js";
import { kindName } from "../labels.js";
import { byUrgency, noFilter, passes } from "../ordering.js";
import { priorityCode } from "../priorities.js";

const WAIT_MS = 200;
const MOST = 8;

export class Search {
  /**
   * @param {object} wiring
   * @param {string} wiring.url
   * @param {() => Iterable<any>} wiring.incidents
   * @param {() => {label: string, run: () => void, keys: string}[]} wiring.commands
   * @param {(id: string) => void} wiring.onIncident
   * @param {(site: any) => void} wiring.onSite
   */
  constructor({ url, incidents, commands, onIncident, onSite }) {
    Object.assign(this, { url, incidents, commands, onIncident, onSite });
    this.dialog = /** @type {HTMLDialogElement} */ (byId("search-dialog"));
    this.input = /** @type {HTMLInputElement} */ (byId("search-text"));
    this.found = [];
    this.at = 0;
    this.asked = 0;
    this.input.addEventListener("input", () => this.#changed());
    this.input.addEventListener("keydown", (event) => this.#key(event));
  }

  open() {
    this.input.value = "";
    openDialog(this.dialog, this.input);
    this.#changed();
  }

  #changed() {
    clearTimeout(this.timer);
    const text = this.input.value.trim();
    const asked = ++this.asked;
    const local = [...this.#incidents(text), ...this.#commands(text)];
    this.#draw(local, text);
    if (text.length >= 2) {
      this.timer = setTimeout(async () => {
        const sites = await this.#sites(text);
        if (asked === this.asked) {
          this.#draw([...local, ...sites], text);
        }
      }, WAIT_MS);
    }
  }

  #incidents(text) {
    const filter = { ...noFilter(), text };
    return [...this.incidents()]
      .filter((feature) => passes(feature, filter, 0))
      .sort(byUrgency)
      .slice(0, MOST)
      .map((feature) => ({ kind: priorityCode(feature.priority), isDrill: feature.is_drill, text: `${kindName(feature)} · ${feature.address || feature.number}`, run: () => this.onIncident(feature.id) }));
  }

  #commands(text) {
    const lower = text.toLowerCase();
    return this.commands()
      .filter((command) => lower && command.label.toLowerCase().includes(lower))
      .map((command) => ({ kind: command.keys, text: command.label, run: command.run }));
  }

  async #sites(text) {
    try {
      const { sites } = await postJson(this.url, { type: "text", q: text.slice(0, 100) });
      return sites.slice(0, MOST).map((site) => ({ kind: t("Camera"), text: `${site.name} · ${site.address ?? ""} (${number(site.camera_count)})`, run: () => this.onSite(site) }));
    } catch (error) {
      setText(byId("search-empty"), error.message);
      return [];
    }
  }

  #draw(found, text) {
    this.found = found;
    this.at = 0;
    const rows = found.map((one, index) => h("li", { role: "option", id: `result-${index}`, "aria-selected": index === 0 ? "true" : "false", onclick: () => this.#run(index) }, h("span", { class: "chip" }, one.kind), drillMark(one.isDrill), h("span", null, one.text)));
    byId("search-results").replaceChildren(...rows);
    setText(byId("search-empty"), found.length ? "" : text ? t("Nothing found") : t("Type a kind, an address, a camera or a command."));
    this.#mark();
  }

  #mark() {
    const rows = [...byId("search-results").children];
    rows.forEach((row, index) => row.setAttribute("aria-selected", String(index === this.at)));
    rows[this.at]?.scrollIntoView({ block: "nearest" });
    if (rows.length) {
      this.input.setAttribute("aria-activedescendant", `result-${this.at}`);
    } else {
      this.input.removeAttribute("aria-activedescendant");
    }
  }

  #key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && this.found.length) {
      event.preventDefault();
      this.at = (this.at + step + this.found.length) % this.found.length;
      this.#mark();
    } else if (event.key === "Enter" && !event.isComposing && this.found.length) {
      event.preventDefault();
      this.#run(this.at);
    }
  }

  #run(index) {
    this.dialog.close();
    this.found[index].run();
  }
}
