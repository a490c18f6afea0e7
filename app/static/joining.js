/** Answers an invitation: makes a key for what it says, and lets the key ask to be approved. */

import { asked } from "./server.js";
import { base64, hex, random } from "./sign/bytes.js";
import { GOVERNANCE, envelope, signatureLine, submission } from "./sign/envelope.js";
import { buildGovernance } from "./sign/governance.js";
import * as keys from "./sign/keys.js";
import { assertionLine, makePasskey } from "./sign/passkeys.js";

/** What an invitation says and how far it has come. Throws, with the `status` of 404 where it is over. */
export function invitation(token) {
  return asked(`/api/join/${token}`);
}

/**
 * Make a key, sealed by `seal` or open, or the passkey that the invitation is for, and hand in its
 * key-add for approval; answers its record.
 * Throws where the server does not take it: then no key is kept.
 */
export async function answerInvitation(token, seal) {
  const { state, keyid, now, site, ...terms } = await invitation(token);
  await keys.persist();
  const { by: party, log, use, staff } = terms;
  const about = { log, party, site, use, staff: staff ?? "" };
  const record = terms.rpId
    ? await keys.keep({ ...about, ...(await makePasskey(terms.rpId, `Packtrace ${about.staff}`.trim())) })
    : await keys.make(about, seal);
  const payload = buildGovernance({
    type: "key-add",
    ...Object.fromEntries(Object.entries(terms).filter(([, value]) => value !== null)),
    key: base64(record.raw),
    nonce: hex(random(16)),
    time: now,
  });
  const line = terms.rpId
    ? await assertionLine(record, GOVERNANCE, payload)
    : await signatureLine(await keys.signer(record), GOVERNANCE, payload);
  const body = submission({ envelope: envelope(GOVERNANCE, payload, [line]) });
  try {
    await asked(`/api/join/${token}`, { method: "POST", body });
  } catch (error) {
    if (error.status) await keys.forget(record.keyid); // without an answer, the server may have taken it
    throw error;
  }
  return record;
}
