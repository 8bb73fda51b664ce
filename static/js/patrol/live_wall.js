/** The live pictures of a shared case: each with its mark, and only while the server lets it. */

import { mountVideo } from "../console/video.js";
import { TicketDoor } from "../console/video_ticket.js";
import { arrange, setText, show, stamp } from "../lib/dom.js";
import { distance } from "../lib/format.js";
import { t } from "../lib/text.js";

export class LiveWall {
  /**
   * @param {object} options
   * @param {HTMLElement} options.list
   * @param {HTMLElement} options.none what is shown without any
   * @param {string} options.base the address that each camera's ticket is under
   * @param {string} [options.csrfToken]
   * @param {() => void} [options.onToggle] a picture began or ended by its button
   */
  constructor({ list, none, base, csrfToken = "", onToggle = () => {} }) {
    this.list = list;
    this.none = none;
    this.base = base;
    this.csrfToken = csrfToken;
    this.onToggle = onToggle;
    /** @type {Map<string, {root: HTMLElement, parts: any, player: {destroy(): void, seen(): void} | null, until: number}>} by grant */
    this.tiles = new Map();
  }

  /** The nearest plays by itself; the others when they are wanted: a car's connection is narrow. */
  draw(streams) {
    const wanted = new Set(streams.map((stream) => stream.grant));
    for (const grant of [...this.tiles.keys()].filter((one) => !wanted.has(one))) {
      this.#remove(grant);
    }
    const first = this.tiles.size === 0;
    for (const [index, stream] of streams.entries()) {
      if (!this.tiles.has(stream.grant)) {
        this.#add(stream, first && index === 0);
      }
      this.tiles.get(stream.grant).until = Date.parse(stream.until);
    }
    arrange(this.list, streams.map((stream) => this.tiles.get(stream.grant).root));
    show(this.none, streams.length === 0);
  }

  #add(stream, plays) {
    const { root, parts } = stamp("live-template");
    setText(parts.name, stream.name);
    const view = stream.in_view === true ? t("sees the place") : stream.in_view === false ? t("looks elsewhere") : "";
    setText(parts.about, [distance(stream.distance_m), view].filter(Boolean).join(" · "));
    const tile = { root, parts, player: null, until: Date.parse(stream.until) };
    parts.seen?.addEventListener("click", () => this.#confirm(tile));
    this.tiles.set(stream.grant, tile);
    parts.toggle.addEventListener("click", () => this.#toggle(stream, tile));
    this.#word(tile, stream.name);
    if (plays) {
      this.#toggle(stream, tile);
    }
  }

  #toggle(stream, tile) {
    if (tile.player) {
      tile.player.destroy();
      tile.player = null;
    } else {
      tile.player = mountVideo(tile.parts.screen, { door: this.#door(stream.grant), name: stream.name });
    }
    this.#word(tile, stream.name);
    this.onToggle();
  }

  /** The tile of a picture that plays. @param {string} grant */
  playing(grant) {
    const tile = this.tiles.get(grant);
    return tile?.player ? tile.root : null;
  }

  #door(grant) {
    return new TicketDoor({ ticketUrl: `${this.base}${grant}/ticket`, csrfToken: this.csrfToken });
  }

  /** The viewer says that the picture was seen; once is enough. */
  #confirm(tile) {
    tile.player?.seen();
    tile.parts.seen.disabled = true;
  }

  /** Count down what is left of each grant, and take its picture away when nothing is. */
  tick(now) {
    for (const [grant, { parts, until }] of this.tiles) {
      const leftS = Math.ceil((until - now) / 1000);
      if (leftS <= 0) {
        this.#remove(grant);
      } else if (parts.left) {
        setText(parts.left, t("ends in %(time)s", { time: `${Math.floor(leftS / 60)}:${String(leftS % 60).padStart(2, "0")}` }));
      }
    }
  }

  #word(tile, name) {
    if (tile.parts.seen) {
      show(tile.parts.seen, tile.player !== null);
      tile.parts.seen.disabled = false;
    }
    tile.root.toggleAttribute("data-plays", tile.player !== null);
    setText(tile.parts.toggle, tile.player ? t("Stop") : t("Play"));
    tile.parts.toggle.setAttribute("aria-label", `${name}: ${tile.player ? t("Stop") : t("Play")}`);
  }

  #remove(grant) {
    const tile = this.tiles.get(grant);
    tile.player?.destroy();
    tile.root.remove();
    this.tiles.delete(grant);
  }

  clear() {
    for (const grant of [...this.tiles.keys()]) {
      this.#remove(grant);
    }
  }
}
