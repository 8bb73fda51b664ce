/** Wires disaster situations into the console: their section, their areas and legend on the map. */

import { byId, h, show } from "../lib/dom.js";
import { getJson, postJson } from "../lib/http.js";
import { toast } from "../lib/notices.js";
import { Timers } from "../lib/timers.js";
import { t } from "../lib/text.js";
import { LEVELS, bars, levelName } from "./crisis.js";
import { AreaLayer } from "./map/area_layer.js";
import { AreaTour } from "./panels/area_tour.js";
import { CapAlerts } from "./panels/cap_alerts.js";
import { DisasterPanel } from "./panels/disaster.js";
import { TextMessages } from "./panels/text_messages.js";

// Facts come in bursts: one look a moment after the first of them tells it all.
const SETTLE_MS = 400;
const AREAS = /^disaster\.(declared|changed|level|area|ended)$/;

/**
 * @param {object} parts
 * @param {any} parts.config
 * @param {import("./store.js").Store} parts.store
 * @param {import("./map/map.js").OperationsMap} parts.map
 * @param {import("./desk.js").Desk} parts.desk
 * @param {() => number} parts.now by the server's clock
 * @param {(severity: number, text: string) => void} parts.alarm heard once and said aloud
 */
export function mountDisaster({ config, store, map, desk, now, alarm }) {
  const layer = new AreaLayer(map.map, (id) => desk.open(id));
  const watch = (cameras) => desk.panel.feature && desk.mayWatch && desk.watch(desk.panel.feature, cameras);
  const tour = new AreaTour({
    getJson,
    url: (id) => `${config.urls.exchanges}${id}/area-cameras/`,
    mayWatch: desk.mayWatch,
    onWatch: watch,
    onCameras: (id, cameras) => layer.showCameras(id, cameras),
    onFrame: (id) => layer.frame(id),
  });
  const texts = new TextMessages({
    getJson,
    postJson,
    url: config.urls.texts,
    mayWork: config.rights.includes("incident_work"),
    now,
    onIncident: (id) => desk.open(id),
    alarm,
  });
  const alerts = new CapAlerts({
    getJson,
    url: config.urls.alerts,
    now,
    onIncident: (id) => desk.open(id),
    onArea: (alert) => layer.showAlert(alert),
    onFrame: () => layer.frameAlert(),
  });
  const timers = new Timers();
  const panel = new DisasterPanel({
    mayWork: config.rights.includes("incident_work"),
    getJson,
    postJson,
    url: (id) => `${config.urls.exchanges}${id}/disaster/`,
    now,
    onCameras: watch,
    onText: (id, said) => tour.open(id, said),
    onFrame: (id) => layer.frame(id),
    onDraw: () => map.area.draw(),
  });
  const loadAreas = async () => {
    try {
      const found = await getJson(config.urls.situations);
      layer.show(found);
      drawLegend(found);
      sight();
    } catch (error) {
      toast(error.message, { bad: true });
    }
  };
  /** An incident without a place was opened: its area is brought into sight, once it is known. */
  let unseen = null;
  const sight = () => {
    if (unseen && layer.frame(unseen)) {
      unseen = null;
    }
  };
  const isPlaceless = (feature) => feature.service === "disaster" && (feature.lon === null || layer.has(feature.id));
  const settle = (name, work) => timers.once(name, SETTLE_MS, work);
  const room = byId("desk");
  new MutationObserver(() => {
    const id = room.dataset.incident ?? null;
    const feature = id && (store.state.incidents.get(id) ?? desk.panel.feature);
    map.area.leave();
    if (id !== panel.id) {
      unseen = feature && feature.lon === null ? id : null;
      requestAnimationFrame(sight);
    }
    panel.open(id, () => store.state.incidents.get(id) ?? desk.panel.feature);
    layer.select(id);
  }).observe(room, { attributes: true, attributeFilter: ["data-incident"] });
  store.subscribe((changes) => {
    const hasMoved = [...changes.added, ...changes.changed].some(isPlaceless);
    if (changes.reset || hasMoved || changes.removed.length || changes.facts.some((fact) => AREAS.test(fact.kind))) {
      settle("areas", loadAreas);
    }
    texts.changed(changes);
    alerts.changed(changes);
    const isOurs = (fact) => fact.kind.startsWith("disaster.message") || (fact.subject?.id === panel.id && /^(disaster|incident|exchange)\./.test(fact.kind));
    if (panel.id && (changes.reset || changes.facts.some(isOurs))) {
      settle("panel", () => panel.refresh());
    }
  });
  loadAreas();
  texts.refresh();
  setInterval(() => panel.tick(), 1000);
  return {
    repaint: () => layer.repaint(),
    /** @returns {boolean} whether it has an area, which is in sight now */
    frame: (id) => layer.frame(id),
    /** @returns {boolean} whether it concerns an area, whose next cameras are shown */
    tour: (id) => tour.next(id),
    texts: () => texts.open(),
    alerts: () => alerts.open(),
  };
}

function drawLegend({ situations, texts }) {
  const counts = LEVELS.map((level) => situations.filter((one) => one.level === level).length);
  const rows = LEVELS.map((level) => h("li", { class: `crisis-${level}` }, h("span", { class: "crisis-sample", "aria-hidden": "true" }), `${bars(level)} ${levelName(level)}`, h("span", { class: "number" }, String(counts[level - 1]))));
  const ofTexts = h("li", { class: "text-p2" }, h("span", { class: "crisis-sample text-sample", "aria-hidden": "true" }), t("Text message"), h("span", { class: "number" }, String(texts.length)));
  byId("crisis-legend-levels").replaceChildren(...(situations.length ? rows.reverse() : []), ...(texts.length ? [ofTexts] : []));
  show(byId("crisis-legend-list"), situations.length + texts.length > 0);
}
