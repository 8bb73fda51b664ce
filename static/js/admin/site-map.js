/* Draws the base map under django-leaflet's map of a site, and each camera's view as a sector. */
"use strict";
(() => {
  const REACH_M = 70;
  const M_PER_DEG = 111195;
  const STYLES = {
    boundary: { color: "#7a5cc0", weight: 2, dashArray: "6 4", fill: false },
    neighbour: { color: "#8a93a0", weight: 1, dashArray: "3 4", fill: false },
    river: { stroke: false, fillColor: "#9cc3e6", fillOpacity: 0.9 },
    park: { stroke: false, fillColor: "#bfdcae", fillOpacity: 0.9 },
  };
  const ROADS = { 1: [5, "#c9b37a"], 2: [3.5, "#b9bec7"], 3: [2, "#c5cad2"] };
  const VIEW = { color: "#0b63ce", weight: 1.5, fillColor: "#0b63ce", fillOpacity: 0.25, interactive: false };

  const isEnglish = () => document.documentElement.lang.startsWith("en");

  function styleOf(feature) {
    const { kind, rank, own } = feature.properties;
    if (kind === "road") {
      const [weight, color] = ROADS[rank] ?? ROADS[3];
      return { weight, color };
    }
    return STYLES[kind] ?? (own ? STYLES.boundary : STYLES.neighbour);
  }

  function label(feature, latlng) {
    const { name_ko: ko, name_en: en } = feature.properties;
    return L.tooltip({ permanent: true, direction: "center", className: "site-map-place", interactive: false })
      .setLatLng(latlng)
      .setContent(document.createTextNode(isEnglish() ? en : ko));
  }

  async function drawUnder(map, url) {
    const answer = await fetch(url);
    // Someone who administers the register without serving in the city has no base map.
    if (!answer.ok) return;
    const options = { style: styleOf, interactive: false, pane: "base" };
    options.pointToLayer = label;
    L.geoJSON(await answer.json(), options).addTo(map);
  }

  function at(centre, bearingDeg) {
    const turn = (bearingDeg * Math.PI) / 180;
    const lat = centre.lat + (REACH_M * Math.cos(turn)) / M_PER_DEG;
    const shrink = Math.cos((centre.lat * Math.PI) / 180);
    return [lat, centre.lng + (REACH_M * Math.sin(turn)) / (M_PER_DEG * shrink)];
  }

  function sector(centre, bearingDeg, viewDeg) {
    if (viewDeg >= 360) return L.circle(centre, { ...VIEW, radius: REACH_M });
    const corners = [];
    for (let step = 0; step <= 16; step += 1) corners.push(at(centre, bearingDeg - viewDeg / 2 + (viewDeg * step) / 16));
    return L.polygon([[centre.lat, centre.lng], ...corners], VIEW);
  }

  const number = (input) => (input && input.value.trim() !== "" ? Number(input.value) : null);

  function views() {
    return [...document.querySelectorAll('input[name$="-bearing_deg"]')].map((input) => ({
      bearing: number(input),
      view: number(document.getElementsByName(input.name.replace("bearing_deg", "field_of_view_deg"))[0]),
    }));
  }

  function place() {
    const field = document.querySelector('textarea[name="location"]');
    if (!field?.value) return null;
    const [lng, lat] = JSON.parse(field.value).coordinates;
    return L.latLng(lat, lng);
  }

  function drawViews(group) {
    group.clearLayers();
    const centre = place();
    if (!centre) return;
    for (const { bearing, view } of views()) {
      if (view !== null && view >= 360) group.addLayer(sector(centre, 0, 360));
      // A direction without a field of view is shown as a narrow one.
      else if (bearing !== null) group.addLayer(sector(centre, bearing, view ?? 30));
    }
  }

  window.addEventListener("map:init", (event) => {
    const data = document.getElementById("site-map-data");
    const wanted = data && JSON.parse(data.textContent);
    const { map } = event.detail;
    // django-leaflet reads this before the page has it.
    const pictures = document.getElementById("force-img-path");
    if (pictures) L.Icon.Default.imagePath = JSON.parse(pictures.textContent) || undefined;
    const group = L.featureGroup().addTo(map);
    const redraw = () => drawViews(group);
    document.addEventListener("input", redraw);
    map.on("draw:created draw:edited draw:deleted draw:editmove", () => setTimeout(redraw, 0));
    // How close django-leaflet's field goes to its marker.
    map.maxZoom = 17;
    map.on("map:loadfield", () => {
      redraw();
      if (!place() && wanted?.centre) map.setView([wanted.centre[1], wanted.centre[0]], 13);
    });
    if (!wanted) return;
    map.createPane("base").style.zIndex = 250;
    drawUnder(map, wanted.base_map).then(() => drawUnder(map, wanted.boundary));
  });
})();
