/** Moving the camera of the large picture: by keys and buttons, under a lock that all can see. */

import { isTextField } from "../lib/keyboard.js";
import { h, setText, show, stamp } from "../lib/dom.js";
import { announce, toast } from "../lib/notices.js";
import { t } from "../lib/text.js";
import { moves, presetOf, speeds } from "./ptz_keys.js";

/** The server stops a move that is not asked for again within a second. */
const AGAIN_MS = 400;
const RENEW_BELOW_S = 30;
/** The server lets go of a camera whose hand it has not heard of for four of these. */
const KEEP_MS = 5000;

const usualWish = (incidentId, purpose) => (incidentId ? { incident: incidentId } : { reason: purpose });

export class Ptz {
  /**
   * @param {object} wiring
   * @param {number} wiring.me
   * @param {(id: number) => string} wiring.url
   * @param {(url: string) => Promise<any>} wiring.getJson
   * @param {(url: string, body?: object) => Promise<any>} wiring.postJson
   * @param {() => number} wiring.now
   * @param {(incidentId: string | null, purpose: string) => object} [wiring.wish] what the lock is asked for with
   * @param {() => void} [wiring.onMine] the camera was taken by this hand
   */
  constructor({ me, url, getJson, postJson, now, wish = usualWish, onMine = () => {} }) {
    Object.assign(this, { me, url, getJson, postJson, now, wish, onMine });
    this.camera = null;
    this.state = null;
    this.presets = null;
    this.down = new Set();
    this.slow = false;
    this.driving = false;
    this.turn = 0;
    this.usedAt = -Infinity;
    this.keptAt = -Infinity;
    /** Acts under way, and when the last of them was answered: what was asked before is older news. */
    this.acting = 0;
    this.toldAt = -Infinity;
    this.closing = new AbortController();
    const { signal } = this.closing;
    document.addEventListener("keydown", (event) => this.#onDown(event), { capture: true, signal });
    document.addEventListener("keyup", (event) => this.#onUp(event), { capture: true, signal });
    addEventListener("blur", () => this.#still(), { signal });
    addEventListener("pagehide", () => this.#still(), { signal });
    document.addEventListener("visibilitychange", () => document.hidden && this.#still(), { signal });
    const timer = setInterval(() => this.#tick(), 1000);
    signal.addEventListener("abort", () => clearInterval(timer));
  }

  /** Let go, and listen no more. */
  close() {
    this.turn += 1;
    this.#leave();
    this.closing.abort();
  }

  get isMine() {
    return Boolean(this.state?.mine);
  }

  /**
   * Another picture is the large one now, or none.
   * @param {{camera: any, root: HTMLElement} | null} tile
   * @param {string | null} incidentId
   * @param {string} purpose why it is watched, where no incident says so
   */
  async attend(tile, incidentId, purpose) {
    Object.assign(this, { incidentId, purpose });
    if (tile && tile.camera.id === this.camera?.id && this.bar?.root.isConnected) {
      return;
    }
    this.#leave();
    this.camera = tile?.camera ?? null;
    this.turn += 1;
    const turn = this.turn;
    if (!tile) {
      return;
    }
    const state = await this.getJson(this.url(this.camera.id)).catch(() => null);
    if (state && state.ptz !== false && this.turn === turn && tile.root.isConnected) {
      this.#mount(tile.root);
      this.#take(state);
    }
  }

  /** Let go: nobody watches the picture any more. */
  #leave() {
    this.#still();
    const held = this.isMine ? this.camera : null;
    this.bar?.root.remove();
    Object.assign(this, { bar: null, state: null, presets: null, camera: null });
    if (held) {
      this.postJson(`${this.url(held.id)}release/`).catch(() => {});
    }
  }

  #mount(root) {
    this.bar = stamp("ptz-template");
    const { parts } = this.bar;
    const press = {
      take: () => this.toggle(),
      home: () => this.#act("home"),
      cue: () => this.cue(),
    };
    for (const [part, run] of Object.entries(press)) {
      parts[part].addEventListener("click", run);
    }
    for (const button of this.bar.root.querySelectorAll("[data-move]")) {
      const code = button.dataset.move;
      button.addEventListener("pointerdown", () => this.#press(code));
      for (const end of ["pointerup", "pointerleave", "pointercancel"]) {
        button.addEventListener(end, () => this.#lift(code));
      }
      button.addEventListener("keydown", (event) => event.code === "Space" && !event.repeat && this.#press(code));
      button.addEventListener("keyup", (event) => event.code === "Space" && this.#lift(code));
    }
    parts.presets.addEventListener("change", () => {
      const token = parts.presets.value;
      parts.presets.value = "";
      parts.presets.blur();
      if (token) {
        this.#act("preset", { preset: token });
      }
    });
    root.append(this.bar.root);
  }

  /** Take the camera, or let go of it. */
  toggle() {
    if (!this.bar) {
      announce(t("The large picture is of no camera that turns"));
    } else if (this.isMine) {
      this.#still();
      this.#act("release");
    } else {
      this.#act("lock", this.wish(this.incidentId, this.purpose));
    }
  }

  cue() {
    if (this.isMine) {
      this.#act("cue");
    } else if (this.bar) {
      announce(t("Take the camera first"));
    }
  }

  /** @param {any} fact a camera.ptz entry of the journal */
  heard(fact) {
    const { camera, lock, ended } = fact.data;
    if (ended?.reason === "taken_over" && ended.holder.id === this.me) {
      toast(t("%(name)s took over %(camera)s", { name: lock.holder.name, camera: camera.name }), { bad: true });
      this.#still();
    }
    if (this.bar && camera.id === this.camera?.id) {
      this.#take({ ...this.state, lock, mine: lock?.holder.id === this.me && !lock.is_agency });
    }
  }

  /**
   * How it stands as somebody asked: for a page without a journal.
   * @param {any} state
   * @param {number} askedAt by performance.now()
   */
  refresh(state, askedAt) {
    if (!this.bar || this.acting > 0 || askedAt < this.toldAt) {
      return;
    }
    if (this.isMine && !state.mine && state.lock) {
      toast(t("%(name)s took over %(camera)s", { name: state.lock.holder.name, camera: state.camera.name }), { bad: true });
    }
    this.#take(state);
  }

  async #act(name, body = {}) {
    const camera = this.camera;
    this.usedAt = this.now();
    this.keptAt = this.usedAt;
    this.acting += 1;
    try {
      const state = await this.postJson(`${this.url(camera.id)}${name}/`, body);
      if (this.camera === camera) {
        this.#take(state);
      }
      return true;
    } catch (problem) {
      toast(problem.message, { bad: true });
      if (problem.code === "ptz_lock_missing") {
        this.#take({ ...this.state, mine: false });
      }
      return false;
    } finally {
      this.acting -= 1;
      this.toldAt = performance.now();
    }
  }

  /** Say that the hand is still there: a browser that crashed says nothing, and loses the camera. */
  async #keep() {
    const camera = this.camera;
    this.keptAt = this.now();
    try {
      await this.postJson(`${this.url(camera.id)}keep/`);
    } catch (problem) {
      if (problem.code === "ptz_lock_missing" && this.camera === camera) {
        await this.#lost(camera);
      }
    }
  }

  /** The console is told by the journal who took over; a page without one asks, now or at its next look. */
  async #lost(camera) {
    if (this.me) {
      this.#take({ ...this.state, mine: false });
      return;
    }
    const askedAt = performance.now();
    const state = await this.getJson(this.url(camera.id)).catch(() => null);
    if (state && this.camera === camera) {
      this.refresh(state, askedAt);
    }
  }

  #take(state) {
    if (!this.bar) {
      return;
    }
    const was = this.isMine;
    this.state = state;
    const { parts, root } = this.bar;
    root.dataset.mine = String(this.isMine);
    setText(parts.word, this.isMine ? t("Let go") : t("Move the camera"));
    parts.take.setAttribute("aria-pressed", String(this.isMine));
    show(parts.take, state.may_move ?? true);
    show(parts.hands, this.isMine);
    show(parts.cue, state.may_cue && Boolean(this.incidentId));
    this.#tick();
    if (this.isMine && !was) {
      this.onMine();
      announce(t("You move this camera now: arrows, plus and minus, Home"));
      this.#listPresets();
    }
    if (!this.isMine) {
      this.down.clear();
    }
  }

  async #listPresets() {
    const camera = this.camera;
    try {
      const { presets } = await this.getJson(`${this.url(camera.id)}preset/`);
      if (this.camera === camera && this.bar) {
        this.presets = presets;
        const options = presets.map((one, index) => h("option", { value: one.token }, index < 9 ? `${index + 1} ${one.name}` : one.name));
        this.bar.parts.presets.replaceChildren(h("option", { value: "" }, t("Presets")), ...options);
      }
    } catch (problem) {
      toast(problem.message, { bad: true });
    }
  }

  /** Say who holds it and how long; a hand at work keeps the lock. */
  #tick() {
    const lock = this.state?.lock;
    if (!this.bar) {
      return;
    }
    const left = lock ? Math.max(0, Math.round((Date.parse(lock.until) - this.now()) / 1000)) : 0;
    const name = this.isMine ? t("You") : lock?.holder.name;
    setText(this.bar.parts.holder, lock ? t("%(name)s, %(left)s s left", { name, left }) : "");
    if (this.isMine && left < RENEW_BELOW_S && this.now() - this.usedAt < RENEW_BELOW_S * 1000) {
      this.#act("lock", this.wish(lock.incident_id, lock.reason));
      this.usedAt = -Infinity;
    } else if (this.isMine && this.now() - this.keptAt >= KEEP_MS) {
      this.#keep();
    }
  }

  #mayTake(event) {
    const target = event.target;
    const typing = isTextField(target) || (target instanceof HTMLInputElement && target.type !== "checkbox");
    return this.isMine && !typing && !event.isComposing && !document.querySelector("dialog:modal") && !event.ctrlKey && !event.metaKey;
  }

  #onDown(event) {
    if (!this.#mayTake(event)) {
      return;
    }
    const preset = presetOf(event);
    if (moves(event.code) && !event.altKey) {
      this.slow = event.shiftKey;
      this.#press(event.code);
    } else if (event.code === "Home" && !event.repeat) {
      this.#act("home");
    } else if (preset && !event.repeat && this.presets?.[preset - 1]) {
      this.#act("preset", { preset: this.presets[preset - 1].token });
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  #onUp(event) {
    if (this.down.has(event.code)) {
      this.#lift(event.code);
      event.preventDefault();
      event.stopPropagation();
    }
  }

  #press(code) {
    if (this.isMine && !this.down.has(code)) {
      this.down.add(code);
      this.#changed();
    }
  }

