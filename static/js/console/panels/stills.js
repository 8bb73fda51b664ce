/** The stills of the incident: of which camera, by whom, to whom they went and how far that came. */

import { byId, h } from "../../lib/dom.js";
import { moment } from "../../lib/format.js";
import { toast } from "../../lib/notices.js";
import { t } from "../../lib/text.js";
import { Timers } from "../../lib/timers.js";
import { exchangeState } from "../labels.js";

const SETTLE_MS = 300;

export class StillsPanel {
  /**
   * @param {object} wiring
   * @param {(id: string) => string} wiring.url
   * @param {(url: string) => Promise<any>} wiring.getJson
   * @param {boolean} wiring.mayWatch
   * @param {() => number} wiring.now by the server's clock
   * @param {(still: any, receivers: any[]) => void} wiring.onLook
   */
  constructor(wiring) {
    Object.assign(this, wiring);
    this.id = null;
    this.stills = [];
    this.timers = new Timers();
  }

  /** @param {string | null} id the incident that is open now */
  open(id) {
    if (id !== this.id) {
      this.id = id;
      this.stills = [];
      byId("stills").replaceChildren();
      if (id) {
        this.#refresh();
      }
    }
  }

  /** Something about it changed: ask a moment later, once for many changes. */
  touch() {
    if (this.id) {
      this.timers.set("refresh", SETTLE_MS, () => this.#refresh());
    }
  }

  async #refresh() {
    const id = this.id;
    if (!id) {
      return;
    }
    try {
      const { stills, receivers } = await this.getJson(this.url(id));
      if (id === this.id) {
        this.stills = stills;
        const none = h("li", { class: "muted" }, t("No still has been taken."));
        byId("stills").replaceChildren(...(stills.length ? stills.map((still) => this.#item(still, receivers)) : [none]));
      }
    } catch (error) {
      toast(error.message, { bad: true });
    }
  }

  #item(still, receivers) {
    const about = `${moment(still.picture_at, this.now())} · ${still.by}`;
    const look = () => this.onLook(still, receivers);
    const button = this.mayWatch && !still.destroyed_at && h("button", { class: "button button-small", type: "button", "aria-label": t("Look at the still of %(name)s", { name: still.camera.name }), onclick: look }, t("Look"));
    const sent = still.sent.map((one) => {
      const seen = one.first_viewed_at ? t("fetched") : t("not fetched yet");
      const isBad = ["dead", "retrying"].includes(one.state);
      return h("span", { class: `still-sent${isBad ? " exchange-bad" : ""}` }, `${one.agency} · ${exchangeState(one.state)} · ${seen}`);
    });
    const whole = still.destroyed_at ? [h("span", { class: "muted" }, t("destroyed %(time)s", { time: moment(still.destroyed_at, this.now()) }))] : [];
    const unsent = !still.sent.length && !still.destroyed_at ? [h("span", { class: "muted" }, t("not sent"))] : [];
    return h("li", { class: "unit" }, h("strong", null, still.camera.name), h("span", { class: "muted number" }, about), button, ...sent, ...unsent, ...whole);
  }
}
