/** Look back: what is kept of a camera around the incident, in a dialog with its times and gaps. */

import Hls from "../../vendor/hls.js-1.7.4/hls.light.min.mjs";
import { openDialog } from "../lib/dialog.js";
import { byId, h, setText, show } from "../lib/dom.js";
import { csrfToken } from "../lib/http.js";
import { announce } from "../lib/notices.js";
import { language, t } from "../lib/text.js";
import { Watermark } from "../lib/watermark.js";
import { ask } from "./video_ask.js";

const POLL_MS = 2000;
const STEP_S = 10;

const time = new Intl.DateTimeFormat(language, { timeStyle: "medium", hourCycle: "h23" });

/**
 * @param {object} parts
 * @param {any} parts.config
 * @param {import("./panels/video_wall.js").VideoWall} parts.wall
 */
export function mountRecorded({ config, wall }) {
  const mayWatch = config.rights.includes("video_watch");
  const view = new LookBack((cameraId) => `${config.urls.cameras}${cameraId}/recorded/`);

  /** The recorded pictures of this camera, for the incident whose pictures are open. */
  function look(camera = wall.tiles[wall.large]?.camera) {
    if (!mayWatch) {
      announce(t("Your role may not watch video"));
    } else if (!camera || !wall.incidentId) {
      announce(t("Open the pictures of an incident first"));
    } else {
      view.open(camera, wall.incidentId);
    }
  }

  return { look };
}

class LookBack {
  #url;
  /** @type {Hls | null} */
  #hls = null;
  #ticket = null;
  #timer = 0;
  #video;
  #dialog;
  #watermark;

  /** @param {(cameraId: number) => string} url of a camera's tickets */
  constructor(url) {
    this.#url = url;
    this.#dialog = /** @type {HTMLDialogElement} */ (byId("recorded-dialog"));
    this.#video = /** @type {HTMLVideoElement} */ (byId("recorded-video"));
    this.#watermark = new Watermark(byId("recorded-screen"));
    this.#dialog.addEventListener("close", () => this.#leave());
    this.#video.addEventListener("timeupdate", () => this.#tell());
    byId("recorded-back").addEventListener("click", () => this.#step(-STEP_S));
    byId("recorded-on").addEventListener("click", () => this.#step(STEP_S));
    byId("recorded-play").addEventListener("click", () => (this.#video.paused ? this.#video.play() : this.#video.pause()));
    for (const event of ["play", "pause"]) {
      this.#video.addEventListener(event, () => setText(byId("recorded-play"), this.#video.paused ? t("Play") : t("Pause")));
    }
    addEventListener("pagehide", () => this.#leave());
  }

  async open(camera, incidentId) {
    this.#leave();
    setText(byId("recorded-title"), t("Recorded: %(name)s", { name: camera.name }));
    this.#say(t("Connecting"));
    show(byId("recorded-body"), false);
    openDialog(this.#dialog);
    const answer = await ask(this.#url(camera.id), {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": csrfToken(), "Accept-Language": language },
      body: JSON.stringify({ incident: incidentId }),
    });
    if (!this.#dialog.open) {
      return;
    }
    if (answer.status !== 201) {
      this.#say(answer.body.detail ?? t("No signal"));
      return;
    }
    this.#ticket = answer.body;
    this.#say("");
    show(byId("recorded-body"), true);
    this.#watermark.text = answer.body.mark;
    this.#draw();
    this.#play();
    byId("recorded-play").focus();
  }

  get #headers() {
    return { Authorization: `Ticket ${this.#ticket.ticket}`, "Accept-Language": language };
  }

  #play() {
    const hls = new Hls({
      xhrSetup: (xhr) => {
        for (const [name, value] of Object.entries(this.#headers)) {
          xhr.setRequestHeader(name, value);
        }
      },
      enableWorker: false,
      maxBufferLength: 20,
    });
    this.#hls = hls;
    hls.on(Hls.Events.ERROR, (_event, error) => error.fatal && hls === this.#hls && this.#end(t("No signal")));
    hls.attachMedia(this.#video);
    hls.loadSource(this.#ticket.playlist);
    this.#video.play().catch(() => {});
    this.#timer = setTimeout(() => this.#poll(), POLL_MS);
  }

  /** Say that somebody still looks, and hear when that is over. */
  async #poll() {
    const ticket = this.#ticket;
    const answer = await ask(ticket.state, { headers: this.#headers });
    if (ticket !== this.#ticket) {
      return;
    }
    if (answer.status === 403) {
      this.#end(answer.body.detail ?? t("Ended"));
    } else {
      this.#timer = setTimeout(() => this.#poll(), POLL_MS);
    }
  }

  /** Draw what is there; what is missing stays empty, and is named. */
  #draw() {
    const { since, until, spans } = this.#ticket;
    const [first, last] = [Date.parse(since), Date.parse(until)];
    const part = (at) => (100 * (at - first)) / (last - first);
    const kept = spans.map(([began, ended]) => [Math.max(first, Date.parse(began)), Math.min(last, Date.parse(ended))]);
    const bars = kept.map(([began, ended]) => {
      const label = t("Recorded from %(from)s to %(until)s", { from: time.format(began), until: time.format(ended) });
      const bar = h("button", { class: "recorded-span", type: "button", title: label, "aria-label": label });
      bar.style.insetInlineStart = `${part(began)}%`;
      bar.style.inlineSize = `${Math.max(0.5, part(ended) - part(began))}%`;
      bar.addEventListener("click", (event) => {
        const box = bar.getBoundingClientRect();
        const within = event.detail === 0 ? 0 : (event.clientX - box.left) / box.width;
        this.#goTo(began + within * (ended - began), kept);
      });
      return bar;
    });
    byId("recorded-line").replaceChildren(...bars, byId("recorded-now"));
    setText(byId("recorded-from"), time.format(first));
    setText(byId("recorded-until"), time.format(last));
    const lacking = Math.round((last - first - kept.reduce((sum, [began, ended]) => sum + ended - began, 0)) / 1000);
    setText(byId("recorded-gaps"), lacking > 1 ? t("%(n)s s of this time were not recorded", { n: lacking }) : "");
  }

  /** Gaps take no time in the film. */
  #goTo(at, kept) {
    this.#video.currentTime = kept.reduce((sum, [began, ended]) => sum + Math.max(0, Math.min(at, ended) - began), 0) / 1000;
  }

  #step(seconds) {
    this.#video.currentTime = Math.max(0, this.#video.currentTime + seconds);
  }

  #tell() {
    const now = this.#hls?.playingDate?.getTime();
    if (!now || !this.#ticket) {
      return;
    }
    const [first, last] = [Date.parse(this.#ticket.since), Date.parse(this.#ticket.until)];
    setText(byId("recorded-time"), time.format(now));
    byId("recorded-now").style.insetInlineStart = `${(100 * (now - first)) / (last - first)}%`;
    this.#dialog.dataset.at = String(now);
  }

  #say(text) {
    setText(byId("recorded-words"), text);
    show(byId("recorded-words"), text !== "");
  }

  #end(text) {
    this.#stop();
    show(byId("recorded-body"), false);
    this.#say(text);
  }

  #leave() {
    const ticket = this.#ticket;
    if (ticket) {
      fetch(ticket.state, { method: "DELETE", headers: this.#headers, keepalive: true }).catch(() => {});
    }
    this.#stop();
  }

  /** What may not be seen any more must not stay on the screen. */
  #stop() {
    clearTimeout(this.#timer);
    this.#hls?.destroy();
    this.#hls = null;
    this.#ticket = null;
    this.#video.removeAttribute("src");
    this.#video.load();
  }
}
