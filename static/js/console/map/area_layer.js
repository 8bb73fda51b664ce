/** Areas of disaster situations, text messages and of one CAP alert: line, fill and label say which; the open one shows its cameras. */

import * as L from "leaflet";

import { h } from "../../lib/dom.js";
import { either, t } from "../../lib/text.js";
import { LINES, bars, levelName } from "../crisis.js";
import { colours } from "./colours.js";
import { whenStill } from "./still.js";

const LABEL_PX = 28;
// Dotted, whatever the level of what may be declared later: only a text has said so.
const TEXT_LINE = { weight: 4, dashArray: "1 8", fillOpacity: 0.06 };
// Of an alert that somebody looks at: unlike any area that stands by itself.
const ALERT_LINE = { weight: 5, dashArray: "14 6 2 6", fillOpacity: 0.08 };
// A label over an area narrower than this would hide more of the map than it tells.
const LABELLED_FROM_PX = 80;

const classOf = (area) => (area.isText ? `text-area text-p${area.priority}` : `crisis-${area.level}`);

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
    /** What is drawn: situations and texts in one shape, the lowest first. */
    this.areas = [];
    this.selected = null;
    /** The CAP alert whose area is shown beside those. @type {{ area: any, label: string } | null} */
    this.alert = null;
    map.on("zoomend", () => this.repaint());
  }

  /**
   * @param {object} found
   * @param {any[]} found.situations those that go on, most serious last
   * @param {any[]} found.texts incidents of text messages; without an area they mean the whole city
   * @param {object | null} found.city_area
   */
  show({ situations, texts, city_area: city }) {
    const ofTexts = texts.map((text) => ({ ...text, area: text.area ?? city, isText: true, cameras: [] })).filter((text) => text.area);
    this.areas = [...ofTexts, ...situations];
    this.repaint();
  }

  /** @returns {boolean} whether the incident has an area */
  has(id) {
    return this.areas.some((one) => one.incident === id);
  }

  /** The cameras of a text's area, once somebody asked for them. @param {any[]} cameras */
  showCameras(id, cameras) {
    const found = this.areas.find((one) => one.incident === id);
    if (found) {
      found.cameras = cameras.map((camera) => [camera.lon, camera.lat]);
      this.repaint();
    }
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
    const found = this.areas.find((one) => one.incident === id);
    if (found) {
      // The panels beside the map may just have taken some of its room.
      this.map.invalidateSize({ pan: false, animate: false });
      whenStill(this.map, () => this.map.fitBounds(L.geoJSON(found.area).getBounds(), { padding: [30, 30] }));
    }
    return Boolean(found);
  }

  /** @param {{ area: any, label: string } | null} alert the one that is looked at now */
  showAlert(alert) {
    this.alert = alert?.area ? alert : null;
    this.repaint();
  }

  /** Bring the area of the alert into sight. */
  frameAlert() {
    if (this.alert) {
      this.map.invalidateSize({ pan: false, animate: false });
      const bounds = L.geoJSON(this.alert.area).getBounds();
      whenStill(this.map, () => this.map.fitBounds(bounds, { padding: [30, 30] }));
    }
  }

  repaint() {
    const paint = colours();
    this.group.clearLayers();
    /** How many labels hang at one place already: several texts mean the same area. @type {Map<string, number>} */
    const hung = new Map();
    for (const area of this.areas) {
      this.#draw(area, paint, hung);
    }
    if (this.alert) {
      this.#drawAlert(this.alert, paint);
    }
  }

  #drawAlert({ area, label }, paint) {
    const common = { pane: "areas", renderer: this.renderer, interactive: false };
    this.group.addLayer(L.geoJSON(area, /** @type {any} */ ({ ...common, style: { color: paint.bg, weight: ALERT_LINE.weight + 4, opacity: 0.7, fill: false } })));
    const drawn = L.geoJSON(area, /** @type {any} */ ({ ...common, style: { ...ALERT_LINE, color: paint.text, fillColor: paint.text, opacity: 1, className: "cap-area" } }));
    this.group.addLayer(drawn);
    const bounds = drawn.getBounds();
    // At the foot of the area: a situation over the same ground has its label at the head.
    const icon = L.divIcon({ html: h("span", null, label), className: "crisis-label cap-label", iconSize: undefined, iconAnchor: [0, 0] });
    this.group.addLayer(L.marker([bounds.getSouth(), bounds.getCenter().lng], { icon, keyboard: false, interactive: false, zIndexOffset: 600 }));
  }

  #draw(situation, paint, hung) {
    const isSelected = situation.incident === this.selected;
    const line = situation.isText ? TEXT_LINE : LINES[situation.level];
    const colour = paint[situation.isText ? `p${situation.priority}` : `crisis-${situation.level}`];
    const common = { pane: "areas", renderer: this.renderer, interactive: false };
    // An edge in the ground's colour lets the line stand out on roads and water in both themes.
    this.group.addLayer(L.geoJSON(situation.area, /** @type {any} */ ({ ...common, style: { color: paint.bg, weight: line.weight + 4, opacity: 0.7, fill: false } })));
    const style = { color: colour, weight: line.weight + (isSelected ? 1 : 0), dashArray: line.dashArray, opacity: 1, fillColor: colour, fillOpacity: line.fillOpacity, lineCap: "round", className: `crisis-area ${classOf(situation)}${isSelected ? " crisis-open" : ""}` };
    const area = L.geoJSON(situation.area, /** @type {any} */ ({ ...common, style }));
    this.group.addLayer(area);
    this.#label(situation, area.getBounds(), isSelected, hung);
    if (isSelected) {
      for (const [lon, lat] of situation.cameras) {
        this.group.addLayer(L.circleMarker([lat, lon], { pane: "areas", renderer: this.renderer, interactive: false, radius: 9, color: paint.camera, weight: 2, fill: false, className: "crisis-camera" }));
      }
    }
  }

  /** The label hangs at the top of the area, where no pin of an incident stands. */
  #label(situation, bounds, isSelected, hung) {
    const width = this.map.latLngToLayerPoint(bounds.getNorthEast()).x - this.map.latLngToLayerPoint(bounds.getSouthWest()).x;
    if (width < LABELLED_FROM_PX && !isSelected) {
      return;
    }
    const what = either(situation.kind.name_ko, situation.kind.name_en);
    const drill = situation.is_drill ? ` · ${t("Drill")}` : "";
    const where = situation.area_names.join(", ");
    const head = situation.isText ? t("Text message") : `${bars(situation.level)} ${levelName(situation.level)}`;
    const tail = situation.isText ? ` · ${where || t("whole municipality")}` : "";
    const text = h("span", { class: classOf(situation) }, `${head} · ${what}${tail}${drill}`);
    const at = bounds.toBBoxString();
    const above = hung.get(at) ?? 0;
    hung.set(at, above + 1);
    const icon = L.divIcon({ html: text, className: `crisis-label${isSelected ? " crisis-label-open" : ""}`, iconSize: undefined, iconAnchor: [0, LABEL_PX * (1 - above)] });
    const marker = L.marker([bounds.getNorth(), bounds.getCenter().lng], { icon, keyboard: false, zIndexOffset: isSelected ? 500 : 400, title: where });
    marker.on("click", () => this.onIncident(situation.incident));
    this.group.addLayer(marker);
  }
}
