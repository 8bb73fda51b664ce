/** Wires video given to agencies: its panel follows the incident that is open, and the journal. */

import { byId } from "../lib/dom.js";
import { getJson, postJson } from "../lib/http.js";
import { GivenPanel } from "./panels/given.js";

const PANEL = /^video\.|^incident\.(move|update|open)$/;

/**
 * @param {object} parts
 * @param {any} parts.config
 * @param {import("./store.js").Store} parts.store
 * @param {() => number} parts.now
 * @param {(id: string) => any} parts.feature
 */
export function mountGiven({ config, store, now, feature }) {
  const panel = new GivenPanel({ config, getJson, postJson, now, feature });
  const desk = byId("desk");
  new MutationObserver(() => panel.open(desk.dataset.incident ?? null)).observe(desk, { attributes: true, attributeFilter: ["data-incident"] });
  store.subscribe((changes) => {
    if (changes.facts.some((fact) => PANEL.test(fact.kind) && fact.subject?.id === panel.id)) {
      panel.refresh();
    }
  });
  return panel;
}
