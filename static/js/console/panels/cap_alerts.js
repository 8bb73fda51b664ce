/** CAP alerts, taken in and our own: what became of each; the chosen one is drawn on the map. */

import { openDialog } from "../../lib/dialog.js";
import { byId, h, setText, show } from "../../lib/dom.js";
import { moment, number } from "../../lib/format.js";
import { toast } from "../../lib/notices.js";
import { t } from "../../lib/text.js";
import { Timers } from "../../lib/timers.js";
import { pushLine, replyLine, typeName } from "./disaster_alerts.js";

// Facts come in bursts: one look a moment after the first of them tells it all.
const SETTLE_MS = 600;
const NEWS = /^(disaster|exchange)\.|^link\.refused$/;

const stateName = (state) =>
  ({
    ours: t("concerns us"),
    elsewhere: t("another area"),
    not_addressed: t("not addressed to us"),
    no_area: t("public without an area: ignored"),
    not_real: t("test, draft or system message"),
    waiting: t("waits for its alert"),
    stale: t("older than what is known"),
    came_late: t("had expired when it came"),
    reply: t("answers an alert"),
    unmatched: t("answers nothing that is known here"),
    in_force: t("in force"),
    followed: t("followed by a newer one"),
    over: t("all clear"),
    expired: t("expired"),
  })[state] ?? state;

const scopeName = (scope) => ({ Public: t("to everybody"), Restricted: t("restricted"), Private: t("to those addressed") })[scope] ?? scope;
const statusName = (status) => ({ Exercise: t("Drill"), System: t("System message"), Test: t("Test"), Draft: t("Draft") })[status];
const severityName = (severity) => ({ Extreme: t("Extreme"), Severe: t("Severe"), Moderate: t("Moderate"), Minor: t("Minor"), Unknown: t("Unknown") })[severity] ?? severity;
const isReply = (row) => row.msg_type === "Ack" || row.msg_type === "Error";
const idOf = (row) => `cap-${row.id.replace("/", "-")}`;

export class CapAlerts {
  /**
   * @param {object} wiring
   * @param {(url: string) => Promise<any>} wiring.getJson
   * @param {string} wiring.url of the list; an alert lies below it
   * @param {() => number} wiring.now by the server's clock
   * @param {(id: string) => void} wiring.onIncident
   * @param {(alert: { area: any, label: string } | null) => void} wiring.onArea draw it, or none
   * @param {() => void} wiring.onFrame bring what is drawn into sight
   */
  constructor(wiring) {
    Object.assign(this, wiring);
    this.dialog = /** @type {HTMLDialogElement} */ (byId("cap-dialog"));
    /** @type {any[]} */
    this.rows = [];
    this.refused = [];
    this.hasMore = false;
    /** @type {any} the one that is looked at, whole */
    this.chosen = null;
    this.timers = new Timers();
    for (const id of ["alerts-open", "disaster-alerts-all"]) {
      byId(id).addEventListener("click", () => this.open());
    }
    byId("cap-more").addEventListener("click", () => this.#more());
    byId("cap-legend-hide").addEventListener("click", () => this.#leave());
  }

  async open() {
    openDialog(this.dialog);
    await this.refresh();
  }

  /** @param {import("../store.js").Changes} changes */
  changed(changes) {
    const isNews = changes.reset || changes.facts.some((/** @type {any} */ fact) => NEWS.test(fact.kind) || /cap-/.test(`${fact.kind} ${fact.data?.verb ?? ""}`));
    if (isNews && this.dialog.open) {
      this.timers.once("refresh", SETTLE_MS, () => this.refresh());
    }
  }

  async refresh() {
    try {
      const found = await this.getJson(this.url);
      const newest = new Set(found.alerts.map((row) => row.id));
      const older = this.rows.filter((row) => !newest.has(row.id));
      // A page that joins what is known leaves the older pages where they are.
      const joins = older.length < this.rows.length;
      this.hasMore = joins && older.length ? this.hasMore : found.has_more;
      this.rows = joins ? [...found.alerts, ...older] : found.alerts;
      this.refused = found.refused;
      if (this.chosen) {
        this.chosen = (await this.getJson(`${this.url}${this.chosen.id}/`)).alert;
      }
    } catch {
      // The freshness light tells of a lost server; the last known alerts stay.
      return;
    }
    this.#draw();
  }

  async #more() {
    try {
      const older = await this.getJson(`${this.url}?before=${encodeURIComponent(this.rows.at(-1).at)}`);
      const known = new Set(this.rows.map((row) => row.id));
      const fresh = older.alerts.filter((row) => !known.has(row.id));
      this.rows = [...this.rows, ...fresh];
      this.hasMore = older.has_more;
      this.#draw();
      document.getElementById(fresh[0] ? idOf(fresh[0]) : "")?.focus();
    } catch (error) {
      toast(error.message, { bad: true });
    }
  }

  async #choose(row) {
    if (this.chosen?.id === row.id) {
      this.#leave();
      return;
    }
    try {
      this.chosen = (await this.getJson(`${this.url}${row.id}/`)).alert;
    } catch (error) {
      toast(error.message, { bad: true });
      return;
    }
    const label = `CAP · ${this.chosen.headline || typeName(this.chosen.msg_type)}`;
    this.onArea(this.chosen.area ? { area: this.chosen.area, label } : null);
    setText(byId("cap-legend-name"), label);
    show(byId("cap-legend"), Boolean(this.chosen.area));
    this.#draw();
  }

