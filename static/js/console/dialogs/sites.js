/** Cameras of a pole, of poles that share a place, or of a drawn circle. */

import { byId, h, setText } from "../../lib/dom.js";
import { openDialog } from "../../lib/dialog.js";
import { compass, distance, number } from "../../lib/format.js";
import { getJson } from "../../lib/http.js";
import { either, t } from "../../lib/text.js";
import { conditionText } from "../labels.js";

const MOST_SITES = 12;

export class Sites {
  /**
   * @param {object} wiring
   * @param {string} wiring.url of a site; the id follows
   * @param {boolean} wiring.mayWatch
   * @param {(cameras: any[], title: string) => void} wiring.onWatch
   * @param {(camera: any) => void} wiring.onAdd beside the pictures that are open
   * @param {() => boolean} wiring.canAdd whether some are
   */
  constructor({ url, mayWatch, onWatch, onAdd, canAdd }) {
    Object.assign(this, { url, mayWatch, onWatch, onAdd, canAdd });
    this.dialog = /** @type {HTMLDialogElement} */ (byId("site-dialog"));
    this.list = byId("site-cameras");
  }

  /** The cameras of a pole that give pictures. @param {{id: number}} site */
  async connected(site) {
    const { cameras } = await getJson(`${this.url}${site.id}/`);
    return cameras.filter((camera) => camera.connected);
  }

  /** @param {{id: number, name: string}[]} sites */
  async open(sites) {
    const shown = sites.slice(0, MOST_SITES);
    const title = shown.length === 1 ? shown[0].name : t("%(n)s sites at this place", { n: number(sites.length) });
    this.#begin(title, t("Loading"));
    const details = await Promise.allSettled(shown.map((site) => getJson(`${this.url}${site.id}/`)));
    const known = details.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    const rows = known.flatMap((site) => site.cameras.map((camera) => this.#camera(camera, shown.length > 1 ? "" : site.address)));
    setText(byId("site-about"), known.length ? this.#about(known) : t("The cameras cannot be read now."));
    this.list.replaceChildren(...rows);
  }

  /** @param {{picks: any[], skipped: any[]}} found by a drawn shape */
  openFound(title, found) {
    this.#begin(title, t("%(n)s cameras", { n: number(found.picks.length) }));
    this.list.replaceChildren(...found.picks.map((pick) => this.#camera({ ...pick, connected: true }, distance(pick.distance_m))));
  }

  /**
   * A road operator's camera: no direction is known of it.
   * @param {any} camera
   * @param {string} about
   */
  openRoad(camera, about) {
    this.#begin(camera.name, t("Traffic camera of another operator. Every view is put on record."));
    this.list.replaceChildren(this.#row(camera, about));
  }

  #begin(title, about) {
    setText(byId("site-title"), title);
    setText(byId("site-about"), about);
    this.list.replaceChildren();
    openDialog(this.dialog);
  }

  #about(sites) {
    const [first] = sites;
    const cameras = sites.reduce((sum, site) => sum + site.cameras.length, 0);
    return [t("%(n)s cameras", { n: number(cameras) }), either(first.purpose?.ko, first.purpose?.en), first.address, first.phone].filter(Boolean).join(" · ");
  }

  #camera(camera, extra) {
    const looks = camera.bearing_deg === null || camera.bearing_deg === undefined ? t("direction unknown") : t("looks %(point)s", { point: compass(camera.bearing_deg) });
    const size = camera.width ? `${camera.width} × ${camera.height}` : "";
    return this.#row(camera, [conditionText(camera, Date.now()), size, looks, extra].filter(Boolean).join(" · "));
  }

  #row(camera, about) {
    const watch = () => {
      this.dialog.close();
      this.onWatch([camera], camera.name);
    };
    const canWatch = this.mayWatch && camera.connected;
    const button = h("button", { class: "button button-small", type: "button", disabled: !canWatch, onclick: watch }, canWatch ? t("Watch") : t("No picture"));
    const add = () => {
      this.dialog.close();
      this.onAdd(camera);
    };
    const beside = canWatch && this.canAdd() && h("button", { class: "button button-small", type: "button", onclick: add }, t("Add to the wall"));
    return h("li", { class: "camera" }, h("strong", null, camera.name), h("span", { class: "camera-acts" }, beside, button), h("span", { class: "camera-why muted" }, about));
  }
}
