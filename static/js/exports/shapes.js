/** Arithmetic of boxes: fractions of the picture, seconds of the film. Knows no page. */

export const SMALLEST = 0.01;
const STEP = 0.01;
const LASTS_S = 2;

/** @typedef {{at_s: number, until_s: number, x: number, y: number, width: number, height: number, kind: string, score: number}} Box */

const within = (value, low, high) => Math.min(Math.max(value, low), high);

/** Keep a box within the picture. */
export function placed(box) {
  const width = within(box.width, SMALLEST, 1);
  const height = within(box.height, SMALLEST, 1);
  return { ...box, width, height, x: within(box.x, 0, 1 - width), y: within(box.y, 0, 1 - height) };
}

/** A box between two corners. */
export function between(from, to) {
  const [x, y] = [Math.min(from.x, to.x), Math.min(from.y, to.y)];
  return { x, y, width: Math.abs(from.x - to.x), height: Math.abs(from.y - to.y) };
}

/** A new box by a person, from this moment on. */
export function added(area, atS, lengthS) {
  const at = within(atS, 0, Math.max(0, lengthS - 0.1));
  const until = Math.min(at + LASTS_S, Math.max(lengthS, at + 0.1));
  return placed({ ...area, at_s: round(at), until_s: round(until), kind: "person-added", score: 1 });
}

/** Which boxes cover something at this moment. */
export function standing(boxes, atS) {
  return boxes.filter((box) => box.at_s <= atS && atS <= box.until_s);
}

/** Move by an arrow key, or with `resize` change the size; null for any other key. */
export function nudged(box, key, resize) {
  const [dx, dy] = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[key] ?? [0, 0];
  if (!dx && !dy) {
    return null;
  }
  return placed(resize ? { ...box, width: box.width + dx, height: box.height + dy } : { ...box, x: box.x + dx, y: box.y + dy });
}

/** Give the rows of the timeline: each box in the first row that is free. */
export function rows(boxes) {
  const ends = [];
  return boxes.map((box) => {
    const free = ends.findIndex((end) => end <= box.at_s);
    const row = free === -1 ? ends.length : free;
    ends[row] = box.until_s;
    return row;
  });
}

export function round(seconds) {
  return Math.round(seconds * 10) / 10;
}
