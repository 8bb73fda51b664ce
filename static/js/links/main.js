/** The link console's composition root: reads the configuration, wires the parts, nothing else. */

import { applyTheme, otherTheme } from "../console/preferences.js";
import { linkState } from "../console/labels.js";
import { Feed } from "../console/feed.js";
import { openDialog } from "../lib/dialog.js";
import { byId, h } from "../lib/dom.js";
import { getJson } from "../lib/http.js";
import { listen } from "../lib/keyboard.js";
import { announce } from "../lib/notices.js";
import { recall, remember } from "../lib/storage.js";
import { t } from "../lib/text.js";
import { Timers } from "../lib/timers.js";
import { number } from "../lib/format.js";
import { Phone } from "../phone/phone.js";
import { Deeds } from "./deeds.js";
import { Matrix } from "./matrix.js";
import { Message } from "./message.js";
import { STATES, stateShape } from "./states.js";
import { LinksStore } from "./store.js";
import { Traffic } from "./traffic.js";
import { Watch } from "./watch.js";

const SOON_MS = 250;
const EVERY_MS = 15000;
const config = JSON.parse(byId("config").textContent ?? "{}");
const { urls, may } = config;
const store = new LinksStore();
const timers = new Timers();

const deeds = new Deeds({ url: urls.links, replayUrl: urls.replay, now: () => watch.now(), onDone: () => soon(), onTested: (link) => (open(link), traffic.turn("out")) });
const message = new Message({ url: urls.links, may, onReplay: (link, ids) => deeds.replay(link, ids) });
const traffic = new Traffic({
  url: urls.links,
  choices: config.choices,
  may,
  getJson,
  onMessage: (link, row) => message.open(link, row),
  onChosen: (ids) => {
    chosen = ids;
  },
});
const matrix = new Matrix({
  may,
  now: () => watch.now(),
  onOpen: (link) => open(link),
  onReplay: (link) => deeds.replay(link),
  onPause: (link) => deeds.pause(link),
  onAskAgain: (link) => deeds.askAgain(link),
  onTest: (link) => deeds.test(link),
  stateName: (state) => config.choices.out.find((one) => one.value === state)?.label ?? state,
  onPhone: (link) => phone?.open(link.code),
});
const watch = new Watch({ onTick: () => matrix.tick() });
/** @type {string[]} */
let chosen = [];

function open(link) {
  message.shut();
  traffic.open(link);
}

const phone = may.phone ? new Phone({ url: urls.phone, centre: config.name, now: () => watch.now() }) : null;

function counts(links) {
  const held = STATES.map((state) => [state, links.filter((link) => link.state === state).length]).filter(([state, n]) => n || state === "up");
  byId("link-counts").replaceChildren(...held.map(([state, n]) => h("li", { class: "count", "data-state": state }, stateShape(String(state)), h("span", null, linkState(state)), h("span", { class: "count-value number" }, number(n)))));
}

/** Told by name when a link's state changes, as a screen reader's user hears it. */
function say(facts) {
  const names = new Map(store.state.links.map((link) => [link.code, link.agency.name]));
  const told = facts.filter((fact) => fact.kind === "link.state").map((fact) => `${names.get(fact.data.link) ?? fact.data.link}: ${linkState(fact.data.state)}`);
  if (told.length) {
    announce(told.join(". "));
  }
}

store.onLinks = (links) => {
  matrix.update(links);
  counts(links);
};
store.onFacts = (facts) => {
  say(facts);
  soon();
  if (facts.some((fact) => fact.kind.startsWith("phone."))) {
    phone?.refresh();
  }
};

/** Read the matrix soon; a hundred facts cost one reading. */
function soon() {
  if (!timers.has("soon")) {
    timers.set("soon", SOON_MS, refresh);
  }
}

async function refresh() {
  timers.set("regular", EVERY_MS, refresh);
  try {
    const { links } = await getJson(urls.snapshot);
    store.replace(links);
    traffic.touch(links);
    await message.refresh();
  } catch {
    // The freshness light already tells of a lost server; the last known rows stay.
  }
}

const feed = new Feed({ urls, store, getJson, onCondition: (condition) => watch.condition(condition), onHeard: (at) => watch.heard(at) });

function back() {
  if (message.isOpen) {
    message.shut();
    byId(`traffic-${traffic.direction}`).focus();
  } else if (traffic.isOpen) {
    traffic.shut();
    matrix.focus();
  } else {
    document.getElementById("to-console")?.click();
  }
}

const onLink = (run) => () => matrix.link && run(matrix.link);
const commands = [
  { stroke: "KeyJ", keys: "J", label: t("Next link"), run: () => matrix.step(1) },
  { stroke: "KeyK", keys: "K", label: t("Previous link"), run: () => matrix.step(-1) },
  { stroke: "Enter", keys: "Enter", label: t("Messages of the link"), run: onLink(open) },
  { stroke: "KeyO", keys: "O", label: t("Sent to the agency"), run: onLink((link) => (traffic.isOpen || open(link), traffic.turn("out"))) },
  { stroke: "KeyI", keys: "I", label: t("Received from the agency"), run: onLink((link) => (traffic.isOpen || open(link), traffic.turn("in"))) },
  { stroke: "KeyF", keys: "F", label: t("Filter messages"), run: onLink((link) => (traffic.isOpen || open(link), byId("traffic-case").focus())) },
  { stroke: "KeyR", keys: "R", label: t("Send again what was given up or is chosen"), run: onLink((link) => may.act && deeds.replay(link, chosen)) },
  { stroke: "KeyP", keys: "P", label: t("Pause or resume the link"), run: onLink((link) => may.act && link.state !== "suspended" && !link.kept_by && deeds.pause(link)) },
  { stroke: "Shift+KeyT", keys: "Shift+T", label: t("Send a test message"), run: onLink((link) => may.act && link.state !== "suspended" && link.directions[0].used && deeds.test(link)) },
  { stroke: "Shift+KeyR", keys: "Shift+R", label: t("Ask for everything again"), run: onLink((link) => may.ask && link.state !== "suspended" && link.directions.every((way) => way.used) && deeds.askAgain(link)) },
  { stroke: "KeyT", keys: "T", label: t("Phone the agency"), run: onLink((link) => phone?.open(link.code)) },
  { stroke: "Shift+KeyP", keys: "Shift+P", label: t("Telephone tasks"), run: () => phone?.open() },
  { stroke: "Escape", keys: "Esc", label: t("Back one level"), run: back },
  { stroke: "Shift+Slash", keys: "?", label: t("This list"), run: () => openDialog(/** @type {HTMLDialogElement} */ (byId("help-dialog"))) },
];
let keysOn = recall("keys") !== "off";
listen(new Map(commands.map((command) => [command.stroke, command.run])), () => keysOn);
byId("keys").append(...commands.map((command) => h("div", null, h("dt", null, h("kbd", null, command.keys)), h("dd", null, command.label))));
const keysBox = /** @type {HTMLInputElement} */ (byId("keys-enabled"));
keysBox.checked = keysOn;
keysBox.addEventListener("change", () => {
  keysOn = keysBox.checked;
  remember("keys", keysOn ? null : "off");
});

byId("theme-toggle").addEventListener("click", () => applyTheme(otherTheme()));
byId("help-open").addEventListener("click", () => openDialog(/** @type {HTMLDialogElement} */ (byId("help-dialog"))));
byId("traffic-shut").addEventListener("click", back);
addEventListener("pagehide", () => {
  feed.close();
  timers.clearAll();
});
timers.set("regular", EVERY_MS, refresh);
feed.open();
phone?.start();
