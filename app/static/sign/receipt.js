/**
 * Whether what the log answered proves that it took a statement (statement.md 5, 9; RFC 6962).
 *
 * The log's entry is worked out from the envelope that was sent, its path leads to a root, and the log's
 * own key signed that root (C2SP signed-note, tlog-checkpoint).
 */

import { base64Bytes, concat, equal, hex, parseCanonical, sha256, textOf, utf8 } from "./bytes.js";
import { EVENT, statementId } from "./envelope.js";

const ED25519 = 1; // a verifier key's type
const MAX_SIZE = 2n ** 63n - 1n;
// Governance that tells of somebody's trade is logged as events are.
const COMMITTED = ['"type":"recall-answer"', '"type":"document"'];
const P = 2n ** 255n - 19n;
const ORDER_8 = 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd83d3d706a17c7n;
const LOW_ORDER = [0n, 1n, P - 1n, P, P + 1n, ORDER_8, P - ORDER_8]; // y of points whose order divides 8

/**
 * Check the answer of `POST /api/statements` to an envelope (its canonical bytes) against a log's verifier
 * key. Answers the checkpoint, {origin, size (BigInt), root (hex)}. Throws on any mismatch.
 */
export async function verifyReceipt(receipt, envelopeBytes, vkey) {
  const { id, index, ms, proof, checkpoint } = receipt ?? {};
  const counts = [index, ms].every((one) => Number.isSafeInteger(one) && one >= 0);
  if (!counts || !Array.isArray(proof) || typeof checkpoint !== "string") {
    throw new Error("a receipt is {id, index, ms, proof, checkpoint}");
  }
  const { payload: encoded, payloadType: type } = parseCanonical(envelopeBytes, "the envelope");
  const payload = base64Bytes(encoded, null, "the payload");
  if (id !== (await statementId(type, payload))) throw new Error("the receipt is of another statement");
  const head = await openCheckpoint(checkpoint, vkey);
  const leaf = await leafOf(type, payload, envelopeBytes, ms);
  const path = proof.map((one) => base64Bytes(one, 32, "a proof's hash"));
  const root = await rootFrom(BigInt(index), head.size, leaf, path);
  if (hex(root) !== head.root) throw new Error(`entry ${index} is not in the tree of this checkpoint`);
  return head;
}

/** The hash of a statement's log entry: its landing time, then its envelope or the commitment to it. */
async function leafOf(type, payload, envelopeBytes, ms) {
  const time = new Uint8Array(8);
  new DataView(time.buffer).setBigUint64(0, BigInt(ms));
  const committed = type === EVENT || COMMITTED.some((mark) => textOf(payload).includes(mark));
  const content = committed ? await sha256(envelopeBytes) : envelopeBytes;
  return sha256(concat(Uint8Array.of(0), time, content));
}

/** The root that an inclusion path leads to (RFC 9162 section 2.1.3.2). */
async function rootFrom(index, size, leaf, path) {
  if (index >= size) throw new Error(`there is no entry ${index} in a log of ${size}`);
  let [fn, sn, root] = [index, size - 1n, leaf];
  for (const node of path) {
    if (sn === 0n) throw new Error("the inclusion path is too long");
    if (fn & 1n || fn === sn) {
      root = await sha256(concat(Uint8Array.of(1), node, root));
      while (!(fn & 1n) && fn) [fn, sn] = [fn >> 1n, sn >> 1n];
    } else {
      root = await sha256(concat(Uint8Array.of(1), root, node));
    }
    [fn, sn] = [fn >> 1n, sn >> 1n];
  }
  if (sn) throw new Error("the inclusion path is too short");
  return root;
}

/** A checkpoint that the log of this verifier key signed: {origin, size, root}. */
async function openCheckpoint(note, vkey) {
  const key = await verifierKey(vkey);
  const end = note.lastIndexOf("\n\n");
  if (end < 0 || !note.endsWith("\n") || /[\0-\x09\x0b-\x1f]/.test(note)) {
    throw new Error("a note is a text, an empty line and signature lines");
  }
  const text = note.slice(0, end + 1);
  const lines = note.slice(end + 2, -1).split("\n").map(signatureOf);
  const own = lines.find((one) => one.name === key.name && equal(one.id, key.id));
  if (!own) throw new Error("the checkpoint carries no signature of the log's key");
  const imported = await crypto.subtle.importKey("raw", key.public, "Ed25519", false, ["verify"]);
  if (!(await crypto.subtle.verify("Ed25519", imported, own.signature, utf8(text)))) {
    throw new Error("the checkpoint's signature does not verify under the log's key");
  }
  const head = checkpointOf(text);
  if (head.origin !== key.name) throw new Error(`the checkpoint is of ${head.origin}, not of ${key.name}`);
  return head;
}

function signatureOf(line) {
  const [dash, name, encoded, ...more] = line.split(" ");
  if (dash !== "—" || !name || encoded === undefined || more.length) {
    throw new Error("a signature line is '— name base64'");
  }
  const raw = base64Bytes(encoded, null, "a signature");
  if (raw.length < 5) throw new Error("a signature is a key id and at least one byte");
  return { name, id: raw.subarray(0, 4), signature: raw.subarray(4) };
}

function checkpointOf(text) {
  const [origin, size, root, ...more] = text.slice(0, -1).split("\n");
  if (root === undefined || !origin || more.includes("")) {
    throw new Error("a checkpoint is at least three lines, none of them empty");
  }
  if (!/^(?:0|[1-9][0-9]{0,18})$/.test(size) || BigInt(size) > MAX_SIZE) {
    throw new Error("a log's size is a decimal below 2^63");
  }
  return { origin, size: BigInt(size), root: hex(base64Bytes(root, 32, "a root")) };
}

/** A verifier key, `name+hash+base64`: {name, id, public}. Throws when the hash is not the key's. */
async function verifierKey(vkey) {
  const found = /^([^+\s]+)\+([0-9a-f]{8})\+(.+)$/.exec(vkey);
  if (!found) throw new Error("a verifier key is name+hash+base64");
  const [, name, hash, encoded] = found;
  const raw = base64Bytes(encoded, 33, "a verifier key");
  if (raw[0] !== ED25519) throw new Error("the log's key is not for Ed25519");
  const id = (await sha256(concat(utf8(`${name}\n`), raw))).subarray(0, 4);
  if (hex(id) !== hash) throw new Error(`the hash in ${name}'s verifier key is not the key's`);
  refuseLowOrder(raw.subarray(1));
  return { name, id, public: raw.slice(1) };
}

/** Under a key of low order anybody can sign anything, and browsers differ on it. */
function refuseLowOrder(raw) {
  const y = BigInt(`0x${hex(raw.toReversed())}`) & (2n ** 255n - 1n);
  if (LOW_ORDER.includes(y)) throw new Error("an Ed25519 key of low order is refused");
}
