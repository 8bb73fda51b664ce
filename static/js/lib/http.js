/** JSON over HTTP with the session and CSRF; a refusal becomes a Problem. */

import { t } from "./text.js";

const TIMEOUT_MS = 15000;

/** What the server refused, as application/problem+json, or that it could not be reached. */
export class Problem extends Error {
  /**
   * @param {number} status 0 when no answer came
   * @param {string} code
   * @param {string} message
   * @param {Record<string, string[]>} [fields]
   */
  constructor(status, code, message, fields = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.fields = fields;
  }
}

/** @returns {string} */
export function csrfToken() {
  return document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? "";
}

async function refusal(response) {
  const body = await response.json().catch(() => ({}));
  const fields = body.errors ?? {};
  const first = Object.values(fields)[0]?.[0];
  const message = body.detail || first || t("The server refused (%(status)s).", { status: response.status });
  return new Problem(response.status, body.code ?? "unknown", message, fields);
}

async function request(url, options) {
  let response;
  try {
    response = await fetch(url, {
      credentials: "same-origin",
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...options,
      headers: { Accept: "application/json", ...options.headers },
    });
  } catch {
    throw new Problem(0, "unreachable", t("The server cannot be reached."));
  }
  if (!response.ok) {
    throw await refusal(response);
  }
  return response.status === 204 ? null : response.json();
}

/** @param {string} url */
export function getJson(url) {
  return request(url, { method: "GET" });
}

/**
 * @param {string} url
 * @param {object} [body]
 */
export function postJson(url, body = {}) {
  return request(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": csrfToken() },
    body: JSON.stringify(body),
  });
}
