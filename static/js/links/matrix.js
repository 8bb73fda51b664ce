/** The matrix: one body of two rows a link, updated in place so that the focus stays. */

import { arrange, byId, h, setText, show } from "../lib/dom.js";
import { age, moment, number } from "../lib/format.js";
import { t } from "../lib/text.js";
import { stateMark, stateShape } from "./states.js";

const CHANGED_MS = 4000;

/** Seconds as people at a desk read them. */
export function span(seconds) {
  return seconds < 10 ? t("%(n)s s", { n: seconds.toFixed(1) }) : age(seconds * 1000);
}

function lines(cell, texts) {
  const wanted = texts.filter(Boolean);
  const key = JSON.stringify(wanted.map((line) => (line.text ? [line.text, line.bad] : line)));
  if (cell.dataset.key !== key) {
    cell.dataset.key = key;
    cell.replaceChildren(...wanted.map((line) => h("span", { class: `line${line.bad ? " bad" : ""}` }, line.text ?? line)));
  }
}

const NAMES = ["direction", "waiting", "oldest", "last", "acks", "clock", "breaker"];

export class Matrix {
  /**
   * @param {{may: {act: boolean, ask: boolean, phone: boolean}, onOpen: Function, onReplay: Function, onPause: Function, onAskAgain: Function, onTest: Function, onPhone: Function, stateName: (state: string) => string, now: () => number}} wiring
   */
  constructor(wiring) {
    this.wiring = wiring;
    this.table = byId("matrix");
    /** @type {Map<string, any>} */
    this.bodies = new Map();
    this.links = [];
    this.selected = null;
  }

  update(links) {
    this.links = links;
    const bodies = links.map((link) => this.#body(link));
    arrange(this.table, [/** @type {HTMLElement} */ (this.table.querySelector("thead")), ...bodies.map((body) => body.root)]);
    show(byId("matrix-empty"), links.length === 0);
    show(this.table, links.length > 0);
    if (!links.some((link) => link.code === this.selected)) {
      this.selected = links[0]?.code ?? null;
    }
    this.#mark();
  }

  /** Ages run by themselves. */
  tick() {
    for (const link of this.links) {
      this.#fill(this.bodies.get(link.code), link);
    }
  }

  #body(link) {
    const body = this.bodies.get(link.code) ?? this.#make(link);
    body.link = link;
    const key = JSON.stringify([link.state, link.directions.map((one) => [one.waiting, one.last_at]), link.dead, link.refused.map((one) => one.count)]);
    if (body.key && body.key !== key) {
      body.root.dataset.changed = "1";
      clearTimeout(body.timer);
      body.timer = setTimeout(() => delete body.root.dataset.changed, CHANGED_MS);
    }
    body.key = key;
    this.#fill(body, link);
    return body;
  }

