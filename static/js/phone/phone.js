/** Whom to telephone because a line is silent: the badge, the list and the form of a call. */

import { openDialog } from "../lib/dialog.js";
import { byId, h, setText, show } from "../lib/dom.js";
import { age, moment, number } from "../lib/format.js";
import { getJson, postJson } from "../lib/http.js";
import { announceUrgent, toast } from "../lib/notices.js";
import { recall, remember } from "../lib/storage.js";
import { t } from "../lib/text.js";
import { fromField, script, taskState, toField, waits } from "./tasks.js";

const EVERY_MS = 15000;
const FIELDS = ["who", "at", "said"];
const field = (name) => /** @type {HTMLInputElement} */ (byId(`phone-${name}`));

export class Phone {
  /**
   * @param {{url: string, centre: string, now: () => number, onRing?: (waiting: number, fresh: number) => void}} wiring
   */
  constructor({ url, centre, now, onRing = () => {} }) {
    Object.assign(this, { url, centre, now, onRing });
    this.tasks = [];
    this.chosen = null;
    /** @type {Set<number>} tasks that this desk has heard of, and those that it has looked at */
    this.known = new Set();
    this.seen = new Set();
    this.dialog = /** @type {HTMLDialogElement} */ (byId("phone-dialog"));
    show(byId("phone-open"), true);
    byId("phone-open").addEventListener("click", () => this.open());
    byId("phone-form").addEventListener("submit", (event) => this.#submit(event));
    for (const name of FIELDS) {
      field(name).addEventListener("input", () => this.#keep());
    }
  }

  start() {
    this.timer = setInterval(() => document.hidden || this.refresh(), EVERY_MS);
    return this.refresh();
  }

  async refresh() {
    let found;
    try {
      found = await getJson(this.url);
    } catch {
      return; // The freshness light tells of a lost server; the last known tasks stay.
    }
    this.tasks = found.tasks;
    const waiting = this.tasks.filter(waits);
    const fresh = waiting.filter((task) => !this.known.has(task.id));
    this.known = new Set(this.tasks.map((task) => task.id));
    if (this.dialog.open) {
      this.#look();
      this.#list();
      this.#form(false);
    }
    if (fresh.length) {
      announceUrgent(fresh.map((task) => `${t("Phone the agency")}: ${task.agency}, ${task.phone}`).join(". "));
    }
    this.#badge(waiting.length);
    this.#ring(fresh.length);
  }

  #ring(fresh) {
    this.onRing(this.tasks.filter((task) => waits(task) && !this.seen.has(task.id)).length, fresh);
  }

  #badge(waiting) {
    setText(byId("phone-count"), number(waiting));
    byId("phone-open").toggleAttribute("data-waiting", waiting > 0);
  }

  /** @param {string} [link] open at the first task of this link */
  open(link) {
    const own = this.tasks.filter((task) => !link || task.link === link);
    this.chosen = (own.filter(waits).at(-1) ?? own[0] ?? this.tasks.filter(waits).at(-1) ?? this.tasks[0])?.id ?? null;
    this.#look();
    this.#list();
    this.#form(true);
    openDialog(this.dialog, byId("phone-tasks").querySelector("[aria-current] button") ?? byId("phone-tasks"));
    this.#ring(0);
  }

