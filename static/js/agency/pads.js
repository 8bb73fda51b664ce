/** Turning granted cameras: controls under each picture that plays and whose grant says so. */

import { Ptz } from "../console/ptz.js";
import { getJson, postJson } from "../lib/http.js";

export class Pads {
  /**
   * @param {object} wiring
   * @param {(grant: string) => HTMLElement | null} wiring.playing the tile of a picture that plays
   * @param {string} wiring.base the address that each camera is under
   * @param {() => number} wiring.now by the server's clock
   */
  constructor({ playing, base, now }) {
    Object.assign(this, { playing, base, now });
    /** @type {Map<string, Ptz>} by grant */
    this.pads = new Map();
  }

  /**
   * Put controls where they belong and say how each camera is held.
   * @param {any[]} streams
   * @param {number} askedAt by performance.now()
   */
  follow(streams, askedAt) {
    const wanted = new Map(streams.filter((stream) => stream.ptz && this.playing(stream.grant)).map((stream) => [stream.grant, stream]));
    for (const [grant, pad] of this.pads) {
      if (!wanted.has(grant)) {
        pad.close();
        this.pads.delete(grant);
      }
    }
    for (const [grant, stream] of wanted) {
      if (!this.pads.has(grant)) {
        this.#open(stream);
      }
      this.pads.get(grant)?.refresh(stream.ptz, askedAt);
    }
  }

  #open({ grant, name }) {
    const pad = new Ptz({
      me: 0,
      url: (id) => `${this.base}${id}/ptz/`,
      getJson,
      postJson,
      now: this.now,
      wish: () => ({}),
      onMine: () => this.#letGoOfOthers(grant),
    });
    this.pads.set(grant, pad);
    pad.attend({ camera: { id: grant, name }, root: this.playing(grant) }, grant, "");
  }

  /** The arrows turn one camera at a time. */
  #letGoOfOthers(grant) {
    for (const [other, pad] of this.pads) {
      if (other !== grant && pad.isMine) {
        pad.toggle();
      }
    }
  }
}
