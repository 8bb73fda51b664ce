/** Connects the best camera of a most urgent incident when it is selected: a nudge, on record as such. */

const MOST_URGENT = 1;
/** The server keeps it connected for a minute. */
const AGAIN_MS = 50_000;

export class Prefetch {
  #last = { key: "", at: -AGAIN_MS };

  /**
   * @param {object} wiring
   * @param {(cameraId: number) => string} wiring.url
   * @param {(url: string, body: any) => Promise<any>} wiring.post
   * @param {boolean} wiring.mayWatch
   */
  constructor({ url, post, mayWatch }) {
    Object.assign(this, { url, post, mayWatch });
  }

  /** @param {any} feature the incident that was selected */
  selected(feature) {
    const best = feature.cameras?.[0];
    if (!this.mayWatch || feature.priority !== MOST_URGENT || !best) {
      return;
    }
    const key = `${feature.id} ${best.id}`;
    const now = performance.now();
    if (key !== this.#last.key || now - this.#last.at > AGAIN_MS) {
      this.#last = { key, at: now };
      this.post(this.url(best.id), { incident: feature.id }).catch(() => {});
    }
  }
}
