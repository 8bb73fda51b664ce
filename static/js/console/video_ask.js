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

/**
 * Ask for a picture and its age; null when there is none.
 * @param {string} url
 * @param {Record<string, string>} headers
 * @returns {Promise<{picture: Blob, ageS: number} | null>}
 */
export async function askPicture(url, headers) {
  try {
    const response = await fetch(url, { credentials: "same-origin", cache: "no-store", signal: AbortSignal.timeout(REQUEST_MS), headers });
    return response.status === 200 ? { picture: await response.blob(), ageS: Number(response.headers.get("X-Age-S")) } : null;
  } catch {
    return null;
  }
}
