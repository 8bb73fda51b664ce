/** What this browser remembers, under one prefix; works when storage is switched off. */

const PREFIX = "controlroom.";

/** @returns {string | null} */
export function recall(name) {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

/** Remember a text; null forgets it. */
export function remember(name, value) {
  try {
    if (value === null || value === "") {
      localStorage.removeItem(PREFIX + name);
    } else {
      localStorage.setItem(PREFIX + name, value);
    }
  } catch {
    // Nothing is lost but the convenience.
  }
}

/** @returns {string[]} */
export function namesUnder(prefix) {
  try {
    return Object.keys(localStorage)
      .filter((key) => key.startsWith(PREFIX + prefix))
      .map((key) => key.slice(PREFIX.length));
  } catch {
    return [];
  }
}
