/** Theme and sound of this browser. */

import { recall, remember } from "../lib/storage.js";

/** @returns {"dark" | "light"} */
export const theme = () => (document.documentElement.dataset.theme === "light" ? "light" : "dark");

export const otherTheme = () => (theme() === "light" ? "dark" : "light");

/** @param {"dark" | "light"} name */
export function applyTheme(name) {
  document.documentElement.dataset.theme = name;
  remember("theme", name);
}

export const soundIsOn = () => recall("sound") !== "off";

/** @param {boolean} isOn */
export function keepSound(isOn) {
  remember("sound", isOn ? null : "off");
}
