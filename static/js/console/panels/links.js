/** Link lights: grey when healthy, coloured and named when not. */

import { byId, h } from "../../lib/dom.js";
import { age, number } from "../../lib/format.js";
import { t } from "../../lib/text.js";
import { linkState, serviceName } from "../labels.js";

const EVERY_MS = 15000;
// What is wrong comes first: the strip may be too short for every light of a city.
const WORST = ["down", "degraded", "suspended", "maintenance", "dormant", "up"];

/** In the strip the numbers that everybody knows stand for their services. */
const SHORT = { police112: "112", fire119: "119" };

/** One refusal may be a slip; several with nothing taken between them are not. */
const refusesAll = (link) => link.refused_in_a_row > 1;
const rank = (link) => (link.state === "up" && (link.held_back || refusesAll(link)) ? WORST.indexOf("degraded") : WORST.indexOf(link.state));

export class Links {
  /**
   * @param {string} url
   * @param {(url: string) => Promise<any>} getJson
   */
  constructor(url, getJson) {
    this.url = url;
    this.getJson = getJson;
    this.list = byId("links");
    this.timer = 0;
  }

  start() {
    this.refresh();
    this.timer = setInterval(() => document.hidden || this.refresh(), EVERY_MS);
  }

  async refresh() {
    try {
      const { links } = await this.getJson(this.url);
      const sorted = [...links].sort((one, other) => rank(one) - rank(other));
      this.list.replaceChildren(...sorted.map((link) => this.#light(link, links)));
    } catch {
      // The freshness light already tells of a lost server; the last known lights stay.
    }
  }

  /** The light carries the service's short name; where two rooms share it, the agency's. */
  #light(link, links) {
    const alike = links.filter((other) => other.service === link.service).length;
    const name = alike > 1 ? link.agency || link.name : (SHORT[link.service] ?? serviceName(link.service));
    const parts = [linkState(link.state)];
    if (link.queued) {
      parts.push(t("%(n)s waiting", { n: number(link.queued) }));
    }
    if (link.oldest_unsent_s) {
      parts.push(t("oldest unsent %(age)s", { age: age(link.oldest_unsent_s * 1000) }));
    }
    if (link.held_back) {
      parts.push(t("%(n)s held back in the last hour", { n: number(link.held_back) }));
    }
    if (refusesAll(link)) {
      parts.push(t("the last %(n)s all refused", { n: number(link.refused_in_a_row) }));
    }
    // The strip is short: the words in full are in the title and on the link console.
    const untaken = refusesAll(link) ? t("refused %(n)s", { n: number(link.refused_in_a_row) }) : link.held_back > 0 && t("held back %(n)s", { n: number(link.held_back) });
    const quiet = link.state === "up";
    const title = [`${link.agency || link.name}`, ...parts].join(" · ");
    return h("li", { class: "link", "data-state": link.state, title }, h("span", { class: "link-light", "aria-hidden": true }), h("span", { class: "link-name" }, name), h("span", { class: quiet ? "visually-hidden" : "" }, linkState(link.state)), untaken && h("span", { class: "link-untaken" }, untaken));
  }
}
