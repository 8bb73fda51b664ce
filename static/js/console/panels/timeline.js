/** What happened, newest first, and why this incident is on the screen. */

import { h } from "../../lib/dom.js";
import { moment } from "../../lib/format.js";
import { either, t } from "../../lib/text.js";
import { serviceName, statusName, verbName } from "../labels.js";

function fact(event, now) {
  const who = event.actor?.name || event.agent || "";
  const turn = event.from_status !== event.to_status && event.from_status ? `${statusName(event.from_status)} → ${statusName(event.to_status)}` : "";
  return h(
    "li",
    { class: "fact" },
    h("time", { class: "fact-at number", datetime: event.at }, moment(event.at, now)),
    h("span", null, h("strong", null, verbName(event.verb)), who && ` · ${who}`, turn && h("span", { class: "muted" }, ` · ${turn}`)),
    event.text && h("span", { class: `fact-text${event.verb === "note" ? " fact-note" : ""}` }, event.text),
  );
}

export function drawTimeline(list, timeline, now) {
  list.replaceChildren(...[...timeline].reverse().map((event) => fact(event, now)));
}

/** The fields of a message as it came, one level deep; nested ones by their path. */
export function flatten(raw, prefix = "") {
  return Object.entries(raw ?? {}).flatMap(([name, value]) => {
    const path = prefix ? `${prefix}.${name}` : name;
    return value !== null && typeof value === "object" ? flatten(value, path) : [[path, String(value ?? "")]];
  });
}

function source(report) {
  const rows = flatten(report.raw).filter(([, value]) => value !== "");
  const title = [serviceName(report.service), report.external_id, report.version > 1 ? t("version %(n)s", { n: report.version }) : ""].filter(Boolean).join(" · ");
  return h("details", { class: "source" }, h("summary", null, t("As received: %(title)s", { title })), h("dl", null, ...rows.flatMap(([name, value]) => [h("dt", null, name), h("dd", null, value)])));
}

export function drawWhy(box, detail) {
  const rule = either(detail.why?.rule_ko, detail.why?.rule_en);
  const from = detail.why?.source;
  box.replaceChildren(h("p", null, from && h("strong", null, from), from && rule && " · ", rule), ...detail.reports.map(source));
}
