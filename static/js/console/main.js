/** The console's composition root: reads the configuration, wires the parts, nothing else. */

import { byId, icon } from "../lib/dom.js";
import { openDialog } from "../lib/dialog.js";
import { getJson, postJson } from "../lib/http.js";
import { announce, announceUrgent, toast } from "../lib/notices.js";
import { t } from "../lib/text.js";
import { Actions } from "./actions.js";
import { Commands } from "./commands.js";
import { Desk } from "./desk.js";
import { Search } from "./dialogs/search.js";
import { Sites } from "./dialogs/sites.js";
import { ExchangesStore } from "./exchanges_store.js";
import { Feed } from "./feed.js";
import { mountDisaster } from "./disaster.js";
import { mountFire119 } from "./fire119.js";
import { OperationsMap } from "./map/map.js";
import { IncidentPanel } from "./panels/incident.js";
import { Links } from "./panels/links.js";
import { StandingAlarms } from "./panels/standing_alarms.js";
import { Strips } from "./panels/strips.js";
import { Topbar } from "./panels/topbar.js";
import { VideoWall } from "./panels/video_wall.js";
import { mountPolice112 } from "./police112.js";
import { mountRecorded } from "./recorded.js";
import { mountRoads } from "./roads.js";
import { applyTheme, otherTheme } from "./preferences.js";
import { mountSame } from "./same.js";
import { mountStills } from "./stills.js";
import { Store } from "./store.js";
import { Phone } from "../phone/phone.js";
import { Vigil } from "./vigil.js";
import { mountVideo } from "./video.js";

const config = JSON.parse(byId("config").textContent ?? "{}");
const { urls } = config;
const mayWatch = config.rights.includes("video_watch");
const store = new Store();
const topbar = new Topbar(config);
const vigil = new Vigil({ store, topbar });

const strips = new Strips({
  me: config.user.id,
  onOpen: (id) => desk.open(id),
  onSelect: (id) => desk.select(id),
  onSeen: (id) => exchanges.want(id),
});
const panel = new IncidentPanel({
  onVerb: (verb) => desk.verb(verb),
  onCamera: (id) => desk.camera(id),
  onIncident: (id) => desk.open(id),
  onNote: async (text) => desk.took(await postJson(actions.url(panel.feature.id, "note"), { text })),
  now: () => vigil.now(),
});
const map = new OperationsMap(byId("map"), {
  centre: config.centre ?? [127.5, 36.5],
  onIncident: (id) => desk.open(id),
  onSites: (found) => sites.open(found),
  onCamera: (id) => desk.camera(id),
  onCircle: (circle) => searchCircle(circle),
});
const wall = new VideoWall({
  mountVideo,
  ticketUrl: (id) => `${urls.cameras}${id}/ticket/`,
  onStill: (camera) => stills.take(camera),
  onRecorded: (camera) => recorded.look(camera),
  onChange: (open) => panel.detail && map.cameras.show(panel.detail.cameras.picks, panel.detail, open),
});
const actions = new Actions({ config, incidents: () => store.state.incidents.values(), mapCentre: () => map.centre(), onDetail: (detail) => onDetail(detail) });
const exchanges = new ExchangesStore({
  url: (id) => `${urls.exchanges}${id}/exchanges/`,
  getJson,
  onExchanges: (id, list) => {
    strips.showSteps(id, list ?? []);
    if (panel.feature?.id === id) {
      panel.showExchanges(list);
    }
  },
});
const desk = new Desk({ store, strips, panel, map, wall, actions, exchanges, mayWatch });
const sites = new Sites({ url: urls.site, mayWatch, onWatch: (cameras) => watch(cameras) });
const links = new Links(urls.links, getJson);
const alarms = new StandingAlarms({
  url: urls.alarms,
  rights: config.rights,
  now: () => vigil.now(),
  onNew: (alarm, text) => vigil.systemAlarm(alarm.severity, text),
});
const phone = new Phone({ url: urls.phone, centre: config.name, now: () => vigil.now(), onRing: (waiting, fresh) => vigil.ring(waiting, fresh) });

/** A camera from the map: for the open incident, else for a purpose that is put on record. */
function watch(cameras) {
  if (panel.feature) {
    desk.watch(panel.feature, cameras);
  } else {
    actions.askPurpose(cameras[0].name, (purpose) => desk.watch(null, cameras, purpose));
  }
}

function onDetail(detail) {
  if (!panel.isOpen && !store.state.incidents.has(detail.id)) {
    desk.open(detail.id);
  }
  desk.took(detail);
}

async function searchCircle(circle) {
  try {
    const found = await postJson(urls.search, { type: "circle", ...circle });
    sites.openFound(t("Cameras within %(n)s m", { n: circle.radius_m }), found);
  } catch (error) {
    toast(error.message, { bad: true });
  } finally {
    map.circle.clear();
    byId("map-circle").setAttribute("aria-pressed", "false");
  }
}

store.subscribe((changes, state) => {
  strips.update(state.incidents);
  map.incidents.update(state.incidents);
  topbar.count(state.incidents.values());
  desk.changed(changes);
  vigil.changed(changes);
  for (const fact of changes.facts) {
    const about = fact.data?.incident?.id ?? fact.data?.incident_id ?? (fact.subject?.kind === "incident" ? fact.subject.id : null);
    if (about && fact.kind !== "fire119.positions" && (state.incidents.has(about) || panel.feature?.id === about)) {
      exchanges.touch(about);
    }
    if (fact.kind.startsWith("phone.")) {
      phone.refresh();
    }
    if (fact.kind.startsWith("link")) {
      links.refresh();
    }
    if (fact.kind.startsWith("alarm.")) {
      alarms.touch();
    }
  }
});

