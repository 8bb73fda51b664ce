/** The theme's colours for what is drawn on canvas and SVG. */

const NAMES = [
  "bg", "text", "p1", "p2", "p3", "p4", "map-land", "map-city", "map-water", "map-green", "map-building", "map-road",
  "map-road-major", "map-border", "map-label", "site", "site-fill", "site-text", "camera", "sector", "font",
  "crisis-1", "crisis-2", "crisis-3", "crisis-4",
];

/** @returns {Record<string, string>} */
export function colours() {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}
