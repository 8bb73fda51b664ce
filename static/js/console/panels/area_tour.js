/** What concerns an area and has no place: says so, and tours the area's cameras five by five. */

import { byId, h, setText, show } from "../../lib/dom.js";
import { announce, toast } from "../../lib/notices.js";
import { number } from "../../lib/format.js";
import { t } from "../../lib/text.js";

const PICTURES = 5;

export class AreaTour {
  /**
   * @param {object} wiring
   * @param {(url: string) => Promise<any>} wiring.getJson
   * @param {(id: string) => string} wiring.url
   * @param {boolean} wiring.mayWatch
   * @param {(cameras: any[]) => void} wiring.onWatch
   * @param {(id: string, cameras: any[]) => void} wiring.onCameras they are known now
   * @param {(id: string) => boolean} wiring.onFrame bring the area into sight
   */
  constructor(wiring) {
    Object.assign(this, wiring);
    this.id = null;
    this.said = null;
    this.#forget();
    byId("disaster-text-sight").addEventListener("click", () => this.onFrame(this.id));
    byId("disaster-text-video").addEventListener("click", () => this.next(this.id));
  }

  #forget() {
    /** @type {{cameras: any[], are_all: boolean} | null} */
    this.found = null;
    this.at = 0;
    setText(byId("disaster-text-state"), "");
    show(byId("disaster-text-box"), false);
  }

  /**
   * @param {string | null} id the incident that is open now
   * @param {{names: string[], city: string} | null} said of which area its text message speaks
   */
  open(id, said) {
    if (id !== this.id) {
      this.id = id;
      this.#forget();
    }
    this.said = said;
    show(byId("disaster-text"), Boolean(said));
    show(byId("disaster-text-video"), this.mayWatch);
    if (said) {
      const names = said.names.join(", ");
      const about = names ? t("This concerns %(names)s, not a single place.", { names }) : t("This concerns the whole of %(city)s, not a single place.", { city: said.city });
      setText(byId("disaster-text-about"), about);
    }
  }

  /** Show the next five of the area; after the last the first again. @returns {boolean} whether there is an area */
  next(id) {
    if (!this.said || id !== this.id) {
      return false;
    }
    this.#next(id);
    return true;
  }

  async #next(id) {
    try {
      this.found ??= await this.getJson(this.url(id));
    } catch (error) {
      toast(error.message, { bad: true });
      return;
    }
    if (id === this.id) {
      this.#list();
      this.#watch(this.at);
    }
  }

  #watch(from) {
    const { cameras: all, are_all: areAll } = this.found;
    if (!all.length) {
      setText(byId("disaster-text-state"), t("No camera of the register stands in the area."));
      return;
    }
    const shown = all.slice(from, from + PICTURES);
    const text = t("Cameras %(first)s to %(last)s of %(n)s", { first: number(from + 1), last: number(from + shown.length), n: `${number(all.length)}${areAll ? "" : "+"}` });
    this.at = from + PICTURES < all.length ? from + PICTURES : 0;
    setText(byId("disaster-text-state"), text);
    announce(text);
    this.onWatch(shown);
    // The pictures take some of the map's room.
    requestAnimationFrame(() => this.onFrame(this.id));
  }

  #list() {
    const { cameras } = this.found;
    this.onCameras(this.id, cameras);
    show(byId("disaster-text-box"), cameras.length > 0);
    byId("disaster-text-cameras").replaceChildren(...cameras.map((camera, index) => h("li", { class: "camera" }, h("button", { class: "camera-name", type: "button", onclick: () => this.#watch(index) }, camera.name))));
  }
}
