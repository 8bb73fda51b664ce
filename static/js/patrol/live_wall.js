/** The live pictures of a shared case: each with its mark, and only while the server lets it. */

import { mountVideo } from "../console/video.js";
import { arrange, setText, show, stamp } from "../lib/dom.js";
import { distance } from "../lib/format.js";
import { language, t } from "../lib/text.js";

export class LiveWall {
  /**
   * @param {object} options
   * @param {HTMLElement} options.list
   * @param {HTMLElement} options.none what is shown without any
   * @param {string} options.base the address that each camera's pictures are under
   */
  constructor({ list, none, base }) {
    this.list = list;
    this.none = none;
    this.base = base;
    this.text = "";
    /** @type {Map<string, {root: HTMLElement, parts: any, player: {destroy(): void} | null}>} by grant */
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
    }
    arrange(this.list, streams.map((stream) => this.tiles.get(stream.grant).root));
    show(this.none, streams.length === 0);
  }

  #add(stream, plays) {
    const { root, parts } = stamp("live-template");
    setText(parts.name, stream.name);
    const view = stream.in_view === true ? t("sees the place") : stream.in_view === false ? t("looks elsewhere") : "";
    setText(parts.about, [distance(stream.distance_m), view].filter(Boolean).join(" · "));
    const tile = { root, parts, player: null };
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
    this.mark(this.text);
  }

  #word(tile, name) {
    tile.root.toggleAttribute("data-plays", tile.player !== null);
    setText(tile.parts.toggle, tile.player ? t("Stop") : t("Play"));
    tile.parts.toggle.setAttribute("aria-label", `${name}: ${tile.player ? t("Stop") : t("Play")}`);
  }

  /** The browser's own key opens it: nothing secret is in an address or a header of ours. */
  #door(grant) {
    const under = `${this.base}${grant}/`;
    return { open: async () => ({ status: 201, body: {} }), playlist: `${under}live.m3u8`, stateUrl: `${under}state`, headers: { "Accept-Language": language }, leave() {} };
  }

  /** Write who watches, and when, over every picture. */
  mark(text) {
    this.text = text;
    for (const { parts } of this.tiles.values()) {
      parts.mark.dataset.text = text;
    }
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
