/** The drill-down: the messages of one link, pages by number, newest first. */

import { byId, h, setText, show } from "../lib/dom.js";
import { moment, number } from "../lib/format.js";
import { t } from "../lib/text.js";

const WAIT_MS = 400;
const STUCK = new Set(["dead"]);
const BAD = new Set(["dead", "retrying", "filed"]);

const option = (choice) => h("option", { value: choice.value }, choice.label);

export class Traffic {
  /**
   * @param {{url: string, choices: any, may: {act: boolean}, getJson: (url: string) => Promise<any>, onMessage: (link: any, row: any) => void, onChosen: (ids: string[]) => void}} wiring
   */
  constructor({ url, choices, may, getJson, onMessage, onChosen }) {
    Object.assign(this, { url, choices, may, getJson, onMessage, onChosen });
    this.link = null;
    this.direction = "out";
    this.rows = [];
    this.next = null;
    this.asked = 0;
    this.chosen = new Set();
    byId("traffic-type").append(option({ value: "", label: t("All types") }), ...choices.types.map(option));
    byId("traffic-out").addEventListener("click", () => this.turn("out"));
    byId("traffic-in").addEventListener("click", () => this.turn("in"));
    byId("traffic-state").addEventListener("change", () => this.load());
    byId("traffic-type").addEventListener("change", () => this.load());
    byId("traffic-filter").addEventListener("submit", (event) => event.preventDefault());
    byId("traffic-case").addEventListener("input", () => {
      clearTimeout(this.typing);
      this.typing = setTimeout(() => this.load(), WAIT_MS);
    });
    byId("traffic-more").addEventListener("click", () => this.#page(this.next));
    byId("traffic-fresh").addEventListener("click", () => this.load());
    byId("traffic-all").addEventListener("change", (event) => this.#chooseAll(event.target.checked));
    this.#states();
  }

  get isOpen() {
    return this.link !== null;
  }

  open(link) {
    const other = this.link?.code !== link.code;
    this.link = link;
    setText(byId("traffic-title"), `${link.agency.name} · ${link.service.name}`);
    show(byId("traffic"), true);
    document.body.dataset.traffic = "1";
    if (other) {
      this.load();
    }
    this.refused(link);
    byId(`traffic-${this.direction}`).focus();
  }

  /** What came and was refused, by code: nothing of such a message is kept, so it has no row below. */
  refused(link) {
    const rows = this.direction === "in" ? link.refused : [];
    const row = (one) =>
      h(
        "li",
        null,
        h("strong", null, `${number(one.count)} × ${one.words}`),
        h("span", { class: "muted number" }, one.code),
        h("span", { class: "number" }, t("last %(time)s", { time: moment(one.last_at) })),
        one.message_id && h("span", { class: "number traffic-refused-id" }, one.message_id),
        one.reason && h("span", { class: "muted" }, t("fields: %(names)s", { names: one.reason })),
      );
    byId("traffic-refused").replaceChildren(...rows.map(row));
    show(byId("traffic-refused-box"), rows.length > 0);
  }

  shut() {
    this.link = null;
    this.asked += 1;
    show(byId("traffic"), false);
    show(byId("message"), false);
    delete document.body.dataset.traffic;
  }

  turn(direction) {
    if (this.direction !== direction) {
      this.direction = direction;
      byId("traffic-out").setAttribute("aria-pressed", String(direction === "out"));
      byId("traffic-in").setAttribute("aria-pressed", String(direction === "in"));
      this.#states();
    }
    this.load();
    if (this.isOpen) {
      this.refused(this.link);
    }
    byId(`traffic-${direction}`).focus();
  }

  #states() {
    byId("traffic-state").replaceChildren(option({ value: "", label: t("All states") }), ...this.choices[this.direction].map(option));
    setText(byId("traffic-last-head"), this.direction === "out" ? t("Attempts and last error") : t("Clock difference and size"));
  }

  /** Something of this link moved: read the first page again, or say that there is more. */
  touch(links) {
    if (!this.isOpen) {
      return;
    }
    this.link = links.find((link) => link.code === this.link.code) ?? this.link;
    this.refused(this.link);
    if (byId("traffic-scroll").scrollTop < 40 && this.rows.length <= 25) {
      this.load();
    } else {
      show(byId("traffic-fresh"), true);
    }
  }

  load() {
    return this.#page(null);
  }

  async #page(before) {
    const turn = ++this.asked;
    const query = new URLSearchParams({ direction: this.direction });
    const filters = { state: byId("traffic-state").value, type: byId("traffic-type").value, case: byId("traffic-case").value.trim(), before };
    for (const [name, value] of Object.entries(filters)) {
      if (value) {
        query.set(name, String(value));
      }
    }
    try {
      const page = await this.getJson(`${this.url}${this.link.code}/messages/?${query}`);
      if (turn === this.asked) {
        this.#show(before ? [...this.rows, ...page.messages] : page.messages, page.next);
      }
    } catch (error) {
      if (turn === this.asked) {
        setText(byId("traffic-note"), error.message);
      }
    }
  }

