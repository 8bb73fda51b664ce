/** Fire 119 in the incident panel: times, engines, cameras along the way, what lies around. */

import { byId, h, setText, show } from "../../lib/dom.js";
import { age, clock, distance } from "../../lib/format.js";
import { either, t } from "../../lib/text.js";

function stepName(step) {
  return { received: t("report received"), ordered: t("ordered out"), departed: t("departed"), arrived: t("arrived"), under_control: t("under control"), withdrawn: t("withdrawn") }[step] ?? step;
}

function caseState(state) {
  return { cancelled: t("taken back"), ended: t("ended by 119") }[state] ?? "";
}

const duration = (seconds) => t("%(m)s min %(s)s s", { m: Math.floor(seconds / 60), s: Math.round(seconds % 60) });

/** The measure in words, both ways of counting. */
export function measureText(measure) {
  if (measure.is_contradictory) {
    return t("The times contradict each other");
  }
  const parts = [];
  if (measure.received_to_arrival_s !== null) {
    parts.push(t("Report to arrival %(time)s", { time: duration(measure.received_to_arrival_s) }));
    parts.push(measure.within_target ? t("within 7 minutes") : t("over 7 minutes"));
  }
  if (measure.ordered_to_arrival_s !== null) {
    parts.push(t("order to arrival %(time)s", { time: duration(measure.ordered_to_arrival_s) }));
  }
  return parts.join(" · ");
}

function drawTimes(times) {
  const units = [...new Set(times.map((one) => one.unit))].sort();
  const rows = units.flatMap((unit) => [
    unit && h("li", { class: "fire-unit" }, unit),
    ...times.filter((one) => one.unit === unit).map((one) => h("li", null, h("span", { class: "muted" }, stepName(one.step)), " ", clock(one.at))),
  ]);
  byId("fire119-times").replaceChildren(...rows.filter(Boolean));
}

function concern(one) {
  const dated = one.data_date ? t("data of %(date)s, %(n)s days old", { date: one.data_date, n: one.age_days }) : t("age of the data not known");
  const old = one.is_stale ? h("span", { class: "fire-stale" }, `${t("Out of date")}: ${dated}`) : h("span", { class: "muted" }, dated);
  return h("li", { class: "fire-concern" }, h("strong", null, `${one.kind_name} · ${one.name}`), h("span", { class: "number" }, distance(one.distance_m)), h("p", null, one.detail), h("p", null, old, h("span", { class: "muted" }, ` · ${one.source}`)));
}

export class Fire119Panel {
  /**
   * @param {object} wiring
   * @param {(url: string) => Promise<any>} wiring.getJson
   * @param {(id: string) => string} wiring.url
   * @param {() => number} wiring.now by the server's clock
   * @param {(cameras: any[], first: number) => void} wiring.onCameras
   * @param {(engines: any[], followed: string | null) => void} wiring.onEngines
   */
  constructor(wiring) {
    Object.assign(this, wiring);
    this.id = null;
    this.cameras = [];
    this.engine = "";
    byId("fire119-video").addEventListener("click", () => this.watch());
  }

  /** @param {string | null} id the incident that is open now */
  open(id) {
    if (id === this.id) {
      return;
    }
    this.id = id;
    this.engine = "";
    this.#clear();
    if (id) {
      this.refresh();
    }
  }