  #leave() {
    this.chosen = null;
    this.onArea(null);
    show(byId("cap-legend"), false);
    this.#draw();
  }

  #draw() {
    const focused = /** @type {HTMLElement | null} */ (document.activeElement)?.id;
    const rows = this.rows.map((row) => this.#row(row));
    byId("cap-list").replaceChildren(...(rows.length ? rows : [h("li", { class: "muted" }, t("No CAP alert has come or gone."))]));
    show(byId("cap-more"), this.hasMore);
    show(byId("cap-refused"), this.refused.length > 0);
    byId("cap-refused-list").replaceChildren(...this.refused.map((one) => this.#refusal(one)));
    if (focused && this.dialog.open) {
      document.getElementById(focused)?.focus();
    }
  }

  #row(row) {
    const now = this.now();
    const isChosen = this.chosen?.id === row.id;
    const way = row.id.startsWith("in/") ? t("In") : t("Out");
    const status = statusName(row.status);
    const isPast = row.expires && Date.parse(row.expires) < now;
    const ends = row.expires && (isPast ? t("expired %(time)s", { time: moment(row.expires, now) }) : t("expires %(time)s", { time: moment(row.expires, now) }));
    const button = h(
      "button",
      { class: "cap-row", type: "button", id: idOf(row), "aria-expanded": String(isChosen), "aria-controls": isChosen ? `${idOf(row)}-whole` : null, onclick: () => this.#choose(row) },
      h("span", { class: "cap-head" }, h("strong", null, `${way} · ${typeName(row.msg_type)}`), h("span", { class: "cap-state", "data-state": row.state }, stateName(row.state)), status && h("span", { class: "cap-state" }, status)),
      h("span", { class: "cap-headline" }, [isReply(row) && row.headline ? `${t("CAP note")} ${row.headline}` : row.headline, row.area_names.join(", ")].filter(Boolean).join(" · ")),
      h("span", { class: "muted number" }, [row.sender_name || row.link || row.sender, t("sent %(time)s", { time: moment(row.sent, now) }), ends, scopeName(row.scope)].filter(Boolean).join(" · ")),
    );
    return h("li", { class: "cap-item", "data-alert": row.identifier, "data-past": isPast }, button, isChosen && this.#whole(this.chosen, now));
  }

  #whole(alert, now) {
    const texts = alert.infos.map((info) => h("div", { lang: info.language.slice(0, 2).toLowerCase() }, h("strong", null, info.headline || info.event), info.description && h("p", { class: "text-message" }, info.description), info.instruction && h("p", { class: "text-message" }, info.instruction)));
    const facts = { [t("Sender")]: alert.sender, [t("Identifier")]: alert.identifier, [t("Severity")]: severityName(alert.infos[0]?.severity ?? ""), [t("Areas")]: alert.area_names.join(", "), [t("CAP note")]: alert.note, [t("Refers to")]: alert.references.join("\n") };
    const drawn = alert.is_whole_city ? t("Its area is named, not drawn: the map shows the whole municipality.") : t("It draws no area.");
    const sight = () => {
      this.dialog.close();
      this.onFrame();
    };
    const open = () => {
      this.dialog.close();
      this.onIncident(alert.incident);
    };
    const answers = alert.replies.map((one) => h("li", null, replyLine(one, now)));
    return h(
      "div",
      { class: "cap-whole", id: `${idOf(alert)}-whole` },
      ...texts,
      h("dl", { class: "incident-facts" }, ...Object.entries(facts).filter(([, text]) => text).map(([name, text]) => h("div", null, h("dt", null, name), h("dd", { class: "cap-fact" }, text)))),
      (alert.is_whole_city || !alert.area) && !isReply(alert) && h("p", { class: "muted" }, drawn),
      !isReply(alert) && h("h4", null, t("Answers")),
      !isReply(alert) && h("ul", { class: "cap-answers" }, ...alert.pushes.map((one) => h("li", null, pushLine(one, now))), ...(answers.length ? answers : [h("li", { class: "muted" }, t("no reply yet"))])),
      h(
        "div",
        { class: "disaster-actions", role: "group", "aria-label": alert.headline || alert.identifier },
        alert.area && h("button", { class: "button button-small button-strong", type: "button", id: `${idOf(alert)}-sight`, onclick: sight }, t("Area on the map")),
        alert.incident && h("button", { class: "button button-small", type: "button", id: `${idOf(alert)}-open`, onclick: open }, t("Open the incident")),
      ),
    );
  }

  #refusal(one) {
    const last = [one.message_id, one.reason].filter(Boolean).join(" · ");
    return h("li", { class: "unit" }, h("strong", null, `${one.link}: ${one.words} (${number(one.count)})`), h("span", { class: "muted number" }, [t("last %(time)s", { time: moment(one.last_at, this.now()) }), last].filter(Boolean).join(" · ")));
  }
}
