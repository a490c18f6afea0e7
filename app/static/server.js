/** Asks the server; whatever stands in the way is an Error in words. */

import { _ } from "./words.js";

const SILENT = 30;

/**
 * What the server says to a request; null where it says nothing. Throws an Error in words, with the
 * problem's fields where it says no, and with a `status` of 0 where it cannot be reached.
 */
export async function asked(path, request = {}) {
  let answer;
  let told;
  try {
    answer = await fetch(path, { ...request, headers: { Accept: "application/json", ...request.headers } });
    const text = await answer.text();
    told = text ? JSON.parse(text) : null;
  } catch {
    throw Object.assign(new Error(_("The server cannot be reached. Check the line.")), { status: 0 });
  }
  if (answer.ok) return told;
  const words = [told?.detail ?? told?.title, told?.advice].filter(Boolean).join(" ");
  throw Object.assign(new Error(words || _("The server did not answer as expected. Try again.")), told, { status: answer.status });
}

/** Whether an error of `asked` is of the line or of how much the server has to do, so that it passes. */
export function passes({ status, code }) {
  return status === 0 || status === 429 || (status === 503 && code !== "out-of-order");
}

/** The Response to a text of JSON that is sent, given up as `within` has it. */
export function post(path, body, seconds = SILENT) {
  const headers = { "Content-Type": "application/json", Accept: "application/json" };
  return fetch(path, { method: "POST", signal: within(seconds), headers, body });
}

/**
 * Gives a request up after some seconds, when a line that says nothing is taken for a dead one: what is sent
 * into the void would fail by itself only after minutes.
 */
export function within(seconds = SILENT) {
  return AbortSignal.timeout(seconds * 1000);
}
