/** The way to a camera: a ticket by POST, shown in a header with every request after it. */

import { language } from "../lib/text.js";
import { ask } from "./video_ask.js";

export class TicketDoor {
  #options;
  #ticket = null;

  /** @param {any} options see mountVideo */
  constructor(options) {
    this.#options = options;
  }

  /** Ask for a ticket; the server starts the relay with it. */
  async open() {
    const { ticketUrl, csrfToken, incidentId = null, purpose = "" } = this.#options;
    const answer = await ask(ticketUrl, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": csrfToken },
      body: JSON.stringify({ incident: incidentId, purpose }),
    });
    if (answer.status === 201) {
      this.#ticket = answer.body;
    }
    return answer;
  }

  get playlist() {
    return this.#ticket.playlist;
  }

  get stateUrl() {
    return this.#ticket.state;
  }

  get reportUrl() {
    return this.#ticket.report;
  }

  /** Who watches what for what, as the server knows it. */
  get mark() {
    return this.#ticket.mark;
  }

  /** The ticket goes in a header: addresses reach logs. */
  get headers() {
    return { Authorization: `Ticket ${this.#ticket.ticket}`, "Accept-Language": language };
  }

  leave() {
    fetch(this.stateUrl, { method: "DELETE", headers: this.headers, keepalive: true }).catch(() => {});
  }
}
