/** Twenty thousand camera sites: clustered by supercluster, painted on one canvas. */

import * as L from "leaflet";
import Supercluster from "supercluster";

import { number } from "../../lib/format.js";
import { colours } from "./colours.js";

const CLUSTER_UNTIL_ZOOM = 16;
const CLUSTER_RADIUS_PX = 64;
const TOUCH_PX = 16;
const SHARE_PX = 10;
/** Places in the list that the server calls "health": some cameras are not well; none shows anything. */
const PARTLY = 2;
const DOWN = 3;

function radiusOf(count) {
  return count === 1 ? 5 : 11 + Math.min(17, Math.log2(count) * 1.9);
}

/** A renderer of Leaflet that paints clusters; moves and zooms as Leaflet's own canvas does. */
export const SiteLayer = L.Renderer.extend({
  options: { padding: 0.35, pane: "overlayPane" },

  initialize({ onSites }) {
    L.Renderer.prototype.initialize.call(this, { padding: 0.35 });
    this.onSites = onSites;
    this.index = new Supercluster({ radius: CLUSTER_RADIUS_PX, maxZoom: CLUSTER_UNTIL_ZOOM, minPoints: 3 });
    this.index.load([]);
    this.drawn = [];
    this.paintMs = [];
    this.count = 0;
  },

  /** @param {{id: number, lon: number, lat: number, count: number, health: number, name: string}[]} sites */
  load(sites) {
    this.count = sites.length;
    this.sites = new Map(sites.map((site) => [site.id, site]));
    this.index.load(sites.map((site) => ({ type: "Feature", properties: site, geometry: { type: "Point", coordinates: [site.lon, site.lat] } })));
    this.repaint();
  },

  /** Change only the dots that a fact names. @param {[number, number][]} codes site and its health */
  mark(codes) {
    const changed = codes.filter(([id, health]) => this.sites?.has(id) && this.sites.get(id).health !== health);
    for (const [id, health] of changed) {
      this.sites.get(id).health = health;
    }
    if (changed.length) {
      this.repaint();
    }
  },

  repaint() {
    if (this._map) {
      this._update();
    }
  },

  _initContainer() {
    const canvas = (this._container = document.createElement("canvas"));
    canvas.style.pointerEvents = "none";
    this._context = canvas.getContext("2d");
  },

  _destroyContainer() {
    this._container.remove();
    delete this._context;
  },

  _update() {
    if (this._map._animatingZoom && this._bounds) {
      return;
    }
    L.Renderer.prototype._update.call(this);
    const size = this._bounds.getSize();
    const ratio = window.devicePixelRatio || 1;
    L.DomUtil.setPosition(this._container, this._bounds.min);
    this._container.width = ratio * size.x;
    this._container.height = ratio * size.y;
    this._container.style.width = `${size.x}px`;
    this._container.style.height = `${size.y}px`;
    this._context.setTransform(ratio, 0, 0, ratio, -ratio * this._bounds.min.x, -ratio * this._bounds.min.y);
    this._paint();
  },

  /** A clear zoom step while Leaflet animates: the old picture is scaled until the new one is painted. */
  _updatePaths() {},

  _paint() {
    const started = performance.now();
    const map = this._map;
    const zoom = Math.round(map.getZoom());
    const southWest = map.layerPointToLatLng(L.point(this._bounds.min.x, this._bounds.max.y));
    const northEast = map.layerPointToLatLng(L.point(this._bounds.max.x, this._bounds.min.y));
    const found = this.index.getClusters([southWest.lng, southWest.lat, northEast.lng, northEast.lat], zoom);
    const paint = colours();
    this.drawn = [];
    this._context.textAlign = "center";
    this._context.textBaseline = "middle";
    for (const feature of found) {
      const [lon, lat] = feature.geometry.coordinates;
      const at = map.latLngToLayerPoint([lat, lon]);
      const count = feature.properties.point_count ?? 1;
      const radius = radiusOf(count);
      this._dot(at, count, radius, paint);
      if (count === 1 && feature.properties.health >= PARTLY) {
        this._flaw(at, feature.properties.health, paint);
      }
      this.drawn.push({ at, radius, feature });
    }
    this.paintMs.push(performance.now() - started);
    this.paintMs.splice(0, this.paintMs.length - 200);
  },

  _dot(at, count, radius, paint) {
    const context = this._context;
    context.beginPath();
    context.arc(at.x, at.y, radius, 0, Math.PI * 2);
    context.fillStyle = count === 1 ? paint.site : paint["site-fill"];
    context.globalAlpha = count === 1 ? 1 : 0.92;
    context.fill();
    context.globalAlpha = 1;
    context.lineWidth = count === 1 ? 1.5 : 1;
    context.strokeStyle = count === 1 ? paint["map-city"] : paint.site;
    context.stroke();
    if (count > 1) {
      context.fillStyle = paint["site-text"];
      context.font = `600 ${count > 999 ? 14 : 13}px ${paint.font}`;
      context.fillText(number(count), at.x, at.y + 0.5);
    }
  },

  /** A site whose cameras are not well: hollow when some are, crossed out when none shows anything. */
  _flaw(at, health, paint) {
    const context = this._context;
    context.beginPath();
    context.arc(at.x, at.y, 5, 0, Math.PI * 2);
    context.fillStyle = paint["map-city"];
    context.fill();
    context.lineWidth = 2;
    context.strokeStyle = health === DOWN ? paint.p2 : paint.site;
    context.stroke();
    if (health === DOWN) {
      context.beginPath();
      context.moveTo(at.x - 6, at.y + 6);
      context.lineTo(at.x + 6, at.y - 6);
      context.stroke();
    }
  },

  /** @param {L.Point} containerPoint */
  clickAt(containerPoint) {
    const nearest = this._nearest(containerPoint);
    if (nearest) {
      this._choose(nearest);
    }
  },

  /** The single site under the pointer; null over a cluster or nothing. */
  siteAt(containerPoint) {
    const nearest = this._nearest(containerPoint);
    return nearest && !nearest.feature.properties.cluster && nearest.far <= SHARE_PX ? nearest.feature.properties : null;
  },

  _nearest(containerPoint) {
    const at = this._map.containerPointToLayerPoint(containerPoint);
    return this.drawn
      .map((entry) => ({ ...entry, far: entry.at.distanceTo(at) }))
      .filter((entry) => entry.far <= Math.max(entry.radius, TOUCH_PX))
      .sort((a, b) => a.far - b.far)[0];
  },

  _choose({ at, feature }) {
    const properties = feature.properties;
    if (!properties.cluster) {
      const sharing = this.drawn.filter((entry) => !entry.feature.properties.cluster && entry.at.distanceTo(at) <= SHARE_PX);
      this.onSites(sharing.map((entry) => entry.feature.properties));
      return;
    }
    const zoom = this.index.getClusterExpansionZoom(properties.cluster_id);
    if (zoom > CLUSTER_UNTIL_ZOOM && this._map.getZoom() >= CLUSTER_UNTIL_ZOOM) {
      this.onSites(this.index.getLeaves(properties.cluster_id, 200).map((leaf) => leaf.properties));
    } else {
      const [lon, lat] = feature.geometry.coordinates;
      this._map.setView([lat, lon], Math.min(zoom, this._map.getMaxZoom()));
    }
  },
});
