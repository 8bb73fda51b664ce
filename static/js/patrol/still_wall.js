/** The still pictures of a shared case: small, so they come before any video. */

import { arrange, setText, show, stamp } from "../lib/dom.js";
import { age, clock } from "../lib/format.js";
import { t } from "../lib/text.js";
import { Watermark } from "../lib/watermark.js";

export class StillWall {
  /**
   * @param {object} options
   * @param {HTMLElement} options.card
   * @param {HTMLElement} options.list
   * @param {string} options.base the address that the pictures are under
   */
  constructor({ card, list, base }) {
    this.card = card;
    this.list = list;
    this.base = base;
    /** @type {Map<string, {root: HTMLElement, parts: any, at: number, mark: Watermark}>} by still */
    this.tiles = new Map();
  }

  draw(stills) {
    const wanted = stills.map((still) => this.#tile(still).root);
    arrange(this.list, wanted);
    const ids = new Set(stills.map((still) => still.id));
    for (const [id, { mark }] of this.tiles) {
      if (!ids.has(id)) {
        mark.remove();
        this.tiles.delete(id);
      }
    }
    show(this.card, stills.length > 0);
  }

  /** A picture that is on the screen is not asked for again: each look is put on record. */
  #tile(still) {
    const known = this.tiles.get(still.id);
    if (known) {
      return known;
    }
    const { root, parts } = stamp("still-template");
    setText(parts.name, still.name);
    setText(parts.text, still.text);
    parts.image.alt = t("Still picture of %(name)s at %(time)s", { name: still.name, time: clock(still.at) });
    parts.image.src = `${this.base}${still.id}`;
    const tile = { root, parts, at: Date.parse(still.at), mark: new Watermark(parts.image.parentElement) };
    this.tiles.set(still.id, tile);
    return tile;
  }

  tick(now, mark) {
    for (const { parts, at, mark: own } of this.tiles.values()) {
      setText(parts.age, t("%(age)s ago", { age: age(now - at) }));
      own.text = mark;
    }
  }

  clear() {
    for (const { mark } of this.tiles.values()) {
      mark.remove();
    }
    this.tiles.clear();
    this.list.replaceChildren();
    show(this.card, false);
  }
}