  #show(rows, next) {
    const focused = document.activeElement?.closest?.("[data-sequence]")?.dataset.sequence;
    this.rows = rows;
    this.next = next;
    const stuck = new Set(rows.filter((row) => STUCK.has(row.state)).map((row) => row.id));
    this.chosen = new Set([...this.chosen].filter((id) => stuck.has(id)));
    byId("traffic-rows").replaceChildren(...rows.map((row) => this.#row(row)));
    show(byId("traffic-more"), next !== null);
    show(byId("traffic-fresh"), false);
    setText(byId("traffic-note"), rows.length ? "" : t("No message is like this."));
    const all = /** @type {HTMLInputElement} */ (byId("traffic-all"));
    all.disabled = !this.may.act || this.direction === "in" || stuck.size === 0;
    all.checked = stuck.size > 0 && this.chosen.size === stuck.size;
    this.onChosen([...this.chosen]);
    if (focused) {
      byId("traffic-rows").querySelector(`[data-sequence="${focused}"] .row-open`)?.focus();
    }
  }

  #row(row) {
    const name = this.choices[row.direction].find((choice) => choice.value === row.state)?.label ?? row.state;
    const label = row.is_resent ? `${name} · ${t("offered again")}` : name;
    const last = row.direction === "out" ? [number(row.attempts), row.error].filter(Boolean).join(" · ") : [`${(row.skew_ms / 1000).toFixed(1)} s`, `${number(row.bytes)} B`].join(" · ");
    const box = row.direction === "out" && STUCK.has(row.state) && this.may.act ? this.#box(row) : null;
    const open = h("button", { class: "row-open", type: "button", onclick: () => this.onMessage(this.link, row) }, moment(row.at));
    return h(
      "tr",
      { "data-sequence": row.sequence, "data-bad": BAD.has(row.state) },
      h("td", null, box),
      h("td", { class: "number" }, open),
      h("td", null, row.type_name, row.is_drill && h("span", { class: "chip chip-drill" }, t("Drill"))),
      h("td", { class: BAD.has(row.state) ? "bad" : "" }, label),
      h("td", { class: "number" }, row.case),
      h("td", { class: "number" }, row.incident?.number ?? "—"),
      h("td", null, last),
    );
  }

  #box(row) {
    const toggle = (event) => {
      this.chosen[event.target.checked ? "add" : "delete"](row.id);
      this.onChosen([...this.chosen]);
    };
    const box = h("input", { type: "checkbox", "aria-label": t("Choose the message of %(time)s", { time: moment(row.at) }), onchange: toggle });
    /** @type {HTMLInputElement} */ (box).checked = this.chosen.has(row.id);
    return box;
  }

  #chooseAll(wanted) {
    this.chosen = new Set(wanted ? this.rows.filter((row) => STUCK.has(row.state)).map((row) => row.id) : []);
    this.#show(this.rows, this.next);
  }
}
