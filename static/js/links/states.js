/** The states of links and messages: a shape and a word each, colour only beside them (B2). */

import { h } from "../lib/dom.js";
import { linkState } from "../console/labels.js";

const SVG = "http://www.w3.org/2000/svg";
/** In a 24 by 24 box: tick, triangle, octagon, two bars, moon, barred circle. */
const SHAPES = {
  up: "M4 12.5 9.5 18 20 6.5",
  degraded: "M12 2.5 22.5 21.5H1.5z",
  down: "M8 2h8l6 6v8l-6 6H8l-6-6V8z",
  maintenance: "M7 4v16M17 4v16",
  dormant: "M19 15.5A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 9.5 11.5z",
  suspended: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M5.8 5.8l12.4 12.4",
};
export const STATES = Object.keys(SHAPES);

/** @param {string} state */
export function stateShape(state) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `state-shape state-${state}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", SHAPES[state] ?? SHAPES.suspended);
  svg.append(path);
  return svg;
}

/** @param {string} state */
export const stateMark = (state) => h("span", { class: `state state-${state}`, "data-state": state }, stateShape(state), h("span", null, linkState(state)));
