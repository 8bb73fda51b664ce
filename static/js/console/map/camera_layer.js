/** The cameras chosen for an incident: numbered as the keys 1-5, with the sector they look into. */

import * as L from "leaflet";

import { colours } from "./colours.js";

const SECTOR_M = 90;
const STEPS = 12;
const METRES_PER_DEGREE = 111320;

/** The outline of a view, clockwise from north. */
export function sectorOf({ lon, lat, bearing, view }, radius = SECTOR_M) {
  const scale = Math.cos((lat * Math.PI) / 180);
  const points = view >= 360 ? [] : [[lat, lon]];
  for (let step = 0; step <= STEPS; step += 1) {
    const angle = ((bearing - view / 2 + (view * step) / STEPS) * Math.PI) / 180;
    points.push([lat + (Math.cos(angle) * radius) / METRES_PER_DEGREE, lon + (Math.sin(angle) * radius) / (METRES_PER_DEGREE * scale)]);
  }
  return points;
}

function iconOf(rank, isOpen) {
  const span = document.createElement("span");
  span.textContent = String(rank);
  return L.divIcon({ html: span, className: `camera-pin${isOpen ? " camera-pin-open" : ""}`, iconSize: [28, 28], iconAnchor: [14, 14] });
}

export class CameraLayer {
  /**
   * @param {L.Map} map
   * @param {(id: number) => void} onCamera
   */
  constructor(map, onCamera) {
    this.group = L.layerGroup().addTo(map);
    this.onCamera = onCamera;
    this.shown = { picks: [], place: null, open: new Set() };
    /** @type {WeakMap<Element, any>} */
    this.pins = new WeakMap();
  }

  /** The camera whose pin this element is or lies in. */
  pickOf(element) {
    const pin = element instanceof Element ? element.closest(".camera-pin") : null;
    return pin ? (this.pins.get(pin) ?? null) : null;
  }

  /**
   * @param {object[]} picks best first
   * @param {{lon: number | null, lat: number | null} | null} place of the incident
   * @param {Set<number>} open ids whose picture is on
   */
  show(picks, place, open = new Set()) {
    this.shown = { picks, place, open };
    this.repaint();
  }

  clear() {
    this.show([], null);
  }

  repaint() {
    const paint = colours();
    const { picks, place, open } = this.shown;
    this.group.clearLayers();
    for (const [index, pick] of picks.entries()) {
      this.#sector(pick, paint);
      if (place && place.lon !== null) {
        this.group.addLayer(L.polyline([[pick.lat, pick.lon], [place.lat, place.lon]], { color: paint.camera, weight: 1, opacity: 0.5, dashArray: "3 5", interactive: false }));
      }
      const marker = L.marker([pick.lat, pick.lon], { icon: iconOf(index + 1, open.has(pick.id)), keyboard: false, zIndexOffset: 500, title: pick.name });
      marker.on("click", () => this.onCamera(pick.id));
      this.group.addLayer(marker);
      this.pins.set(/** @type {Element} */ (marker.getElement()), pick);
    }
  }

  #sector(pick, paint) {
    const bearing = pick.bearing_deg ?? null;
    const view = pick.field_of_view_deg ?? null;
    if (bearing === null && view !== 360) {
      return;
    }
    const outline = sectorOf({ lon: pick.lon, lat: pick.lat, bearing: bearing ?? 0, view: view ?? 70 });
    this.group.addLayer(L.polygon(/** @type {any} */ (outline), { stroke: true, color: paint.camera, weight: 1, opacity: 0.6, fillColor: paint.camera, fillOpacity: 0.18, interactive: false }));
  }
}