const fire119 = mountFire119({ config, store, map, desk, now: () => vigil.now() });
const disaster = mountDisaster({ config, store, map, desk, now: () => vigil.now(), alarm: (severity, text) => vigil.systemAlarm(severity, text) });
desk.tour = (id) => disaster.tour(id);
const recorded = mountRecorded({ config, wall });
const stills = mountStills({ config, store, wall, now: () => vigil.now() });
mountPolice112({ config, store, map, vigil, stills, onIncident: (id) => desk.open(id) });
mountRoads({ config, store, map, desk, sites, now: () => vigil.now() });
const same = mountSame({ config, store, strips, onIncident: (id) => desk.open(id), now: () => vigil.now() });

const feed = new Feed({ urls, store, getJson, onCondition: (condition) => vigil.condition(condition), onHeard: (at) => vigil.heard(at) });

const search = new Search({
  url: urls.search,
  incidents: () => store.state.incidents.values(),
  commands: () => commands.named(),
  onIncident: (id) => desk.open(id),
  onSite: (site) => {
    map.goTo(site, { close: true });
    sites.open([site]);
  },
});

function centre() {
  const feature = panel.feature ?? desk.feature();
  if (feature && feature.lon !== null) {
    map.goTo(feature, { close: true });
  } else if (!feature || !disaster.frame(feature.id)) {
    map.goHome();
  }
}

function drawCircle() {
  map.circle.toggle();
  byId("map-circle").setAttribute("aria-pressed", String(map.circle.isOn));
  if (map.circle.isOn) {
    announce(t("Press on the map and drag to draw a circle"));
  }
}

function create() {
  if (actions.mayWork) {
    actions.create();
  } else {
    announce(t("Read only"));
  }
}

const runs = {
  next: () => desk.step(1),
  previous: () => desk.step(-1),
  acknowledge: () => desk.acknowledge(),
  claim: () => desk.verb("claim"),
  open: () => desk.open(),
  note: async () => {
    await (panel.isOpen ? null : desk.open());
    panel.notes.focus();
  },
  video: () => desk.video(),
  way: () => fire119.watch(),
  same: async () => {
    await (panel.isOpen ? null : desk.open());
    await same.focus();
  },
  enlarge: (event) => wall.enlarge(Number(event?.code.at(-1)) - 1),
  still: () => stills.take(),
  recorded: () => recorded.look(),
  stop: () => wall.stop(),
  centre,
  filter: () => strips.focusFilter(),
  search: () => search.open(),
  offer: () => desk.verb("offer"),
  create,
  links: () => byId("links-open").click(),
  phone: () => phone.open(),
  texts: () => disaster.texts(),
  alerts: () => disaster.alerts(),
  silence: () => vigil.silence(),
  back: () => desk.back(),
  help: () => commands.showHelp(),
};
const commands = new Commands(runs);

const presses = {
  "new-incident": create,
  "search-open": runs.search,
  "help-open": runs.help,
  silence: runs.silence,
  "incident-shut": () => desk.shut(),
  "video-open": runs.video,
  "video-stop": runs.stop,
  "map-in": () => map.zoom(1),
  "map-out": () => map.zoom(-1),
  "map-centre": centre,
  "map-home": () => map.goHome(),
  "map-circle": drawCircle,
  "sound-toggle": () => vigil.toggleSound(),
  "sound-alarm": () => vigil.unlock(),
  "theme-toggle": () => {
    applyTheme(otherTheme());
    map.repaint();
    fire119.repaint();
    disaster.repaint();
  },
};
for (const [id, press] of Object.entries(presses)) {
  byId(id).addEventListener("click", () => press());
}
byId("new-incident").hidden = !actions.mayWork;

vigil.wire({
  onUrgent: (feature, text) => announceUrgent(text),
  onOther: (text) => announce(text),
  onTick: (now) => strips.tick(now),
  onSoundIcon: (name) => byId("sound-toggle").replaceChildren(icon(name)),
  onEnded: (title, text) => {
    byId("ended-title").textContent = title;
    byId("ended-text").textContent = text;
    openDialog(/** @type {HTMLDialogElement} */ (byId("ended-dialog")));
  },
});

async function loadMap() {
  const readSites = (document_) => document_.sites.map(([id, lon, lat, count, health, purpose, name]) => ({ id, lon, lat, count, health, purpose, name }));
  const tasks = [
    getJson(urls.boundary).then((collection) => map.showBoundary(collection)),
    getJson(urls.basemap).then((collection) => map.showBase(collection)),
    getJson(urls.sites).then((document_) => map.sites.load(readSites(document_))),
  ];
  const results = await Promise.allSettled(tasks);
  if (results.some((result) => result.status === "rejected")) {
    byId("map-note").textContent = t("A part of the map could not be loaded. Incidents are complete.");
  }
}

addEventListener("pagehide", () => {
  feed.close();
  wall.stop();
});
feed.open();
links.start();
alarms.start();
phone.start();
loadMap();
/** For measuring from outside: how long painting took, how many sites there are. */
globalThis.controlroom = Object.freeze({ paintMs: () => [...map.sites.paintMs], siteCount: () => map.sites.count });
