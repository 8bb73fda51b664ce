/** The desk: which incident is selected and open, and what the keys and buttons do to it. */

import { announce } from "../lib/notices.js";
import { t } from "../lib/text.js";
import { isOpen } from "./store.js";
import { neighbour } from "./ordering.js";

export class Desk {
  /**
   * @param {object} parts
   * @param {import("./store.js").Store} parts.store
   * @param {import("./panels/strips.js").Strips} parts.strips
   * @param {import("./panels/incident.js").IncidentPanel} parts.panel
   * @param {import("./map/map.js").OperationsMap} parts.map
   * @param {import("./panels/video_wall.js").VideoWall} parts.wall
   * @param {import("./actions.js").Actions} parts.actions
   * @param {import("./exchanges_store.js").ExchangesStore} parts.exchanges
   * @param {import("./prefetch.js").Prefetch} parts.prefetch
   * @param {boolean} parts.mayWatch
   */
  constructor(parts) {
    Object.assign(this, parts);
    this.selected = null;
    this.opening = 0;
    /** Shows the next cameras of an incident that concerns an area; says whether it does. @type {(id: string) => boolean} */
    this.tour = () => false;
  }

  feature(id = this.selected) {
    return this.store.state.incidents.get(id) ?? (this.panel.feature?.id === id ? this.panel.feature : null);
  }

  select(id, { focus = false } = {}) {
    if (id === null) {
      return;
    }
    this.selected = id;
    this.strips.select(id, { focus });
    this.map.incidents.select(id);
    const feature = this.feature(id);
    if (feature) {
      this.map.reveal(feature);
      this.prefetch.selected(feature);
    }
    if (this.panel.isOpen && this.panel.feature.id !== id) {
      this.open(id);
    }
  }

  step(by) {
    this.select(neighbour(this.strips.order, this.selected, by), { focus: true });
  }

  /** Open the panel; the detail follows from the server. */
  async open(id = this.selected) {
    const known = this.feature(id);
    if (!known) {
      return id ? this.#openUnknown(id) : null;
    }
    const isOther = this.panel.feature?.id !== id;
    this.panel.open(known);
    if (this.selected !== id) {
      this.select(id);
    }
    if (isOther) {
      requestAnimationFrame(() => this.map.frame(known, known.cameras ?? []));
    }
    this.exchanges.touch(id);
    return this.refresh();
  }

  /** One that is not on the desk any more, from a cluster or a search. */
  async #openUnknown(id) {
    const detail = await this.actions.detail(id).catch(() => null);
    if (detail) {
      this.panel.open(detail);
      this.panel.show(detail);
      this.exchanges.touch(id);
      this.#showCameras(detail);
    }
  }

  async refresh() {
    const id = this.panel.feature?.id;
    const asked = ++this.opening;
    try {
      const detail = await this.actions.detail(id);
      if (asked === this.opening) {
        this.took(detail);
      }
    } catch (error) {
      announce(error.message);
    }
  }

  /** A detail came: from opening, or as the answer to a verb. */
  took(detail) {
    if (this.panel.feature?.id !== detail.id) {
      return;
    }
    this.panel.show(detail);
    this.#showCameras(detail);
    if (!isOpen(detail) && this.wall.incidentId === detail.id) {
      this.wall.stop();
    }
  }

  #showCameras(detail) {
    const open = new Set(this.wall.tiles.map((tile) => tile.camera.id));
    this.map.cameras.show(detail.cameras.picks, detail, open);
  }

  shut() {
    const id = this.panel.feature?.id;
    this.panel.close();
    this.map.cameras.clear();
    this.strips.select(id ?? this.selected, { focus: true });
  }

  /** Escape: one level back, never destructive. */
  back() {
    if (this.map.circle.isOn) {
      this.map.circle.toggle(false);
    } else if (this.wall.isSolo) {
      this.wall.endSolo();
    } else if (this.panel.isOpen) {
      this.shut();
    }
  }

  /** A verb on the open, else the selected incident. */
  verb(verb) {
    const feature = this.feature(this.panel.feature?.id ?? this.selected);
    if (!feature) {
      announce(t("Select an incident first"));
      return;
    }
    if (!this.actions.mayWork) {
      announce(t("Read only"));
      return;
    }
    this.actions.start(feature, verb);
  }

  acknowledge() {
    const feature = this.feature(this.panel.feature?.id ?? this.selected);
    if (feature?.status === "received") {
      this.verb("acknowledge");
    }
  }

  async video() {
    const id = this.panel.feature?.id ?? this.selected;
    const feature = id && this.feature(id);
    if (!feature || !this.mayWatch) {
      announce(feature ? t("Your role may not watch video") : t("Select an incident first"));
      return;
    }
    const cameras = this.panel.detail?.id === id ? this.panel.detail.cameras.picks : feature.cameras;
    if (!this.panel.isOpen) {
      this.open(id);
    }
    if (cameras.length || !this.tour(id)) {
      this.watch(feature, cameras);
    }
  }

  /** The pictures of these cameras, for this incident or for a stated purpose. */
  watch(feature, cameras, purpose = "") {
    this.wall.show({ incidentId: feature?.id ?? null, title: feature ? `${t("Video")} · ${feature.number}` : t("Video"), cameras, purpose, isDrill: feature?.is_drill });
    if (feature && cameras.length) {
      requestAnimationFrame(() => this.map.frame(feature, cameras));
    }
    if (!cameras.length) {
      announce(t("No camera can serve this place."));
    }
  }

  /** A camera of the open incident by its id: shown, and large. */
  camera(cameraId) {
    const detail = this.panel.detail;
    if (!detail) {
      return;
    }
    const picks = detail.cameras.picks;
    if (this.mayWatch && this.wall.incidentId !== detail.id) {
      this.watch(detail, picks);
    }
    this.wall.enlarge(picks.findIndex((pick) => pick.id === cameraId));
  }

  /** @param {import("./store.js").Changes} changes */
  changed(changes) {
    for (const feature of changes.removed) {
      this.exchanges.forget(feature.id);
      if (this.wall.incidentId === feature.id) {
        this.wall.stop();
      }
    }
    const openId = this.panel.feature?.id;
    const touched = [...changes.added, ...changes.changed, ...changes.removed].find((feature) => feature.id === openId);
    if (openId && (touched || changes.reset)) {
      if (touched && touched.version > (this.panel.detail?.version ?? 0)) {
        this.panel.open(touched);
        this.refresh();
      } else if (changes.reset) {
        this.refresh();
      }
    }
    if (this.selected && !this.store.state.incidents.has(this.selected) && this.selected !== openId) {
      this.selected = null;
    }
  }
}
