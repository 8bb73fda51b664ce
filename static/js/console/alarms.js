/** When to sound: one sound at a time, the highest priority; P1 repeats until acknowledged (B2). */

export const REPEAT_MS = 10000;
export const SILENCE_MS = 30000;

export class Alarms {
  /**
   * @param {{play: (priority: number) => void, now?: () => number}} wiring
   */
  constructor({ play, now = () => performance.now() }) {
    this.play = play;
    this.now = now;
    this.silentUntil = -Infinity;
    this.lastUrgentAt = -Infinity;
    /** @type {number[]} priorities that arrived and have not sounded */
    this.arrived = [];
    this.urgentWaiting = false;
  }

  /** @param {number[]} priorities of incidents that just came */
  arrive(priorities) {
    this.arrived.push(...priorities);
  }

  /** Silence for thirty seconds; what arrives meanwhile is seen, not heard. */
  silence() {
    this.silentUntil = this.now() + SILENCE_MS;
    this.arrived = [];
  }

  /** @returns {number} milliseconds of silence left */
  silentForMs() {
    return Math.max(0, this.silentUntil - this.now());
  }

  /**
   * Decide now; call at every change and every second.
   * @param {Iterable<{priority: number, status: string}>} open
   */
  tick(open) {
    const arrived = this.arrived;
    this.arrived = [];
    this.urgentWaiting = false;
    for (const incident of open) {
      if (incident.priority === 1 && incident.status === "received") {
        this.urgentWaiting = true;
        break;
      }
    }
    if (this.silentForMs() > 0) {
      return;
    }
    const highest = arrived.length ? Math.min(...arrived) : null;
    const repeat = this.urgentWaiting && this.now() - this.lastUrgentAt >= REPEAT_MS;
    if (highest === 1 || repeat) {
      this.lastUrgentAt = this.now();
      this.play(1);
    } else if (highest !== null) {
      this.play(highest);
    }
  }
}
