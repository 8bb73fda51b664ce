import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Alarms } from "../../static/js/console/alarms.js";
import { freshness, ServerClock } from "../../static/js/console/freshness.js";
import { byUrgency, countByPriority, neighbour, noFilter, passes } from "../../static/js/console/ordering.js";
import { Prefetch } from "../../static/js/console/prefetch.js";
import { isCommandStroke, strokeOf } from "../../static/js/lib/keyboard.js";
import { owedSince } from "../../static/js/console/video_whep.js";
import { possiblySame } from "../../static/js/console/sameness.js";

globalThis.HTMLElement ??= class {};
globalThis.HTMLInputElement ??= class extends globalThis.HTMLElement {};
const feature = (values) => ({ id: "a", number: "2026-1", priority: 3, status: "received", received_at: "2026-01-01T00:00:00Z", address: "한빛로 1", summary: "", kind: { name_ko: "강도", name_en: "robbery" }, owner: null, offered_to: null, ...values });

test("strips stand by urgency, the unacknowledged first, then the newest", () => {
  const list = [
    feature({ id: "old3" }),
    feature({ id: "new3", received_at: "2026-01-01T01:00:00Z" }),
    feature({ id: "seen1", priority: 1, status: "acknowledged" }),
    feature({ id: "wait1", priority: 1 }),
  ];
  assert.deepEqual(list.sort(byUrgency).map((one) => one.id), ["wait1", "seen1", "new3", "old3"]);
});

test("the filter looks at words, owner and priority", () => {
  const mine = feature({ owner: { id: 7, name: "하늘" } });
  assert.ok(passes(mine, { ...noFilter(), text: "강도 한빛" }, 7));
  assert.ok(!passes(mine, { ...noFilter(), text: "화재" }, 7));
  assert.ok(passes(mine, { ...noFilter(), whose: "mine" }, 7));
  assert.ok(!passes(mine, { ...noFilter(), whose: "unclaimed" }, 7));
  assert.ok(!passes(mine, { ...noFilter(), priorities: new Set([1]) }, 7));
});

test("neighbours stay at the ends and begin at the first", () => {
  assert.deepEqual([neighbour(["a", "b"], null, 1), neighbour(["a", "b"], "b", 1), neighbour(["a", "b"], "a", -1), neighbour([], "a", 1)], ["a", "b", "a", null]);
  assert.deepEqual(countByPriority([feature({}), feature({ priority: 1 })]), { 1: 1, 2: 0, 3: 1, 4: 0 });
});

test("data older than ten seconds never looks live", () => {
  const seen = { condition: "live", heardAt: 0, startedAt: 0 };
  assert.equal(freshness({ ...seen, now: 9000 }).state, "live");
  assert.equal(freshness({ ...seen, now: 10001 }).state, "stale");
  assert.equal(freshness({ ...seen, condition: "reconnecting", now: 3000 }).state, "reconnecting");
  assert.equal(freshness({ ...seen, condition: "signed-out", now: 99000 }).state, "signed-out");
});

test("ages go by the server's clock", () => {
  const clock = new ServerClock(() => Date.parse("2026-01-01T00:00:00Z"));
  clock.heard("2026-01-01T00:10:00Z");
  assert.equal(clock.now(), Date.parse("2026-01-01T00:10:00Z"));
});

test("P1 sounds every ten seconds until acknowledged, others once, one sound at a time", () => {
  const played = [];
  let now = 0;
  const alarms = new Alarms({ play: (priority) => played.push([now, priority]), now: () => now });
  const open = [feature({ priority: 1 }), feature({ priority: 3 })];
  alarms.arrive([3, 1]);
  for (now = 0; now <= 25000; now += 1000) alarms.tick(open);
  assert.deepEqual(played, [[0, 1], [10000, 1], [20000, 1]]);
  played.length = 0;
  alarms.arrive([3]);
  for (; now <= 50000; now += 1000) alarms.tick([feature({ priority: 1, status: "acknowledged" })]);
  assert.deepEqual(played, [[26000, 3]]);
});

test("silence lasts thirty seconds and swallows what came meanwhile", () => {
  const played = [];
  let now = 0;
  const alarms = new Alarms({ play: (priority) => played.push(priority), now: () => now });
  alarms.silence();
  alarms.arrive([2]);
  for (; now <= 29000; now += 1000) alarms.tick([feature({ priority: 2 })]);
  assert.deepEqual(played, []);
  now = 31000;
  alarms.tick([feature({ priority: 1 })]);
  assert.deepEqual(played, [1]);
});

