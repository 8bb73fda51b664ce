/** One message: its steps, its attempts or our answer, and its bytes for a reason. */

import { byId, h, setText, show } from "../lib/dom.js";
import { moment, number } from "../lib/format.js";
import { getJson, postJson } from "../lib/http.js";
import { toast } from "../lib/notices.js";
import { t } from "../lib/text.js";
import { ask } from "../console/dialogs/form.js";

export class Message {
  /** @param {{url: string, may: {act: boolean}, onReplay: (link: any, ids: string[]) => void}} wiring */
  constructor({ url, may, onReplay }) {
    Object.assign(this, { url, may, onReplay });
    this.row = null;
    this.link = null;
  }

  get isOpen() {
    return this.row !== null;
  }

  #address(suffix = "") {
    const name = this.row.direction === "out" ? this.row.id : this.row.sequence;
    return `${this.url}${this.link.code}/messages/${this.row.direction}/${name}/${suffix}`;
  }

  async open(link, row) {
    this.link = link;
    this.row = row;
    this.#hideContent();
    await this.refresh();
    byId("message").focus();
  }

  async refresh() {
    const { row } = this;
    if (!row) {
      return;
    }
    try {
      const detail = await getJson(this.#address());
      if (row === this.row) {
        this.#show(detail);
      }
    } catch (error) {
      toast(error.message, { bad: true });
    }
  }

  shut() {
    this.row = null;
    this.#hideContent();
    show(byId("message"), false);
  }

  #hideContent() {
    setText(byId("message-content"), "");
    show(byId("message-content"), false);
  }

  #show(detail) {
    const out = detail.direction === "out";
    setText(byId("message-title"), `${detail.type_name} · ${detail.case}`);
    const facts = [
      [t("Message id"), detail.id],
      [t("Incident"), detail.incident?.number ?? "—"],
      out ? [t("Attempts"), number(detail.attempts)] : [t("Sent by the agency"), moment(detail.sent_at)],
      out ? [t("Last error"), detail.error || "—"] : [t("Size"), `${number(detail.bytes)} B`],
      !out && [t("Fingerprint (SHA-256)"), detail.sha256],
    ];
    byId("message-facts").replaceChildren(...facts.filter(Boolean).map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value))));
    setText(byId("message-steps-title"), out ? t("Attempts and answers") : t("Our answer"));
    byId("message-steps").replaceChildren(...(out ? this.#tries(detail) : this.#answer(detail)));
    const tools = [];
    if (this.may.act) {
      tools.push(h("button", { class: "button button-small", type: "button", id: "message-reveal", onclick: () => this.#reveal() }, t("Show the content")));
      if (out && detail.state === "dead") {
        tools.push(h("button", { class: "button button-small", type: "button", onclick: () => this.onReplay(this.link, [detail.id]) }, t("Send again")));
      }
    } else {
      tools.push(h("p", { class: "muted" }, t("The content is shown to supervisors and to those who look after links.")));
    }
    byId("message-tools").replaceChildren(...tools);
    show(byId("message"), true);
  }

  #tries(detail) {
    if (!detail.tries.length) {
      return [h("li", { class: "muted" }, t("Not sent yet."))];
    }
    return detail.tries.map((one) => {
      const status = one.http_status ? `HTTP ${one.http_status}` : "";
      const took = one.finished_at ? `${((Date.parse(one.finished_at) - Date.parse(one.started_at)) / 1000).toFixed(2)} s` : t("no answer yet");
      return h("li", { "data-outcome": one.outcome }, h("span", { class: "number" }, `${one.number}. ${moment(one.started_at)}`), h("strong", null, one.outcome_name), h("span", { class: "number muted" }, [status, took].filter(Boolean).join(" · ")), one.error && h("span", { class: "step-error" }, one.error));
    });
  }

  #answer(detail) {
    if (!detail.answer) {
      return [h("li", { class: "muted" }, t("No answer was kept."))];
    }
    const body = JSON.stringify(detail.answer.body, null, 1);
    return [h("li", null, h("strong", null, `HTTP ${detail.answer.status}`), h("code", { class: "step-body" }, body))];
  }

  #reveal() {
    ask({
      title: t("Show the content of a message"),
      about: t("It may name a place and what happened there. Your name, the time and the reason are put on record."),
      submit: t("Show"),
      fields: [{ name: "reason", label: t("Reason"), type: "area", required: true, wide: true }],
      tables: {},
      act: async ({ reason }) => {
        const shown = await postJson(this.#address("content/"), { reason });
        setText(byId("message-content"), shown.exact ? pretty(shown.text) : shown.text);
        show(byId("message-content"), true);
        setTimeout(() => byId("message-content").focus());
      },
    });
  }
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
