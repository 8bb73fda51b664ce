/** Single-key commands by the key's place, so that they work in Hangul input mode too (B4). */

const TEXT_TYPES = new Set(["text", "search", "password", "email", "number", "tel", "url", "date", "datetime-local", "time"]);
const ALWAYS = new Set(["Escape", "F2", "F8"]);

/** @param {EventTarget | null} target */
export function isTextField(target) {
  if (!(target instanceof HTMLElement)) {
    return false;
  }
  return target.isContentEditable || target.tagName === "TEXTAREA" || target.tagName === "SELECT" || (target instanceof HTMLInputElement && TEXT_TYPES.has(target.type));
}

function usesItself(event) {
  const target = event.target;
  return (
    (event.code === "Space" || event.code === "Enter") &&
    target instanceof HTMLElement &&
    target.matches("button, a[href], summary, input") &&
    !target.closest("[data-keys]")
  );
}

/**
 * The name of a stroke: "KeyJ", "Shift+Slash", "Ctrl+KeyK".
 * @param {KeyboardEvent} event
 */
export function strokeOf(event) {
  const code = event.code.replace(/^Numpad(\d)$/, "Digit$1");
  const control = event.ctrlKey || event.metaKey;
  return `${control ? "Ctrl+" : ""}${event.altKey ? "Alt+" : ""}${event.shiftKey ? "Shift+" : ""}${code}`;
}

/**
 * Whether a stroke may be a command here and now.
 * @param {KeyboardEvent} event
 */
export function isCommandStroke(event) {
  if (event.defaultPrevented || event.repeat && event.code !== "KeyJ" && event.code !== "KeyK") {
    return false;
  }
  if (ALWAYS.has(event.code)) {
    return true;
  }
  if (event.isComposing || event.keyCode === 229) {
    return false;
  }
  if (strokeOf(event) === "Ctrl+KeyK") {
    return true;
  }
  return !isTextField(event.target) && !usesItself(event);
}

/**
 * Listen for strokes.
 * @param {Map<string, (event: KeyboardEvent) => void>} strokes command by stroke
 * @param {() => boolean} isEnabled
 * @returns {() => void} stops listening
 */
export function listen(strokes, isEnabled) {
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    const run = strokes.get(strokeOf(event));
    if (!run || !isCommandStroke(event) || (!ALWAYS.has(event.code) && !isEnabled())) {
      return;
    }
    const modal = document.querySelector("dialog:modal");
    if (modal && event.code !== "F8") {
      return;
    }
    event.preventDefault();
    run(event);
  };
  document.addEventListener("keydown", onKeyDown);
  return () => document.removeEventListener("keydown", onKeyDown);
}
