/** Draw a circle by pressing at its centre and letting go at its rim; Escape leaves. */

import * as L from "leaflet";

import { colours } from "./colours.js";

const SMALLEST_M = 20;

export class CircleTool {
  /**
   * @param {L.Map} map
   * @param {(circle: {lon: number, lat: number, radius_m: number}) => void} onCircle
   */
  constructor(map, onCircle) {
    this.map = map;
    this.onCircle = onCircle;
    this.isOn = false;
    this.circle = null;
    this.onDown = (event) => this.#begin(event.latlng);
    this.onMove = (event) => this.circle?.setRadius(this.map.distance(this.circle.getLatLng(), event.latlng));
    this.onUp = () => this.#finish();
  }

  toggle(isOn = !this.isOn) {
    if (isOn === this.isOn) {
      return;
    }
    this.isOn = isOn;
    this.map.dragging[isOn ? "disable" : "enable"]();
    this.map.getContainer().style.cursor = isOn ? "crosshair" : "";
    this.map[isOn ? "on" : "off"]({ mousedown: this.onDown, mousemove: this.onMove, mouseup: this.onUp });
  }

  clear() {
    this.circle?.remove();
    this.circle = null;
  }

  #begin(at) {
    this.clear();
    this.circle = L.circle(at, { radius: 0, color: colours().camera, weight: 2, dashArray: "6 4", fillOpacity: 0.08, interactive: false }).addTo(this.map);
    this.isDrawing = true;
  }

  #finish() {
    if (!this.isDrawing || !this.circle) {
      return;
    }
    this.isDrawing = false;
    const radius = this.circle.getRadius();
    if (radius < SMALLEST_M) {
      this.clear();
      return;
    }
    const { lat, lng } = this.circle.getLatLng();
    this.onCircle({ lon: lng, lat, radius_m: Math.round(radius) });
    // The click that ends the drawing must not choose a site.
    setTimeout(() => this.toggle(false));
  }
}
