/** Named timers of one owner, so that one call clears them all. */

export class Timers {
  /** @param {{setTimeout: Function, clearTimeout: Function}} [clock] */
  constructor(clock = globalThis) {
    this.clock = clock;
    /** @type {Map<string, any>} */
    this.running = new Map();
  }

  /** Run once after ms; a timer of the same name is replaced. */
  set(name, ms, run) {
    this.clear(name);
    this.running.set(
      name,
      this.clock.setTimeout(() => {
        this.running.delete(name);
        run();
      }, ms),
    );
  }

  /** Run once after ms, however often it is asked for meanwhile. */
  once(name, ms, run) {
    if (!this.has(name)) {
      this.set(name, ms, run);
    }
  }

  has(name) {
    return this.running.has(name);
  }

  clear(name) {
    if (this.running.has(name)) {
      this.clock.clearTimeout(this.running.get(name));
      this.running.delete(name);
    }
  }

  clearAll() {
    for (const name of [...this.running.keys()]) {
      this.clear(name);
    }
  }
}
