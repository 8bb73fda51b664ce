/** Wires camera tours into the console: the list of groups, the buttons, what the head of the wall says. */

import { byId, h, icon, setText, show } from "../lib/dom.js";
import { openDialog } from "../lib/dialog.js";
import { number } from "../lib/format.js";
import { getJson } from "../lib/http.js";
import { announce, toast } from "../lib/notices.js";
import { t } from "../lib/text.js";
import { Tour } from "./tour.js";

/**
 * @param {object} parts
 * @param {any} parts.config
 * @param {import("./panels/video_wall.js").VideoWall} parts.wall
 * @param {import("./panels/incident.js").IncidentPanel} parts.panel
 * @param {import("./actions.js").Actions} parts.actions
 */
export function mountTours({ config, wall, panel, actions }) {
  const mayWatch = config.rights.includes("video_watch");
  const dialog = /** @type {HTMLDialogElement} */ (byId("tours-dialog"));
  const tour = new Tour({ wall, ticketUrl: (id) => `${config.urls.cameras}${id}/ticket/`, onState: tell });

  function tell(state) {
    show(byId("tour"), state !== null);
    show(byId("video-note"), state === null);
    if (state) {
      const pages = t("%(page)s of %(pages)s", { page: number(state.page), pages: number(state.pages) });
      setText(byId("tour-page"), state.isPaused ? `${pages} · ${t("held")}` : `${pages} · ${t("%(s)s s", { s: state.leftS })}`);
      const pause = byId("tour-pause");
      pause.setAttribute("aria-pressed", String(state.isPaused));
      if (pause.dataset.paused !== String(state.isPaused)) {
        pause.dataset.paused = String(state.isPaused);
        pause.replaceChildren(icon(state.isPaused ? "play" : "pause"));
      }
    }
  }

  async function open() {
    if (!mayWatch) {
      announce(t("Your role may not watch video"));
      return;
    }
    setText(byId("tours-about"), t("Loading"));
    byId("tours").replaceChildren();
    openDialog(dialog);
    try {
      const { tours } = await getJson(config.urls.tours);
      const about = tours.length ? t("The cameras of a group in turns. Every view is put on record.") : t("No camera group is registered. An administrator adds them.");
      setText(byId("tours-about"), about);
      byId("tours").replaceChildren(...tours.map(row));
    } catch (error) {
      setText(byId("tours-about"), error.message);
    }
  }

  function row(group) {
    const begin = () => {
      dialog.close();
      start(group);
    };
    const about = [t("%(n)s cameras", { n: number(group.cameras.length) }), t("%(s)s s", { s: group.turn_s }), group.purpose].filter(Boolean).join(" · ");
    return h("li", { class: "camera" }, h("strong", null, group.name), h("button", { class: "button button-small", type: "button", onclick: begin }, t("Start")), h("span", { class: "camera-why muted" }, about));
  }

  /** For the open incident, else for a purpose that is put on record. */
  function start(group) {
    const { feature } = panel;
    if (feature) {
      tour.begin(group, { incidentId: feature.id, purpose: "", title: `${t("Tour")} · ${group.name} · ${feature.number}`, isDrill: feature.is_drill });
    } else {
      const begin = (purpose) => tour.begin(group, { incidentId: null, purpose, title: `${t("Tour")} · ${group.name}` });
      actions.askPurpose(group.name, begin, group.purpose);
    }
  }

  byId("tour-next").addEventListener("click", () => tour.step(1));
  byId("tour-previous").addEventListener("click", () => tour.step(-1));
  byId("tour-pause").addEventListener("click", () => tour.pause());
  return {
    open: () => open().catch((error) => toast(error.message, { bad: true })),
    /** Other pictures are wanted: unless the tour itself wants them, it ends. */
    other: () => tour.isShowing || tour.end(),
    /** The wall holds another number of pictures now. */
    fit: () => tour.isOn && tour.step(0),
  };
}
