/** When two incidents on the desk may be one happening: a first look, the server decides. */

const WITHIN_MS = 10 * 60_000;
// A little more than the server's 200 m: the earth is not flat.
const NEAR_M = 205;
const M_PER_DEG = 111_320;
const NO_CLASS = "other";

/** @typedef {import("./store.js").Feature & {occurred_at?: string}} Sight */

/**
 * @param {Sight} one
 * @param {Sight} other
 */
export function possiblySame(one, other) {
  if (one.id === other.id || one.kind.class !== other.kind.class || one.kind.class === NO_CLASS || one.is_drill !== other.is_drill) {
    return false;
  }
  if (one.lon === null || one.lat === null || other.lon === null || other.lat === null) {
    return false;
  }
  const north = (one.lat - other.lat) * M_PER_DEG;
  const east = (one.lon - other.lon) * M_PER_DEG * Math.cos((one.lat * Math.PI) / 180);
  return Math.hypot(north, east) <= NEAR_M && Math.abs(Date.parse(one.occurred_at ?? "") - Date.parse(other.occurred_at ?? "")) <= WITHIN_MS;
}
