/** Carry a camera from the map to the video wall with the pointer; the lists do the same by button. */

import { h } from "../../lib/dom.js";

const BEGINS_PX = 6;

/**
 * @typedef {{name: string, camera?: any, site?: any}} Load what is carried
 */

export class Carry {
  /**
   * @param {HTMLElement} source the map's element
   * @param {object} wiring
   * @param {(event: MouseEvent) => Load | null} wiring.pick what lies under the pointer
   * @param {() => HTMLElement} wiring.target where it may be dropped
   * @param {(load: Load) => void} wiring.onDrop
   * @param {(isCarrying: boolean) => void} wiring.onCarry
   */
  constructor(source, { pick, target, onDrop, onCarry }) {
    Object.assign(this, { pick, target, onDrop, onCarry });
    /** @type {Load | null} */
    this.load = null;
    this.ghost = null;
    this.from = { x: 0, y: 0 };
    // Before Leaflet hears of it, for a pressed camera must not move the map.
    source.addEventListener("mousedown", (event) => this.#press(event), { capture: true });
    this.move = (event) => this.#move(event);
    this.release = (event) => this.#release(event);
    this.escape = (event) => event.code === "Escape" && this.#end();
  }

  #press(event) {
    this.load = event.button === 0 && !event.shiftKey ? this.pick(event) : null;
    if (!this.load) {
      return;
    }
    event.stopPropagation();
    event.preventDefault();
    this.from = { x: event.clientX, y: event.clientY };
    addEventListener("mousemove", this.move);
    addEventListener("mouseup", this.release);
    addEventListener("keydown", this.escape, { capture: true });
  }

  #move(event) {
    if (!this.ghost) {
      if (Math.hypot(event.clientX - this.from.x, event.clientY - this.from.y) < BEGINS_PX) {
        return;
      }
      this.ghost = h("div", { class: "carried", "aria-hidden": "true" }, this.load.name);
      document.body.append(this.ghost);
      this.onCarry(true);
    }
    this.ghost.style.transform = `translate(${event.clientX + 12}px, ${event.clientY + 8}px)`;
    this.target().toggleAttribute("data-over", this.#isOver(event));
  }

  #isOver(event) {
    const box = this.target().getBoundingClientRect();
    return event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
  }

  #release(event) {
    const { load, ghost } = this;
    const isDrop = ghost && this.#isOver(event);
    this.#end();
    if (ghost) {
      // What was carried was not clicked.
      const stop = new AbortController();
      addEventListener("click", (click) => click.stopPropagation(), { capture: true, signal: stop.signal });
      setTimeout(() => stop.abort(), 0);
    }
    if (isDrop) {
      this.onDrop(load);
    }
  }

  #end() {
    removeEventListener("mousemove", this.move);
    removeEventListener("mouseup", this.release);
    removeEventListener("keydown", this.escape, { capture: true });
    this.target().removeAttribute("data-over");
    if (this.ghost) {
      this.onCarry(false);
    }
    this.ghost?.remove();
    this.ghost = null;
    this.load = null;
  }
}
