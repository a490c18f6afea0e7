/**
 * Passkeys that sign statements as a second factor: the challenge is the statement's id, so that the
 * assertion is a signature on that statement (WebAuthn Level 3 section 7.2; docs/passkeys.md).
 */

import { base64, bytesOf, concat, hex, sha256 } from "./bytes.js";
import { statementId } from "./envelope.js";

const ES256 = -7;
const EDDSA = -8;
const POINT = 65; // bytes of an uncompressed P-256 point, at the end of its SubjectPublicKeyInfo
const HALF = 32;

/** Make a passkey for this host: {keyid, raw, credential, alg, rpId}. Throws where nobody answers. */
export async function makePasskey(rpId, name) {
  const made = await navigator.credentials.create({
    publicKey: {
      challenge: crypto.getRandomValues(new Uint8Array(32)),
      rp: { name: "Packtrace", id: rpId },
      user: { id: crypto.getRandomValues(new Uint8Array(16)), name, displayName: name },
      pubKeyCredParams: [EDDSA, ES256].map((alg) => ({ type: "public-key", alg })),
      authenticatorSelection: { userVerification: "required", residentKey: "preferred" },
    },
  });
  const alg = made.response.getPublicKeyAlgorithm();
  const raw = rawOf(alg, new Uint8Array(made.response.getPublicKey()));
  return { keyid: hex(await sha256(raw)), raw, credential: new Uint8Array(made.rawId), alg, rpId };
}

/** A public key as the log holds it: 32 bytes of Ed25519, or a compressed P-256 point. */
function rawOf(alg, info) {
  if (alg === EDDSA) return info.slice(-HALF);
  const point = info.slice(-POINT);
  return concat(Uint8Array.of(2 + (point[POINT - 1] & 1)), point.slice(1, 1 + HALF));
}

/** A passkey's signature line on a statement: {keyid, sig, webauthn}. Throws where nobody answers. */
export async function assertionLine({ keyid, credential, alg, rpId }, type, payload) {
  const { response } = await navigator.credentials.get({
    publicKey: {
      challenge: bytesOf(await statementId(type, payload)),
      rpId,
      allowCredentials: [{ type: "public-key", id: credential }],
      userVerification: "required",
    },
  });
  const signature = new Uint8Array(response.signature);
  return {
    keyid,
    sig: base64(alg === EDDSA ? signature : fixed(signature)),
    webauthn: {
      authenticatorData: base64(new Uint8Array(response.authenticatorData)),
      clientDataJSON: base64(new Uint8Array(response.clientDataJSON)),
    },
  };
}

/** r and s in 32 bytes each, from DER's SEQUENCE of two INTEGERs (both shorter than 128 bytes). */
function fixed(der) {
  const numbers = [];
  let place = 2;
  for (let number = 0; number < 2; number += 1) {
    const length = der[place + 1];
    const value = der.slice(place + 2, place + 2 + length);
    place += 2 + length;
    const bare = value.slice(Math.max(0, value.length - HALF));
    numbers.push(concat(new Uint8Array(HALF - bare.length), bare));
  }
  return concat(...numbers);
}
