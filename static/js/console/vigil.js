/** Keeps watch each second: the clock, how fresh the picture is, and the sounds. */

import { byId, setText, show } from "../lib/dom.js";
import { toast } from "../lib/notices.js";
import { t } from "../lib/text.js";
import { Alarms } from "./alarms.js";
import { freshness, ServerClock } from "./freshness.js";
import { kindName } from "./labels.js";
import { keepSound, soundIsOn } from "./preferences.js";
import { priorityName } from "./priorities.js";
import { Player } from "./sound.js";

const TICK_MS = 1000;

export class Vigil {
  /**
   * @param {{store: import("./store.js").Store, topbar: import("./panels/topbar.js").Topbar}} parts
   */
  constructor({ store, topbar }) {
    this.store = store;
    this.topbar = topbar;
    this.clock = new ServerClock();
    this.player = new Player();
    this.player.enabled = soundIsOn();
    this.player.onchange = () => this.#soundLook();
    this.alarms = new Alarms({ play: (priority) => this.player.play(priority) });
    this.startedAt = performance.now();
    this.heardAt = null;
    this.state = "connecting";
    this.said = "starting";
    this.began = false;
    /** Telephone tasks that nobody at this desk has looked at ring as P1 does. */
    this.calls = [];
  }

  #ringing() {
    return [...this.store.state.incidents.values(), ...this.calls];
  }

  /** @param {number} waiting calls to make, @param {number} fresh of them that just came */
  ring(waiting, fresh) {
    this.calls = Array.from({ length: waiting }, () => ({ priority: 1, status: "received" }));
    this.alarms.arrive(Array.from({ length: fresh }, () => 1));
    this.alarms.tick(this.#ringing());
  }

  now() {
    return this.clock.now();
  }

  wire({ onUrgent, onOther, onTick, onSoundIcon, onEnded }) {
    Object.assign(this, { onUrgent, onOther, onTick, onSoundIcon, onEnded });
    for (const gesture of ["pointerdown", "keydown"]) {
      document.addEventListener(gesture, () => this.player.context?.state === "running" || this.unlock(), { capture: true });
    }
    this.unlock();
    this.#soundLook();
    this.timer = setInterval(() => this.tick(), TICK_MS);
    this.tick();
  }

  condition(condition) {
    this.state = condition;
    if (condition === "signed-out") {
      this.onEnded?.(t("You are signed out"), t("The session ended or your rights changed. What you see is not updated any more."));
    } else if (condition === "forbidden") {
      this.onEnded?.(t("You may not see this any more"), t("Your role in this municipality no longer carries the right."));
    }
    this.tick();
  }

  heard(serverTime) {
    this.heardAt = performance.now();
    if (serverTime) {
      this.clock.heard(serverTime);
    }
  }

  /** @param {import("./store.js").Changes} changes */
  changed(changes) {
    const news = changes.added.filter((feature) => feature.status === "received");
    if (this.began || !changes.reset) {
      this.alarms.arrive(news.map((feature) => feature.priority));
      this.#say(news);
    }
    this.began = true;
    this.alarms.tick(this.#ringing());
    this.onTick?.(this.now());
  }

  #say(news) {
    const urgent = news.filter((feature) => feature.priority === 1);
    const text = (feature) => `${priorityName(feature.priority)}: ${kindName(feature)}, ${feature.address}`;
    if (urgent.length) {
      this.onUrgent?.(urgent[0], urgent.map(text).join(". "));
    } else if (news.length) {
      this.onOther?.(news.length === 1 ? text(news[0]) : t("%(n)s new incidents", { n: news.length }));
    }
  }

  tick() {
    const fresh = freshness({ condition: this.state, heardAt: this.heardAt, startedAt: this.startedAt, now: performance.now() });
    const now = this.now();
    this.topbar.tick(now, fresh);
    this.onTick?.(now);
    this.alarms.tick(this.#ringing());
    this.#silenceLook();
    if (fresh.state !== this.said) {
      this.said = fresh.state;
      const words = { live: t("Connection is live"), stale: t("What you see is old"), reconnecting: t("Connection lost, reconnecting") };
      if (words[fresh.state]) {
        this.onOther?.(words[fresh.state]);
      }
    }
  }

  /** An alarm of the system or a line: heard once, said aloud at once when it is urgent. */
  systemAlarm(severity, text) {
    this.alarms.arrive([severity]);
    if (severity === 1) {
      this.onUrgent?.(null, text);
    } else {
      this.onOther?.(text);
    }
  }

  silence() {
    this.alarms.silence();
    toast(t("Sound is silent for 30 seconds"));
    this.#silenceLook();
  }

  #silenceLook() {
    const left = Math.ceil(this.alarms.silentForMs() / 1000);
    setText(byId("silence").querySelector("kbd"), left ? `${left}` : "F8");
    byId("silence").toggleAttribute("data-silent", left > 0);
  }

  async unlock() {
    await this.player.unlock();
    this.#soundLook();
  }

  toggleSound() {
    this.player.enabled = !this.player.enabled;
    keepSound(this.player.enabled);
    if (this.player.enabled) {
      this.unlock();
    }
    this.#soundLook();
  }

  #soundLook() {
    this.onSoundIcon?.(this.player.enabled ? "sound" : "mute");
    byId("sound-toggle").setAttribute("aria-pressed", String(this.player.enabled));
    show(byId("sound-alarm"), this.player.enabled && !this.player.audible);
  }
}
