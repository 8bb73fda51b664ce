/** The desk where a person looks the boxes of a film over: drawn, moved, timed, removed, saved. */

import { byId, h, show } from "../lib/dom.js";
import { postJson } from "../lib/http.js";
import { t } from "../lib/text.js";
import { added, between, nudged, placed, round, rows, standing } from "./shapes.js";

const config = JSON.parse(byId("config").textContent ?? "{}");
const film = /** @type {HTMLVideoElement} */ (byId("film"));
const seek = /** @type {HTMLInputElement} */ (byId("seek"));
const layer = byId("layer");
/** @type {import("./shapes.js").Box[]} */
let boxes = config.boxes;
let chosen = null;
let version = config.version;
let isSaved = true;

const KINDS = { face: t("face"), plate: t("plate"), "person-added": t("added by a person") };
const lengthOf = () => (Number.isFinite(film.duration) ? film.duration : config.length_s);

function say(text, isFault = false) {
  const said = byId("said");
  said.textContent = text;
  said.classList.toggle("said-error", isFault);
  show(said, Boolean(text));
}

function changed() {
  isSaved = false;
  draw();
}

function replace(box, by) {
  boxes = boxes.map((one) => (one === box ? by : one));
  chosen = by;
  changed();
}

function remove(box) {
  boxes = boxes.filter((one) => one !== box);
  chosen = null;
  changed();
}

function add(area) {
  chosen = added(area, film.currentTime, lengthOf());
  boxes = [...boxes, chosen];
  changed();
}

function choose(box) {
  chosen = box;
  if (film.currentTime < box.at_s || film.currentTime > box.until_s) {
    film.currentTime = box.at_s;
  }
  draw();
}

// --- the picture ---------------------------------------------------------------------------
function pointOf(event) {
  const frame = layer.getBoundingClientRect();
  return { x: (event.clientX - frame.left) / frame.width, y: (event.clientY - frame.top) / frame.height };
}

/** Follow the pointer until it is let go. */
function drag(event, moved, ended = () => {}) {
  const from = pointOf(event);
  const move = (next) => moved(from, pointOf(next));
  const end = (last) => {
    layer.removeEventListener("pointermove", move);
    layer.removeEventListener("pointerup", end);
    layer.removeEventListener("pointercancel", end);
    ended(from, pointOf(last));
  };
  layer.setPointerCapture(event.pointerId);
  layer.addEventListener("pointermove", move);
  layer.addEventListener("pointerup", end);
  layer.addEventListener("pointercancel", end);
  event.preventDefault();
}

layer.addEventListener("pointerdown", (event) => {
  if (!config.editable || event.button !== 0) {
    return;
  }
  film.pause();
  const target = /** @type {HTMLElement} */ (event.target);
  const held = boxes[Number(target.closest(".boxes-box")?.getAttribute("data-index") ?? -1)];
  if (!held) {
    drag(event, () => {}, (from, to) => {
      const area = between(from, to);
      if (area.width > 0.005 && area.height > 0.005) {
        add(area);
      }
    });
    return;
  }
  const resize = target.tagName === "I";
  choose(held);
  drag(event, (from, to) => {
    const [dx, dy] = [to.x - from.x, to.y - from.y];
    const next = resize ? { ...held, width: held.width + dx, height: held.height + dy } : { ...held, x: held.x + dx, y: held.y + dy };
    replace(chosen, placed(next));
  });
});

layer.addEventListener("keydown", (event) => {
  const box = boxes[Number(/** @type {HTMLElement} */ (event.target).getAttribute("data-index") ?? -1)];
  if (!box || !config.editable) {
    return;
  }
  const next = nudged(box, event.key, event.shiftKey);
  if (next) {
    replace(box, next);
  } else if (event.key === "Delete" || event.key === "Backspace") {
    remove(box);
  } else {
    return;
  }
  event.preventDefault();
  /** @type {HTMLElement | null} */ (layer.querySelector('[aria-pressed="true"]'))?.focus();
});

// --- drawing -------------------------------------------------------------------------------
function boxShown(box) {
  const index = boxes.indexOf(box);
  const shown = h("button", {
    type: "button",
    class: "boxes-box",
    "data-index": index,
    "aria-pressed": String(box === chosen),
    "aria-label": t("Box %(number)s: %(kind)s", { number: index + 1, kind: KINDS[box.kind] ?? box.kind }),
    onfocus: () => box !== chosen && choose(box),
  }, h("i", null));
  for (const [name, value] of Object.entries({ left: box.x, top: box.y, width: box.width, height: box.height })) {
    shown.style[name] = `${value * 100}%`;
  }
  return shown;
}

