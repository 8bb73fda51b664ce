/** The video wall of the console: one large picture and four small ones, or three by three. */

import { byId, setText, show, stamp } from "../../lib/dom.js";
import { csrfToken } from "../../lib/http.js";
import { announce } from "../../lib/notices.js";
import { t } from "../../lib/text.js";
import { drillMark, drillWord } from "../drill.js";

/** How many pictures a layout holds; nine is also as many as a browser decodes well. */
const HOLDS = { focus: 5, grid: 9 };

function stateText(state) {
  return (
    { starting: t("Connecting"), live: t("LIVE"), frozen: t("Frozen picture"), lost: t("No signal"), ended: t("Ended"), refused: t("Refused") }[state] ?? ""
  );
}

export class VideoWall {
  /**
   * @param {object} wiring
   * @param {typeof import("../video.js").mountVideo} wiring.mountVideo
   * @param {(cameraId: number) => string} wiring.ticketUrl
   * @param {(open: Set<number>) => void} wiring.onChange
   * @param {(camera: any) => void} wiring.onStill
   * @param {() => void} wiring.onOther other pictures are wanted, or none
   * @param {() => void} wiring.onLayout it holds another number of pictures now
   * @param {(camera: any) => void} wiring.onRecorded
   */
  constructor({ mountVideo, ticketUrl, onChange, onStill, onRecorded, onOther, onLayout }) {
    this.mountVideo = mountVideo;
    this.ticketUrl = ticketUrl;
    this.onChange = onChange;
    this.onStill = onStill;
    this.onRecorded = onRecorded;
    this.onOther = onOther;
    this.onLayout = onLayout;
    /** Told which picture is the large one; null: none.
     * @type {(tile: {camera: any, root: HTMLElement} | null) => void} */
    this.onLarge = () => {};
    /** @type {{camera: any, handle: {destroy(): void, setQuality(quality: "main" | "sub"): void}, root: HTMLElement, parts: any}[]} */
    this.tiles = [];
    this.incidentId = null;
    this.large = 0;
    /** In the grid one picture may cover the others for a look. */
    this.isSolo = false;
    /** @type {"focus" | "grid"} */
    this.layout = "focus";
    byId("video-layout").addEventListener("click", () => this.turnLayout());
    /** @type {(camera: any) => string} what a tile says of its camera's condition */
    this.conditionOf = () => "";
  }

  get isOpen() {
    return this.tiles.length > 0;
  }

  get holds() {
    return HOLDS[this.layout];
  }

  /**
   * Show these cameras of an incident (or of none), best first.
   * @param {{incidentId: string | null, title: string, cameras: any[], purpose?: string, isDrill?: boolean, doors?: Map<number, any>}} wanted
   *   `doors`: tickets that were asked for beforehand, by camera
   */
  show({ incidentId, title, cameras, purpose = "", isDrill = false, doors = new Map() }) {
    this.onOther();
    const wanted = cameras.slice(0, this.holds);
    const same = this.incidentId === incidentId && wanted.length === this.tiles.length && wanted.every((camera, index) => camera.id === this.tiles[index].camera.id);
    if (same) {
      return;
    }
    this.#clear();
    this.incidentId = incidentId;
    this.purpose = purpose;
    this.isDrill = isDrill;
    byId("video-title").replaceChildren(title, ...[drillMark(isDrill)].filter(Boolean));
    show(byId("video"), wanted.length > 0);
    this.tiles = wanted.map((camera) => this.#tile(camera));
    this.#arrange();
    for (const [index, tile] of this.tiles.entries()) {
      tile.handle = this.#mount(tile, index === 0 ? "main" : "sub", doors.get(tile.camera.id));
    }
    this.large = 0;
    this.#mark();
    this.#changed();
  }

  /** One more picture beside the others; on a full wall it takes the place of the last small one. */
  add(camera) {
    this.onOther();
    const at = this.tiles.findIndex((tile) => tile.camera.id === camera.id);
    if (at >= 0) {
      this.#makeLarge(at);
      return;
    }
    while (this.tiles.length >= this.holds) {
      const last = this.tiles.length - 1;
      this.#drop(last === this.large && last > 0 ? last - 1 : last);
    }
    const tile = this.#tile(camera);
    this.tiles.push(tile);
    this.#arrange();
    tile.handle = this.#mount(tile, "sub");
    this.#mark();
    this.#changed();
    announce(t("%(name)s is on the wall", { name: camera.name }));
  }

  /** Take one picture away; with the last one the wall closes. */
  remove(camera) {
    const at = this.tiles.findIndex((tile) => tile.camera.id === camera.id);
    if (at < 0) {
      return;
    }
    if (this.tiles.length === 1) {
      this.stop();
      return;
    }
    this.#drop(at);
    this.#arrange();
    this.#mark();
    this.#changed();
  }

  #drop(at) {
    this.tiles[at].handle.destroy();
    this.tiles[at].root.remove();
    this.tiles.splice(at, 1);
    this.large = Math.min(this.large > at ? this.large - 1 : this.large, this.tiles.length - 1);
  }

