/** Notes: a draft per incident survives a reload; Enter adds, Shift+Enter breaks the line. */

import { byId, setText } from "../../lib/dom.js";
import { namesUnder, recall, remember } from "../../lib/storage.js";

const MOST_DRAFTS = 50;

export class Notes {
  /** @param {(text: string) => Promise<void>} onNote */
  constructor(onNote) {
    this.onNote = onNote;
    this.area = /** @type {HTMLTextAreaElement} */ (byId("note"));
    this.form = /** @type {HTMLFormElement} */ (byId("note-form"));
    this.draft = "";
    this.area.addEventListener("input", () => remember(this.draft, this.area.value));
    this.area.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.form.requestSubmit();
      } else if (event.key === "Escape") {
        event.stopPropagation();
        this.area.blur();
        byId("incident").focus({ preventScroll: true });
      }
    });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
  }

  open(id) {
    this.draft = `draft.${id}`;
    this.area.value = recall(this.draft) ?? "";
    setText(byId("note-error"), "");
    for (const old of namesUnder("draft.").slice(MOST_DRAFTS)) {
      remember(old, null);
    }
  }

  allow(isAllowed) {
    this.area.disabled = !isAllowed;
    /** @type {HTMLButtonElement} */ (this.form.querySelector("button")).disabled = !isAllowed;
  }

  focus() {
    this.area.focus();
  }

  async #send() {
    const text = this.area.value.trim();
    if (!text || this.isSending) {
      return;
    }
    const draft = this.draft;
    this.isSending = true;
    try {
      await this.onNote(text);
      remember(draft, null);
      if (this.draft === draft) {
        this.area.value = "";
      }
      setText(byId("note-error"), "");
    } catch (error) {
      setText(byId("note-error"), error.message);
    } finally {
      this.isSending = false;
    }
  }
}
