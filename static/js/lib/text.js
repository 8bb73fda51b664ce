/** Texts that a person sees: English msgids through Django's JavaScript catalogue. */

const catalog = globalThis.django;

/** @type {string} the page's language, "ko" or "en" */
export const language = globalThis.document?.documentElement.lang || "ko";

function fill(text, values) {
  return values ? text.replace(/%\((\w+)\)s/g, (whole, name) => String(values[name] ?? whole)) : text;
}

/**
 * Translate; `%(name)s` in the msgid is replaced by values.name.
 * @param {string} msgid
 * @param {Record<string, string | number>} [values]
 * @returns {string}
 */
export function t(msgid, values) {
  return fill(catalog?.gettext ? catalog.gettext(msgid) : msgid, values);
}

/**
 * Choose between two texts that the server sends in both languages.
 * @param {string | undefined | null} korean
 * @param {string | undefined | null} english
 */
export function either(korean, english) {
  return (language === "en" ? english || korean : korean || english) || "";
}
