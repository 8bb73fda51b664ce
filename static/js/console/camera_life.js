/** Wires what the journal tells of cameras: the dots of the map and the tiles that show them. */

import { healthName } from "./labels.js";
import { reasonText } from "./video_reasons.js";

const WORSE = new Set(["dark", "covered", "blurred", "tampered", "frozen", "offline"]);

/** What a tile says of its camera's condition; nothing while it is well. */
function words(camera) {
  return WORSE.has(camera.health) ? [healthName(camera.health), reasonText(camera.reason)].filter(Boolean).join(": ") : "";
}

/**
 * @param {object} parts
 * @param {import("./store.js").Store} parts.store
 * @param {import("./map/map.js").OperationsMap} parts.map
 * @param {import("./panels/video_wall.js").VideoWall} parts.wall
 * @param {() => Promise<unknown>} parts.reload all sites anew, when facts were missed
 */
export function mountCameraLife({ store, map, wall, reload }) {
  let began = false;
  store.subscribe((changes) => {
    if (changes.reset && began) {
      reload();
    }
    began ||= changes.reset;
    for (const fact of changes.facts) {
      if (fact.kind === "camera.health" || fact.kind === "camera.host") {
        map.sites.mark(fact.data.sites ?? []);
      }
      for (const camera of fact.kind === "camera.health" ? (fact.data.cameras ?? []) : []) {
        wall.condition(camera.id, words(camera));
      }
    }
  });
  wall.conditionOf = words;
}
