/**
 * Who watches, and when, over a picture: tiled, translucent, and back at once when it is taken away.
 *
 * It lies over the picture, not in it: it marks photographs and recordings of the screen, and stops
 * nobody who takes the video itself out of the browser.
 */

import { clock } from "./format.js";

/** So many marks cover a picture at any size. */
const MARKS = 60;
const STYLE = `
.watermark { position: absolute; z-index: 1; inset: -45%; display: grid; place-content: center; rotate: -18deg; pointer-events: none; }
.watermark::before { content: attr(data-text); color: rgb(255 255 255 / 24%); font: 600 0.875rem/5 var(--font, sans-serif); text-shadow: 0 0 2px rgb(0 0 0 / 60%); white-space: pre-wrap; word-spacing: 0.5em; }
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

export class Watermark {
  #host;
  #watch;
  #timer;
  #mark = document.createElement("div");
  #text = "";

  /** @param {HTMLElement} host positioned, and cuts off what is beyond it */
  constructor(host) {
    addStyle();
    this.#host = host;
    this.#watch = new MutationObserver(() => this.#put());
    this.#timer = setInterval(() => this.#put(), 1000);
    this.#put();
  }

  /** The time is added, and goes on. */
  set text(text) {
    this.#text = text;
    this.#put();
  }

  /** Make it anew: whatever was done to the old one is gone with it. */
  #put() {
    this.#watch.disconnect();
    this.#mark.remove();
    this.#mark = document.createElement("div");
    this.#mark.className = "watermark";
    this.#mark.setAttribute("aria-hidden", "true");
    this.#mark.dataset.text = this.#text ? `${this.#text} ${clock(Date.now())}   `.repeat(MARKS) : "";
    this.#host.append(this.#mark);
    this.#watch.observe(this.#host, { childList: true });
    this.#watch.observe(this.#mark, { attributes: true });
  }

  remove() {
    clearInterval(this.#timer);
    this.#watch.disconnect();
    this.#mark.remove();
  }
}
