/** One camera's live picture in an element: ticket, playback, and an honest word on what is seen. */

import Hls from "../../vendor/hls.js-1.7.4/hls.light.min.mjs";
import { t } from "../lib/text.js";
import { ask, askPicture } from "./video_ask.js";
import { reasonText } from "./video_reasons.js";
import { Screen } from "./video_screen.js";
import { TicketDoor } from "./video_ticket.js";
import { Whep, owedSince } from "./video_whep.js";

const MOST_DECODERS = 9;
const POLL_MS = 1000;
const RETRY_MS = 2000;
/** Own decoding may lag this long behind a live source before the picture is called frozen. */
const LOCAL_STALL_MS = 3000;
/**
 * What may hang in WebRTC may hang so long, each by itself: an answer of the server, the connection, and the
 * picture of a live source once that stands. Then the play list is loaded, which gives that picture at once.
 */
const WHEP_MS = 3000;
/** A larger or smaller stream may take this long to connect; until then the present one stays. */
const SWITCH_MS = 15000;
/** Ends that the server names and that asking again does not change. */
const FINAL = { incident_ended: "ended", camera_gone: "ended", revoked: "ended", agency_closed: "ended", link_stopped: "ended", share_ended: "ended", source_lost: "ended", right_lost: "refused", signed_out: "refused" };
/** So often the server hears what was decoded here. */
const REPORT_MS = 10000;

let decoders = 0;

/**
 * How the player gets at its pictures, and proves that it may.
 * @typedef {object} Door
 * @property {() => Promise<{status: number, body: any}>} open 201: `playlist`, `stateUrl` and `headers` stand
 * @property {string} playlist
 * @property {string} stateUrl
 * @property {string} reportUrl
 * @property {string} [poster] where a small picture of before is, if anywhere
 * @property {string} mark who watches, for the watermark
 * @property {Record<string, string>} headers
 * @property {() => void} leave
 * @property {(quality: string) => string | null} [stateOf] where the state of another stream is; null: there is none
 * @property {(quality: string) => Promise<void>} [choose] from now on that stream
 * @property {() => Promise<void>} [renew] before the play list is loaded once more
 * @property {string} [whep] where the same pictures come by WebRTC, if they do
 * @property {Record<string, string>} [mediaHeaders] for the pictures, where those differ
 */

/**
 * Show a camera live.
 * @param {HTMLElement} element
 * @param {object} options
 * @param {Door} [options.door] else by a ticket, with what is named next
 * @param {string} [options.ticketUrl]
 * @param {string} [options.csrfToken]
 * @param {string | null} [options.incidentId]
 * @param {number} [options.cameraId]
 * @param {string} [options.purpose] needed without an incident
 * @param {string} options.name
 * @param {number} [options.whepMs] instead of WHEP_MS
 * @param {"main" | "sub"} [options.quality] which stream to begin with, where there are two
 * @param {(condition: any) => void} [options.onCondition] how its picture was judged last, once it is opened
 * @param {(news: {state: "starting"|"live"|"frozen"|"lost"|"ended"|"refused", ageS: number | null, frames: number}) => void} [options.onState]
 * @returns {{destroy(): void, setQuality(quality: "main" | "sub"): void, seen(): void}} `seen`: the viewer says that the picture was seen
 */
export function mountVideo(element, options) {
  const player = new Player(element, options);
  player.begin();
  return { destroy: () => player.destroy(), setQuality: (quality) => player.setQuality(quality), seen: () => player.report(true) };
}

class Player {
  #screen;
  #options;
  /** @type {Hls | null} */
  #hls = null;
  /** @type {Whep | null} */
  #whep = null;
  /** WebRTC failed here once: this picture stays with the play list. */
  #whepFailed = false;
  /** Since when the source has been live before eyes that may see it; null: it is not now. */
  #liveSince = null;
  /** @type {Door} */
  #door;
  #opened = false;
  #run = "";
  #server = { state: "starting", age: null };
  #misses = 0;
  #strange = 0;
  #timers = new Set();
  #gone = false;
  #counted = false;
  #reportedAt = -REPORT_MS;
  #reported = 0;
  #quality = "main";
  #whepMs = WHEP_MS;

  constructor(element, options) {
    this.#options = options;
    this.#whepMs = options.whepMs ?? WHEP_MS;
    this.#quality = options.quality ?? "main";
    this.#door = options.door ?? new TicketDoor(options);
    this.#screen = new Screen(element, options.name);
  }

  begin() {
    if (decoders >= MOST_DECODERS) {
      this.#finish("refused", t("Too many pictures are open"));
      return;
    }
    decoders += 1;
    this.#counted = true;
    this.#show("starting");
    this.#open();
  }

