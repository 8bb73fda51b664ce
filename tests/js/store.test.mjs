import assert from "node:assert/strict";
import { test } from "node:test";

import { applyRange, applySnapshot, emptyState, Store } from "../../static/js/console/store.js";

const feature = (id, status = "received", version = 1) => ({ id, status, version, priority: 1 });
const fact = (number, of) => ({ number, prev: number - 1, kind: "incident.any", data: { incident: of } });
const at = (cursor, ...features) => applySnapshot(emptyState(), { cursor, incidents: features }).state;
const ids = (state) => [...state.incidents.keys()].sort();

test("a snapshot replaces everything and says what is new and gone", () => {
  const { state, changes } = applySnapshot(at(3, feature("a"), feature("b")), { cursor: 9, incidents: [feature("b"), feature("c")] });
  assert.deepEqual(ids(state), ["b", "c"]);
  assert.equal(state.cursor, 9);
  assert.deepEqual([changes.added.map((f) => f.id), changes.removed.map((f) => f.id), changes.reset], [["c"], ["a"], true]);
});

test("a fact replaces the incident by id and removes it when it has ended", () => {
  const first = applyRange(at(1, feature("a")), { prev: 1, to: 2, events: [fact(2, feature("a", "accepted", 2))] });
  assert.equal(first.state.incidents.get("a").status, "accepted");
  const second = applyRange(first.state, { prev: 2, to: 3, events: [fact(3, feature("a", "closed", 3))] });
  assert.deepEqual(ids(second.state), []);
  assert.equal(second.changes.removed.length, 1);
});

test("what is already applied is passed over, also the first half of a range", () => {
  const state = at(5, feature("a", "accepted", 5));
  const old = { prev: 3, to: 5, events: [fact(4, feature("a", "received", 4))] };
  assert.equal(applyRange(state, old).state, state);
  const half = applyRange(state, { prev: 4, to: 6, events: [fact(5, feature("a", "received", 4)), fact(6, feature("b"))] });
  assert.equal(half.state.incidents.get("a").status, "accepted");
  assert.deepEqual(ids(half.state), ["a", "b"]);
});

test("a range that begins after the cursor is a gap and changes nothing", () => {
  const state = at(5);
  const result = applyRange(state, { prev: 7, to: 8, events: [fact(8, feature("a"))] });
  assert.equal(result.gap, true);
  assert.equal(result.state, state);
});

test("a thinned range moves the cursor to its end, not to its last entry", () => {
  assert.equal(applyRange(at(5), { prev: 5, to: 9, events: [fact(7, feature("a"))] }).state.cursor, 9);
});

test("old snapshot and events make the new snapshot, whatever is lost, doubled or thinned", () => {
  let seed = 7;
  const random = (n) => (seed = (seed * 48271) % 2147483647) % n;
  for (let round = 0; round < 200; round += 1) {
    const statuses = ["received", "acknowledged", "accepted", "closed", "cancelled"];
    const history = Array.from({ length: 30 }, (_, i) => fact(i + 1, feature(`i${random(6)}`, statuses[random(5)], i + 1)));
    const truth = new Map();
    for (const { data } of history) {
      truth.delete(data.incident.id);
      if (!["closed", "cancelled"].includes(data.incident.status)) truth.set(data.incident.id, data.incident.version);
    }
    const store = new Store();
    store.snapshot({ cursor: 0, incidents: [] });
    let from = 0;
    while (from < history.length) {
      const prev = Math.max(0, from - random(4));
      const to = Math.min(history.length, from + 1 + random(6));
      const last = new Map(history.slice(prev, to).map((entry) => [entry.data.incident.id, entry]));
      assert.equal(store.range({ prev, to, events: [...last.values()].sort((a, b) => a.number - b.number) }), false);
      from = to;
    }
    assert.deepEqual(new Map([...store.state.incidents].map(([id, f]) => [id, f.version]).sort()), new Map([...truth].sort()));
  }
});
