/** Telling people: toasts that fade, and words for screen readers. */

import { byId, h, setText } from "./dom.js";

const TOAST_MS = 6000;
const UNDO_MS = 10000;
const POLITE_EVERY_MS = 3000;

let politeAt = -Infinity;
let politeTimer = 0;

/** A new urgent incident: interrupts. */
export function announceUrgent(text) {
  setText(byId("announce-urgent"), text);
}

/** Everything else waits its turn, at most once in three seconds; the newest wins. */
export function announce(text) {
  clearTimeout(politeTimer);
  const wait = Math.max(0, politeAt + POLITE_EVERY_MS - performance.now());
  politeTimer = setTimeout(() => {
    politeAt = performance.now();
    setText(byId("announce"), text);
  }, wait);
}

/**
 * Show a line below; with an undo it stays ten seconds.
 * @param {string} text
 * @param {{bad?: boolean, undo?: {label: string, run: () => void}}} [options]
 */
export function toast(text, { bad = false, undo } = {}) {
  const line = h("div", { class: `toast${bad ? " toast-bad" : ""}`, role: bad ? "alert" : "status" }, h("span", null, text));
  if (undo) {
    const press = () => {
      line.remove();
      undo.run();
    };
    line.append(h("button", { class: "button button-small", type: "button", onclick: press }, undo.label));
  }
  const box = byId("toasts");
  box.append(line);
  while (box.children.length > 3) {
    box.firstElementChild?.remove();
  }
  setTimeout(() => line.remove(), undo ? UNDO_MS : TOAST_MS);
}
