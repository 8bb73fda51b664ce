/** What agencies were told of each incident: fetched when a strip is seen, and when a fact says so. */

import { Timers } from "../lib/timers.js";

const SETTLE_MS = 400;
const REFRESH_MS = 5000;
const AT_ONCE = 2;

export class ExchangesStore {
  /**
   * @param {object} wiring
   * @param {(id: string) => string} wiring.url
   * @param {(url: string) => Promise<any>} wiring.getJson
   * @param {(id: string, exchanges: any[] | null) => void} wiring.onExchanges
   */
  constructor({ url, getJson, onExchanges }) {
    this.url = url;
    this.getJson = getJson;
    this.onExchanges = onExchanges;
    /** @type {Map<string, any[]>} */
    this.known = new Map();
    this.queue = new Set();
    this.running = 0;
    this.timers = new Timers();
  }

  /** Fetch unless known. */
  want(id) {
    if (!this.known.has(id)) {
      this.#ask(id);
    }
  }

  /** Something about it changed: fetch a moment later, once for many changes. */
  touch(id) {
    this.timers.set(id, SETTLE_MS, () => this.#ask(id));
  }

  forget(id) {
    this.known.delete(id);
    this.queue.delete(id);
    this.timers.clear(id);
  }

  #ask(id) {
    this.queue.add(id);
    this.#next();
  }

  async #next() {
    const [id] = this.queue;
    if (!id || this.running >= AT_ONCE) {
      return;
    }
    this.queue.delete(id);
    this.running += 1;
    try {
      const { exchanges } = await this.getJson(this.url(id));
      this.known.set(id, exchanges);
      this.onExchanges(id, exchanges);
      if (exchanges.some((one) => ["queued", "sent", "retrying"].includes(one.state))) {
        this.timers.set(id, REFRESH_MS, () => this.#ask(id));
      }
    } catch {
      this.onExchanges(id, this.known.get(id) ?? null);
    } finally {
      this.running -= 1;
      this.#next();
    }
  }
}
