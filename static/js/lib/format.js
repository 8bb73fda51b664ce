/** How times, distances and numbers read. */

import { language, t } from "./text.js";

const locale = language === "en" ? "en-GB" : "ko-KR";
const zone = "Asia/Seoul";
const clockFormat = new Intl.DateTimeFormat(locale, { timeZone: zone, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const dayFormat = new Intl.DateTimeFormat(locale, { timeZone: zone, month: "short", day: "numeric", weekday: "short" });
const stampFormat = new Intl.DateTimeFormat(locale, { timeZone: zone, month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const numberFormat = new Intl.NumberFormat(locale);

/** @param {number | string} at */
export const clock = (at) => clockFormat.format(new Date(at));
/** @param {number | string} at */
export const day = (at) => dayFormat.format(new Date(at));
/** Day and time of a fact; the time alone when it is of today. */
export function moment(at, now = Date.now()) {
  const then = new Date(at);
  return dayFormat.format(then) === dayFormat.format(new Date(now)) ? clockFormat.format(then) : stampFormat.format(then);
}
/** @param {number} value */
export const number = (value) => numberFormat.format(value);

/**
 * An age as a controller says it.
 * @param {number} ms
 */
export function age(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) {
    return t("%(n)s s", { n: seconds });
  }
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) {
    return t("%(n)s min", { n: minutes });
  }
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? t("%(h)s h %(m)s min", { h: hours, m: minutes % 60 }) : t("%(n)s days", { n: Math.floor(hours / 24) });
}

/** @param {number | null | undefined} metres */
export function distance(metres) {
  if (metres === null || metres === undefined) {
    return "";
  }
  return metres < 1000 ? `${Math.round(metres)} m` : `${(metres / 1000).toFixed(1)} km`;
}

/** The compass point of a bearing. */
export function compass(degrees) {
  const points = [t("N"), t("NE"), t("E"), t("SE"), t("S"), t("SW"), t("W"), t("NW")];
  return points[Math.round(degrees / 45) % 8];
}
