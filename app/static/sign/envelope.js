/**
 * The signed envelope (DSSE v1), statement ids, and what is sent to the log (statement.md 3, 7 and 10).
 *
 * A key is {keyid, sign(bytes) -> Promise<Uint8Array>}; where keys lie is left to keys.js.
 */

import { base64, base64Bytes, canonical, concat, hex, sha256, utf8 } from "./bytes.js";
import * as fields from "./fields.js";

export const EVENT = "application/vnd.packtrace.event+json";
export const GOVERNANCE = "application/vnd.packtrace.governance+json";
export const LOGIN = "application/vnd.packtrace.login+json";
const MAX_ENVELOPE = 65_527; // a log entry is at most 65,535 bytes, 8 of them the time
const MAX_SIGNATURES = 4;
const PAGE = /^(?:cli|https?:\/\/[a-z0-9.-]{1,253}(?::[1-9][0-9]{0,4})?)$/;

/** DSSE's pre-authentication encoding: what signatures and ids are over. */
export function pae(type, payload) {
  const kind = utf8(type);
  return concat(utf8(`DSSEv1 ${kind.length} `), kind, utf8(` ${payload.length} `), payload);
}

/** A statement's id, hex: the same however it is signed. */
export async function statementId(type, payload) {
  return hex(await sha256(pae(type, payload)));
}

/** One key's signature of a payload: {keyid, sig}. */
export async function signatureLine(key, type, payload) {
  return { keyid: key.keyid, sig: base64(await key.sign(pae(type, payload))) };
}

/**
 * The envelope of a payload and 1 to 4 signature lines; `canonical` of it is its bytes. Throws for a key
 * that signed twice, and for too many bytes.
 */
export function envelope(type, payload, lines) {
  const signatures = lines.map(lineOf).sort((a, b) => (a.keyid < b.keyid ? -1 : 1));
  if (!signatures.length || signatures.length > MAX_SIGNATURES) {
    throw new Error(`an envelope has 1 to ${MAX_SIGNATURES} signatures`);
  }
  signatures.forEach(({ keyid }, place) => {
    if (place && signatures[place - 1].keyid === keyid) throw new Error("a key signs a statement once");
  });
  const made = { payload: base64(payload), payloadType: type, signatures };
  const { length } = canonical(made);
  if (length > MAX_ENVELOPE) {
    throw new Error(`an envelope is at most ${MAX_ENVELOPE} bytes, this has ${length}`);
  }
  return made;
}

/** A signature line as it stands in an envelope; a passkey's says also what was asked of it. */
function lineOf({ keyid, sig, webauthn }) {
  fields.hexOf(keyid, 32, "a keyid");
  base64Bytes(sig, 64, "a signature");
  if (webauthn === undefined) return { keyid, sig };
  const { authenticatorData, clientDataJSON } = webauthn;
  base64Bytes(authenticatorData, null, "authenticatorData");
  base64Bytes(clientDataJSON, null, "clientDataJSON");
  return { keyid, sig, webauthn: { authenticatorData, clientDataJSON } };
}

/**
 * The body of `POST /api/statements`, JSON text: an envelope, the lists that it commits to as `listOf`
 * answers them, and the secret (hex) that they were committed under. Empty lists are left out, and the
 * secret without a list.
 */
export function submission({ envelope: signed, items, over, missing, secret }) {
  const listed = (list) => (list?.length ? list.map(itemOf) : undefined);
  const body = { envelope: signed, items: listed(items), over: listed(over), missing: listed(missing) };
  const some = body.items ?? body.over ?? body.missing;
  return JSON.stringify({ ...body, secret: some && fields.hexOf(secret, 32, "the secret of the items") });
}

function itemOf({ id, extra }, place, list) {
  if (place && list[place - 1].id >= id) throw new Error("each id is listed once, sorted");
  return { id: fields.item(id), extra: extra && fields.hexOf(extra, 32, "an item's extra") };
}

/** The canonical payload of a log-in: {by, log, nonce (base64), origin, time}. Throws, naming the field. */
export function buildLogin({ by, log, nonce, origin, time }) {
  base64Bytes(nonce, 32, "nonce");
  return canonical({
    by: fields.gln(by, "by"),
    log: fields.origin(log),
    nonce,
    origin: fields.match(PAGE, origin, "origin is the page's scheme://host[:port]"),
    time: fields.second(time, "time"),
  });
}

/** The key that a WebCrypto pair for Ed25519 is: {keyid, sign}. */
export async function keyOf({ publicKey, privateKey }) {
  const raw = new Uint8Array(await crypto.subtle.exportKey("raw", publicKey));
  return {
    keyid: hex(await sha256(raw)),
    sign: async (bytes) => new Uint8Array(await crypto.subtle.sign("Ed25519", privateKey, bytes)),
  };
}