  #tile(camera) {
    const { root, parts } = stamp("tile-template");
    setText(parts.name, camera.name);
    parts.name.setAttribute("aria-label", `${drillWord(this.isDrill)}${t("Enlarge %(name)s", { name: camera.name })}`);
    parts.name.addEventListener("click", () => this.enlarge(this.tiles.findIndex((tile) => tile.root === root)));
    const still = t("Take and send a still of %(name)s", { name: camera.name });
    parts.still.setAttribute("aria-label", still);
    parts.still.title = still;
    parts.still.addEventListener("click", () => this.onStill(camera));
    show(parts.still, this.incidentId !== null);
    const close = t("Close %(name)s", { name: camera.name });
    parts.close.setAttribute("aria-label", close);
    parts.close.title = close;
    parts.close.addEventListener("click", () => this.remove(camera));
    const recorded = t("Look back: %(name)s", { name: camera.name });
    parts.recorded.setAttribute("aria-label", recorded);
    parts.recorded.title = recorded;
    parts.recorded.addEventListener("click", () => this.onRecorded(camera));
    show(parts.recorded, this.incidentId !== null);
    root.append(...[drillMark(this.isDrill)].filter(Boolean));
    root.dataset.camera = String(camera.id);
    return { camera, root, parts, handle: { destroy() {}, setQuality() {} } };
  }

  #mount({ camera, parts }, quality, door = undefined) {
    const onState = ({ state }) => {
      parts.state.dataset.state = state;
      setText(parts.state, stateText(state));
    };
    const onCondition = (condition) => this.#say(parts, this.conditionOf(condition));
    return this.mountVideo(parts.screen, { door, onCondition, ticketUrl: this.ticketUrl(camera.id), csrfToken: csrfToken(), incidentId: this.incidentId, purpose: this.purpose, cameraId: camera.id, name: camera.name, quality, onState });
  }

  /** Say on a camera's tile that it is not well; "" takes it back. */
  condition(cameraId, text) {
    for (const tile of this.tiles.filter((one) => one.camera.id === cameraId)) {
      this.#say(tile.parts, text);
    }
  }

  #say(parts, text) {
    setText(parts.condition, text);
    show(parts.condition, text !== "");
  }

  /** Put the pictures in their places without touching those that play. */
  #arrange() {
    const wall = byId("wall");
    wall.dataset.count = String(this.tiles.length);
    wall.dataset.layout = this.layout;
    for (const tile of this.tiles) {
      if (tile.root.parentElement !== wall) {
        wall.append(tile.root);
      }
    }
    for (const [index, tile] of this.tiles.entries()) {
      setText(tile.parts.key, String(index + 1));
    }
  }

  /** Make this picture the large one; in the grid the same key shows all again. */
  enlarge(index) {
    if (!this.tiles[index]) {
      return;
    }
    const again = this.isSolo && this.large === index;
    this.isSolo = this.layout === "grid" && !again;
    this.#makeLarge(index);
  }

  #makeLarge(index) {
    this.large = index;
    this.#mark();
  }

  /** One of nine that covers the others goes back to its place. @returns {boolean} whether there was one */
  endSolo() {
    const was = this.isSolo;
    this.isSolo = false;
    this.#mark();
    return was;
  }

  #mark() {
    byId("wall").toggleAttribute("data-solo", this.isSolo);
    for (const [at, tile] of this.tiles.entries()) {
      tile.root.toggleAttribute("data-large", at === this.large);
      tile.handle.setQuality(at === this.large && (this.layout === "focus" || this.isSolo) ? "main" : "sub");
      tile.parts.name.setAttribute("aria-pressed", String(at === this.large));
    }
    this.onLarge(this.tiles[this.large] ?? null);
  }

  /** From one large and four small to three by three and back; what no longer fits is closed. */
  turnLayout() {
    this.layout = this.layout === "focus" ? "grid" : "focus";
    this.isSolo = false;
    const grid = this.layout === "grid";
    byId("video-layout").setAttribute("aria-pressed", String(grid));
    byId("video").dataset.layout = this.layout;
    while (this.tiles.length > this.holds) {
      this.#drop(this.tiles.length - 1 === this.large ? 0 : this.tiles.length - 1);
    }
    this.#arrange();
    this.#mark();
    this.#changed();
    this.onLayout();
    announce(grid ? t("Three by three pictures") : t("One large and four small pictures"));
  }

  #changed() {
    this.onChange(new Set(this.tiles.map((tile) => tile.camera.id)));
  }

  stop() {
    this.onOther();
    if (this.isOpen) {
      this.#clear();
      show(byId("video"), false);
      this.onChange(new Set());
    }
  }

  #clear() {
    for (const tile of this.tiles) {
      tile.handle.destroy();
    }
    if (this.isOpen) {
      this.onLarge(null);
    }
    this.tiles = [];
    this.incidentId = null;
    this.isSolo = false;
    byId("wall").replaceChildren();
  }
}
