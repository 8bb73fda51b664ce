/** Cameras of road operators on the map: square where ours are round, dashed when not to be opened. */

import * as L from "leaflet";

import { icon } from "../../lib/dom.js";
import { t } from "../../lib/text.js";

// From further away the squares would hide the map.
const FROM_ZOOM = 13;

function iconOf(camera) {
  const classes = ["road-pin", camera.connected ? "" : "road-pin-closed", ["offline", "frozen", "covered"].includes(camera.health) ? "road-pin-down" : ""];
  return L.divIcon({ html: /** @type {any} */ (icon("camera")), className: classes.filter(Boolean).join(" "), iconSize: [24, 24], iconAnchor: [12, 12] });
}

export class RoadLayer {
  /**
   * @param {L.Map} map
   * @param {(camera: any) => void} onCamera
   */
  constructor(map, onCamera) {
    this.map = map;
    this.onCamera = onCamera;
    this.group = L.layerGroup();
    this.isOn = true;
    map.on("zoomend", () => this.#arrange());
    this.#arrange();
  }

  toggle() {
    this.isOn = !this.isOn;
    this.#arrange();
  }

  /** @param {any[]} cameras */
  show(cameras) {
    this.group.clearLayers();
    for (const camera of cameras) {
      const marker = L.marker([camera.lat, camera.lon], { icon: iconOf(camera), keyboard: false, zIndexOffset: 200, title: t("Traffic camera: %(name)s", { name: camera.name }) });
      marker.on("click", () => this.onCamera(camera));
      this.group.addLayer(marker);
    }
  }

  #arrange() {
    const wanted = this.isOn && this.map.getZoom() >= FROM_ZOOM;
    if (wanted !== this.map.hasLayer(this.group)) {
      this.map[wanted ? "addLayer" : "removeLayer"](this.group);
    }
  }
}
