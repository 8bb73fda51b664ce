/** The dialog of one still: the picture itself, to whom it goes, and the words that go with it. */

import { byId, h, setText, show } from "../../lib/dom.js";
import { openDialog } from "../../lib/dialog.js";
import { moment } from "../../lib/format.js";
import { toast } from "../../lib/notices.js";
import { t } from "../../lib/text.js";

function whyNot(reason) {
  return (
    {
      no_legal_basis: t("no legal basis"),
      basis_not_in_force: t("the legal basis is not in force"),
      not_covered_by_basis: t("the legal basis allows no stills"),
      link_suspended: t("the link is suspended"),
      inbound_only: t("takes nothing from us"),
      no_drills: t("takes no drills"),
    }[reason] ?? reason
  );
}

export class StillDialog {
  /**
   * @param {object} wiring
   * @param {string} wiring.url
   * @param {(url: string, body: object) => Promise<any>} wiring.postJson
   * @param {boolean} wiring.maySend
   * @param {() => number} wiring.now by the server's clock
   */
  constructor(wiring) {
    Object.assign(this, wiring);
    this.dialog = /** @type {HTMLDialogElement} */ (byId("still-dialog"));
    this.picture = /** @type {HTMLImageElement} */ (byId("still-picture"));
    this.text = /** @type {HTMLTextAreaElement} */ (byId("still-text"));
    this.button = /** @type {HTMLButtonElement} */ (byId("still-send"));
    this.asked = 0;
    byId("still-form").addEventListener("submit", (event) => this.#send(event));
    // What may not be seen any longer must not stay on the screen.
    this.dialog.addEventListener("close", () => this.#clear());
    this.picture.addEventListener("error", () => this.picture.hasAttribute("src") && setText(byId("still-error"), t("The picture cannot be shown.")));
  }

  /** Show a still that is being taken. */
  async take(camera, taking) {
    this.#open(camera.name, t("Taking the still"));
    const asked = this.asked;
    try {
      const { still, receivers } = await taking;
      if (asked === this.asked) {
        this.#fill(still, receivers);
      }
    } catch (error) {
      if (asked === this.asked) {
        setText(byId("still-wait"), "");
        setText(byId("still-error"), error.message);
      }
    }
  }

  /** Show one that was taken before. */
  show(still, receivers) {
    this.#open(still.camera.name, "");
    this.#fill(still, receivers);
  }

  #open(name, waiting) {
    this.#clear();
    setText(byId("still-title"), `${t("Still")} · ${name}`);
    setText(byId("still-wait"), waiting);
    this.picture.alt = t("Still of %(name)s", { name });
    openDialog(this.dialog, byId("still-back"));
  }

  #clear() {
    this.asked += 1;
    this.still = null;
    this.picture.removeAttribute("src");
    this.text.value = "";
    this.button.disabled = true;
    for (const id of ["still-figure", "still-ask"]) {
      show(byId(id), false);
    }
    setText(byId("still-error"), "");
  }

  #fill(still, receivers) {
    this.still = still;
    setText(byId("still-wait"), "");
    this.picture.width = still.width;
    this.picture.height = still.height;
    this.picture.src = `${this.url}${still.id}/picture/`;
    show(byId("still-figure"), true);
    setText(byId("still-facts"), [moment(still.picture_at, this.now()), still.by, `${still.width}×${still.height}`, t("kept until %(time)s", { time: moment(still.kept_until, this.now()) })].join(" · "));
    const may = receivers.some((receiver) => receiver.may);
    const lines = receivers.map(({ agency, may: open, reason }) => h("li", { class: open ? "" : "muted" }, h("strong", null, agency), !open && ` · ${t("not sent")}: ${whyNot(reason)}`));
    byId("still-receivers").replaceChildren(...(lines.length ? lines : [h("li", { class: "muted" }, t("No agency has this case. Report it to one, and the still can go with the report."))]));
    show(byId("still-ask"), this.maySend);
    show(byId("still-words"), may);
    show(this.button, this.maySend && may);
    this.button.disabled = !(this.maySend && may);
    if (this.maySend && may) {
      this.text.focus();
    }
  }

  async #send(event) {
    event.preventDefault();
    if (!this.still || this.button.disabled) {
      return;
    }
    this.button.disabled = true;
    setText(byId("still-error"), "");
    try {
      const { links } = await this.postJson(`${this.url}${this.still.id}/send/`, { text: this.text.value.trim() });
      toast(t("Still sent to %(n)s agencies", { n: links.length }));
      this.dialog.close();
    } catch (error) {
      setText(byId("still-error"), error.message);
      this.button.disabled = false;
    }
  }
}
