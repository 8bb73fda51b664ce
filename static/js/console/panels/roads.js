/** Traffic cameras in the area of the open incident: nearest first, how each is, how old that is. */

import { byId, h, setText, show } from "../../lib/dom.js";
import { age, distance } from "../../lib/format.js";
import { t } from "../../lib/text.js";
import { healthName } from "../labels.js";

/** What is known of a camera in one line. */
export function aboutRoad(camera, now) {
  const health = camera.health_at ? t("%(state)s for %(age)s", { state: healthName(camera.health), age: age(now - Date.parse(camera.health_at)) }) : healthName(camera.health);
  const closed = camera.connected ? null : t("%(format)s: no live video", { format: camera.format || t("unknown form") });
  return [closed ?? health, t("listed %(age)s ago", { age: age(now - Date.parse(camera.seen_at)) }), camera.operator].filter(Boolean).join(" · ");
}

export class RoadsPanel {
  /**
   * @param {object} wiring
   * @param {(url: string) => Promise<any>} wiring.getJson
   * @param {string} wiring.url
   * @param {() => number} wiring.now by the server's clock
   * @param {boolean} wiring.mayWatch
   * @param {(cameras: any[]) => void} wiring.onCameras
   */
  constructor(wiring) {
    Object.assign(this, wiring);
    this.id = null;
    this.rows = [];
  }

  /** @param {string | null} id the incident that is open now */
  open(id) {
    if (id !== this.id) {
      this.id = id;
      this.#draw([], null);
      this.refresh();
    }
  }

  async refresh() {
    const { id } = this;
    if (!id) {
      return;
    }
    try {
      const found = await this.getJson(`${this.url}?incident=${id}`);
      if (id === this.id) {
        this.#draw(found.cameras, found.radius_m);
      }
    } catch {
      // What is shown stays, and its ages keep growing.
    }
  }

  #draw(cameras, radius) {
    const live = cameras.filter((camera) => camera.connected);
    setText(byId("roads-radius"), radius ? t("within %(far)s", { far: distance(radius) }) : "");
    this.rows = cameras.map((camera) => {
      const about = h("span", { class: "camera-why muted" });
      const from = live.indexOf(camera);
      const name = h("button", { class: "camera-name", type: "button", disabled: !this.mayWatch || from < 0, onclick: () => this.onCameras(live.slice(from)) }, camera.name);
      return { camera, about, root: h("li", { class: "camera" }, name, h("span", { class: "camera-far number" }, distance(camera.distance_m)), about) };
    });
    byId("roads").replaceChildren(...this.rows.map((row) => row.root));
    show(byId("roads-card"), cameras.length > 0);
    this.tick();
  }

  tick() {
    for (const { camera, about } of this.rows) {
      setText(about, aboutRoad(camera, this.now()));
    }
  }
}
