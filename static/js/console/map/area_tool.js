/** Draw an area corner by corner: Enter or a double click ends it, Escape leaves. */

import * as L from "leaflet";

import { colours } from "./colours.js";

const CORNERS_AT_LEAST = 3;
// Two corners nearer than this are one click too many.
const APART_PX = 4;

export class AreaTool {
  /** @param {L.Map} map */
  constructor(map) {
    this.map = map;
    this.isOn = false;
    this.onClick = (event) => this.#add(event.latlng);
    this.onDouble = () => this.#finish();
    this.onKey = (event) => this.#key(event);
  }

  /** @returns {Promise<[number, number][] | null>} a closed ring of lon, lat; null when left */
  draw() {
    this.leave();
    this.isOn = true;
    const paint = colours();
    this.corners = [];
    this.line = L.polygon([], { color: paint.camera, weight: 3, dashArray: "6 4", fillOpacity: 0.1, interactive: false }).addTo(this.map);
    this.dots = L.layerGroup().addTo(this.map);
    this.map.doubleClickZoom.disable();
    this.map.getContainer().style.cursor = "crosshair";
    this.map.on({ click: this.onClick, dblclick: this.onDouble });
    // Before the console's own keys, to which Escape and Enter mean something else.
    addEventListener("keydown", this.onKey, { capture: true });
    return new Promise((resolve) => {
      this.resolve = resolve;
    });
  }

  leave() {
    this.#end(null);
  }

  #add(at) {
    const place = this.map.latLngToContainerPoint(at);
    const last = this.corners.at(-1);
    if (last && this.map.latLngToContainerPoint(last).distanceTo(place) < APART_PX) {
      return;
    }
    this.corners.push(at);
    this.line.setLatLngs(this.corners);
    this.dots.addLayer(L.circleMarker(at, { radius: 5, color: colours().camera, weight: 2, fillOpacity: 0.6, interactive: false }));
  }

  #key(event) {
    if (event.isComposing || !["Enter", "Escape"].includes(event.key) || event.target.closest?.("dialog")) {
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    if (event.key === "Enter") {
      this.#finish();
    } else {
      this.leave();
    }
  }

  #finish() {
    if (this.corners.length >= CORNERS_AT_LEAST) {
      const ring = this.corners.map(({ lat, lng }) => [lng, lat]);
      this.#end([...ring, ring[0]]);
    }
  }

  #end(ring) {
    if (!this.isOn) {
      return;
    }
    this.map.off({ click: this.onClick, dblclick: this.onDouble });
    removeEventListener("keydown", this.onKey, { capture: true });
    this.map.doubleClickZoom.enable();
    this.map.getContainer().style.cursor = "";
    this.line.remove();
    this.dots.remove();
    this.resolve(ring);
    // The click that ends the drawing must not choose a site.
    setTimeout(() => {
      this.isOn = false;
    });
  }
}
