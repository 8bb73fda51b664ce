/** The map: one Leaflet map for the page's life; everything else speaks lon, lat and ids. */

import * as L from "leaflet";

import { AreaTool } from "./area_tool.js";
import { Basemap } from "./basemap.js";
import { CameraLayer } from "./camera_layer.js";
import { Carry } from "./carry.js";
import { CircleTool } from "./circle_tool.js";
import { IncidentLayer } from "./incident_layer.js";
import { SiteLayer } from "./site_layer.js";
import { watch, whenStill } from "./still.js";

const CLOSE_ZOOM = 16;

export class OperationsMap {
  /**
   * @param {HTMLElement} element
   * @param {object} wiring
   * @param {[number, number]} wiring.centre lon, lat
   * @param {(id: string) => void} wiring.onIncident
   * @param {(sites: object[]) => void} wiring.onSites chosen sites, several when they share a place
   * @param {(id: number) => void} wiring.onCamera
   * @param {(circle: {lon: number, lat: number, radius_m: number}) => void} wiring.onCircle
   */
  constructor(element, { centre, onIncident, onSites, onCamera, onCircle }) {
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.map = L.map(element, {
      center: [centre[1], centre[0]],
      zoom: 13,
      minZoom: 8,
      maxZoom: 19,
      zoomControl: false,
      attributionControl: false,
      keyboard: true,
      preferCanvas: true,
      fadeAnimation: !calm,
      zoomAnimation: !calm,
      inertia: !calm,
      wheelPxPerZoomLevel: 100,
    });
    watch(this.map);
    L.control.scale({ imperial: false, position: "bottomright" }).addTo(this.map);
    this.home = null;
    this.basemap = new Basemap(this.map);
    this.sites = new SiteLayer({ onSites });
    this.map.addLayer(this.sites);
    this.incidents = new IncidentLayer(this.map, onIncident);
    this.cameras = new CameraLayer(this.map, onCamera);
    this.circle = new CircleTool(this.map, onCircle);
    this.area = new AreaTool(this.map);
    this.map.on("click", (event) => this.circle.isOn || this.area.isOn || this.sites.clickAt(event.containerPoint));
    new ResizeObserver(() => this.map.invalidateSize({ pan: false, debounceMoveend: true })).observe(element);
  }

  /**
   * Let cameras be carried from the map.
   * @param {{target: () => HTMLElement, onDrop: (load: import("./carry.js").Load) => void, onCarry: (isCarrying: boolean) => void}} wiring
   */
  letCarry(wiring) {
    const pick = (event) => {
      if (this.circle.isOn || this.area.isOn) {
        return null;
      }
      const camera = this.cameras.pickOf(event.target);
      if (camera) {
        return { name: camera.name, camera };
      }
      const isMap = event.target instanceof Element && !event.target.closest(".leaflet-marker-icon, .leaflet-control, .leaflet-popup");
      const site = isMap ? this.sites.siteAt(this.map.mouseEventToContainerPoint(event)) : null;
      return site && { name: site.name, site };
    };
    new Carry(this.map.getContainer(), { pick, ...wiring });
  }

  /** Draw the boundary (and neighbours) and make it home. */
  showBoundary(collection) {
    const bounds = this.basemap.showBoundary(collection);
    if (bounds?.isValid()) {
      this.home = bounds;
      this.map.fitBounds(bounds, { animate: false, padding: [12, 12] });
    }
  }

  showBase(collection) {
    this.basemap.showBase(collection);
  }

  goHome() {
    if (this.home) {
      whenStill(this.map, () => this.map.fitBounds(this.home, { padding: [12, 12] }));
    }
  }

  zoom(step) {
    this.map.setZoom(this.map.getZoom() + step);
  }

  /** Bring a place into sight; `close` zooms in on it. */
  goTo({ lon, lat }, { close = false } = {}) {
    if (lon === null || lat === null) {
      return;
    }
    const zoom = close ? Math.max(this.map.getZoom(), CLOSE_ZOOM) : this.map.getZoom();
    whenStill(this.map, () => this.map.setView([lat, lon], zoom, { animate: true }));
  }

  /** Show a place together with the cameras that look at it. */
  frame(place, cameras) {
    if (place.lon === null || place.lat === null) {
      return;
    }
    // The panels beside the map may just have taken some of its room.
    this.map.invalidateSize({ pan: false, animate: false });
    const bounds = L.latLngBounds([[place.lat, place.lon], ...cameras.map((camera) => [camera.lat, camera.lon])]);
    whenStill(this.map, () => this.map.fitBounds(bounds, { padding: [60, 60], maxZoom: CLOSE_ZOOM + 1 }));
  }

  /** Move only when the place is out of sight. */
  reveal({ lon, lat }) {
    if (lon !== null && lat !== null && !this.map.getBounds().pad(-0.1).contains([lat, lon])) {
      this.goTo({ lon, lat });
    }
  }

  centre() {
    const { lat, lng } = this.map.getCenter();
    return { lon: lng, lat };
  }

  /** Colours changed. */
  repaint() {
    this.basemap.repaint();
    this.sites.repaint();
    this.incidents.repaint();
    this.cameras.repaint();
  }

}
