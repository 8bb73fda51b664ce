/** A police terminal's page: asks what is shared with it, draws it, and takes it away at the end. */

import { byId, setText, show } from "../lib/dom.js";
import { clock } from "../lib/format.js";
import { getJson } from "../lib/http.js";
import { t } from "../lib/text.js";
import { CaseView } from "./case_view.js";
import { LiveWall } from "./live_wall.js";
import { StillWall } from "./still_wall.js";

const config = JSON.parse(byId("config").textContent ?? "{}");
const ASK_MS = 2000;
/** Without an answer for so long no picture stays: its withdrawal could not be heard. */
const SILENT_MS = 10000;

const wall = new LiveWall({ list: byId("live"), none: byId("live-none"), base: config.cameras });
const stills = new StillWall({ card: byId("stills-card"), list: byId("stills"), base: config.stills });
const view = new CaseView();
let heardAt = performance.now();
/** How far the server's clock is ahead of this one. */
let ahead = 0;
let shared = null;

const now = () => Date.now() + ahead;

function endText(reason) {
  return (
    {
      agency_close: t("The 112 room has closed the case."),
      taken_back: t("The 112 room has taken the case back."),
      unit_left: t("The unit has left the case."),
      incident_ended: t("The incident has ended."),
      expired: t("Its time has run out."),
      revoked: t("The centre has withdrawn it."),
      replaced: t("Another case was shared with this terminal."),
      terminal: t("This terminal was retired or enrolled anew."),
      link_stopped: t("The link to the centre is stopped."),
    }[reason] ?? ""
  );
}

function hidePictures() {
  wall.clear();
  stills.clear();
}

function clear(reason) {
  shared = null;
  hidePictures();
  view.clear();
  show(byId("case"), false);
  show(byId("left"), false);
  show(byId("idle"), true);
  setText(byId("idle-title"), reason ? t("The share has ended") : t("No case is shared with this terminal"));
  setText(byId("idle-text"), reason ? endText(reason) : t("When the 112 room shares one, it appears here by itself."));
}

function draw(found) {
  ahead = Date.parse(found.now) - Date.now();
  shared = found.share;
  show(byId("idle"), false);
  show(byId("case"), true);
  show(byId("left"), true);
  view.draw(found, now());
  stills.draw(found.stills ?? []);
  wall.draw(found.streams ?? []);
}

async function ask() {
  try {
    const found = await getJson(config.now);
    heardAt = performance.now();
    draw(found);
  } catch (error) {
    if (error.status === 401) {
      clear("terminal");
      location.reload();
      return;
    }
    if (error.status === 403) {
      heardAt = performance.now();
      clear(error.fields.reason?.[0] ?? "");
    }
  }
  tick();
  setTimeout(ask, ASK_MS);
}

function tick() {
  const at = now();
  setText(byId("clock"), clock(at));
  wall.tick(at);
  stills.tick(at, `${config.number} ${shared?.unit ?? ""} · ${config.agency}`);
  const silent = performance.now() - heardAt > SILENT_MS;
  show(byId("silent"), silent);
  if (silent) {
    setText(byId("silent"), t("No connection: pictures are hidden, what is written is of %(time)s.", { time: clock(at - (performance.now() - heardAt)) }));
    hidePictures();
  }
  if (shared) {
    const leftS = Math.ceil((Date.parse(shared.until) - at) / 1000);
    if (leftS <= 0) {
      clear("expired");
      return;
    }
    const minutes = Math.floor(leftS / 60);
    setText(byId("left-time"), `${minutes}:${String(leftS % 60).padStart(2, "0")}`);
    view.tick(at);
  }
}

setInterval(tick, 1000);
ask();
