/** The live socket: connect and buffer, snapshot, apply, notice gaps, catch up, reconnect. */

import { Timers } from "../lib/timers.js";

const GAP_PATIENCE_MS = 2000;
const SILENCE_MS = 12000;
const CONNECT_MS = 8000;
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 15000;
const PAGE = 500;
const MOST_PAGES = 10;
const STOPPED = { 4401: "signed-out", 4403: "forbidden" };

/**
 * @typedef {"connecting" | "live" | "reconnecting" | "signed-out" | "forbidden" | "closed"} Condition
 *
 * @typedef {object} Wiring
 * @property {{socket: string, snapshot: string, events: string}} urls
 * @property {import("./store.js").Store} store
 * @property {(url: string) => Promise<any>} getJson
 * @property {(condition: Condition) => void} onCondition
 * @property {(serverTime: string) => void} onHeard every sign of life of the server
 * @property {(url: string) => WebSocket} [connect]
 * @property {Timers} [timers]
 * @property {() => number} [random]
 */

function dial(path) {
  const url = new URL(path, globalThis.location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return new WebSocket(url);
}

export class Feed {
  /** @param {Wiring} wiring */
  constructor({ urls, store, getJson, onCondition, onHeard, connect, timers, random }) {
    this.urls = urls;
    this.store = store;
    this.getJson = getJson;
    this.onCondition = onCondition;
    this.onHeard = onHeard;
    this.connect = connect ?? dial;
    this.timers = timers ?? new Timers();
    this.random = random ?? Math.random;
    this.socket = null;
    this.attempt = 0;
    this.head = 0;
    this.buffer = [];
    this.fetching = false;
    this.refetch = false;
    this.needsSnapshot = true;
    this.generation = 0;
  }

  open() {
    const generation = ++this.generation;
    this.onCondition(this.attempt ? "reconnecting" : "connecting");
    const cursor = this.needsSnapshot ? null : this.store.state.cursor;
    const socket = this.connect(this.urls.socket + (cursor === null ? "" : `?cursor=${cursor}`));
    this.socket = socket;
    const mine = (run) => (event) => {
      if (generation === this.generation) {
        run(event);
      }
    };
    socket.onmessage = mine((event) => this.#heard(JSON.parse(event.data)));
    socket.onclose = mine((event) => this.#lost(event.code));
    socket.onerror = () => {};
    this.timers.set("silence", CONNECT_MS, () => this.#lost(0));
  }

  /** Stop for good: no timer and no socket remains. */
  close() {
    this.generation += 1;
    this.timers.clearAll();
    this.#drop();
    this.onCondition("closed");
  }

  #drop() {
    const socket = this.socket;
    this.socket = null;
    if (socket) {
      socket.onmessage = socket.onclose = null;
      socket.close();
    }
  }

  #lost(code) {
    this.generation += 1;
    this.#drop();
    this.timers.clearAll();
    this.buffer = [];
    this.fetching = false;
    if (STOPPED[code]) {
      this.onCondition(STOPPED[code]);
      return;
    }
    if (code === 4409) {
      this.needsSnapshot = true;
    }
    this.attempt += 1;
    this.onCondition("reconnecting");
    const delay = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(this.attempt - 1, 10));
    this.timers.set("reconnect", delay * (0.5 + this.random()), () => this.open());
  }

  #heard(frame) {
    this.timers.set("silence", SILENCE_MS, () => this.#lost(0));
    if (frame.server_time) {
      this.onHeard(frame.server_time);
    }
    if (frame.type === "hello") {
      this.#greeted(frame);
    } else if (frame.type === "events") {
      this.#take(frame);
    } else if (frame.type === "hb") {
      this.#beat(frame.head);
    }
  }

  #greeted(frame) {
    this.attempt = 0;
    this.head = frame.head;
    if (frame.mode === "snapshot" || this.needsSnapshot) {
      this.#snapshot();
    } else {
      this.onCondition("live");
    }
  }

  #take(frame) {
    this.head = Math.max(this.head, frame.to);
    if (this.fetching) {
      this.buffer.push(frame);
    } else if (this.store.range(frame)) {
      this.buffer.push(frame);
      this.#catchUp();
    } else {
      this.onHeard(null);
    }
  }

  #beat(head) {
    this.head = Math.max(this.head, head);
    if (this.fetching || this.store.state.cursor === null || this.head <= this.store.state.cursor) {
      this.timers.clear("gap");
    } else if (!this.timers.has("gap")) {
      this.timers.set("gap", GAP_PATIENCE_MS, () => {
        if (this.head > (this.store.state.cursor ?? 0)) {
          this.#catchUp();
        }
      });
    }
  }

  /** Fetch under the guard of this connection; a failure reconnects. */
  async #fetchWhile(run) {
    if (this.fetching) {
      return;
    }
    const generation = this.generation;
    this.fetching = true;
    try {
      await run(() => generation === this.generation);
    } catch {
      if (generation === this.generation) {
        this.#lost(0);
      }
      return;
    }
    if (generation === this.generation) {
      this.fetching = false;
      this.#drain();
    }
  }

  #snapshot() {
    return this.#fetchWhile(async (isCurrent) => {
      const snapshot = await this.getJson(this.urls.snapshot);
      if (isCurrent()) {
        this.store.snapshot(snapshot);
        this.needsSnapshot = false;
        this.onHeard(snapshot.server_time ?? null);
        this.onCondition("live");
      }
    });
  }

  #catchUp() {
    return this.#fetchWhile(async (isCurrent) => {
      for (let page = 0; page < MOST_PAGES; page += 1) {
        const after = this.store.state.cursor;
        const range = await this.getJson(`${this.urls.events}?after=${after}&limit=${PAGE}`);
        if (!isCurrent()) {
          return;
        }
        const events = range.events ?? [];
        const last = events.at(-1)?.number ?? after;
        const to = events.length < PAGE ? Math.max(last, range.head ?? 0) : last;
        this.store.range({ prev: after, to, events });
        if (events.length < PAGE) {
          return;
        }
      }
      const snapshot = await this.getJson(this.urls.snapshot);
      if (isCurrent()) {
        this.store.snapshot(snapshot);
      }
    });
  }

  #drain() {
    const waiting = this.buffer;
    this.buffer = [];
    for (const frame of waiting) {
      if (this.store.range(frame)) {
        // Still a gap after catching up: only a fresh snapshot can be right.
        this.#snapshot();
        return;
      }
    }
  }
}
