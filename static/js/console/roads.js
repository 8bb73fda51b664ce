/** Wires the cameras of road operators: their layer, their list beside an incident, opening one. */

import { byId } from "../lib/dom.js";
import { getJson } from "../lib/http.js";
import { Timers } from "../lib/timers.js";
import { RoadLayer } from "./map/road_layer.js";
import { RoadsPanel, aboutRoad } from "./panels/roads.js";

const LOOK_AGAIN_MS = 60000;
// Facts come in bursts: one look a moment after the first of them tells it all.
const SETTLE_MS = 1000;
const OURS = new Set(["traffic_camera.list", "camera.health"]);

/**
 * @param {object} parts
 * @param {any} parts.config
 * @param {import("./store.js").Store} parts.store
 * @param {import("./map/map.js").OperationsMap} parts.map
 * @param {import("./desk.js").Desk} parts.desk
 * @param {import("./dialogs/sites.js").Sites} parts.sites
 * @param {() => number} parts.now by the server's clock
 */
export function mountRoads({ config, store, map, desk, sites, now }) {
  const url = config.urls.roads;
  const timers = new Timers();
  const layer = new RoadLayer(map.map, (camera) => sites.openRoad(camera, aboutRoad(camera, now())));
  const panel = new RoadsPanel({
    getJson,
    url,
    now,
    mayWatch: desk.mayWatch,
    onCameras: (cameras) => desk.panel.feature && desk.watch(desk.panel.feature, cameras),
  });
  const look = async () => {
    timers.set("again", LOOK_AGAIN_MS, look);
    panel.refresh();
    try {
      layer.show((await getJson(url)).cameras);
    } catch {
      // What is shown stays; the next look comes.
    }
  };
  const room = byId("desk");
  new MutationObserver(() => panel.open(room.dataset.incident ?? null)).observe(room, { attributes: true, attributeFilter: ["data-incident"] });
  store.subscribe((changes) => {
    if ((changes.reset || changes.facts.some((fact) => OURS.has(fact.kind))) && !timers.has("settle")) {
      timers.set("settle", SETTLE_MS, look);
    }
  });
  byId("map-roads").addEventListener("click", () => {
    layer.toggle();
    byId("map-roads").setAttribute("aria-pressed", String(layer.isOn));
  });
  setInterval(() => panel.tick(), 1000);
  look();
}
