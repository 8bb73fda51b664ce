/** The pages work without a script; this adds the theme and follows a machine at work. */

import { applyTheme, otherTheme } from "../console/preferences.js";
import { byId } from "../lib/dom.js";
import { getJson } from "../lib/http.js";

const EVERY_MS = 1500;

byId("theme-toggle").addEventListener("click", () => applyTheme(otherTheme()));

const card = document.getElementById("progress");
if (card) {
  follow(card);
}

/** @param {HTMLElement} shown */
function follow(shown) {
  const bar = /** @type {HTMLProgressElement} */ (shown.querySelector("progress"));
  const part = (name) => /** @type {HTMLElement} */ (shown.querySelector(`[data-part=${name}]`));
  const timer = setInterval(async () => {
    let now;
    try {
      now = await getJson(shown.dataset.url ?? "");
    } catch {
      return; // asked again soon
    }
    if (now.state !== shown.dataset.state && !(now.working && shown.dataset.state === "approved")) {
      clearInterval(timer);
      location.reload();
      return;
    }
    bar.value = now.percent;
    part("percent").textContent = `${now.percent} %`;
    part("label").textContent = now.label;
  }, EVERY_MS);
}
