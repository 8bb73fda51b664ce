import assert from "node:assert/strict";
import { test } from "node:test";

import { Feed } from "../../static/js/console/feed.js";
import { Store } from "../../static/js/console/store.js";
import { Timers } from "../../static/js/lib/timers.js";

const feature = (id, version = 1) => ({ id, status: "received", version, priority: 1 });
const fact = (number, id = `i${number}`) => ({ number, prev: number - 1, kind: "incident.open", data: { incident: feature(id) } });
const settle = () => new Promise((resolve) => setImmediate(resolve));

function rig({ snapshot = { cursor: 10, incidents: [] }, pages = [] } = {}) {
  const waiting = new Map();
  let next = 0;
  const clock = { setTimeout: (run, ms) => (waiting.set(++next, { run, ms }), next), clearTimeout: (id) => waiting.delete(id) };
  const sockets = [];
  const asked = [];
  const conditions = [];
  const store = new Store();
  const feed = new Feed({
    urls: { socket: "/ws", snapshot: "/snapshot", events: "/events" },
    store,
    timers: new Timers(clock),
    random: () => 0.5,
    connect: (url) => {
      const socket = { url, closed: false, close: () => (socket.closed = true) };
      sockets.push(socket);
      return socket;
    },
    getJson: async (url) => {
      asked.push(url);
      if (url === "/snapshot") return snapshot;
      return pages.shift() ?? { events: [], head: 0 };
    },
    onCondition: (condition) => conditions.push(condition),
    onHeard: () => {},
  });
  const say = (frame) => sockets.at(-1).onmessage({ data: JSON.stringify(frame) });
  const fire = (ms) => {
    const due = [...waiting].filter(([, timer]) => timer.ms === ms);
    assert.ok(due.length, `no timer of ${ms} ms among ${[...waiting.values()].map((timer) => timer.ms)}`);
    for (const [id, timer] of due) {
      waiting.delete(id);
      timer.run();
    }
  };
  return { feed, store, sockets, asked, conditions, waiting, say, fire };
}

const hello = (mode = "snapshot", head = 10) => ({ type: "hello", head, cursor: head, mode, server_time: "2026-11-23T00:00:00+09:00" });

test("connects and buffers first, then fetches, drops what the snapshot has, applies the rest", async () => {
  const { feed, store, say, asked } = rig();
  feed.open();
  say(hello());
  say({ type: "events", prev: 9, to: 10, events: [fact(10)] });
  say({ type: "events", prev: 10, to: 11, events: [fact(11)] });
  assert.equal(store.state.cursor, null);
  await settle();
  assert.deepEqual(asked, ["/snapshot"]);
  assert.deepEqual([...store.state.incidents.keys()], ["i11"]);
  assert.equal(store.state.cursor, 11);
});

test("a gap is filled over HTTP from the cursor", async () => {
  const { feed, store, say, asked } = rig({ pages: [{ events: [fact(11), fact(12), fact(13)], head: 13 }] });
  feed.open();
  say(hello());
  await settle();
  say({ type: "events", prev: 12, to: 13, events: [fact(13)] });
  await settle();
  assert.equal(asked.at(-1), "/events?after=10&limit=500");
  assert.equal(store.state.cursor, 13);
  assert.equal(store.state.incidents.size, 3);
});

test("a head above ours for two seconds is a gap too", async () => {
  const { feed, store, say, asked, fire } = rig({ pages: [{ events: [fact(11)], head: 11 }] });
  feed.open();
  say(hello());
  await settle();
  say({ type: "hb", head: 11, server_time: "2026-11-23T00:00:05+09:00" });
  assert.equal(asked.length, 1);
  fire(2000);
  await settle();
  assert.equal(store.state.cursor, 11);
});

test("a lost socket reconnects with the cursor and with a growing delay", async () => {
  const { feed, sockets, say, fire, conditions } = rig();
  feed.open();
  say(hello());
  await settle();
  sockets[0].onclose({ code: 1012 });
  assert.equal(conditions.at(-1), "reconnecting");
  fire(500);
  assert.equal(sockets[1].url, "/ws?cursor=10");
  sockets[1].onclose({ code: 1006 });
  fire(1000);
  sockets[2].onclose({ code: 1006 });
  fire(2000);
  say(hello("replay"));
  assert.equal(conditions.at(-1), "live");
});

test("an unknown cursor asks for a new snapshot", async () => {
  const { feed, sockets, say, fire, asked } = rig();
  feed.open();
  say(hello());
  await settle();
  sockets[0].onclose({ code: 4409 });
  fire(500);
  assert.equal(sockets[1].url, "/ws");
  say(hello());
  await settle();
  assert.deepEqual(asked, ["/snapshot", "/snapshot"]);
});

for (const [code, condition] of [[4401, "signed-out"], [4403, "forbidden"]]) {
  test(`close ${code} ends it: ${condition}, no reconnect`, async () => {
    const { feed, sockets, say, waiting, conditions } = rig();
    feed.open();
    say(hello());
    await settle();
    sockets[0].onclose({ code });
    assert.equal(conditions.at(-1), condition);
    assert.equal(waiting.size, 0);
  });
}

test("silence of twelve seconds drops the socket and dials again", async () => {
  const { feed, sockets, say, fire } = rig();
  feed.open();
  say(hello());
  await settle();
  fire(12000);
  assert.equal(sockets[0].closed, true);
  fire(500);
  assert.equal(sockets.length, 2);
});

test("one close clears every timer and the socket", async () => {
  const { feed, sockets, say, waiting } = rig();
  feed.open();
  say(hello());
  await settle();
  say({ type: "hb", head: 12, server_time: "2026-11-23T00:00:05+09:00" });
  feed.close();
  assert.equal(waiting.size, 0);
  assert.equal(sockets[0].closed, true);
});