  /** What was looked at does not ring at this desk any more. */
  #look() {
    for (const task of this.tasks.filter(waits)) {
      this.seen.add(task.id);
    }
  }

  #list() {
    const focused = byId("phone-tasks").contains(document.activeElement);
    const rows = this.tasks.map((task) => {
      const when = waits(task) ? t("for %(age)s", { age: age(this.now() - Date.parse(task.asked_at)) }) : "";
      const press = () => {
        this.chosen = task.id;
        this.#list();
        this.#form(true);
      };
      return h(
        "li",
        { class: "phone-row", "data-state": task.state, "aria-current": task.id === this.chosen ? "true" : null },
        h(
          "button",
          { type: "button", class: "phone-pick", onclick: press },
          h("strong", null, task.agency),
          h("span", { class: waits(task) ? "bad" : "muted" }, [taskState(task), when].filter(Boolean).join(" · ")),
          h("span", { class: "muted" }, [task.message.type_name, task.case_number].filter(Boolean).join(" · ")),
          task.reconciled_at && h("span", { class: "muted" }, t("line confirmed %(time)s", { time: moment(task.reconciled_at) })),
          task.is_drill && h("span", { class: "chip chip-drill" }, t("Drill")),
        ),
      );
    });
    byId("phone-tasks").replaceChildren(...rows);
    show(byId("phone-none"), rows.length === 0);
    if (focused) {
      byId("phone-tasks").querySelector("[aria-current] button")?.focus();
    }
  }

  get task() {
    return this.tasks.find((task) => task.id === this.chosen) ?? null;
  }

  /** @param {boolean} fill put the kept draft into the fields: not while somebody types */
  #form(fill) {
    const { task } = this;
    show(byId("phone-task"), Boolean(task));
    if (!task) {
      return;
    }
    setText(byId("phone-number"), task.phone || t("no number is known"));
    byId("phone-number").setAttribute("href", `tel:${task.phone.replace(/[^\d+]/g, "")}`);
    setText(byId("phone-agency"), task.link_name);
    const pair = ([name, text]) => h("div", null, h("dt", null, name), h("dd", null, text));
    byId("phone-say").replaceChildren(...script(task, this.centre).map(pair));
    const told = task.called_at ?? task.at;
    const story = told ? [[t("Who answered"), task.who], [t("Time of the call"), moment(told)], [t("What was said"), task.said], [t("Recorded by"), task.by?.name ?? ""], [t("Line confirmed"), task.reconciled_at ? moment(task.reconciled_at) : t("not yet")]] : [];
    byId("phone-story").replaceChildren(...story.map(pair));
    show(byId("phone-story"), story.length > 0);
    show(byId("phone-form"), !told);
    if (fill && !told) {
      this.#restore(task);
    }
  }

  #restore(task) {
    const kept = JSON.parse(recall(`phone.${task.id}`) ?? "{}");
    field("who").value = kept.who ?? "";
    field("at").value = kept.at ?? toField(this.now());
    field("said").value = kept.said ?? "";
    setText(byId("phone-draft"), kept.said || kept.who ? t("Your draft is kept in this browser") : "");
    this.#refuse(null);
  }

  #keep() {
    const values = Object.fromEntries(FIELDS.map((name) => [name, field(name).value]));
    remember(`phone.${this.chosen}`, values.who || values.said ? JSON.stringify(values) : null);
    setText(byId("phone-draft"), values.who || values.said ? t("Your draft is kept in this browser") : "");
  }

  #refuse(problem) {
    for (const name of FIELDS) {
      const reasons = problem?.fields?.[name];
      setText(byId(`phone-${name}-error`), reasons?.join(" ") ?? "");
      field(name).setAttribute("aria-invalid", String(Boolean(reasons)));
    }
    const known = FIELDS.some((name) => problem?.fields?.[name]);
    setText(byId("phone-error"), problem && !known ? problem.message : "");
  }

  async #submit(event) {
    event.preventDefault();
    const { task } = this;
    const button = /** @type {HTMLButtonElement} */ (byId("phone-submit"));
    button.disabled = true;
    try {
      await postJson(`${this.url}${task.id}/done/`, { who: field("who").value.trim(), at: fromField(field("at").value), said: field("said").value.trim() });
      remember(`phone.${task.id}`, null);
      toast(t("The call is recorded: %(agency)s", { agency: task.agency }));
      await this.refresh();
      if (this.tasks.some(waits)) {
        this.open();
      } else {
        this.dialog.close();
      }
    } catch (error) {
      this.#refuse(error);
    } finally {
      button.disabled = false;
    }
  }
}
