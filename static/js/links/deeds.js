/** What a person does to a link: send again, ask again, pause, resume; each asks for its reason. */

import { ask } from "../console/dialogs/form.js";
import { postJson } from "../lib/http.js";
import { toast } from "../lib/notices.js";
import { t } from "../lib/text.js";

/** An undelivered message lives 72 hours before it is given up; twice that covers an outage. */
const WHOLE_LIFE_H = 144;
/** A backup is made every day. */
const SINCE_BACKUP_H = 24;

const reason = () => ({ name: "reason", label: t("Reason"), type: "area", required: true, wide: true });

export class Deeds {
  /** @param {{url: string, replayUrl: string, now: () => number, onDone: () => void, onTested: (link: any) => void}} wiring */
  constructor({ url, replayUrl, now, onDone, onTested }) {
    this.url = url;
    this.replayUrl = replayUrl;
    this.now = now;
    this.onDone = onDone;
    this.onTested = onTested;
  }

  #name(link) {
    return `${link.agency.name} · ${link.service.name}`;
  }

  /** Named messages, or those given up of the whole link or of an outage. */
  replay(link, ids = []) {
    const about = ids.length ? t("%(n)s messages go out again. The agency may have some of them already; it knows them by their ids.", { n: ids.length }) : t("Every message that was given up in this time goes out again, in its order. The agency knows those that it has by their ids.");
    const outage = { name: "hours", label: t("Hours back from now"), type: "number", required: true, wide: true };
    ask({
      title: `${t("Send again")}: ${this.#name(link)}`,
      about,
      submit: t("Send again"),
      fields: ids.length ? [reason()] : [outage, reason()],
      values: { hours: WHOLE_LIFE_H },
      tables: {},
      act: async ({ hours, reason: why }) => {
        const now = this.now();
        const period = { since: new Date(now - hours * 3600_000).toISOString(), until: new Date(now).toISOString() };
        const done = await postJson(`${this.replayUrl}${link.code}/replay/`, { reason: why, ...(ids.length ? { ids } : period) });
        toast(t("%(n)s messages are queued again", { n: done.replayed }));
        if (done.refused.length) {
          toast(t("%(n)s messages were not given up and were not sent again", { n: done.refused.length }), { bad: true });
        }
        this.onDone();
      },
    });
  }

  /** After the centre was restored: the agency is asked for all that it sent since. */
  askAgain(link) {
    ask({
      title: `${t("Ask for everything again")}: ${this.#name(link)}`,
      about: t("For a centre that was restored from a backup. The agency sends again what it sent in this time; what is here already is known by its id and changes nothing."),
      submit: t("Ask the agency"),
      fields: [{ name: "hours", label: t("Hours back from now"), type: "number", required: true, wide: true }, reason()],
      values: { hours: SINCE_BACKUP_H },
      tables: {},
      act: async ({ hours, reason: why }) => {
        const since = new Date(this.now() - hours * 3600_000).toISOString();
        await postJson(`${this.url}${link.code}/ask-again/`, { since, reason: why });
        toast(t("The agency is asked; the delivery log shows when it has the message"));
        this.onDone();
      },
    });
  }

  /** The whole way of a real message, without an incident: its result is in the delivery log. */
  test(link) {
    ask({
      title: `${t("Send a test message")}: ${this.#name(link)}`,
      about: t("It goes the whole way of a real message and is marked as a drill. Nobody is alarmed when it does not arrive."),
      submit: t("Send a test message"),
      fields: [],
      values: {},
      tables: {},
      act: async () => {
        await postJson(`${this.url}${link.code}/test/`, {});
        toast(t("The test message is under way; the delivery log shows its result"));
        this.onDone();
        this.onTested(link);
      },
    });
  }

  pause(link) {
    const resume = link.state === "maintenance";
    const about = resume ? t("What waits is sent at once, in its order.") : t("What the agency is owed waits and is not lost. What it sends is still taken.");
    ask({
      title: `${resume ? t("Resume") : t("Pause")}: ${this.#name(link)}`,
      about,
      submit: resume ? t("Resume") : t("Pause"),
      fields: [reason()],
      tables: {},
      act: async ({ reason: why }) => {
        await postJson(`${this.url}${link.code}/${resume ? "resume" : "pause"}/`, { reason: why });
        toast(resume ? t("The link is resumed") : t("The link is paused"));
        this.onDone();
      },
    });
  }
}
