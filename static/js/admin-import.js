/** A register import in the admin: its progress while it runs, its rows on a map when it rests. */

const root = document.getElementById("import");
const POLL_MS = 1000;
const RETRY_MS = 5000;

async function poll() {
  let wait = POLL_MS;
  try {
    const answer = await fetch(root.dataset.progress, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    const seen = await answer.json();
    if (!seen.running) {
      location.reload();
      return;
    }
    show(seen);
  } catch {
    wait = RETRY_MS; // the server restarts or the line is down: the job does not depend on this page
  }
  setTimeout(poll, wait);
}

function show(seen) {
  document.getElementById("import-state").textContent = seen.label;
  document.getElementById("import-rows").textContent = seen.rows;
  document.getElementById("import-bar").value = seen.percent;
  document.getElementById("import-percent").textContent = seen.percent;
  document.getElementById("import-left").textContent = seen.left;
  document.getElementById("import-stale").hidden = !seen.stale;
  const resume = document.getElementById("import-resume");
  if (resume) resume.hidden = !seen.stale;
}

/** Points differ by shape as well as by colour. */
function shapes(L) {
  return L.CircleMarker.extend({
    _updatePath() {
      const context = this._renderer?._ctx;
      if (!context || this._empty()) return;
      const { x, y } = this._point;
      const size = this._radius;
      context.beginPath();
      if (this.options.shape === "triangle") {
        context.moveTo(x, y - size);
        context.lineTo(x + size, y + size);
        context.lineTo(x - size, y + size);
      } else if (this.options.shape === "diamond") {
        context.moveTo(x, y - size);
        context.lineTo(x + size, y);
        context.lineTo(x, y + size);
        context.lineTo(x - size, y);
      } else {
        context.arc(x, y, size, 0, 2 * Math.PI);
      }
      context.closePath();
      this._renderer._fillStroke(context, this);
    },
  });
}

function colours() {
  const style = getComputedStyle(root);
  return {
    accepted: style.getPropertyValue("--good").trim(),
    repaired: style.getPropertyValue("--fixed").trim(),
    quarantined: style.getPropertyValue("--held").trim(),
    rejected: style.getPropertyValue("--bad").trim(),
  };
}

async function draw() {
  const L = window.L;
  const answer = await fetch(root.dataset.points, { headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  const data = await answer.json();
  const map = L.map("import-map", { preferCanvas: true, attributionControl: false });
  const colour = colours();
  const boundary = L.geoJSON(data.boundary, {
    interactive: false,
    style: { color: colour.accepted, weight: 2, fillOpacity: 0.06 },
  }).addTo(map);
  const frame = boundary.getBounds();
  if (frame.isValid()) map.fitBounds(frame.pad(0.15), { animate: false });
  else map.setView([36.35, 127.38], 7);
  addPoints(L, map, data.points, colour);
}

function addPoints(L, map, points, colour) {
  const Shape = shapes(L);
  const view = map.getBounds();
  let outside = 0;
  for (const [lon, lat, verdict, line, repairLon, repairLat] of points) {
    if (!view.contains([lat, lon])) outside += 1;
    const wrong = verdict !== "accepted";
    const shape = wrong && verdict !== "repaired" ? "triangle" : "circle";
    if (Math.abs(lat) <= 90) {
      new Shape([lat, lon], {
        radius: wrong ? 5 : 3,
        shape,
        color: colour[verdict],
        weight: 1,
        fillOpacity: 0.7,
      })
        .bindTooltip(String(line))
        .addTo(map);
    }
    if (repairLon !== null) {
      new Shape([repairLat, repairLon], {
        radius: 5,
        shape: "diamond",
        color: colour.repaired,
        weight: 1,
        fillOpacity: 0.8,
      })
        .bindTooltip(String(line))
        .addTo(map);
    }
  }
  const note = document.getElementById("import-outside");
  if (outside) note.textContent = `${note.dataset.text} ${outside}`;
}

for (const form of document.querySelectorAll("form[data-confirm]")) {
  form.addEventListener("submit", (event) => {
    if (!window.confirm(form.dataset.confirm)) event.preventDefault();
  });
}
if (root.dataset.running === "1") setTimeout(poll, POLL_MS);
else if (window.L) draw();
