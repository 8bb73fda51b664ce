/** The one mark of a drill, on every screen: the word in a dashed chip, never colour alone. */

import { h } from "../lib/dom.js";
import { t } from "../lib/text.js";

/** @param {boolean | undefined} isDrill */
export const drillMark = (isDrill) => isDrill === true && h("span", { class: "chip chip-drill" }, t("Drill"));

/** For titles, choices and what is read aloud. @param {boolean | undefined} isDrill */
export const drillWord = (isDrill) => (isDrill ? `${t("Drill")} · ` : "");
