/** Every command once: its name, its keys, what it does. Keys, buttons and the search share it. */

import { byId, h } from "../lib/dom.js";
import { openDialog } from "../lib/dialog.js";
import { listen } from "../lib/keyboard.js";
import { recall, remember } from "../lib/storage.js";
import { t } from "../lib/text.js";

/**
 * @typedef {object} Command
 * @property {string} id
 * @property {string[]} strokes
 * @property {string} keys as shown
 * @property {string} label
 */

/** @returns {Command[]} */
export function commandTable() {
  return [
    { id: "next", strokes: ["KeyJ"], keys: "J", label: t("Next incident") },
    { id: "previous", strokes: ["KeyK"], keys: "K", label: t("Previous incident") },
    { id: "acknowledge", strokes: ["Space"], keys: "Space", label: t("Acknowledge the selected incident") },
    { id: "claim", strokes: ["KeyC"], keys: "C", label: t("Claim") },
    { id: "open", strokes: ["Enter"], keys: "Enter", label: t("Open the selected incident") },
    { id: "note", strokes: ["KeyN"], keys: "N", label: t("Write a note") },
    { id: "video", strokes: ["KeyV"], keys: "V", label: t("Show the best five cameras") },
    { id: "way", strokes: ["Shift+KeyV"], keys: "Shift+V", label: t("Show the cameras along the way of the engine") },
    { id: "same", strokes: ["KeyS"], keys: "S", label: t("Judge what is probably the same happening") },
    { id: "enlarge", strokes: ["Digit1", "Digit2", "Digit3", "Digit4", "Digit5"], keys: "1–5", label: t("Enlarge a camera") },
    { id: "still", strokes: ["KeyP"], keys: "P", label: t("Take and send a still of the large picture") },
    { id: "recorded", strokes: ["KeyR"], keys: "R", label: t("Look back: the recorded pictures of the large picture") },
    { id: "stop", strokes: ["KeyX"], keys: "X", label: t("Stop video") },
    { id: "centre", strokes: ["KeyM"], keys: "M", label: t("Centre the map on the incident") },
    { id: "filter", strokes: ["KeyF"], keys: "F", label: t("Filter incidents") },
    { id: "search", strokes: ["Slash", "Ctrl+KeyK"], keys: "/", label: t("Search and commands") },
    { id: "offer", strokes: ["KeyT"], keys: "T", label: t("Hand the incident over") },
    { id: "create", strokes: ["F2"], keys: "F2", label: t("New incident") },
    { id: "links", strokes: ["KeyL"], keys: "L", label: t("Agency links") },
    { id: "phone", strokes: ["Shift+KeyP"], keys: "Shift+P", label: t("Telephone tasks") },
    { id: "texts", strokes: ["Shift+KeyM"], keys: "Shift+M", label: t("Disaster text messages") },
    { id: "alerts", strokes: ["Shift+KeyC"], keys: "Shift+C", label: t("CAP alerts") },
    { id: "silence", strokes: ["F8"], keys: "F8", label: t("Silence sound for 30 seconds") },
    { id: "back", strokes: ["Escape"], keys: "Esc", label: t("Back one level") },
    { id: "help", strokes: ["Shift+Slash"], keys: "?", label: t("This list") },
  ];
}

/** Ties the table to what each command does. */
export class Commands {
  /** @param {Record<string, (event?: KeyboardEvent) => void>} runs by command id */
  constructor(runs) {
    this.table = commandTable();
    this.runs = runs;
    const strokes = new Map();
    for (const command of this.table) {
      for (const stroke of command.strokes) {
        strokes.set(stroke, (event) => this.runs[command.id](event));
      }
    }
    this.enabled = recall("keys") !== "off";
    this.stop = listen(strokes, () => this.enabled);
    this.#help();
  }

  #help() {
    byId("keys").append(...this.table.map((command) => h("div", null, h("dt", null, h("kbd", null, command.keys)), h("dd", null, command.label))));
    const box = /** @type {HTMLInputElement} */ (byId("keys-enabled"));
    box.checked = this.enabled;
    box.addEventListener("change", () => {
      this.enabled = box.checked;
      remember("keys", box.checked ? null : "off");
    });
  }

  showHelp() {
    openDialog(/** @type {HTMLDialogElement} */ (byId("help-dialog")));
  }

  /** For the search: what can be run by name. */
  named() {
    return this.table.filter((command) => !["enlarge", "back", "next", "previous"].includes(command.id)).map((command) => ({ label: command.label, keys: command.keys, run: () => this.runs[command.id]() }));
  }
}
