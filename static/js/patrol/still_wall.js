/** The still pictures of a shared case: small, so they come before any video. */

import { arrange, setText, show, stamp } from "../lib/dom.js";
import { age, clock } from "../lib/format.js";
import { t } from "../lib/text.js";

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
    /** @type {Map<string, {root: HTMLElement, parts: any, at: number}>} by still */
    this.tiles = new Map();
  }

  draw(stills) {
    const wanted = stills.map((still) => this.#tile(still).root);
    arrange(this.list, wanted);
    const ids = new Set(stills.map((still) => still.id));
    this.tiles = new Map([...this.tiles].filter(([id]) => ids.has(id)));
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
    const tile = { root, parts, at: Date.parse(still.at) };
    this.tiles.set(still.id, tile);
    return tile;
  }

  tick(now, mark) {
    for (const { parts, at } of this.tiles.values()) {
      setText(parts.age, t("%(age)s ago", { age: age(now - at) }));
      parts.mark.dataset.text = mark;
    }
  }

  clear() {
    this.tiles.clear();
    this.list.replaceChildren();
    show(this.card, false);
  }
}
