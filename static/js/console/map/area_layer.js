/** Areas of disaster situations: line, fill and label say the level; the open one shows its cameras. */

import * as L from "leaflet";

import { h } from "../../lib/dom.js";
import { either, t } from "../../lib/text.js";
import { LINES, bars, levelName } from "../crisis.js";
import { colours } from "./colours.js";

// A label over an area narrower than this would hide more of the map than it tells.
const LABELLED_FROM_PX = 80;

export class AreaLayer {
  /**
   * @param {L.Map} map
   * @param {(id: string) => void} onIncident
   */
  constructor(map, onIncident) {
    this.map = map;
    this.onIncident = onIncident;
    // Below everything else that is drawn as vectors; a canvas of its own keeps it out of their redraws.
    this.pane = map.createPane("areas");
    this.pane.style.zIndex = "350";
    this.renderer = L.svg({ pane: "areas" });
    this.group = L.layerGroup().addTo(map);
    this.situations = [];
    this.selected = null;
    map.on("zoomend", () => this.repaint());
  }

  /** @param {any[]} situations those that go on, most serious last */
  show(situations) {
    this.situations = situations;
    this.repaint();
  }

  /** @param {string | null} id the incident that is open now */
  select(id) {
    if (id !== this.selected) {
      this.selected = id;
      this.repaint();
    }
  }

  /** Bring the area of an incident into sight; @returns {boolean} whether it has one */
  frame(id) {
    const found = this.situations.find((one) => one.incident === id);
    if (found) {
      this.map.fitBounds(L.geoJSON(found.area).getBounds(), { padding: [30, 30] });
    }
    return Boolean(found);
  }

  repaint() {
    const paint = colours();
    this.group.clearLayers();
    for (const situation of this.situations) {
      this.#draw(situation, paint);
    }
  }

  #draw(situation, paint) {
    const isSelected = situation.incident === this.selected;
    const line = LINES[situation.level];
    const colour = paint[`crisis-${situation.level}`];
    const common = { pane: "areas", renderer: this.renderer, interactive: false };
    // An edge in the ground's colour lets the line stand out on roads and water in both themes.
    this.group.addLayer(L.geoJSON(situation.area, /** @type {any} */ ({ ...common, style: { color: paint.bg, weight: line.weight + 4, opacity: 0.7, fill: false } })));
    const style = { color: colour, weight: line.weight + (isSelected ? 1 : 0), dashArray: line.dashArray, opacity: 1, fillColor: colour, fillOpacity: line.fillOpacity, className: `crisis-area crisis-${situation.level}` };
    const area = L.geoJSON(situation.area, /** @type {any} */ ({ ...common, style }));
    this.group.addLayer(area);
    this.#label(situation, area.getBounds(), isSelected);
    if (isSelected) {
      for (const [lon, lat] of situation.cameras) {
        this.group.addLayer(L.circleMarker([lat, lon], { pane: "areas", renderer: this.renderer, interactive: false, radius: 9, color: paint.camera, weight: 2, fill: false, className: "crisis-camera" }));
      }
    }
  }

  /** The label hangs at the top of the area, where no pin of an incident stands. */
  #label(situation, bounds, isSelected) {
    const width = this.map.latLngToLayerPoint(bounds.getNorthEast()).x - this.map.latLngToLayerPoint(bounds.getSouthWest()).x;
    if (width < LABELLED_FROM_PX && !isSelected) {
      return;
    }
    const what = either(situation.kind.name_ko, situation.kind.name_en);
    const drill = situation.is_drill ? ` · ${t("Drill")}` : "";
    const text = h("span", { class: `crisis-${situation.level}` }, `${bars(situation.level)} ${levelName(situation.level)} · ${what}${drill}`);
    const icon = L.divIcon({ html: text, className: `crisis-label${isSelected ? " crisis-label-open" : ""}`, iconSize: undefined, iconAnchor: [0, 28] });
    const marker = L.marker([bounds.getNorth(), bounds.getCenter().lng], { icon, keyboard: false, zIndexOffset: 400, title: situation.area_names.join(", ") });
    marker.on("click", () => this.onIncident(situation.incident));
    this.group.addLayer(marker);
  }
}