  #lift(code) {
    if (this.down.delete(code)) {
      this.#changed();
    }
  }

  #still() {
    this.down.clear();
    this.#changed();
  }

  #changed() {
    this.wake?.();
    if (!this.driving && this.down.size > 0) {
      this.#drive();
    }
  }

  /** One request at a time: the stop is always the last that the camera hears. */
  async #drive() {
    this.driving = true;
    const camera = this.camera;
    for (;;) {
      const wanted = this.isMine && this.camera === camera ? speeds(this.down, this.slow) : null;
      if (!wanted) {
        break;
      }
      if (!(await this.#act("move", wanted))) {
        this.down.clear();
        break;
      }
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, AGAIN_MS);
        this.wake = () => {
          clearTimeout(timer);
          resolve(undefined);
        };
      });
    }
    this.driving = false;
    if (this.isMine && this.camera === camera) {
      await this.#act("stop");
    }
    if (this.down.size > 0) {
      this.#changed();
    }
  }
}

/**
 * Wire it to the wall and the journal.
 * @param {any} wiring
 */
export function mountPtz({ config, store, wall, getJson, postJson, now }) {
  const ptz = new Ptz({
    me: config.user.id,
    url: (id) => `${config.urls.cameras}${id}/ptz/`,
    getJson,
    postJson,
    now,
  });
  wall.onLarge = (tile) => ptz.attend(tile, wall.incidentId, wall.purpose ?? "");
  store.subscribe((changes) => {
    for (const fact of changes.facts) {
      if (fact.kind === "camera.ptz") {
        ptz.heard(fact);
      } else if (fact.kind === "camera.event" && fact.data.event.is_on) {
        toast(t("%(camera)s reports tampering", { camera: fact.data.camera.name }), { bad: true });
      }
    }
  });
  return ptz;
}
