/** The base map: our boundary, the neighbours and the city's own lines; no tile, no request outside. */

import * as L from "leaflet";

import { language } from "../../lib/text.js";
import { colours } from "./colours.js";

const AREAS = { water: "map-water", river: "map-water", park: "map-green", green: "map-green", forest: "map-green", building: "map-building", block: "map-building" };
/** Width of a road by its rank: artery, collector, street. */
const ROAD_PX = { 1: 5, 2: 3, 3: 1.5 };
const SPOTS_FROM_ZOOM = 15;
const DISTRICTS_FROM_ZOOM = 12;
const CITIES_FROM_ZOOM = 10;

const kindOf = (feature) => String(feature.properties?.kind ?? feature.properties?.class ?? feature.properties?.role ?? "");
const isOwn = (feature) => Boolean(feature.properties?.own);

function nameOf(feature) {
  const properties = feature.properties ?? {};
  return (language === "en" ? properties.name_en || properties.name_ko : properties.name_ko || properties.name_en) || properties.name || "";
}

function label(text, isDistrict) {
  const span = document.createElement("span");
  span.textContent = text;
  return L.divIcon({ html: span, className: isDistrict ? "place-label place-label-district" : "place-label", iconSize: [0, 0] });
}

export class Basemap {
  /** @param {L.Map} map */
  constructor(map) {
    for (const [name, order] of [["land", 210], ["lines", 220], ["labels", 230]]) {
      map.createPane(name).style.zIndex = String(order);
      map.getPane(name).style.pointerEvents = "none";
    }
    this.map = map;
    this.renderers = { land: L.canvas({ pane: "land", padding: 0.4 }), lines: L.canvas({ pane: "lines", padding: 0.4 }) };
    this.boundary = null;
    this.base = null;
    this.cities = L.layerGroup();
    this.districts = L.layerGroup();
    this.spots = L.layerGroup();
    map.on("zoomend", () => this.#declutter());
  }

  /** @returns {L.LatLngBounds | null} of our own municipality */
  showBoundary(collection) {
    this.boundary?.remove();
    const options = { interactive: false, pane: "land", renderer: this.renderers.land, style: (feature) => this.#areaStyle(feature), pointToLayer: (_f, at) => this.#label(_f, at) };
    this.boundary = L.geoJSON(collection, options).addTo(this.map);
    let bounds = null;
    this.boundary.eachLayer((layer) => {
      if (layer.getBounds && isOwn(layer.feature)) {
        bounds = bounds ? bounds.extend(layer.getBounds()) : L.latLngBounds(layer.getBounds().getSouthWest(), layer.getBounds().getNorthEast());
      } else if (layer.getBounds && nameOf(layer.feature)) {
        this.#label(layer.feature, layer.getBounds().getCenter());
      }
    });
    return bounds;
  }

  /** Roads, water, parks and place names of the city itself. */
  showBase(collection) {
    this.base?.remove();
    const options = { interactive: false, pane: "lines", renderer: this.renderers.lines, style: (feature) => this.#lineStyle(feature), pointToLayer: (feature, at) => this.#label(feature, at) };
    this.base = L.geoJSON(collection, options).addTo(this.map);
  }

  repaint() {
    this.boundary?.setStyle((feature) => this.#areaStyle(feature));
    this.base?.setStyle((feature) => this.#lineStyle(feature));
  }

  #label(feature, at) {
    const isCity = Boolean(feature.properties?.code);
    const isDistrict = kindOf(feature) === "dong";
    const icon = label(nameOf(feature), isCity || isDistrict);
    (isCity ? this.cities : isDistrict ? this.districts : this.spots).addLayer(L.marker(at, { icon, interactive: false, keyboard: false, pane: "labels" }));
    this.#declutter();
    return L.layerGroup();
  }

  #declutter() {
    const zoom = this.map.getZoom();
    for (const [group, from] of [[this.cities, CITIES_FROM_ZOOM], [this.districts, DISTRICTS_FROM_ZOOM], [this.spots, SPOTS_FROM_ZOOM]]) {
      if (zoom >= from !== this.map.hasLayer(group)) {
        this.map[zoom >= from ? "addLayer" : "removeLayer"](group);
      }
    }
  }

  #areaStyle(feature) {
    const paint = colours();
    return isOwn(feature)
      ? { color: paint["map-border"], weight: 2.5, dashArray: "10 5", fillColor: paint["map-city"], fillOpacity: 1 }
      : { color: paint["map-road"], weight: 1, fillColor: paint["map-land"], fillOpacity: 1 };
  }

  #lineStyle(feature) {
    const paint = colours();
    const kind = kindOf(feature);
    const type = feature.geometry?.type ?? "";
    if (kind === "dong") {
      return { color: paint["map-road-major"], weight: 1.5, dashArray: "2 5", fill: false };
    }
    if (type.endsWith("Polygon")) {
      return { stroke: false, fillColor: paint[AREAS[kind] ?? "map-building"], fillOpacity: 1 };
    }
    if (AREAS[kind]) {
      return { color: paint[AREAS[kind]], weight: 6 };
    }
    const rank = feature.properties?.rank ?? 3;
    return { color: paint[rank === 1 ? "map-road-major" : "map-road"], weight: ROAD_PX[rank] ?? 1.5 };
  }
}
