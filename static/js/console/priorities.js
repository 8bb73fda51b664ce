/** The four priorities: a shape, a word and a colour each, never colour alone (B2). */

import { t } from "../lib/text.js";

const SVG = "http://www.w3.org/2000/svg";
/** Outlines in a 24 by 24 box: octagon, triangle, square, hollow diamond. */
const SHAPES = {
  1: "M8 2h8l6 6v8l-6 6H8l-6-6V8z",
  2: "M12 2.5 22.5 21.5H1.5z",
  3: "M3.5 3.5h17v17h-17z",
  4: "M12 2 22 12 12 22 2 12z",
};

/** @param {number} priority */
export function priorityName(priority) {
  return { 1: t("Urgent"), 2: t("High"), 3: t("Normal"), 4: t("System") }[priority] ?? String(priority);
}

/** @param {number} priority */
export const priorityCode = (priority) => (priority === 4 ? "SYS" : `P${priority}`);

/**
 * The shape of a priority as a picture; its name must stand beside it.
 * @param {number} priority
 */
export function shape(priority) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `shape shape-p${priority}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", SHAPES[priority] ?? SHAPES[3]);
  svg.append(path);
  return svg;
}
