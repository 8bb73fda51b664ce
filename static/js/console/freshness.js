/** How old the picture is, and what may be said about it. */

export const STALE_AFTER_MS = 10000;

/**
 * @typedef {object} Freshness
 * @property {"starting" | "live" | "stale" | "reconnecting" | "signed-out" | "forbidden"} state
 * @property {number} ageMs since the server was last heard
 */

/**
 * @param {{condition: string, heardAt: number | null, startedAt: number, now: number}} seen
 * @returns {Freshness}
 */
export function freshness({ condition, heardAt, startedAt, now }) {
  const ageMs = Math.max(0, now - (heardAt ?? startedAt));
  if (condition === "signed-out" || condition === "forbidden") {
    return { state: condition, ageMs };
  }
  if (ageMs > STALE_AFTER_MS) {
    return { state: "stale", ageMs };
  }
  if (condition === "live") {
    return { state: "live", ageMs };
  }
  return { state: heardAt === null ? "starting" : "reconnecting", ageMs };
}

/** The server's clock as seen from here. */
export class ServerClock {
  constructor(now = () => Date.now()) {
    this.local = now;
    this.offsetMs = 0;
  }

  /** @param {string} serverTime */
  heard(serverTime) {
    this.offsetMs = Date.parse(serverTime) - this.local();
  }

  now() {
    return this.local() + this.offsetMs;
  }
}
