/** The console's way to a camera: a ticket by POST, shown in a header with every request after it. */

import { language } from "../lib/text.js";
import { ask } from "./video_ask.js";

export class TicketDoor {
  #options;
  #ticket = null;
  #now = { playlist: "", state: "" };

  /** @param {any} options see mountVideo */
  constructor(options) {
    this.#options = options;
  }

  /** Ask for a ticket; the server starts the relay with it. */
  async open() {
    const { ticketUrl, csrfToken, incidentId = null, purpose = "", quality = "main" } = this.#options;
    const answer = await ask(ticketUrl, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": csrfToken },
      body: JSON.stringify({ incident: incidentId, purpose, quality }),
    });
    if (answer.status === 201) {
      this.#ticket = answer.body;
      this.#now = { playlist: answer.body.playlist, state: answer.body.state };
    }
    return answer;
  }

  get playlist() {
    return this.#now.playlist;
  }

  get stateUrl() {
    return this.#now.state;
  }

  /** One ticket opens both streams of its camera. */
  stateOf(quality) {
    return this.#ticket.streams[quality]?.state ?? null;
  }

  choose(quality) {
    this.#now = this.#ticket.streams[quality];
  }

  /** The ticket goes in a header: addresses reach logs. */
  get headers() {
    return { Authorization: `Ticket ${this.#ticket.ticket}`, "Accept-Language": language };
  }

  leave() {
    fetch(this.stateUrl, { method: "DELETE", headers: this.headers, keepalive: true }).catch(() => {});
  }
}
