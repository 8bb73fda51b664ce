/** A picture by WebRTC (WHEP with the server's offer): about a second sooner than by play list. */

/**
 * Since when a picture could have come that has not: null while nobody need have sent one.
 * A camera that has no picture is no sooner seen by play list, so only a live one is waited for.
 * Times are milliseconds of performance.now(), null for what has not happened.
 * @param {{connectedAt: number | null, liveSince: number | null, lastFrameAt: number | null}} known
 * @returns {number | null}
 */
export function owedSince({ connectedAt, liveSince, lastFrameAt }) {
  return connectedAt === null || liveSince === null ? null : Math.max(connectedAt, liveSince, lastFrameAt ?? 0);
}

export class Whep {
  #headers;
  #video;
  #patienceMs;
  #peer = null;
  /** @type {Promise<void>} */
  #connecting = Promise.resolve();
  #over = false;
  /** Where the server says what this session does, once there is one. */
  address = "";
  /** Since when pictures can come, whether the camera has any or not: milliseconds of performance.now(). */
  connectedAt = null;

  /**
   * @param {() => Record<string, string>} headers which show the ticket
   * @param {HTMLVideoElement} video
   * @param {number} patienceMs for each answer of the server, and from ours until the connection stands
   */
  constructor(headers, video, patienceMs) {
    this.#headers = headers;
    this.#video = video;
    this.#patienceMs = patienceMs;
  }

  static isPossible() {
    return "RTCPeerConnection" in globalThis;
  }

  /**
   * Show the picture.
   * @param {string} url
   * @param {() => void} onLost once, when it does not come about or breaks off
   */
  async begin(url, onLost) {
    this.#connecting = this.#connect(url, onLost);
    try {
      await this.#connecting;
    } catch {
      this.#lose(onLost);
    }
  }

  /**
   * Go on with another stream of the same camera.
   * @param {string} url
   * @returns {Promise<boolean>} whether the server does so
   */
  async turn(url) {
    try {
      await this.#connecting;
      const address = `${url}/${this.address.split("/").pop()}`;
      const answer = await this.#send(address, "PUT");
      if (answer.ok) {
        this.address = address;
      }
      return answer.ok;
    } catch {
      return false;
    }
  }

  async #connect(url, onLost) {
    const offer = await this.#send(url, "POST", "v=0\r\n");
    if (offer.status !== 406 || !offer.headers.get("Location")) {
      throw new Error(String(offer.status));
    }
    this.address = offer.headers.get("Location");
    const sdp = await offer.text();
    if (this.#over) {
      return;
    }
    const peer = new RTCPeerConnection();
    this.#peer = peer;
    peer.addEventListener("track", (event) => {
      this.#video.srcObject = new MediaStream([event.track]);
      this.#video.play().catch(() => {});
    });
    peer.addEventListener("connectionstatechange", () => {
      if (peer.connectionState === "connected") {
        this.connectedAt ??= performance.now();
      } else if (["failed", "disconnected", "closed"].includes(peer.connectionState)) {
        this.#lose(onLost);
      }
    });
    await peer.setRemoteDescription({ type: "offer", sdp });
    await peer.setLocalDescription(await peer.createAnswer());
    setTimeout(() => this.connectedAt === null && this.#lose(onLost), this.#patienceMs);
    const taken = await this.#send(this.address, "PATCH", peer.localDescription.sdp);
    if (!taken.ok) {
      throw new Error(String(taken.status));
    }
  }

  #send(url, method, body = undefined) {
    const headers = { ...this.#headers(), "Content-Type": "application/sdp" };
    return fetch(url, { method, headers, body, cache: "no-store", credentials: "same-origin", signal: AbortSignal.timeout(this.#patienceMs) });
  }

  #lose(onLost) {
    if (!this.#over) {
      this.close();
      onLost();
    }
  }

  /** Show nothing more by this way; the server hears of it from Janus, or by the end of the view. */
  close() {
    this.#over = true;
    this.#peer?.close();
    this.#video.srcObject = null;
  }
}
