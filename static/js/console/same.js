/** Wires "probably the same": chips on the strips, the card in the panel, both kept up to date. */

import { byId } from "../lib/dom.js";
import { getJson, postJson } from "../lib/http.js";
import { SamePanel } from "./panels/same.js";
import { possiblySame } from "./sameness.js";

const JUDGED = /^incident\.(different|related|mark-duplicate|reopen)$/;
/** However many facts come together, one question. */
const GATHER_MS = 300;

/**
 * @param {object} parts
 * @param {any} parts.config
 * @param {import("./store.js").Store} parts.store
 * @param {import("./panels/strips.js").Strips} parts.strips
 * @param {(id: string) => void} parts.onIncident
 * @param {() => number} parts.now by the server's clock
 */
export function mountSame({ config, store, strips, onIncident, now }) {
  const panel = new SamePanel({ config, getJson, postJson, onIncident, now });
  const desk = byId("desk");
  new MutationObserver(() => panel.open(desk.dataset.incident ?? null)).observe(desk, { attributes: true, attributeFilter: ["data-incident"] });

  let waiting = false;
  const recount = () => {
    if (waiting) {
      return;
    }
    waiting = true;
    setTimeout(async () => {
      waiting = false;
      try {
        const { counts } = await getJson(config.urls.same);
        strips.showSame(new Map(Object.entries(counts)));
      } catch {
        // The freshness light tells of a lost server; the last known chips stay.
      }
    }, GATHER_MS);
  };
  const concerns = (feature, incidents) => strips.same.has(feature.id) || panel.knows(feature.id) || [...incidents.values()].some((other) => possiblySame(feature, other));
  store.subscribe((changes, state) => {
    const touched = [...changes.added, ...changes.changed, ...changes.removed];
    const judged = changes.facts.some((fact) => JUDGED.test(fact.kind));
    if (changes.reset || judged || touched.some((feature) => concerns(feature, state.incidents))) {
      recount();
      panel.refresh();
    }
  });
  return panel;
}
