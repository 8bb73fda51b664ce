/** Keeps watch each second: the clock, how fresh the picture is, and what to say when it is not. */

import { openDialog } from "../lib/dialog.js";
import { byId, setText, show } from "../lib/dom.js";
import { age, clock, day } from "../lib/format.js";
import { announce } from "../lib/notices.js";
import { t } from "../lib/text.js";
import { freshness, ServerClock } from "../console/freshness.js";

const TICK_MS = 1000;

export class Watch {
  /** @param {{onTick: () => void}} wiring */
  constructor({ onTick }) {
    this.onTick = onTick;
    this.clock = new ServerClock();
    this.startedAt = performance.now();
    this.heardAt = null;
    this.state = "connecting";
    this.said = "starting";
    this.texts = { starting: t("Connecting"), live: t("Live"), stale: t("Stale"), reconnecting: t("Reconnecting"), "signed-out": t("Signed out"), forbidden: t("No right") };
    this.timer = setInterval(() => this.tick(), TICK_MS);
  }

  now() {
    return this.clock.now();
  }

  heard(serverTime) {
    this.heardAt = performance.now();
    if (serverTime) {
      this.clock.heard(serverTime);
    }
  }

  condition(condition) {
    this.state = condition;
    if (condition === "signed-out" || condition === "forbidden") {
      const out = condition === "signed-out";
      setText(byId("ended-title"), out ? t("You are signed out") : t("You may not see this any more"));
      setText(byId("ended-text"), out ? t("The session ended or your rights changed. What you see is not updated any more.") : t("Your role in this municipality no longer carries the right."));
      openDialog(/** @type {HTMLDialogElement} */ (byId("ended-dialog")));
    }
    this.tick();
  }

  tick() {
    const fresh = freshness({ condition: this.state, heardAt: this.heardAt, startedAt: this.startedAt, now: performance.now() });
    const late = fresh.state === "stale" || fresh.state === "reconnecting";
    setText(byId("clock"), clock(this.now()));
    setText(byId("clock-day"), day(this.now()));
    byId("freshness").dataset.state = fresh.state;
    document.body.dataset.freshness = fresh.state;
    setText(byId("freshness-text"), this.texts[fresh.state]);
    setText(byId("freshness-age"), fresh.state === "starting" ? "" : age(fresh.ageMs));
    show(byId("banner"), late);
    if (late) {
      const seconds = Math.floor(fresh.ageMs / 1000);
      setText(byId("banner-text"), fresh.state === "stale" ? t("What you see is old. Last update %(n)s s ago", { n: seconds }) : t("Connection lost, reconnecting. Last update %(n)s s ago", { n: seconds }));
    }
    if (fresh.state !== this.said) {
      this.said = fresh.state;
      const words = { live: t("Connection is live"), stale: t("What you see is old"), reconnecting: t("Connection lost, reconnecting") };
      if (words[fresh.state]) {
        announce(words[fresh.state]);
      }
    }
    this.onTick();
  }
}
