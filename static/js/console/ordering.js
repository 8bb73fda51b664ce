/** Which strips are shown and in which order; pure. */

/**
 * @typedef {object} Filter
 * @property {string} text
 * @property {Set<number>} priorities empty: all
 * @property {"all" | "mine" | "unclaimed"} whose
 */

/** @returns {Filter} */
export const noFilter = () => ({ text: "", priorities: new Set(), whose: "all" });

const waits = (feature) => (feature.status === "received" ? 0 : 1);

/** Urgent first, unacknowledged before acknowledged, then the newest. */
export function byUrgency(a, b) {
  return a.priority - b.priority || waits(a) - waits(b) || Date.parse(b.received_at) - Date.parse(a.received_at) || (a.id < b.id ? -1 : 1);
}

function matchesText(feature, text) {
  const haystack = [feature.number, feature.address, feature.summary, feature.kind.name_ko, feature.kind.name_en, feature.owner?.name].join(" ").toLowerCase();
  return text.toLowerCase().split(/\s+/).every((word) => haystack.includes(word));
}

/**
 * @param {import("./store.js").Feature} feature
 * @param {Filter} filter
 * @param {number} me id of the person at this console
 */
export function passes(feature, filter, me) {
  if (filter.priorities.size && !filter.priorities.has(feature.priority)) {
    return false;
  }
  if (filter.whose === "mine" && feature.owner?.id !== me && feature.offered_to?.id !== me) {
    return false;
  }
  if (filter.whose === "unclaimed" && feature.owner) {
    return false;
  }
  return !filter.text.trim() || matchesText(feature, filter.text.trim());
}

/** @returns {Record<number, number>} open incidents by priority */
export function countByPriority(features) {
  const counts = { 1: 0, 2: 0, 3: 0, 4: 0 };
  for (const feature of features) {
    counts[feature.priority] = (counts[feature.priority] ?? 0) + 1;
  }
  return counts;
}

/** The id after (or before) this one in the list. */
export function neighbour(ids, id, step) {
  if (!ids.length) {
    return null;
  }
  const at = ids.indexOf(id);
  if (at < 0) {
    return step > 0 ? ids[0] : ids.at(-1);
  }
  return ids[Math.min(ids.length - 1, Math.max(0, at + step))];
}
