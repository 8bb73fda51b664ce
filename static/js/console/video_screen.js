/** What one player shows: the picture, its age, and words over it when it is not live. */

import { t } from "../lib/text.js";
import { Watermark } from "../lib/watermark.js";

const STYLE = `
.player { position: relative; container-type: inline-size; width: 100%; height: 100%; overflow: hidden; background: #0b0d10; color: #e6eaee; }
.player-poster { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: contain; opacity: 0.5; filter: saturate(0.6); }
.player video { display: block; width: 100%; height: 100%; object-fit: contain; }
.player-age, .player-words, .player-poster-age { position: absolute; z-index: 2; margin: 0; padding: 0.125rem 0.5rem; background: rgb(11 13 16 / 82%); font-weight: 600; }
.player-age, .player-poster-age { inset: 0.25rem 0.25rem auto auto; font-variant-numeric: tabular-nums; }
@container (max-width: 16rem) { .player-age { padding: 0 0.25rem; font-size: 0.75rem; } .player-details { display: none; } }
.player-poster-age { border-left: 0.25rem solid #f5b83d; }
.player-words { inset: 40% 0 auto; text-align: center; word-break: keep-all; }
.player[data-state="frozen"] video, .player[data-state="lost"] video { opacity: 0.35; filter: grayscale(1); }
.player[data-state="ended"] video, .player[data-state="refused"] video { visibility: hidden; }
.player[data-state="frozen"], .player[data-state="lost"] { outline: 2px solid #f5b83d; outline-offset: -2px; }
`;

let styled = false;

function addStyle() {
  if (!styled) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    styled = true;
  }
}

function words(state, age) {
  const seconds = age === null ? null : Math.round(age);
  switch (state) {
    case "starting":
      return t("Connecting");
    case "frozen":
      return seconds === null ? t("Frozen picture") : t("Frozen picture, %(age)s s old", { age: seconds });
    case "lost":
      return t("No signal");
    case "ended":
      return t("Ended");
    case "refused":
      return t("Refused");
    default:
      return "";
  }
}

/** @param {number} seconds */
function agoWords(seconds) {
  const minutes = Math.floor(seconds / 60);
  return minutes < 1 ? t("Picture of %(age)s s ago", { age: Math.max(1, Math.round(seconds)) }) : t("Picture of %(age)s min ago", { age: minutes });
}

export class Screen {
  /** What was seen before the live picture: shown dimmed, with its age, until a frame is decoded.
   * @type {{image: HTMLImageElement, words: HTMLElement, takenAt: number} | null} */
  #poster = null;

  /**
   * @param {HTMLElement} element
   * @param {string} name the camera's
   */
  constructor(element, name) {
    addStyle();
    this.frames = 0;
    this.lastFrameAt = null;
    this.firstFrameAt = null;
    this.root = document.createElement("div");
    this.root.className = "player";
    this.video = document.createElement("video");
    Object.assign(this.video, { muted: true, autoplay: true, playsInline: true, disablePictureInPicture: true });
    this.video.setAttribute("aria-label", name);
    this.age = document.createElement("p");
    this.age.className = "player-age";
    this.details = document.createElement("span");
    this.details.className = "player-details";
    this.words = document.createElement("p");
    this.words.className = "player-words";
    this.root.append(this.video, this.age, this.words);
    element.append(this.root);
    this.watermark = new Watermark(this.root);
    this.root.dataset.frames = "0";
    this.#count();
    if (!this.video.requestVideoFrameCallback) {
      // A browser that counts no frames must not keep the poster over a picture that plays.
      this.video.addEventListener("timeupdate", () => this.takePosterAway());
    }
  }

  /** Count what is truly decoded and shown, not what was loaded. */
  #count() {
    this.video.requestVideoFrameCallback?.(() => {
      this.frames += 1;
      this.takePosterAway();
      this.#hushWords();
      this.lastFrameAt = performance.now();
      this.firstFrameAt ??= this.lastFrameAt;
      this.root.dataset.frames = String(this.frames);
      this.root.dataset.firstFrameMs ??= String(Math.round(this.lastFrameAt));
      this.#count();
    });
  }

  /**
   * Show what was seen before; never over or after a frame that was decoded here.
   * @param {Blob} picture
   * @param {number} ageS how old it is now
   */
  showPoster(picture, ageS) {
    if (this.frames > 0 || this.#isOver) {
      return;
    }
    this.takePosterAway();
    const image = document.createElement("img");
    image.className = "player-poster";
    image.alt = "";
    image.addEventListener("load", () => {
      this.root.dataset.posterMs ??= String(Math.round(performance.now()));
    });
    image.src = URL.createObjectURL(picture);
    const words = document.createElement("p");
    words.className = "player-poster-age";
    this.#poster = { image, words, takenAt: performance.now() - ageS * 1000 };
    this.#sayAge();
    this.video.after(image, words);
  }

  takePosterAway() {
    if (this.#poster) {
      const { image, words } = this.#poster;
      this.#poster = null;
      image.remove();
      words.remove();
      URL.revokeObjectURL(image.src);
    }
  }

  get #isOver() {
    return ["ended", "refused"].includes(this.root.dataset.state);
  }

  #sayAge() {
    if (this.#poster) {
      this.#poster.words.textContent = agoWords((performance.now() - this.#poster.takenAt) / 1000);
    }
  }

  /** What plays is connected, before the server has been asked again. */
  #hushWords() {
    if (this.frames > 0 && this.root.dataset.state === "starting") {
      this.words.hidden = true;
    }
  }

  /** By which way the picture comes, as it is called: WebRTC or HLS. */
  set way(name) {
    this.root.dataset.way = name;
  }

  /** @returns {number | null} milliseconds since the last decoded frame; null before the first */
  silentMs() {
    return this.lastFrameAt === null ? null : performance.now() - this.lastFrameAt;
  }

  /**
   * @param {string} state
   * @param {{text?: string, age?: number | null}} [about]
   */
  show(state, { text = "", age = null } = {}) {
    this.root.dataset.state = state;
    if (this.#isOver) {
      this.takePosterAway();
    }
    this.#sayAge();
    this.root.dataset.age = age === null ? "" : age.toFixed(1);
    const live = state === "live";
    this.age.hidden = !live;
    const { videoWidth: width, videoHeight: height } = this.video;
    const size = width ? `${width} × ${height}` : "";
    this.details.textContent = ["", size, this.root.dataset.way].filter((word, at) => word || at === 0).join(" · ");
    this.age.replaceChildren(...(live ? [t("LIVE, %(age)s s ago", { age: Math.round(age ?? 0) }), this.details] : []));
    this.words.hidden = live;
    this.words.textContent = live ? "" : [words(state, age), text].filter(Boolean).join(": ");
    this.#hushWords();
  }

  /** Take the last picture away: what may not be seen must not stay on the screen. */
  blank() {
    this.takePosterAway();
    this.video.removeAttribute("src");
    this.video.load();
  }

  remove() {
    this.takePosterAway();
    this.watermark.remove();
    this.root.remove();
  }
}
