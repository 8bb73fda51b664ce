/** The incident panel: who and where, what may be done, cameras, agencies, history. */

import { byId, h, setText, show } from "../../lib/dom.js";
import { distance, moment } from "../../lib/format.js";
import { t } from "../../lib/text.js";
import { kindName, serviceName, statusName } from "../labels.js";
import { priorityName, shape } from "../priorities.js";
import { verbTexts } from "../verbs.js";
import { drawCameras } from "./cameras.js";
import { drawCluster } from "./cluster.js";
import { drawExchanges } from "./exchanges.js";
import { Notes } from "./notes.js";
import { drawTimeline, drawWhy } from "./timeline.js";

export class IncidentPanel {
  /**
   * @param {object} wiring
   * @param {(verb: string) => void} wiring.onVerb
   * @param {(id: number) => void} wiring.onCamera
   * @param {(id: string) => void} wiring.onIncident
   * @param {(text: string) => Promise<void>} wiring.onNote
   * @param {() => number} wiring.now by the server's clock
   */
  constructor({ onVerb, onCamera, onIncident, onNote, now }) {
    this.onVerb = onVerb;
    this.onCamera = onCamera;
    this.onIncident = onIncident;
    this.now = now;
    this.texts = verbTexts();
    this.notes = new Notes(onNote);
    this.feature = null;
    this.detail = null;
  }

  get isOpen() {
    return this.feature !== null;
  }

  /** Show what is known at once; the detail follows. */
  open(feature) {
    const isOther = this.feature?.id !== feature.id;
    this.feature = feature;
    this.#head(feature);
    if (isOther) {
      this.detail = null;
      this.notes.open(feature.id);
      for (const id of ["incident-actions", "cameras", "skipped", "exchanges", "timeline", "why"]) {
        byId(id).replaceChildren();
      }
      show(byId("cluster"), false);
      byId("incident-scroll").scrollTop = 0;
    }
    show(byId("incident"), true);
    byId("desk").dataset.incident = feature.id;
  }

  close() {
    this.feature = this.detail = null;
    show(byId("incident"), false);
    delete byId("desk").dataset.incident;
  }

  #head(feature) {
    byId("incident-priority").className = `priority p${feature.priority}`;
    byId("incident-priority").replaceChildren(shape(feature.priority), priorityName(feature.priority));
    setText(byId("incident-status"), statusName(feature.status));
    show(byId("incident-drill"), feature.is_drill);
    setText(byId("incident-title"), `${kindName(feature)}`);
    setText(byId("incident-address"), feature.address || t("Place not known"));
    setText(byId("incident-summary"), feature.summary);
    const owner = feature.offered_to ? t("Offered to %(name)s", { name: feature.offered_to.name }) : (feature.owner?.name ?? t("Unclaimed"));
    const facts = [
      [t("Number"), feature.number],
      [t("From"), serviceName(feature.service) + (feature.urgency ? ` · ${t("Code %(n)s", { n: feature.urgency })}` : "")],
      [t("Owner"), owner],
      [t("Received"), moment(feature.received_at, this.now())],
      [t("Position error"), feature.error_radius_m ? `± ${distance(feature.error_radius_m)}` : null],
    ];
    byId("incident-facts").replaceChildren(...facts.filter(([, value]) => value).map(([name, value]) => h("div", null, h("dt", null, name), h("dd", { class: "number" }, value))));
  }

  /** @param {any} detail of the incident that is open */
  show(detail) {
    if (this.feature?.id !== detail.id) {
      return;
    }
    this.feature = this.detail = detail;
    this.#head(detail);
    this.#actions(detail.allowed);
    this.notes.allow(detail.allowed.includes("note"));
    drawCameras(detail.cameras, { onCamera: this.onCamera, hasPlace: detail.lon !== null });
    drawWhy(byId("why"), detail);
    drawTimeline(byId("timeline"), detail.timeline, this.now());
    drawCluster(byId("cluster"), detail, { onIncident: this.onIncident, now: this.now() });
  }

  #actions(allowed) {
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.verb : null;
    const verbs = Object.entries(this.texts).filter(([verb]) => allowed.includes(verb));
    const button = ([verb, text], index) => {
      const strong = text.strong && index === 0;
      return h("button", { class: `button${strong ? " button-strong" : ""}`, type: "button", "data-verb": verb, onclick: () => this.onVerb(verb) }, text.label, text.key && h("kbd", { "aria-hidden": true }, text.key));
    };
    const first = verbs.filter(([, text]) => !text.rare).map(button);
    const rest = verbs.filter(([, text]) => text.rare).map(button);
    const wasOpen = byId("incident-actions").querySelector("details")?.open;
    const more = rest.length > 0 && h("details", { class: "more", open: wasOpen }, h("summary", { class: "button" }, t("More")), h("div", { class: "incident-actions" }, ...rest));
    byId("incident-actions").replaceChildren(...first, ...(more ? [more] : []));
    const same = focused && byId("incident-actions").querySelector(`[data-verb="${focused}"]`);
    if (focused) {
      (same || byId("incident")).focus({ preventScroll: true });
    }
  }

  showExchanges(exchanges) {
    drawExchanges(byId("exchanges"), exchanges, this.now());
  }

}
