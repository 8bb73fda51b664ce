/** A screen on the wall: asks every two seconds, draws, says when it is stale, and heals by itself. */

import { byId, setText, show } from "../lib/dom.js";
import { clock } from "../lib/format.js";
import { getJson } from "../lib/http.js";
import { t } from "../lib/text.js";
import { Board } from "./board.js";
import { Figures } from "./figures.js";
import { Pictures } from "./pictures.js";
import { WallMap } from "./wall_map.js";

const config = JSON.parse(byId("config").textContent ?? "{}");
const ASK_MS = 2000;
/** What is older than this never looks live. */
const STALE_MS = 10000;
/** A page that lives for months is begun anew, in a quiet hour, so that nothing piles up. */
const LIVES_MS = 12 * 3600 * 1000;
const HEAL_MS = 30000;

const board = new Board();
const figures = new Figures();
const pictures = new Pictures({ base: config.cameras });
const map = config.layout === "map" ? new WallMap(byId("map"), config) : null;
const born = performance.now();
let heardAt = performance.now();
/** How far the server's clock is ahead of this one. */
let ahead = 0;
let incidents = [];

const now = () => Date.now() + ahead;

function draw(found) {
  ahead = Date.parse(found.now) - Date.now();
  if (found.layout !== config.layout) {
    location.reload();
    return;
  }
  incidents = found.incidents;
  board.draw(found, now());
  figures.draw(found.figures, now());
  pictures.draw(found.pictures);
  map?.draw(incidents);
}

async function ask() {
  try {
    const found = await getJson(config.now);
    heardAt = performance.now();
    draw(found);
  } catch (error) {
    if (error.status === 401) {
      location.reload();
      return;
    }
  }
  tick();
  setTimeout(ask, ASK_MS);
}

function tick() {
  const at = now();
  setText(byId("clock"), clock(at));
  const silentMs = performance.now() - heardAt;
  const isStale = silentMs > STALE_MS;
  document.body.toggleAttribute("data-stale", isStale);
  show(byId("silent"), isStale);
  if (isStale) {
    pictures.clear();
    setText(byId("silent"), t("No connection: what stands here is of %(time)s.", { time: clock(at - silentMs) }));
  }
  setText(byId("fresh"), isStale ? t("Stale") : t("Live"));
  board.tick(at);
  pictures.tick();
  if (performance.now() - born > LIVES_MS && !incidents.length) {
    location.reload();
  }
}

/** Whatever breaks, the page is begun anew; not at once, so that a lasting fault does not spin. */
function heal() {
  setTimeout(() => location.reload(), HEAL_MS);
}

addEventListener("error", heal);
addEventListener("unhandledrejection", heal);
setInterval(tick, 1000);
ask();
