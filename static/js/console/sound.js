/** Tones made by the browser: no file, one pattern a priority. */

/** Frequency (Hz), start and length (s) of each tone. */
const PATTERNS = {
  1: [[880, 0, 0.16], [1175, 0.18, 0.16], [880, 0.36, 0.16], [1175, 0.54, 0.22]],
  2: [[784, 0, 0.16], [988, 0.2, 0.22]],
  3: [[660, 0, 0.18]],
  4: [[392, 0, 0.14], [330, 0.17, 0.2]],
};
const VOLUME = { 1: 0.32, 2: 0.22, 3: 0.14, 4: 0.14 };

export class Player {
  constructor() {
    this.enabled = true;
    /** @type {AudioContext | null} */
    this.context = null;
    this.onchange = () => {};
  }

  /** Whether a sound played now would be heard. */
  get audible() {
    return this.enabled && this.context?.state === "running";
  }

  /** Make or wake the sound; browsers allow it only in a person's gesture. */
  async unlock() {
    if (!this.enabled) {
      return;
    }
    if (!this.context && globalThis.AudioContext) {
      this.context = new AudioContext();
      this.context.onstatechange = () => this.onchange();
    }
    if (this.context?.state === "suspended") {
      await this.context.resume().catch(() => {});
    }
    this.onchange();
  }

  /** @param {number} priority */
  play(priority) {
    if (!this.audible || !this.context) {
      return;
    }
    const start = this.context.currentTime + 0.02;
    for (const [frequency, after, length] of PATTERNS[priority] ?? PATTERNS[3]) {
      const tone = this.context.createOscillator();
      const gain = this.context.createGain();
      tone.type = priority === 1 ? "square" : "sine";
      tone.frequency.value = frequency;
      gain.gain.setValueAtTime(0, start + after);
      gain.gain.linearRampToValueAtTime(VOLUME[priority] ?? 0.14, start + after + 0.01);
      gain.gain.setTargetAtTime(0, start + after + length - 0.04, 0.015);
      tone.connect(gain).connect(this.context.destination);
      tone.start(start + after);
      tone.stop(start + after + length);
    }
  }
}
