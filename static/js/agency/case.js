/** An agency's viewer page: what of its case may be watched now, with each grant's clock. */

import { Pads } from "./pads.js";
import { LiveWall } from "../patrol/live_wall.js";
import { byId, h, setText, show } from "../lib/dom.js";
import { clock } from "../lib/format.js";
import { csrfToken, getJson } from "../lib/http.js";
import { t } from "../lib/text.js";

const config = JSON.parse(byId("config").textContent ?? "{}");
const ASK_MS = 2000;
/** Without an answer for so long no picture stays: its end could not be heard. */
const SILENT_MS = 10000;

const wall = new LiveWall({
  list: byId("live"),
  none: byId("live-none"),
  base: config.cameras,
  csrfToken: csrfToken(),
  onToggle: () => pads.follow(streams, askedAt),
});
const pads = new Pads({ playing: (grant) => wall.playing(grant), base: config.cameras, now: () => Date.now() + ahead });
let streams = [];
let askedAt = -Infinity;
let heardAt = performance.now();
/** How far the server's clock is ahead of this one. */
let ahead = 0;

function draw(found) {
  ahead = Date.parse(found.now) - Date.now();
  setText(byId("kind"), found.case.kind);
  setText(byId("urgency"), found.case.urgency ? t("Code %(code)s", { code: found.case.urgency }) : "");
  show(byId("urgency"), Boolean(found.case.urgency));
  show(byId("drill"), found.case.is_drill);
  streams = found.streams;
  wall.draw(streams);
  pads.follow(streams, askedAt);
  drawEnded(found.ended);
}

function drawEnded(ended) {
  const shown = ended.map((one) => one.grant).join(" ");
  if (byId("ended").dataset.shown !== shown) {
    byId("ended").dataset.shown = shown;
    byId("ended").replaceChildren(...ended.map((one) => h("li", null, `${clock(one.at)} · ${one.name}: ${one.why}`)));
    show(byId("ended-card"), ended.length > 0);
  }
}

async function ask() {
  try {
    const began = performance.now();
    const found = await getJson(config.now);
    askedAt = began;
    draw(found);
    heardAt = performance.now();
  } catch (error) {
    if ([401, 403, 404].includes(error.status)) {
      hideAll();
      location.reload();
      return;
    }
  }
  tick();
  setTimeout(ask, ASK_MS);
}

function tick() {
  const at = Date.now() + ahead;
  setText(byId("clock"), clock(at));
  wall.tick(at);
  const silent = performance.now() - heardAt > SILENT_MS;
  show(byId("silent"), silent);
  if (silent) {
    setText(byId("silent"), t("No connection: the pictures are hidden."));
    hideAll();
  }
}

function hideAll() {
  streams = [];
  wall.clear();
  pads.follow(streams, askedAt);
}

setInterval(tick, 1000);
ask();
