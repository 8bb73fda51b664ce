/** Wires what the police 112 services add to the console: clusters, units, terminals. */

import { byId } from "../lib/dom.js";
import { getJson, postJson } from "../lib/http.js";
import { toast } from "../lib/notices.js";
import { UnitLayer } from "./map/unit_layer.js";
import { ClusterAlarms } from "./panels/cluster_alarms.js";
import { Police112Panel } from "./panels/police112.js";

const PANEL = /^(unit|share|report|exchange)\.|^incident\.(co-response|handed-on|related|agency-report)$/;

/**
 * @param {object} parts
 * @param {any} parts.config
 * @param {import("./store.js").Store} parts.store
 * @param {import("./map/map.js").OperationsMap} parts.map
 * @param {import("./vigil.js").Vigil} parts.vigil
 * @param {ReturnType<typeof import("./stills.js").mountStills>} parts.stills
 * @param {(id: string) => void} parts.onIncident
 */
export function mountPolice112({ config, store, map, vigil, stills, onIncident }) {
  const now = () => vigil.now();
  const clusters = new ClusterAlarms({ config, getJson, postJson, onIncident, now, sound: () => vigil.player.play(1) });
  const panel = new Police112Panel({ config, getJson, postJson, onIncident, now, stills, others: () => [...store.state.incidents.values()] });
  const units = new UnitLayer(map.map, now);

  const loadUnits = async () => {
    try {
      const found = await getJson(config.urls.units);
      found.units.forEach((unit) => units.put(unit));
    } catch (error) {
      toast(error.message, { bad: true });
    }
  };
  const desk = byId("desk");
  new MutationObserver(() => panel.open(desk.dataset.incident ?? null)).observe(desk, { attributes: true, attributeFilter: ["data-incident"] });
  store.subscribe((changes) => {
    if (changes.reset) {
      clusters.refresh();
      loadUnits();
    }
    changes.removed.forEach((feature) => units.forget(feature.id));
    for (const fact of changes.facts) {
      if (fact.kind.startsWith("cluster.")) {
        clusters.heard(fact);
      } else if (fact.kind === "unit.position") {
        units.put(fact.data.unit);
      } else if (fact.kind === "unit.left") {
        units.remove(fact.data.unit);
      }
      if (PANEL.test(fact.kind) && fact.subject?.id === panel.id) {
        panel.refresh();
      }
    }
  });
  clusters.start();
  loadUnits();
  setInterval(() => units.tick(), 1000);
}
