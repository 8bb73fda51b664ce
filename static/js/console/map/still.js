/** A wish to move the map that comes amid a zoom waits for its end: Leaflet would drop it. */

const states = new WeakMap();

/** @param {any} map a Leaflet map, once */
export function watch(map) {
  const state = { zooms: false, wish: null };
  states.set(map, state);
  map.on("zoomanim", () => {
    state.zooms = true;
  });
  map.on("zoomend", () => {
    const wish = state.wish;
    state.zooms = false;
    state.wish = null;
    wish?.();
  });
}

/**
 * Do it now, or when the zoom under way has ended; of several wishes the last one counts.
 *
 * @param {any} map
 * @param {() => void} move
 */
export function whenStill(map, move) {
  const state = states.get(map);
  if (state?.zooms) {
    state.wish = move;
  } else {
    move();
  }
}
