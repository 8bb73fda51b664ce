/** The agency pages work without a script; this adds the theme and choosing all at once. */

import { applyTheme, otherTheme } from "../console/preferences.js";
import { byId } from "../lib/dom.js";

byId("theme-toggle").addEventListener("click", () => applyTheme(otherTheme()));

const all = /** @type {HTMLInputElement | null} */ (document.getElementById("choose-all"));
const boxes = /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("input[name=ids][type=checkbox]"));
all?.addEventListener("change", () => {
  for (const box of boxes) {
    box.checked = all.checked;
  }
});