  #clear() {
    this.cameras = [];
    show(byId("fire119"), false);
    this.onEngines([], null);
  }

  /** @returns {Promise<boolean>} whether engines are under way, so that they are asked for again */
  async refresh() {
    const id = this.id;
    const query = this.engine ? `?engine=${encodeURIComponent(this.engine)}` : "";
    let found;
    try {
      found = await this.getJson(`${this.url(id)}${query}`);
    } catch {
      // What is shown stays, and its ages keep growing.
      return true;
    }
    if (id !== this.id) {
      return false;
    }
    if (!found.case) {
      this.#clear();
      return false;
    }
    this.#draw(found);
    return found.engines.some((engine) => engine.route);
  }

  /** The pictures along the way, beginning with the nearest to the engine. */
  watch(first = 0) {
    if (this.cameras.length) {
      this.onCameras(this.cameras.slice(first), first);
    }
  }

  #draw(found) {
    const { case: told, route } = found;
    setText(byId("fire119-case"), [told.receipt_no, told.floor, caseState(told.state)].filter(Boolean).join(" · "));
    const measure = byId("fire119-measure");
    setText(measure, measureText(found.measure));
    measure.toggleAttribute("data-bad", found.measure.within_target === false || found.measure.is_contradictory);
    drawTimes(found.times);
    const none = (text) => [h("li", { class: "muted" }, text)];
    const followed = route?.engine ?? null;
    const engines = found.engines.map((engine) => this.#engine(engine, engine.call_sign === followed));
    byId("fire119-engines").replaceChildren(...(engines.length ? engines : none(told.state === "open" ? t("No engine has been named yet.") : t("Engines are no longer followed."))));
    this.cameras = route?.cameras ?? [];
    show(byId("fire119-way"), Boolean(route));
    show(byId("fire119-video"), this.cameras.length > 0);
    setText(byId("fire119-way-title"), route ? t("Cameras along the way of %(engine)s (%(n)s of %(all)s)", { engine: route.engine, n: this.cameras.length, all: route.found }) : "");
    const rows = this.cameras.map((camera, index) => this.#camera(camera, index));
    byId("fire119-cameras").replaceChildren(...(rows.length ? rows : none(t("No camera stands along this way."))));
    setText(byId("fire119-concerns-title"), t("Within %(far)s of the scene", { far: distance(found.concerns_radius_m) }));
    byId("fire119-concerns").replaceChildren(...(found.concerns.length ? found.concerns.map(concern) : none(t("No hydrant, hazard or obstacle is on record here."))));
    show(byId("fire119"), true);
    this.onEngines(found.engines, followed);
    this.tick();
  }

  #engine(engine, isFollowed) {
    const way = engine.route;
    const facts = [engine.step && stepName(engine.step), way && `${distance(way.length_m)} · ${t("about %(time)s", { time: duration(way.eta_s) })}`];
    const name = way ? h("button", { class: "camera-name", type: "button", "aria-pressed": String(isFollowed), onclick: () => this.#follow(engine.call_sign) }, engine.call_sign) : h("strong", null, engine.call_sign);
    const line = [name, h("span", { class: "number" }, facts.filter(Boolean).join(" · "))];
    if (engine.problem) {
      line.push(h("p", { class: "fire-problem" }, engine.problem.detail));
    }
    if (way) {
      const narrow = way.narrow_m ? ` · ${t("narrow streets %(far)s", { far: distance(way.narrow_m) })}` : "";
      line.push(h("p", { class: "number" }, `${t("arrives %(time)s", { time: clock(way.eta_at) })}${narrow} · ${t("at %(n)s of the roads' speed", { n: way.factor })}`));
    }
    line.push(h("p", { class: "muted number" }, engine.at ? h("span", { "data-at": engine.at }, "") : t("Position not known")));
    return h("li", { class: "fire-engine" }, ...line);
  }

  #camera(camera, index) {
    const reasons = camera.reasons.map((reason) => either(reason.ko, reason.en)).join(" · ");
    const name = h("button", { class: "camera-name", type: "button", onclick: () => this.watch(index) }, `${index + 1}. ${camera.name}`);
    return h("li", { class: "camera" }, name, h("span", { class: "camera-far number" }, distance(camera.along_m)), h("span", { class: "camera-why muted" }, reasons));
  }

  #follow(callSign) {
    this.engine = callSign;
    this.refresh();
  }

  tick() {
    for (const line of byId("fire119-engines").querySelectorAll("[data-at]")) {
      setText(line, t("position %(age)s ago", { age: age(this.now() - Date.parse(line.dataset.at)) }));
    }
  }
}