  #make(link) {
    const press = (run) => () => {
      this.select(link.code);
      run(this.bodies.get(link.code).link);
    };
    const button = (label, run) => h("button", { class: "button button-small", type: "button", onclick: press(run) }, label);
    const buttons = {
      open: button(t("Messages"), this.wiring.onOpen),
      replay: button(t("Send again"), this.wiring.onReplay),
      pause: button("", this.wiring.onPause),
      again: button(t("Ask again"), this.wiring.onAskAgain),
      test: button(t("Test"), this.wiring.onTest),
      phone: button(t("Phone"), this.wiring.onPhone),
    };
    const cells = { out: {}, in: {} };
    const state = h("td", { rowspan: 3, class: "matrix-state" });
    const name = h("th", { rowspan: 3, scope: "rowgroup", class: "matrix-name" });
    const tools = h("td", { rowspan: 3, class: "matrix-tools" }, h("div", { role: "group", "aria-label": `${t("Actions")}: ${link.agency.name}` }, ...Object.values(buttons)));
    const rows = ["out", "in"].map((direction, index) => {
      const own = NAMES.map((column) => (cells[direction][column] = h(column === "direction" ? "th" : "td", column === "direction" ? { scope: "row" } : { class: "number" })));
      return h("tr", { "data-direction": direction }, ...(index ? own : [name, state, ...own, tools]));
    });
    const use = h("td", { colspan: 7, class: "matrix-use" });
    rows.push(h("tr", { "data-direction": "use" }, use));
    const root = h("tbody", { "data-link": link.code, onfocusin: () => this.select(link.code), onclick: () => this.select(link.code) }, ...rows);
    const body = { root, cells, use, state, name, buttons, link, key: "" };
    this.bodies.set(link.code, body);
    return body;
  }

  #fill(body, link) {
    lines(body.name, [link.agency.name, { text: link.service.name }, link.kept_by && { text: t("kept by %(city)s", { city: link.kept_by }) }]);
    const quiet = link.directions[1].silent_s;
    const standing = `${link.state} ${link.maintenance_until ?? ""} ${quiet}`;
    if (body.state.dataset.standing !== standing) {
      body.state.dataset.standing = standing;
      const until = link.maintenance_until && h("span", { class: "line muted" }, t("until %(time)s", { time: moment(link.maintenance_until) }));
      body.state.replaceChildren(stateMark(link.state), ...(until ? [until] : []), ...(quiet ? [h("span", { class: "line bad" }, t("silent for %(age)s", { age: age(quiet * 1000) }))] : []));
    }
    const since = (at) => (at ? age(this.wiring.now() - Date.parse(at)) : "—");
    for (const way of link.directions) {
      this.#direction(body.cells[way.direction], link, way, since);
    }
    this.#use(body.use, link);
    const paused = link.state === "maintenance";
    setText(body.buttons.pause, paused ? t("Resume") : t("Pause"));
    // It would pause the line for every city that it serves.
    show(body.buttons.pause, this.wiring.may.act && link.state !== "suspended" && !link.kept_by);
    show(body.buttons.test, this.wiring.may.act && link.state !== "suspended" && link.directions[0].used);
    show(body.buttons.again, this.wiring.may.ask && link.state !== "suspended" && link.directions.every((way) => way.used));
    show(body.buttons.replay, this.wiring.may.act && link.dead > 0);
    show(body.buttons.phone, this.wiring.may.phone);
  }

  /** Who asked for everything again, when, and what came of it. */
  #resync({ asker, at, offered, state, reason }) {
    const time = moment(at);
    if (asker === "agency") {
      return t("asked for everything again %(time)s: %(n)s messages (%(reason)s)", { time, n: number(offered), reason });
    }
    return t("asked by us for everything again %(time)s: %(state)s (%(reason)s)", { time, state: this.wiring.stateName(state), reason });
  }

  #use(cell, { use, resyncs }) {
    const again = resyncs.map((one) => this.#resync(one));
    const said = [
      t("Use in %(n)s days", { n: use.days }),
      t("triggered %(n)s", { n: number(use.triggered) }),
      t("opened %(n)s", { n: number(use.opened) }),
      t("video within %(s)s s: %(n)s", { s: use.watched_within_s, n: number(use.watched) }),
      t("useful %(yes)s, not %(no)s", { yes: number(use.useful), no: number(use.not_useful) }),
      t("last real case %(time)s", { time: use.last_real_at ? moment(use.last_real_at) : t("never") }),
    ].join(" · ");
    const key = `${said} ${use.dormant} ${again.join(" ")}`;
    if (cell.dataset.key !== key) {
      cell.dataset.key = key;
      const flag = use.dormant && h("strong", { class: "state state-dormant" }, stateShape("dormant"), t("DORMANT"));
      const lines = again.map((text) => h("span", { class: "line" }, text));
      cell.replaceChildren(...[h("span", { class: "muted" }, said), flag, ...lines].filter(Boolean));
    }
  }

  #direction(cells, link, way, since) {
    const out = way.direction === "out";
    lines(cells.direction, [out ? t("Out") : t("In"), out && way.used && { text: link.transport === "push" ? t("we push") : t("they fetch") }, way.sources?.length && { text: t("we ask") }, !way.used && { text: t("not used") }]);
    lines(cells.waiting, out ? [number(way.waiting), link.dead && { text: t("%(n)s given up", { n: number(link.dead) }), bad: true }] : [number(way.waiting), way.filed && { text: t("%(n)s wait for their report", { n: number(way.filed) }) }, ...this.#untaken(link)]);
    lines(cells.oldest, [since(way.oldest_at)]);
    lines(cells.last, way.last_at ? [since(way.last_at), { text: moment(way.last_at) }] : [t("never")]);
    lines(cells.acks, way.acks ? [`${span(way.acks.p50_s)} / ${span(way.acks.p90_s)}`, { text: t("of %(n)s", { n: number(way.acks.count) }) }] : ["—"]);
    lines(cells.clock, out ? ["—"] : this.#clock(way));
    lines(cells.breaker, out ? this.#breaker(link, way) : this.#sources(way));
  }

  /** What came and was not taken: held back for its rate, or refused. */
  #untaken(link) {
    const refused = link.refused.reduce((sum, one) => sum + one.count, 0);
    const run = link.refused_in_a_row;
    return [
      link.held_back && { text: t("%(n)s held back in the last hour", { n: number(link.held_back) }) },
      refused && { text: t("%(n)s refused in 24 h", { n: number(refused) }), bad: run > 0 },
      run > 1 && { text: t("the last %(n)s all refused", { n: number(run) }), bad: true },
    ];
  }

  #clock(way) {
    if (way.skew_ms === null) {
      return ["—"];
    }
    const text = `${way.skew_ms > 0 ? "+" : ""}${(way.skew_ms / 1000).toFixed(1)} s`;
    return [{ text: way.skew_marked ? t("%(skew)s: clock is off", { skew: text }) : text, bad: way.skew_marked }, { text: way.schema_version ? t("schema %(version)s", { version: way.schema_version }) : "—" }];
  }

  /** Each source that we ask: its failures in a row with the last error, and when it is asked next. */
  #sources(way) {
    const said = way.sources.flatMap((source) => {
      const left = Math.max(0, Math.ceil((Date.parse(source.next_try_at) - this.wiring.now()) / 1000));
      const next = left ? t("asked in %(age)s", { age: age(left * 1000) }) : t("asked now");
      const failed = source.failures && { text: `${t("%(n)s failures in a row", { n: number(source.failures) })}: ${source.error}`, bad: true };
      return [{ text: `${source.name}: ${next}` }, failed];
    });
    return said.length ? said : ["—"];
  }

  #breaker(link, way) {
    const { failures, paused_until: until } = link.breaker;
    const left = (at) => Math.max(0, Math.ceil((Date.parse(at) - this.wiring.now()) / 1000));
    const said = [];
    if (failures) {
      said.push({ text: t("%(n)s failures in a row", { n: number(failures) }), bad: true });
    }
    if (until && left(until)) {
      said.push({ text: t("open for %(n)s s", { n: left(until) }), bad: true });
    }
    if (way.next_try_at && way.waiting) {
      said.push({ text: left(way.next_try_at) ? t("next try in %(age)s", { age: age(left(way.next_try_at) * 1000) }) : t("next try now") });
    }
    return said.length ? said : [t("closed: sends")];
  }

  get link() {
    return this.links.find((link) => link.code === this.selected) ?? null;
  }

  select(code) {
    this.selected = code;
    this.#mark();
  }

  step(by) {
    const at = this.links.findIndex((link) => link.code === this.selected);
    const next = this.links[Math.min(this.links.length - 1, Math.max(0, at + by))];
    if (next) {
      this.select(next.code);
      this.bodies.get(next.code).buttons.open.focus();
    }
  }

  focus() {
    this.bodies.get(this.selected)?.buttons.open.focus();
  }

  #mark() {
    for (const [code, body] of this.bodies) {
      body.root.toggleAttribute("data-selected", code === this.selected);
    }
  }
}
