/** The map of a wall screen: the city, and its open incidents; nobody moves it. */

import * as L from "leaflet";

import { Basemap } from "../console/map/basemap.js";
import { IncidentLayer } from "../console/map/incident_layer.js";
import { getJson } from "../lib/http.js";

const RETRY_MS = 5000;

export class WallMap {
  /** @param {HTMLElement} element @param {{boundary: string, basemap: string}} urls */
  constructor(element, urls) {
    this.map = L.map(element, { center: [36.5, 127.5], zoom: 12, zoomControl: false, attributionControl: false, keyboard: false, dragging: false, scrollWheelZoom: false, doubleClickZoom: false, boxZoom: false, touchZoom: false, preferCanvas: true, zoomSnap: 0.25 });
    this.urls = urls;
    this.basemap = new Basemap(this.map);
    this.incidents = new IncidentLayer(this.map, () => {});
    this.bounds = null;
    new ResizeObserver(() => this.#frame()).observe(element);
    this.#load();
  }

  async #load() {
    try {
      this.bounds = this.basemap.showBoundary(await getJson(this.urls.boundary));
      this.basemap.showBase(await getJson(this.urls.basemap));
      this.#frame();
    } catch {
      setTimeout(() => this.#load(), RETRY_MS);
    }
  }

  #frame() {
    this.map.invalidateSize({ pan: false, animate: false });
    if (this.bounds?.isValid()) {
      this.map.fitBounds(this.bounds, { animate: false, padding: [16, 16] });
    }
  }

  /** @param {any[]} incidents the layer redraws what is another object, so the same stays the same */
  draw(incidents) {
    const shown = this.incidents.shown;
    const same = (one) => JSON.stringify(shown.get(one.id)?.feature) === JSON.stringify(one);
    this.incidents.update(new Map(incidents.map((one) => [one.id, same(one) ? shown.get(one.id).feature : one])));
  }
}
