/** Wires stills into the console: a key and a button on each picture, the dialog, the panel's list. */

import { byId } from "../lib/dom.js";
import { moment } from "../lib/format.js";
import { getJson, postJson } from "../lib/http.js";
import { announce, toast } from "../lib/notices.js";
import { t } from "../lib/text.js";
import { StillDialog } from "./dialogs/still.js";
import { StillsPanel } from "./panels/stills.js";

const PANEL = /^(still|exchange)\.|^incident\.(still|agency-report)$/;
const TAKE_NOW = "camera:";

/**
 * @param {object} parts
 * @param {any} parts.config
 * @param {import("./store.js").Store} parts.store
 * @param {import("./panels/video_wall.js").VideoWall} parts.wall
 * @param {() => number} parts.now by the server's clock
 */
export function mountStills({ config, store, wall, now }) {
  const ofIncident = (id) => `${config.urls.exchanges}${id}/stills/`;
  const takeOf = (id, cameraId) => postJson(ofIncident(id), { camera: cameraId });
  const mayWatch = config.rights.includes("video_watch");
  const maySend = config.rights.includes("incident_work");
  const dialog = new StillDialog({ url: config.urls.stills, postJson, maySend, now });
  const panel = new StillsPanel({ url: ofIncident, getJson, mayWatch, now, onLook: (still, receivers) => dialog.show(still, receivers) });

  /** A still of this camera, for the incident whose pictures are open. */
  function take(camera = wall.tiles[wall.large]?.camera) {
    if (!mayWatch) {
      announce(t("Your role may not watch video"));
    } else if (!camera || !wall.incidentId) {
      announce(t("Open the pictures of an incident first"));
    } else {
      dialog.take(camera, takeOf(wall.incidentId, camera.id));
    }
  }

  const desk = byId("desk");
  new MutationObserver(() => panel.open(desk.dataset.incident ?? null)).observe(desk, { attributes: true, attributeFilter: ["data-incident"] });
  store.subscribe((changes) => {
    if (changes.reset || changes.facts.some((fact) => PANEL.test(fact.kind) && fact.subject?.id === panel.id)) {
      panel.touch();
    }
  });
  byId("still-take").addEventListener("click", () => take());
  byId("still-take").hidden = !mayWatch;

  return {
    take,
    /** What a report may carry: the pictures that are open, taken now, and the stills there are. */
    choices(id) {
      const open = mayWatch && wall.incidentId === id ? wall.tiles : [];
      const kept = panel.id === id ? panel.stills.filter((still) => !still.destroyed_at) : [];
      return [
        ...open.map(({ camera }) => ({ value: `${TAKE_NOW}${camera.id}`, label: t("Take now: %(name)s", { name: camera.name }) })),
        ...kept.map((still) => ({ value: still.id, label: `${still.camera.name} · ${moment(still.picture_at, now())}` })),
      ];
    },
    /** The reference of what was chosen; takes the still where it is to be taken now. */
    async reference(id, choice) {
      if (!choice?.startsWith(TAKE_NOW)) {
        return choice;
      }
      const { still } = await takeOf(id, Number(choice.slice(TAKE_NOW.length)));
      toast(t("Still taken"));
      return still.id;
    },
  };
}
