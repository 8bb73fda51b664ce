/** A tour: the cameras of a group in turns on the video wall; each look is put on record as any other. */

import { csrfToken } from "../lib/http.js";
import { Timers } from "../lib/timers.js";
import { TicketDoor } from "./video_ticket.js";

/** So long before its turn a camera's relay is started, so that its picture comes at once. */
const AHEAD_MS = 4000;
const TICK_MS = 1000;

export class Tour {
  /**
   * @param {object} wiring
   * @param {import("./panels/video_wall.js").VideoWall} wiring.wall
   * @param {(cameraId: number) => string} wiring.ticketUrl
   * @param {(state: {name: string, page: number, pages: number, leftS: number, isPaused: boolean} | null) => void} wiring.onState
   * @param {() => number} [wiring.clock] milliseconds of a steady clock
   */
  constructor({ wall, ticketUrl, onState, clock = () => performance.now() }) {
    Object.assign(this, { wall, ticketUrl, onState, clock });
    this.timers = new Timers();
    this.plan = null;
    this.at = 0;
    this.leftMs = 0;
    this.isPaused = false;
    /** @type {Map<number, TicketDoor>} */
    this.doors = new Map();
  }

  get isOn() {
    return this.plan !== null;
  }

  /** @param {{name: string, turn_s: number, cameras: any[]}} group @param {{incidentId: string | null, purpose: string, title: string, isDrill?: boolean}} view */
  begin(group, view) {
    this.end();
    this.plan = { group, view };
    this.at = 0;
    this.isPaused = false;
    this.#show();
    this.#wait();
  }

  get pages() {
    return Math.ceil(this.plan.group.cameras.length / this.wall.holds);
  }

  #page(at) {
    const { holds } = this.wall;
    const from = (at % this.pages) * holds;
    return this.plan.group.cameras.slice(from, from + holds);
  }

  #show() {
    this.at %= this.pages;
    this.isShowing = true;
    this.wall.show({ ...this.plan.view, cameras: this.#page(this.at), doors: this.doors });
    this.isShowing = false;
    this.doors = new Map();
    this.leftMs = this.plan.group.turn_s * 1000;
    this.due = this.clock() + this.leftMs;
    this.#tell();
  }

  #wait() {
    this.timers.set("tick", TICK_MS, () => this.#tick());
  }

  #tick() {
    if (!this.isPaused && !document.hidden) {
      this.leftMs = this.due - this.clock();
      if (this.leftMs <= 0) {
        this.step(1);
      } else if (this.leftMs <= AHEAD_MS && this.pages > 1) {
        this.#prepare();
      }
    } else {
      this.due = this.clock() + this.leftMs;
    }
    this.#tell();
    this.#wait();
  }

  /** Ask for the tickets of the next page; a ticket that is not used opens no view. */
  #prepare() {
    if (this.doors.size) {
      return;
    }
    const { incidentId, purpose } = this.plan.view;
    for (const [index, camera] of this.#page(this.at + 1).entries()) {
      const quality = index === 0 ? "main" : "sub";
      const door = new TicketDoor({ ticketUrl: this.ticketUrl(camera.id), csrfToken: csrfToken(), incidentId, purpose, quality });
      door.prepare();
      this.doors.set(camera.id, door);
    }
  }

  /** One page on, or back. */
  step(by) {
    if (this.isOn) {
      this.at = (this.at + by + this.pages) % this.pages;
      if (by !== 1) {
        this.doors = new Map();
      }
      this.#show();
    }
  }

  pause() {
    if (this.isOn) {
      this.isPaused = !this.isPaused;
      this.due = this.clock() + this.leftMs;
      this.#tell();
    }
  }

  #tell() {
    if (this.isOn) {
      this.onState({ name: this.plan.group.name, page: this.at + 1, pages: this.pages, leftS: Math.max(0, Math.ceil(this.leftMs / 1000)), isPaused: this.isPaused });
    }
  }

  /** The wall shows something else now. */
  end() {
    if (this.isOn) {
      this.plan = null;
      this.doors = new Map();
      this.timers.clearAll();
      this.onState(null);
    }
  }
}
