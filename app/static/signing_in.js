/** Signs in with a key of this browser: the server's challenge, signed (statement.md 7). */

import { asked } from "./server.js";
import { forgetPages } from "./worker_pages.js";
import { LOGIN, envelope, buildLogin, signatureLine } from "./sign/envelope.js";
import * as keys from "./sign/keys.js";

/** Sign in by one key at one site. Throws with the server's words, and its `code`. */
export async function signIn(record, site) {
  const { log, nonce, time } = await asked("/api/session/nonce");
  const payload = buildLogin({ by: record.party, log, nonce, origin: location.origin, time });
  const line = await signatureLine(await keys.signer(record), LOGIN, payload);
  const body = JSON.stringify({ envelope: envelope(LOGIN, payload, [line]), site });
  await asked("/api/session", { method: "POST", body });
  await forgetPages();
}
