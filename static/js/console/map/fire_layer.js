/** Engines of the open case and their ways on the map; how old each place is, is always said. */

import * as L from "leaflet";

import { age, clock } from "../../lib/format.js";
import { t } from "../../lib/text.js";
import { drillWord } from "../drill.js";
import { colours } from "./colours.js";

const OLD_MS = 60000;

export class FireLayer {
  /**
   * @param {L.Map} map
   * @param {() => number} now by the server's clock
   */
  constructor(map, now) {
    this.group = L.layerGroup().addTo(map);
    this.now = now;
    /** @type {{engine: any, label: HTMLElement}[]} */
    this.labels = [];
    this.engines = [];
    this.followed = null;
    this.isDrill = false;
  }

  /**
   * @param {any[]} engines
   * @param {string | null} followed call sign of the engine whose way is drawn strongly
   * @param {boolean} isDrill whether their case is one
   */
  show(engines, followed, isDrill) {
    this.isDrill = isDrill;
    this.engines = engines.filter((engine) => engine.lon !== null);
    this.followed = followed;
    this.repaint();
  }

  repaint() {
    const paint = colours();
    this.group.clearLayers();
    for (const engine of this.engines.filter((one) => one.route)) {
      const isFollowed = engine.call_sign === this.followed;
      const line = engine.route.line.map(([lon, lat]) => [lat, lon]);
      this.group.addLayer(L.polyline(line, { color: paint.bg, weight: isFollowed ? 9 : 6, opacity: 0.8, interactive: false }));
      this.group.addLayer(L.polyline(line, { color: paint.p3, weight: isFollowed ? 5 : 3, opacity: isFollowed ? 1 : 0.7, dashArray: isFollowed ? undefined : "6 6", interactive: false }));
    }
    this.labels = this.engines.map((engine) => {
      const label = document.createElement("span");
      const icon = L.divIcon({ html: label, className: "fire-pin", iconSize: undefined, iconAnchor: [12, 12] });
      this.group.addLayer(L.marker([engine.lat, engine.lon], { icon, keyboard: false, zIndexOffset: 700, title: `${drillWord(this.isDrill)}${engine.call_sign}` }));
      return { engine, label };
    });
    this.tick();
  }

  tick() {
    for (const { engine, label } of this.labels) {
      const old = this.now() - Date.parse(engine.at);
      const arrives = engine.route ? ` · ${t("arrives %(time)s", { time: clock(engine.route.eta_at) })}` : "";
      const text = `${drillWord(this.isDrill)}${engine.call_sign} · ${t("%(age)s ago", { age: age(old) })}${arrives}`;
      if (label.textContent !== text) {
        label.textContent = text;
      }
      label.classList.toggle("fire-old", old > OLD_MS);
    }
  }
}