function rowShown(box, index) {
  const time = (name, label) =>
    h("input", {
      class: "input",
      type: "number",
      step: 0.1,
      min: 0,
      value: round(box[name]),
      disabled: !config.editable,
      "aria-label": t("%(what)s of box %(number)s, in seconds", { what: label, number: index + 1 }),
      onchange: (event) => replace(box, { ...box, [name]: Number(event.target.value) }),
    });
  return h("li", { class: box === chosen ? "is-chosen" : "" },
    h("button", { class: "button button-small", type: "button", onclick: () => choose(box) }, `${index + 1} · ${KINDS[box.kind] ?? box.kind}`),
    time("at_s", t("Begin")), "–", time("until_s", t("End")),
    config.editable && h("button", { class: "button button-small button-quiet", type: "button", onclick: () => remove(box), "aria-label": t("Remove box %(number)s", { number: index + 1 }) }, "✕"));
}

function draw() {
  drawMoment();
  byId("list").replaceChildren(...boxes.map(rowShown));
  byId("count").textContent = String(boxes.length);
  show(byId("none"), boxes.length === 0);
  const line = rows(boxes);
  const bars = boxes.map((box, index) => {
    const bar = h("span", { class: box === chosen ? "is-chosen" : "" });
    bar.style.left = `${(100 * box.at_s) / lengthOf()}%`;
    bar.style.width = `${(100 * (box.until_s - box.at_s)) / lengthOf()}%`;
    bar.style.top = `${2 + (line[index] % 6) * 6}px`;
    return bar;
  });
  byId("timeline").replaceChildren(...bars, h("b", { id: "now" }));
  drawMoment();
}

/** Draw what changes with the time alone. */
function drawMoment() {
  const focused = layer.contains(document.activeElement);
  layer.replaceChildren(...standing(boxes, film.currentTime).map(boxShown));
  if (focused) {
    /** @type {HTMLElement | null} */ (layer.querySelector('[aria-pressed="true"]'))?.focus();
  }
  byId("clock").textContent = `${film.currentTime.toFixed(1)} s`;
  seek.value = String(film.currentTime);
  const now = document.getElementById("now");
  if (now) {
    now.style.left = `${(100 * film.currentTime) / lengthOf()}%`;
  }
}

// --- the tools -----------------------------------------------------------------------------
const step = (seconds) => {
  film.pause();
  film.currentTime = Math.min(Math.max(0, film.currentTime + seconds), lengthOf());
};
const toggle = () => (film.paused ? film.play() : film.pause());
const here = () => config.editable && add({ x: 0.4, y: 0.4, width: 0.2, height: 0.2 });

async function save() {
  try {
    const answer = await postJson(config.save, { version, boxes });
    version = answer.version;
    isSaved = true;
    say(t("The boxes are saved."));
  } catch (refusal) {
    say(refusal.message, true);
  }
}

byId("play").addEventListener("click", toggle);
byId("back").addEventListener("click", () => step(-0.1));
byId("on").addEventListener("click", () => step(0.1));
byId("add").addEventListener("click", here);
byId("save").addEventListener("click", save);
seek.addEventListener("input", () => {
  film.currentTime = Number(seek.value);
});
byId("timeline").addEventListener("click", (event) => {
  const frame = byId("timeline").getBoundingClientRect();
  film.currentTime = (lengthOf() * (event.clientX - frame.left)) / frame.width;
});
document.addEventListener("keydown", (event) => {
  const deed = { k: toggle, ",": () => step(-0.1), ".": () => step(0.1), b: here }[event.key.toLowerCase()];
  const typing = event.target instanceof HTMLInputElement && event.target.type !== "range";
  if (deed && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    deed();
  }
});
for (const name of ["timeupdate", "seeked", "loadedmetadata"]) {
  film.addEventListener(name, drawMoment);
}
window.addEventListener("beforeunload", (event) => {
  if (!isSaved) {
    event.preventDefault();
  }
});
for (const id of ["add", "save"]) {
  /** @type {HTMLButtonElement} */ (byId(id)).disabled = !config.editable;
}
draw();
