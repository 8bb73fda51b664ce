/** The way to a camera: a ticket by POST, shown in a header with every request after it. */

import { language } from "../lib/text.js";
import { ask } from "./video_ask.js";

export class TicketDoor {
  #options;
  #ticket = null;
  /** @type {Promise<{status: number, body: any}> | null} */
  #prepared = null;
  #now = { playlist: "", state: "", entry: "", whep: "" };
  #pass = "";

  /** @param {any} options see mountVideo */
  constructor(options) {
    this.#options = options;
  }

  /** Ask before the picture is wanted: the relay starts with the ticket, and no view is opened by it. */
  prepare() {
    this.#prepared = this.#ask();
  }

  /** Ask for a ticket; the server starts the relay with it. */
  open() {
    const prepared = this.#prepared;
    this.#prepared = null;
    return prepared ?? this.#ask();
  }

  async #ask() {
    const { ticketUrl, csrfToken, incidentId = null, purpose = "", quality = "main" } = this.#options;
    const answer = await ask(ticketUrl, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": csrfToken },
      body: JSON.stringify({ incident: incidentId, purpose, quality }),
    });
    if (answer.status === 201) {
      this.#ticket = answer.body;
      return this.#enter(answer.body, answer);
    }
    return answer;
  }

  /** A media server wants a pass of its own, good once: the ticket opens the view and buys it. */
  async #enter(stream, answer) {
    this.#pass = "";
    this.#now = { playlist: stream.playlist ?? "", state: stream.state, entry: stream.entry ?? "", whep: stream.whep ?? "" };
    if (!stream.entry) {
      return answer;
    }
    const entry = await ask(stream.entry, { method: "POST", headers: this.headers });
    this.#now.playlist = entry.body.playlist ?? "";
    this.#pass = entry.body.authorization ?? "";
    return entry;
  }

  /** Before a play list is loaded once more. */
  async renew() {
    await this.#enter(this.#now, null);
  }

  /** What is shown where the pictures are; the same as elsewhere unless a media server has them. */
  get mediaHeaders() {
    return this.#pass ? { Authorization: this.#pass } : this.headers;
  }

  get playlist() {
    return this.#now.playlist;
  }

  /** Where the same pictures come by WebRTC; empty where they do not. */
  get whep() {
    return this.#now.whep;
  }

  get stateUrl() {
    return this.#now.state;
  }

  /** Where what was seen before is, to be shown until the live picture comes. */
  get poster() {
    return this.#ticket.poster ?? "";
  }

  get reportUrl() {
    return this.#ticket.report;
  }

  /** Who watches what for what, as the server knows it. */
  get mark() {
    return this.#ticket.mark;
  }

  /** One ticket opens both streams of its camera. */
  stateOf(quality) {
    return this.#ticket.streams?.[quality]?.state ?? null;
  }

  async choose(quality) {
    await this.#enter(this.#ticket.streams[quality], null);
  }

  /** The ticket goes in a header: addresses reach logs. */
  get headers() {
    return { Authorization: `Ticket ${this.#ticket.ticket}`, "Accept-Language": language };
  }

  leave() {
    fetch(this.stateUrl, { method: "DELETE", headers: this.headers, keepalive: true }).catch(() => {});
  }
}
