/** Which keys move a camera, and what they say together: pure, by the key's place. */

/** Pan, tilt and zoom of each key, -1 to 1. */
const AXES = {
  ArrowLeft: [-1, 0, 0],
  ArrowRight: [1, 0, 0],
  ArrowUp: [0, 1, 0],
  ArrowDown: [0, -1, 0],
  Numpad1: [-1, -1, 0],
  Numpad2: [0, -1, 0],
  Numpad3: [1, -1, 0],
  Numpad4: [-1, 0, 0],
  Numpad6: [1, 0, 0],
  Numpad7: [-1, 1, 0],
  Numpad8: [0, 1, 0],
  Numpad9: [1, 1, 0],
  NumpadAdd: [0, 0, 1],
  Equal: [0, 0, 1],
  NumpadSubtract: [0, 0, -1],
  Minus: [0, 0, -1],
};

/** Full speed overshoots at the wall's size; Shift makes it slow. */
const FULL = 0.7;
const SLOW = 0.2;

/** @param {string} code */
export const moves = (code) => code in AXES;

/**
 * What the keys that are down ask for together.
 * @param {Iterable<string>} codes
 * @param {boolean} slow
 * @returns {{pan: number, tilt: number, zoom: number} | null} null: to stand still
 */
export function speeds(codes, slow) {
  const sum = [0, 0, 0];
  for (const code of codes) {
    (AXES[code] ?? []).forEach((part, axis) => {
      sum[axis] += part;
    });
  }
  const [pan, tilt, zoom] = sum.map((part) => Math.sign(part) * (slow ? SLOW : FULL));
  return pan || tilt || zoom ? { pan, tilt, zoom } : null;
}

/**
 * The preset of a stroke: Alt with a digit, counted from 1.
 * @param {{code: string, altKey: boolean, ctrlKey: boolean, metaKey: boolean}} event
 */
export function presetOf({ code, altKey, ctrlKey, metaKey }) {
  const found = altKey && !ctrlKey && !metaKey ? code.match(/^Digit([1-9])$/) : null;
  return found ? Number(found[1]) : 0;
}
