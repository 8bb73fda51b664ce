/** Pictures of a wall screen: of the most urgent incident, else of its group, a few in turns. */

import { byId, h, show } from "../lib/dom.js";
import { csrfToken } from "../lib/http.js";
import { mountVideo } from "../console/video.js";
import { TicketDoor } from "../console/video_ticket.js";

const AT_ONCE = 4;

export class Pictures {
  /** @param {{base: string}} options `base`: the address that each camera's ticket is under */
  constructor({ base }) {
    this.base = base;
    this.key = "";
    this.said = null;
    this.page = 0;
    this.shownAt = 0;
    /** @type {{destroy(): void}[]} */
    this.players = [];
  }

  draw(said) {
    const key = JSON.stringify(said);
    if (key !== this.key) {
      this.key = key;
      this.said = said;
      this.page = 0;
      this.#show();
    }
  }

  tick() {
    const cameras = this.said?.cameras ?? [];
    if (cameras.length > AT_ONCE && performance.now() - this.shownAt >= this.said.turn_s * 1000) {
      this.page = (this.page + 1) % Math.ceil(cameras.length / AT_ONCE);
      this.#show();
    }
  }

  /** Without an answer of the server no picture stays: that it may not be shown could not be heard. */
  clear() {
    for (const player of this.players) {
      player.destroy();
    }
    this.players = [];
    this.key = "";
    byId("pictures").replaceChildren();
    show(byId("pictures"), false);
  }

  #show() {
    const { key, said, page } = this;
    this.clear();
    this.key = key;
    this.shownAt = performance.now();
    const now = said.cameras.slice(page * AT_ONCE, (page + 1) * AT_ONCE);
    show(byId("pictures"), now.length > 0);
    for (const camera of now) {
      const screen = h("div", { class: "tile-screen" });
      byId("pictures").append(h("figure", { class: "tile" }, screen, h("figcaption", { class: "tile-caption" }, h("span", { class: "tile-name" }, camera.name))));
      const door = new TicketDoor({ ticketUrl: `${this.base}${camera.id}/ticket/`, csrfToken: csrfToken(), incidentId: said.incident, cameraId: camera.id });
      this.players.push(mountVideo(screen, { door, name: camera.name }));
    }
  }
}
