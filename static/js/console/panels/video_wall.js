/** The video wall: one large picture and up to four small ones; every view is on record. */

import { byId, setText, show, stamp } from "../../lib/dom.js";
import { csrfToken } from "../../lib/http.js";
import { t } from "../../lib/text.js";
import { drillMark, drillWord } from "../drill.js";

const MOST = 5;

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
   * @param {(camera: any) => void} wiring.onRecorded
   */
  constructor({ mountVideo, ticketUrl, onChange, onStill, onRecorded }) {
    this.mountVideo = mountVideo;
    this.ticketUrl = ticketUrl;
    this.onChange = onChange;
    this.onStill = onStill;
    this.onRecorded = onRecorded;
    /** @type {{camera: any, handle: {destroy(): void}, root: HTMLElement, parts: any}[]} */
    this.tiles = [];
    this.incidentId = null;
    this.large = 0;
  }

  get isOpen() {
    return this.tiles.length > 0;
  }

  /** Show these cameras of an incident (or of none), best first. */
  show({ incidentId, title, cameras, purpose = "", isDrill = false }) {
    const wanted = cameras.slice(0, MOST);
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
    byId("wall").dataset.count = String(wanted.length);
    this.tiles = wanted.map((camera, index) => this.#tile(camera, index));
    byId("wall").replaceChildren(...this.tiles.map((tile) => tile.root));
    for (const tile of this.tiles) {
      tile.handle = this.#mount(tile);
    }
    this.enlarge(0);
    this.onChange(new Set(wanted.map((camera) => camera.id)));
  }

  #tile(camera, index) {
    const { root, parts } = stamp("tile-template");
    setText(parts.key, String(index + 1));
    setText(parts.name, camera.name);
    parts.name.setAttribute("aria-label", `${drillWord(this.isDrill)}${t("Enlarge %(name)s", { name: camera.name })}`);
    parts.name.addEventListener("click", () => this.enlarge(this.tiles.findIndex((tile) => tile.root === root)));
    const still = t("Take and send a still of %(name)s", { name: camera.name });
    parts.still.setAttribute("aria-label", still);
    parts.still.title = still;
    parts.still.addEventListener("click", () => this.onStill(camera));
    show(parts.still, this.incidentId !== null);
    const recorded = t("Look back: %(name)s", { name: camera.name });
    parts.recorded.setAttribute("aria-label", recorded);
    parts.recorded.title = recorded;
    parts.recorded.addEventListener("click", () => this.onRecorded(camera));
    show(parts.recorded, this.incidentId !== null);
    root.append(...[drillMark(this.isDrill)].filter(Boolean));
    root.dataset.camera = String(camera.id);
    return { camera, root, parts, handle: { destroy() {} } };
  }

  #mount({ camera, parts }) {
    const onState = ({ state }) => {
      parts.state.dataset.state = state;
      setText(parts.state, stateText(state));
    };
    return this.mountVideo(parts.screen, { ticketUrl: this.ticketUrl(camera.id), csrfToken: csrfToken(), incidentId: this.incidentId, purpose: this.purpose, cameraId: camera.id, name: camera.name, onState });
  }

  /** Make this picture the large one. */
  enlarge(index) {
    if (!this.tiles[index]) {
      return;
    }
    this.large = index;
    for (const [at, tile] of this.tiles.entries()) {
      tile.root.toggleAttribute("data-large", at === index);
      tile.parts.name.setAttribute("aria-pressed", String(at === index));
    }
  }

  stop() {
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
    this.tiles = [];
    this.incidentId = null;
    byId("wall").replaceChildren();
  }
}
