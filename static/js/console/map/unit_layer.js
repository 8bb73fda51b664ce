/** Units on the map: call sign and age; an old word is drawn faint, and says how old it is. */

import * as L from "leaflet";

import { age } from "../../lib/format.js";
import { drillWord } from "../drill.js";

const OLD_MS = 60000;

export class UnitLayer {
  /**
   * @param {L.Map} map
   * @param {() => number} now by the server's clock
   */
  constructor(map, now) {
    this.group = L.layerGroup().addTo(map);
    this.now = now;
    /** @type {Map<string, {unit: any, marker: L.Marker, label: HTMLElement}>} */
    this.shown = new Map();
  }

  /** @param {any} unit */
  put(unit) {
    const key = `${unit.link} ${unit.case} ${unit.unit}`;
    const old = this.shown.get(key);
    if (old) {
      old.unit = unit;
      old.marker.setLatLng([unit.lat, unit.lon]);
      this.#dress(old);
      return;
    }
    const label = document.createElement("span");
    const icon = L.divIcon({ html: label, className: "unit-pin", iconSize: undefined, iconAnchor: [0, 12] });
    const marker = L.marker([unit.lat, unit.lon], { icon, keyboard: false, zIndexOffset: 600, title: `${drillWord(unit.is_drill)}${unit.unit}` });
    const entry = { unit, marker, label };
    this.#dress(entry);
    this.group.addLayer(marker);
    this.shown.set(key, entry);
  }

  /** @param {any} unit */
  remove(unit) {
    const key = `${unit.link} ${unit.case} ${unit.unit}`;
    this.shown.get(key)?.marker.remove();
    this.shown.delete(key);
  }

  /** Take the units of an incident that ended away. */
  forget(incidentId) {
    for (const { unit } of [...this.shown.values()]) {
      if (unit.incident === incidentId) {
        this.remove(unit);
      }
    }
  }

  tick() {
    for (const entry of this.shown.values()) {
      this.#dress(entry);
    }
  }

  #dress({ unit, label }) {
    const old = this.now() - Date.parse(unit.at);
    label.textContent = `${drillWord(unit.is_drill)}${unit.unit} · ${age(old)}`;
    label.classList.toggle("unit-old", old > OLD_MS);
  }
}
