import assert from "node:assert/strict";
import { test } from "node:test";

import { moves, presetOf, speeds } from "../../static/js/console/ptz_keys.js";

test("keys that are down together turn and zoom together; opposites stand still", () => {
  assert.deepEqual(speeds(["ArrowRight", "ArrowUp", "NumpadAdd"], false), { pan: 0.7, tilt: 0.7, zoom: 0.7 });
  assert.deepEqual(speeds(["Numpad7"], true), { pan: -0.2, tilt: 0.2, zoom: 0 });
  assert.equal(speeds(["ArrowLeft", "ArrowRight"], false), null);
  assert.equal(speeds([], false), null);
});

test("a camera is moved by the place of a key, never by a letter", () => {
  assert.ok(moves("Minus") && moves("NumpadSubtract") && moves("Equal"));
  assert.ok(!moves("KeyA") && !moves("Digit1") && !moves("Home"));
});

test("presets are Alt with a digit and nothing else", () => {
  const stroke = { code: "Digit3", altKey: true, ctrlKey: false, metaKey: false };
  assert.equal(presetOf(stroke), 3);
  assert.equal(presetOf({ ...stroke, altKey: false }), 0);
  assert.equal(presetOf({ ...stroke, ctrlKey: true }), 0);
  assert.equal(presetOf({ ...stroke, code: "KeyA" }), 0);
});
