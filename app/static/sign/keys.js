/**
 * The signing keys of this browser: Ed25519, never to be exported by a script.
 *
 * A station's key lies open in IndexedDB; a person's is sealed by a PIN, a badge's code or a passkey
 * (its PRF extension, WebAuthn Level 3 section 10.1.4) and open for as long as the site allows.
 */

import { store } from "./store.js";

// OWASP's Password Storage Cheat Sheet for PBKDF2-HMAC-SHA256. A PIN stops who stands at the counter,
// not who copies the disk.
const ITERATIONS = 600_000;
const KEY = { name: "Ed25519" };
const PRF_SALT = new TextEncoder().encode("packtrace key seal v1");
export const LEAST_PIN = 6;

const keys = store("keys");
const open = store("open");

/** Whether this browser can keep and use such keys; else why not: "insecure", "old" or "storage". */
export async function unable() {
  if (!globalThis.isSecureContext || !crypto.subtle) return "insecure";
  try {
    await crypto.subtle.generateKey(KEY, false, ["sign", "verify"]);
  } catch {
    return "old";
  }
  return keys.all().then(() => "", () => "storage");
}

/**
 * Make a key and keep it: `about` is {log, party, site, use, staff}, `seal` null for an open one or
 * {how, secret} as `pin`, `badge` and `passkey` below give it. Answers its record; it is "asked" until the
 * log knows it.
 */
export async function make(about, seal = null) {
  const pair = await crypto.subtle.generateKey(KEY, seal !== null, ["sign", "verify"]);
  const raw = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  const keyid = hex(await crypto.subtle.digest("SHA-256", raw));
  const kept = seal
    ? { sealed: await wrapped(pair.privateKey, seal) }
    : { privateKey: pair.privateKey };
  const record = await keep({ ...about, keyid, raw, ...kept });
  if (seal) await unlock(record, seal); // whoever made it is who is here now
  return record;
}

/** Keep what is known of a key that nobody has approved yet; answers its record. */
export async function keep(about) {
  const record = { ...about, state: "asked", created: Date.now() };
  await keys.put(record);
  return record;
}

/** This browser's keys for a log, newest first. */
export async function all(log) {
  const found = await keys.all();
  return found.filter((one) => one.log === log).sort((a, b) => b.created - a.created);
}

/** Change what is kept of a key: the log knows it now, or knows it no more. */
export async function mark(keyid, state) {
  const found = await keys.get(keyid);
  if (found) await keys.put({ ...found, state });
}

/** Forget a key; nobody can bring it back. */
export async function forget(keyid) {
  await open.drop(keyid);
  await keys.drop(keyid);
}

/** Ask the browser to keep its storage; false where it may drop it. */
export async function persist() {
  return (await navigator.storage?.persist?.()) ?? false;
}

// Sealing

/** A seal by a PIN of at least six digits. Throws an Error with code "pin". */
export function pin(text) {
  if (!/^[0-9]{6,12}$/.test(text)) throw Object.assign(new Error("pin"), { code: "pin" });
  return { how: "pin", secret: new TextEncoder().encode(text) };
}

/** A seal by what stands on a badge, at least twelve characters. Throws an Error with code "badge". */
export function badge(text) {
  if (text.length < 12) throw Object.assign(new Error("badge"), { code: "badge" });
  return { how: "badge", secret: new TextEncoder().encode(text) };
}

/** A seal by a new passkey. Throws where there is none, or it has no PRF extension. */
export async function passkey(name) {
  const made = await navigator.credentials.create({
    publicKey: {
      challenge: crypto.getRandomValues(new Uint8Array(32)),
      rp: { name: "Packtrace", id: location.hostname },
      user: { id: crypto.getRandomValues(new Uint8Array(16)), name, displayName: name },
      pubKeyCredParams: [-7, -8, -257].map((alg) => ({ type: "public-key", alg })),
      authenticatorSelection: { userVerification: "required", residentKey: "preferred" },
      extensions: { prf: {} },
    },
  });
  if (!made.getClientExtensionResults().prf?.enabled) {
    throw Object.assign(new Error("prf"), { code: "prf" });
  }
  return opened({ how: "passkey", credential: new Uint8Array(made.rawId) });
}

/** What a sealed key's passkey gives, after its owner touched it. */
export async function opened(sealed) {
  const got = await navigator.credentials.get({
    publicKey: {
      challenge: crypto.getRandomValues(new Uint8Array(32)),
      rpId: location.hostname,
      allowCredentials: [{ type: "public-key", id: sealed.credential }],
      userVerification: "required",
      extensions: { prf: { eval: { first: PRF_SALT } } },
    },
  });
  const secret = got.getClientExtensionResults().prf?.results?.first;
  if (!secret) throw Object.assign(new Error("prf"), { code: "prf" });
  return { how: "passkey", credential: sealed.credential, secret: new Uint8Array(secret) };
}

async function wrapped(privateKey, seal) {
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const by = await sealing(seal, salt, ITERATIONS);
  const bytes = await crypto.subtle.wrapKey("pkcs8", privateKey, by, { name: "AES-GCM", iv });
  const { how, credential } = seal;
  return { how, credential, salt, iv, iterations: ITERATIONS, bytes: new Uint8Array(bytes) };
}

async function unwrapped(sealed, seal) {
  const { salt, iv, iterations, bytes } = sealed;
  const by = await sealing(seal, salt, iterations);
  return crypto.subtle.unwrapKey("pkcs8", bytes, by, { name: "AES-GCM", iv }, KEY, false, ["sign"]);
}

async function sealing({ secret }, salt, iterations) {
  const from = await crypto.subtle.importKey("raw", secret, "PBKDF2", false, ["deriveKey"]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt, iterations };
  return crypto.subtle.deriveKey(how, from, { name: "AES-GCM", length: 256 }, false, [
    "wrapKey",
    "unwrapKey",
  ]);
}

// Who is at the station

/** Open a sealed key for its owner. Throws an Error with code "wrong" for another PIN, badge or passkey. */
export async function unlock(record, seal) {
  let key;
  try {
    key = await unwrapped(record.sealed, seal);
  } catch (error) {
    throw Object.assign(new Error("wrong"), { code: "wrong", cause: error });
  }
  await lock();
  await keepOpen(record, key);
}

async function keepOpen({ keyid }, privateKey) {
  await open.put({ keyid, privateKey, used: Date.now() });
}

/** Lock whoever is at the station. */
export async function lock() {
  for (const one of await open.all()) await open.drop(one.keyid);
}

/** The person who is at the station: their key's record, or null once `minutes` went by unused. */
export async function present(log, minutes) {
  const [one] = await open.all();
  if (!one) return null;
  const record = (await all(log)).find((key) => key.keyid === one.keyid);
  if (!record || Date.now() - one.used > minutes * 60_000) {
    await lock();
    return null;
  }
  return record;
}

/** The person at the station is still there. */
export async function touch() {
  for (const one of await open.all()) await open.put({ ...one, used: Date.now() });
}

/** A key that signs: {keyid, sign(bytes)}. Throws an Error with code "locked" for a sealed one. */
export async function signer(record) {
  const privateKey = record.privateKey ?? (await open.get(record.keyid))?.privateKey;
  if (!privateKey) throw Object.assign(new Error("locked"), { code: "locked" });
  const sign = async (bytes) => new Uint8Array(await crypto.subtle.sign(KEY, privateKey, bytes));
  return { keyid: record.keyid, sign };
}

function hex(buffer) {
  return [...new Uint8Array(buffer)].map((one) => one.toString(16).padStart(2, "0")).join("");
}
