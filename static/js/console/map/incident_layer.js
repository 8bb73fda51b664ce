/** Incidents on the map: the priority's shape, and the circle within which the place is known. */

import * as L from "leaflet";

import { h } from "../../lib/dom.js";
import { drillMark, drillWord } from "../drill.js";
import { kindName } from "../labels.js";
import { priorityName, shape } from "../priorities.js";
import { colours } from "./colours.js";

function iconOf(feature, isSelected) {
  const classes = ["pin", `pin-p${feature.priority}`, feature.status === "received" ? "pin-waiting" : "pin-acknowledged"];
  if (isSelected) {
    classes.push("pin-selected");
  }
  const mark = h("span", { class: "pin-mark" }, shape(feature.priority), drillMark(feature.is_drill));
  return L.divIcon({ html: mark, className: classes.join(" "), iconSize: [40, 40], iconAnchor: [20, 20] });
}

export class IncidentLayer {
  /**
   * @param {L.Map} map
   * @param {(id: string) => void} onIncident
   */
  constructor(map, onIncident) {
    this.map = map;
    this.onIncident = onIncident;
    this.selected = null;
    /** @type {Map<string, {feature: any, marker: L.Marker, circle: L.Circle | null}>} */
    this.shown = new Map();
  }

  /** @param {Map<string, import("../store.js").Feature>} incidents */
  update(incidents) {
    for (const [id, entry] of this.shown) {
      if (!incidents.has(id)) {
        this.#remove(id, entry);
      }
    }
    for (const feature of incidents.values()) {
      if (this.shown.get(feature.id)?.feature !== feature) {
        this.#put(feature);
      }
    }
  }

  select(id) {
    const before = this.selected;
    this.selected = id;
    for (const changed of new Set([before, id])) {
      const entry = this.shown.get(changed);
      if (entry) {
        this.#dress(entry);
      }
    }
  }

  repaint() {
    for (const entry of this.shown.values()) {
      entry.circle?.setStyle(this.#circleStyle(entry.feature));
    }
  }

  #put(feature) {
    const old = this.shown.get(feature.id);
    if (old) {
      this.#remove(feature.id, old);
    }
    if (feature.lon === null || feature.lat === null) {
      return;
    }
    const at = L.latLng(feature.lat, feature.lon);
    const marker = L.marker(at, { icon: iconOf(feature, feature.id === this.selected), keyboard: false, zIndexOffset: (5 - feature.priority) * 1000, title: `${drillWord(feature.is_drill)}${priorityName(feature.priority)} ${kindName(feature)}` });
    marker.on("click", () => this.onIncident(feature.id));
    const circle = feature.error_radius_m > 0 ? L.circle(at, { radius: feature.error_radius_m, interactive: false, ...this.#circleStyle(feature) }) : null;
    circle?.addTo(this.map);
    marker.addTo(this.map);
    this.shown.set(feature.id, { feature, marker, circle });
  }

  #remove(id, entry) {
    entry.marker.remove();
    entry.circle?.remove();
    this.shown.delete(id);
  }

  #dress(entry) {
    entry.marker.setIcon(iconOf(entry.feature, entry.feature.id === this.selected));
    entry.circle?.setStyle(this.#circleStyle(entry.feature));
  }

  #circleStyle(feature) {
    const isSelected = feature.id === this.selected;
    return { color: colours()[`p${feature.priority}`], weight: isSelected ? 3 : 1.5, opacity: isSelected ? 1 : 0.7, fillOpacity: isSelected ? 0.12 : 0.05 };
  }
}
