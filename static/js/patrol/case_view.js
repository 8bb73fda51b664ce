/** The written part of a shared case; every datum with its age. */

import { byId, h, setText, show } from "../lib/dom.js";
import { age, compass, distance } from "../lib/format.js";
import { t } from "../lib/text.js";

export class CaseView {
  constructor() {
    /** @type {Map<string, string>} the times that are counted, by the element that shows the age */
    this.times = new Map();
  }

  draw(found, now) {
    const { case: known, place, unit, escape } = found;
    setText(byId("urgency"), known.urgency ? t("Code %(code)s", { code: known.urgency }) : "");
    byId("urgency").dataset.urgency = known.urgency;
    show(byId("urgency"), Boolean(known.urgency));
    show(byId("drill"), known.is_drill);
    setText(byId("receipt"), known.receipt_no);
    setText(byId("kind"), known.kind);
    setText(byId("address"), found.address ?? "");
    setText(byId("place"), place ? `${place.lat.toFixed(5)}, ${place.lon.toFixed(5)} · ${t("within %(distance)s", { distance: distance(place.error_radius_m) })}` : t("The place is not known."));
    show(byId("place-age-line"), Boolean(place));
    setText(byId("unit"), found.share.unit);
    setText(byId("unit-way"), unit ? way(unit) : t("No position has come from this unit."));
    show(byId("unit-age-line"), Boolean(unit));
    this.#drawEscape(escape);
    setText(byId("withheld"), found.withheld.length ? t("Not shown, for want of a legal basis: %(names)s", { names: found.withheld.map(dataName).join(", ") }) : "");
    show(byId("live-card"), "streams" in found);
    this.times = new Map(Object.entries({ "case-age": known.at, "place-age": place?.at, "unit-age": unit?.at, "escape-age": escape?.at }).filter(([, at]) => at));
    this.tick(now);
  }

  #drawEscape(escape) {
    show(byId("escape-card"), Boolean(escape));
    if (!escape) {
      return;
    }
    setText(byId("bearing"), `${compass(escape.bearing_deg)} (${Math.round(escape.bearing_deg)}°)`);
    byId("arrow").style.rotate = `${escape.bearing_deg}deg`;
    setText(byId("escape-text"), escape.text ?? "");
    const cameras = escape.cameras ?? [];
    const shown = cameras.map((camera) => camera.id).join(" ");
    if (byId("next").dataset.shown !== shown) {
      byId("next").dataset.shown = shown;
      byId("next").replaceChildren(...cameras.map((camera) => h("li", null, camera.name)));
    }
  }

  tick(now) {
    for (const [id, at] of this.times) {
      setText(byId(id), t("%(age)s ago", { age: age(now - Date.parse(at)) }));
    }
  }

  /** Leave nothing of the case in the page. */
  clear() {
    this.times = new Map();
    for (const id of ["urgency", "receipt", "kind", "address", "place", "unit", "unit-way", "bearing", "escape-text", "withheld", "case-age", "place-age", "unit-age", "escape-age"]) {
      setText(byId(id), "");
    }
    byId("next").replaceChildren();
    byId("next").dataset.shown = "";
  }
}

function way(unit) {
  if (unit.is_there) {
    return t("At the scene");
  }
  const left = unit.eta_s === null ? "" : t("about %(age)s (straight line)", { age: age(unit.eta_s * 1000) });
  return [distance(unit.distance_m), left].filter(Boolean).join(" · ");
}

/** A name that the server left out, as people call it. */
function dataName(name) {
  return { place: t("Place"), address: t("Address"), text: t("What was seen"), cameras: t("Next cameras"), streams: t("Live video"), stills: t("Stills of the case") }[name] ?? name;
}
