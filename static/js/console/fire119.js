/** Wires what the fire service adds to the console: its section, engines and ways on the map. */

import { byId } from "../lib/dom.js";
import { getJson } from "../lib/http.js";
import { Timers } from "../lib/timers.js";
import { FireLayer } from "./map/fire_layer.js";
import { Fire119Panel } from "./panels/fire119.js";

// Facts come in bursts: one look a moment after the first of them tells it all.
const SETTLE_MS = 400;
const LOOK_AGAIN_MS = 5000;

/**
 * @param {object} parts
 * @param {any} parts.config
 * @param {import("./store.js").Store} parts.store
 * @param {import("./map/map.js").OperationsMap} parts.map
 * @param {import("./desk.js").Desk} parts.desk
 * @param {() => number} parts.now by the server's clock
 */
export function mountFire119({ config, store, map, desk, now }) {
  const layer = new FireLayer(map.map, now);
  const timers = new Timers();
  const panel = new Fire119Panel({
    getJson,
    url: (id) => `${config.urls.exchanges}${id}/fire119/`,
    now,
    onCameras: (cameras) => desk.panel.feature && desk.mayWatch && desk.watch(desk.panel.feature, cameras),
    onEngines: (engines, followed) => layer.show(engines, followed, Boolean(desk.panel.feature?.is_drill)),
  });
  const look = async () => {
    const moving = panel.id && (await panel.refresh());
    if (moving && !timers.has("look")) {
      timers.set("look", LOOK_AGAIN_MS, look);
    }
  };
  const room = byId("desk");
  const opened = () => {
    panel.open(room.dataset.incident ?? null);
    timers.set("look", LOOK_AGAIN_MS, look);
  };
  new MutationObserver(opened).observe(room, { attributes: true, attributeFilter: ["data-incident"] });
  store.subscribe((changes) => {
    const isOurs = (fact) => fact.subject?.id === panel.id && /^(fire119|incident)\./.test(fact.kind);
    if (panel.id && (changes.reset || changes.facts.some(isOurs)) && !timers.has("settle")) {
      timers.set("settle", SETTLE_MS, look);
    }
  });
  setInterval(() => {
    panel.tick();
    layer.tick();
  }, 1000);
  return { watch: () => panel.watch(), repaint: () => layer.repaint() };
}