  /** Show the camera's other stream as soon as it gives a picture; the present one plays on until then. */
  setQuality(quality) {
    if (quality !== this.#quality) {
      this.#quality = quality;
      if (this.#opened) {
        this.#change(quality, performance.now() + SWITCH_MS);
      }
    }
  }

  async #change(quality, until) {
    const url = this.#door.stateOf?.(quality) ?? null;
    if (this.#gone || quality !== this.#quality || url === null || url === this.#door.stateUrl || performance.now() > until) {
      return;
    }
    const { status, body } = await ask(url, { headers: this.#door.headers });
    if (this.#gone || quality !== this.#quality) {
      return;
    }
    if (status === 200 && body.state === "live" && body.run) {
      await this.#door.choose?.(quality);
      if (!this.#gone) {
        this.#load();
      }
    } else {
      this.#later(POLL_MS / 4, () => this.#change(quality, until));
    }
  }

  destroy() {
    this.#leave();
    this.#stop();
    this.#screen.remove();
  }

  /** Tell the server that watching ends now, so that the record says when; it finds out anyway. */
  #leave() {
    if (this.#opened && !this.#gone) {
      this.report();
      this.#door.leave();
    }
  }

  async #open() {
    const answer = await this.#door.open();
    if (this.#gone) {
      return;
    }
    if (answer.status === 201) {
      this.#opened = true;
      this.#options.onCondition?.(answer.body.condition);
      this.#screen.watermark.text = this.#door.mark;
      this.#load();
      this.#showPoster();
      this.#later(POLL_MS / 2, () => this.#poll());
      this.#change(this.#quality, performance.now() + SWITCH_MS);
    } else if (answer.status === 0 || answer.status >= 500 || answer.status === 429) {
      this.#show("lost", answer.body.detail);
      this.#later(RETRY_MS, () => this.#open());
    } else {
      this.#finish("refused", answer.body.detail);
    }
  }

  /** Until the first frame comes, show what was seen before; without it the player goes on. */
  async #showPoster() {
    if (!this.#door.poster || this.#screen.frames > 0) {
      return;
    }
    const found = await askPicture(this.#door.poster, this.#door.headers);
    if (found && !this.#gone) {
      this.#screen.showPoster(found.picture, found.ageS);
    }
  }

  #load() {
    this.#hls?.destroy();
    this.#hls = null;
    this.#run = "";
    if (this.#door.whep && !this.#whepFailed && Whep.isPossible()) {
      this.#loadWhep();
    } else {
      this.#loadPlaylist();
    }
  }

  async #loadWhep() {
    this.#liveSince = null;
    this.#screen.way = "WebRTC";
    if (this.#whep) {
      const whep = this.#whep;
      if (!(await whep.turn(this.#door.whep))) {
        this.#fallBack(whep);
      }
      return;
    }
    const whep = new Whep(() => this.#door.headers, this.#screen.video, this.#whepMs);
    this.#whep = whep;
    whep.begin(this.#door.whep, () => this.#fallBack(whep));
  }

  /** Go on by play list, within the same view and by the same ticket. */
  #fallBack(whep) {
    if (whep === this.#whep && !this.#gone) {
      this.#whepFailed = true;
      this.#whep = null;
      whep.close();
      this.#load();
    }
  }

  #loadPlaylist() {
    this.#screen.way = "HLS";
    const hls = new Hls({
      xhrSetup: (xhr) => {
        for (const [name, value] of Object.entries(this.#door.mediaHeaders ?? this.#door.headers)) {
          xhr.setRequestHeader(name, value);
        }
      },
      enableWorker: false,
      liveSyncDuration: 1.5,
      liveMaxLatencyDuration: 6,
      maxLiveSyncPlaybackRate: 1.25,
      maxBufferLength: 6,
      backBufferLength: 4,
    });
    this.#hls = hls;
    hls.on(Hls.Events.ERROR, (_event, error) => this.#onError(hls, error));
    hls.attachMedia(this.#screen.video);
    hls.loadSource(this.#door.playlist);
    this.#screen.video.play().catch(() => {});
  }

  #onError(hls, error) {
    if (!error.fatal || hls !== this.#hls) {
      return;
    }
    if (error.type === Hls.ErrorTypes.MEDIA_ERROR) {
      hls.recoverMediaError();
      return;
    }
    hls.stopLoad();
    // Tried again whatever it was: a refusal that stands ends this by the next poll, which knows its reason.
    this.#later(RETRY_MS, () => hls === this.#hls && this.#reload());
  }

  async #reload() {
    await this.#door.renew?.();
    this.#hls?.loadSource(this.#door.playlist);
    this.#hls?.startLoad();
  }

  /** A session by WebRTC says itself what it does; asking there keeps its pictures coming. */
  get #stateUrl() {
    return this.#whep?.address || this.#door.stateUrl;
  }

  /** Ask the server once a second what the source does and whether we may still watch. */
  async #poll() {
    const url = this.#stateUrl;
    const answer = await ask(url, { headers: this.#door.headers });
    if (this.#gone) {
      return;
    }
    if (url !== this.#stateUrl) {
      // The answer is about the stream that was left meanwhile.
      this.#poll();
      return;
    }
    if (answer.status === 200) {
      this.#take(answer.body);
    } else if (answer.status === 403) {
      if (this.#refused(answer.body)) {
        return;
      }
    } else {
      // Nothing renewed the view meanwhile, so pictures paused.
      this.#liveSince = null;
      if (++this.#misses >= 2) {
        this.#show("lost");
      }
    }
    this.#later(POLL_MS, () => this.#poll());
  }

  #take(body) {
    this.#misses = 0;
    this.#strange = 0;
    this.#server = { state: body.state, age: body.last_frame_age_s };
    if (body.webrtc === false) {
      this.#fallBack(this.#whep);
    }
    if (body.run && body.run !== this.#run) {
      if (this.#run && this.#hls) {
        this.#reload();
      }
      this.#run = body.run;
    }
    this.#judge(body.reason);
    if (performance.now() - this.#reportedAt >= REPORT_MS) {
      this.report();
    }
  }

  /** Tell what was decoded here, and whether the viewer saw it; the server keeps it as our word. */
  report(seen = false) {
    const { frames, firstFrameAt } = this.#screen;
    if (!this.#opened || (frames === this.#reported && !seen)) {
      return;
    }
    this.#reported = frames;
    this.#reportedAt = performance.now();
    const body = JSON.stringify({ frames, decoded_ago_s: firstFrameAt === null ? 0 : (this.#reportedAt - firstFrameAt) / 1000, seen });
    const headers = { ...this.#door.headers, "Content-Type": "application/json" };
    fetch(this.#door.reportUrl, { method: "POST", headers, body, keepalive: true }).catch(() => {});
  }

  /** Say no worse than the truth: a live source whose pictures do not arrive here is not live here. */
  #judge(reason) {
    const { state, age } = this.#server;
    const silentMs = this.#screen.silentMs();
    this.#liveSince = state !== "live" || document.hidden ? null : (this.#liveSince ?? performance.now());
    this.#mindWhep();
    if (state !== "live" || document.hidden) {
      this.#show(state === "ended" ? "lost" : state, reasonText(reason), age);
    } else if (silentMs === null) {
      this.#show("starting", reasonText(reason));
    } else if (silentMs > LOCAL_STALL_MS) {
      this.#show("frozen", undefined, silentMs / 1000);
    } else {
      this.#show("live", undefined, (age ?? 0) + Math.max(0, this.#hls?.latency ?? 0));
    }
  }

  /** Wait no longer for a picture that could be had. */
  #mindWhep() {
    const { lastFrameAt } = this.#screen;
    const since = this.#whep && owedSince({ connectedAt: this.#whep.connectedAt, liveSince: this.#liveSince, lastFrameAt });
    if (since === null || document.hidden) {
      return;
    }
    const leftMs = since + this.#whepMs - performance.now();
    if (leftMs <= 0) {
      this.#fallBack(this.#whep);
    } else if (leftMs < POLL_MS) {
      // The next question comes later than this.
      this.#later(leftMs, () => this.#mindWhep());
    }
  }

  /** @returns {boolean} whether this was the end */
  #refused(body) {
    const reason = body.errors?.reason?.[0];
    this.report();
    this.#unload();
    if (reason in FINAL) {
      this.#finish(FINAL[reason], body.detail);
      return true;
    }
    this.#strange += 1;
    if (this.#strange < 3) {
      this.#show("starting");
      this.#later(POLL_MS, () => this.#open());
    } else {
      this.#finish("refused", body.detail);
    }
    return true;
  }

  #finish(state, text) {
    this.#stop();
    this.#show(state, text);
  }

  #show(state, text, age = null) {
    this.#screen.show(state, { text, age });
    this.#options.onState?.({ state, ageS: age, frames: this.#screen.frames });
  }

  #unload() {
    this.#hls?.destroy();
    this.#hls = null;
    this.#whep?.close();
    this.#whep = null;
  }

  #stop() {
    this.#gone = true;
    for (const timer of this.#timers) {
      clearTimeout(timer);
    }
    this.#timers.clear();
    this.#unload();
    this.#screen.blank();
    if (this.#counted) {
      decoders -= 1;
      this.#counted = false;
    }
  }

  #later(ms, run) {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!this.#gone) {
        run();
      }
    }, ms);
    this.#timers.add(timer);
  }
}
