/** Signs in with a key of this browser: the server's challenge, signed (statement.md 7). */

import { LOGIN, envelope, buildLogin, signatureLine } from "./sign/envelope.js";
import * as keys from "./sign/keys.js";

/** Sign in by one key at one site. Throws with the server's words, and its `code`. */
export async function signIn(record, site) {
  const asked = await fetch("/api/session/nonce");
  const told = await asked.json();
  if (!asked.ok) throw Object.assign(new Error(told.detail), told);
  const { log, nonce, time } = told;
  const payload = buildLogin({ by: record.party, log, nonce, origin: location.origin, time });
  const line = await signatureLine(await keys.signer(record), LOGIN, payload);
  const body = JSON.stringify({ envelope: envelope(LOGIN, payload, [line]), site });
  const answer = await fetch("/api/session", { method: "POST", body });
  const said = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(`${said.detail} ${said.advice ?? ""}`), said);
}
