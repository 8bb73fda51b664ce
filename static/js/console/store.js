/**
 * What the console knows: pure functions from a state and a message to a state.
 *
 * @typedef {object} Feature an incident as incidents/features.py writes it
 * @property {string} id
 * @property {string} number
 * @property {string} service
 * @property {{code: string, name_ko: string, name_en: string, class: string}} kind
 * @property {number} priority
 * @property {string} status
 * @property {number | null} lon
 * @property {number | null} lat
 * @property {number} error_radius_m
 * @property {string} address
 * @property {string} summary
 * @property {boolean} is_drill
 * @property {string} received_at
 * @property {string | null} acknowledged_at
 * @property {{id: number, name: string} | null} owner
 * @property {{id: number, name: string} | null} offered_to
 * @property {number} version
 *
 * @typedef {object} State
 * @property {number | null} cursor number of the last journal entry applied
 * @property {Map<string, Feature>} incidents open incidents
 *
 * @typedef {object} Changes
 * @property {boolean} reset everything may be different
 * @property {Feature[]} added
 * @property {Feature[]} changed
 * @property {Feature[]} removed
 * @property {object[]} facts the journal entries that were applied
 */

const OPEN = new Set(["received", "acknowledged", "accepted", "responding"]);

/** @param {{status: string}} feature */
export const isOpen = (feature) => OPEN.has(feature.status);

/** @returns {State} */
export const emptyState = () => ({ cursor: null, incidents: new Map() });

/** @returns {Changes} */
export const noChanges = () => ({ reset: false, added: [], changed: [], removed: [], facts: [] });

/**
 * Replace everything by a snapshot.
 * @param {State} state
 * @param {{cursor: number, incidents: Feature[]}} snapshot
 * @returns {{state: State, changes: Changes}}
 */
export function applySnapshot(state, snapshot) {
  const incidents = new Map(snapshot.incidents.filter(isOpen).map((feature) => [feature.id, feature]));
  const changes = {
    ...noChanges(),
    reset: true,
    added: [...incidents.values()].filter((feature) => !state.incidents.has(feature.id)),
    removed: [...state.incidents.values()].filter((feature) => !incidents.has(feature.id)),
  };
  return { state: { cursor: snapshot.cursor, incidents }, changes };
}

function fold(incidents, entry, changes) {
  const feature = entry.kind.startsWith("incident.") ? entry.data?.incident : null;
  if (!feature) {
    return;
  }
  const before = incidents.get(feature.id);
  if (isOpen(feature)) {
    incidents.set(feature.id, feature);
    (before ? changes.changed : changes.added).push(feature);
  } else {
    incidents.delete(feature.id);
    changes.removed.push(feature);
  }
}

/**
 * Apply a contiguous range of journal entries; what is already applied is passed over.
 * @param {State} state
 * @param {{prev: number, to: number, events: {number: number, kind: string, data: any}[]}} range
 * @returns {{state: State, changes: Changes, gap: boolean}} gap: the range starts after our cursor
 */
export function applyRange(state, range) {
  if (state.cursor === null || range.prev > state.cursor) {
    return { state, changes: noChanges(), gap: true };
  }
  if (range.to <= state.cursor) {
    return { state, changes: noChanges(), gap: false };
  }
  const cursor = state.cursor;
  const incidents = new Map(state.incidents);
  const changes = noChanges();
  for (const entry of range.events) {
    if (entry.number > cursor) {
      fold(incidents, entry, changes);
      changes.facts.push(entry);
    }
  }
  return { state: { cursor: range.to, incidents }, changes, gap: false };
}

/** A store: the current state, and who wants to know of changes. */
export class Store {
  constructor() {
    this.state = emptyState();
    /** @type {Set<(changes: Changes, state: State) => void>} */
    this.listeners = new Set();
  }

  /** @param {(changes: Changes, state: State) => void} listener */
  subscribe(listener) {
    this.listeners.add(listener);
  }

  /** @param {{cursor: number, incidents: Feature[]}} snapshot */
  snapshot(snapshot) {
    const { state, changes } = applySnapshot(this.state, snapshot);
    this.#become(state, changes);
  }

  /** @returns {boolean} whether there is a gap before this range */
  range(range) {
    const { state, changes, gap } = applyRange(this.state, range);
    if (state !== this.state) {
      this.#become(state, changes);
    }
    return gap;
  }

  #become(state, changes) {
    this.state = state;
    for (const listener of this.listeners) {
      listener(changes, state);
    }
  }
}