test("a stroke is named by the key's place, whatever letter the input mode makes of it", () => {
  assert.equal(strokeOf({ code: "KeyC", key: "ㅊ" }), "KeyC");
  assert.equal(strokeOf({ code: "Slash", key: "?", shiftKey: true }), "Shift+Slash");
  assert.equal(strokeOf({ code: "Numpad3", key: "3" }), "Digit3");
  assert.ok(isCommandStroke({ code: "KeyC", key: "ㅊ", target: null }));
});

test("no stroke is a command while composing, but Escape and function keys always are", () => {
  assert.ok(!isCommandStroke({ code: "KeyC", isComposing: true, target: null }));
  assert.ok(!isCommandStroke({ code: "KeyC", keyCode: 229, target: null }));
  assert.ok(isCommandStroke({ code: "Escape", keyCode: 229, target: null }));
  assert.ok(isCommandStroke({ code: "F8", isComposing: true, target: null }));
});

const luminance = (hex) => {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (a, b) => {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
};

test("every text colour stands 4.5 to 1 on every surface of both themes", () => {
  const css = readFileSync(new URL("../../static/css/tokens.css", import.meta.url), "utf8");
  for (const theme of ["dark", "light"]) {
    const block = css.match(new RegExp(`\\[data-theme="${theme}"\\] \\{([^}]*)\\}`))[1];
    const token = Object.fromEntries([...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name, value]) => [name, value]));
    for (const surface of ["bg", "surface", "raised", "selected", "p1-wash"]) {
      for (const text of ["text", "muted", "p1", "p2", "p3", "p4"]) {
        assert.ok(contrast(token[text], token[surface]) >= 4.5, `${theme}: ${text} on ${surface} ${contrast(token[text], token[surface]).toFixed(2)}`);
      }
    }
    assert.ok(contrast(token["on-strong"], token.strong) >= 4.5);
    assert.ok(contrast(token["on-priority"], token.p2) >= 4.5);
    assert.ok(contrast(token.edge, token.surface) >= 3, `${theme} edge ${contrast(token.edge, token.surface)}`);
  }
});

test("two incidents may be one happening within 10 minutes, 200 m, one class, both real", () => {
  const at = (minutes) => new Date(Date.UTC(2026, 10, 23, 1, minutes)).toISOString();
  const one = { id: "a", kind: { class: "traffic" }, is_drill: false, lon: 127.4, lat: 36.4, occurred_at: at(0) };
  const near = { ...one, id: "b", lon: 127.4 + 190 / 89_600, occurred_at: at(10) };
  assert.equal(possiblySame(one, near), true);
  for (const change of [{ id: "a" }, { lon: 127.403 }, { lon: null }, { occurred_at: at(11) }, { is_drill: true }, { kind: { class: "fire" } }]) {
    assert.equal(possiblySame(one, { ...near, ...change }), false, JSON.stringify(change));
  }
  const unclassed = { class: "other" };
  assert.equal(possiblySame({ ...one, kind: unclassed }, { ...near, kind: unclassed }), false);
});

test("selecting a most urgent incident connects its best camera, once a minute", () => {
  const asked = [];
  const wired = (mayWatch) => new Prefetch({ url: (id) => `/${id}/`, mayWatch, post: async (url, body) => asked.push([url, body.incident]) });
  const urgent = { id: "a", priority: 1, cameras: [{ id: 7 }, { id: 8 }] };
  const prefetch = wired(true);
  prefetch.selected({ ...urgent, priority: 2 });
  prefetch.selected({ ...urgent, cameras: [] });
  wired(false).selected(urgent);
  assert.deepEqual(asked, []);
  prefetch.selected(urgent);
  prefetch.selected(urgent);
  prefetch.selected({ ...urgent, id: "b" });
  assert.deepEqual(asked, [["/7/", "a"], ["/7/", "b"]]);
});

test("a picture by WebRTC is owed since connection and live source stand, not while the camera has none", () => {
  const known = { connectedAt: 500, liveSince: 4000, lastFrameAt: null };
  assert.equal(owedSince(known), 4000);
  assert.equal(owedSince({ ...known, liveSince: 100 }), 500);
  assert.equal(owedSince({ ...known, lastFrameAt: 9000 }), 9000);
  assert.equal(owedSince({ ...known, liveSince: null }), null);
  assert.equal(owedSince({ ...known, connectedAt: null }), null);
});
