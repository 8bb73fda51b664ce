/** Wires disaster situations into the console: their section, their areas and legend on the map. */

import { byId, h, show } from "../lib/dom.js";
import { getJson, postJson } from "../lib/http.js";
import { toast } from "../lib/notices.js";
import { Timers } from "../lib/timers.js";
import { LEVELS, bars, levelName } from "./crisis.js";
import { AreaLayer } from "./map/area_layer.js";
import { DisasterPanel } from "./panels/disaster.js";

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
 */
export function mountDisaster({ config, store, map, desk, now }) {
  const layer = new AreaLayer(map.map, (id) => desk.open(id));
  const timers = new Timers();
  const panel = new DisasterPanel({
    mayWork: config.rights.includes("incident_work"),
    getJson,
    postJson,
    url: (id) => `${config.urls.exchanges}${id}/disaster/`,
    now,
    onCameras: (cameras) => desk.panel.feature && desk.mayWatch && desk.watch(desk.panel.feature, cameras),
    onFrame: (id) => layer.frame(id),
    onDraw: () => map.area.draw(),
  });
  const loadAreas = async () => {
    try {
      const { situations } = await getJson(config.urls.situations);
      layer.show(situations);
      drawLegend(situations);
    } catch (error) {
      toast(error.message, { bad: true });
    }
  };
  const settle = (name, work) => timers.has(name) || timers.set(name, SETTLE_MS, work);
  const room = byId("desk");
  new MutationObserver(() => {
    const id = room.dataset.incident ?? null;
    map.area.leave();
    panel.open(id, () => store.state.incidents.get(id) ?? desk.panel.feature);
    layer.select(id);
  }).observe(room, { attributes: true, attributeFilter: ["data-incident"] });
  store.subscribe((changes) => {
    if (changes.reset || changes.removed.length || changes.facts.some((fact) => AREAS.test(fact.kind))) {
      settle("areas", loadAreas);
    }
    const isOurs = (fact) => fact.kind === "disaster.message" || (fact.subject?.id === panel.id && /^(disaster|incident|exchange)\./.test(fact.kind));
    if (panel.id && (changes.reset || changes.facts.some(isOurs))) {
      settle("panel", () => panel.refresh());
    }
  });
  loadAreas();
  setInterval(() => panel.tick(), 1000);
  return { repaint: () => layer.repaint() };
}

function drawLegend(situations) {
  const counts = LEVELS.map((level) => situations.filter((one) => one.level === level).length);
  const rows = LEVELS.map((level) => h("li", { class: `crisis-${level}` }, h("span", { class: "crisis-sample", "aria-hidden": "true" }), `${bars(level)} ${levelName(level)}`, h("span", { class: "number" }, String(counts[level - 1]))));
  byId("crisis-legend-levels").replaceChildren(...rows.reverse());
  show(byId("crisis-legend"), situations.length > 0);
}
