/** Asks the server for a verdict: POST /api/scans. */

import { passes, within } from "./server.js";
import { _ } from "./words.js";

const UNREACHED = 2; // s to wait before an unreachable server is asked again
const SILENT = 5; // s until somebody at the counter is told what is known without the server

/**
 * Ask about one scan: `{told}`, or `{wait}` in seconds with `{words}` (`unreached` where there was no
 * answer at all), or `{words}` alone.
 */
export async function ask(scan) {
  let answer;
  let told;
  try {
    answer = await fetch("/api/scans", { method: "POST", signal: scan.image ? within() : within(SILENT), ...request(scan) });
    told = await answer.json();
  } catch {
    const words = _("The server cannot be reached. Check the line.");
    return { wait: UNREACHED, words, unreached: true };
  }
  if (answer.ok) return { told };
  const words = told.detail ?? answer.statusText;
  // Where the server failed, it would fail at this scan again, and keep the others waiting.
  if (!passes({ status: answer.status, code: told.code })) return { words };
  const wait = Number(answer.headers.get("Retry-After")) || 1;
  return { wait, words };
}

function request({ text, source, image, purpose, stream, held }) {
  if (image) {
    const body = new FormData();
    body.set("image", image, image.name ?? "frame.jpg");
    body.set("purpose", purpose);
    if (stream) body.set("stream", "1");
    if (held) body.set("held", held); // what is in view: one look at it, however long
    return { body };
  }
  const headers = { "Content-Type": "application/json" };
  return { headers, body: JSON.stringify({ text, purpose, source }) };
}

/** Wait for some seconds. */
export function pause(seconds) {
  return new Promise((done) => setTimeout(done, seconds * 1000));
}
