/** The words of a disaster: levels and how each looks without its colour, ways to tell onward. */

import { t } from "../lib/text.js";

export const LEVELS = [1, 2, 3, 4];

/** Line of an area by its level: the more serious, the heavier and the less broken. */
export const LINES = {
  1: { weight: 2, dashArray: "2 8", fillOpacity: 0.05 },
  2: { weight: 3, dashArray: "8 8", fillOpacity: 0.08 },
  3: { weight: 4, dashArray: "18 6", fillOpacity: 0.11 },
  4: { weight: 6, dashArray: undefined, fillOpacity: 0.15 },
};

/** @param {number} level */
export function levelName(level) {
  return [t("Attention"), t("Caution"), t("Alert"), t("Serious")][level - 1] ?? String(level);
}

/** So many of four: read at a glance, also without colours. @param {number} level */
export const bars = (level) => "▮".repeat(level) + "▯".repeat(LEVELS.length - level);

/** @param {string} channel */
export function channelName(channel) {
  return { phone: t("Telephone"), radio: t("Radio"), messenger: t("Disaster messenger"), fax: t("Fax"), broadcast: t("Village broadcast"), in_person: t("In person") }[channel] ?? channel;
}
