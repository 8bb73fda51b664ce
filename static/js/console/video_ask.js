/** One question of the player to the server; whatever happens, an answer comes back. */

const REQUEST_MS = 8000;

/**
 * @param {string} url
 * @param {RequestInit} options
 * @returns {Promise<{status: number, body: any}>} status 0 when no answer came
 */
export async function ask(url, options) {
  try {
    const response = await fetch(url, {
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.timeout(REQUEST_MS),
      ...options,
    });
    return { status: response.status, body: await response.json().catch(() => ({})) };
  } catch {
    return { status: 0, body: {} };
  }
}
