/**
 * Bytes as statements write them: hex, base64, UTF-8, digests, and canonical JSON (RFC 8785).
 *
 * Byte for byte what `ledger.statement.dsse` makes; `tests/vectors/statement` holds both to it.
 */

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const HMAC = { name: "HMAC", hash: "SHA-256" };

/** The UTF-8 bytes of a text. */
export function utf8(text) {
  return encoder.encode(text);
}

/** The text of UTF-8 bytes. Throws for what is not UTF-8. */
export function textOf(bytes, what = "the text") {
  try {
    return decoder.decode(bytes);
  } catch (error) {
    throw new Error(`${what} is not UTF-8`, { cause: error });
  }
}

/** Lower-case hex of bytes. */
export function hex(bytes) {
  return Array.from(bytes, (one) => one.toString(16).padStart(2, "0")).join("");
}

/** The bytes of lower-case hex, `length` of them. Throws, naming `what`. */
export function bytesOf(text, length = text?.length / 2, what = "the value") {
  if (typeof text !== "string" || text.length !== 2 * length || !/^(?:[0-9a-f]{2})*$/.test(text)) {
    const count = Number.isInteger(length) ? 2 * length : "an even number of";
    throw new Error(`${what} is ${count} lower-case hex digits`);
  }
  return Uint8Array.from({ length }, (_, place) => parseInt(text.substr(2 * place, 2), 16));
}

/** Standard padded base64 of bytes. */
export function base64(bytes) {
  return btoa(Array.from(bytes, (one) => String.fromCharCode(one)).join(""));
}

/** The bytes of base64 in its one canonical form, `length` of them where given. Throws, naming `what`. */
export function base64Bytes(text, length = null, what = "the value") {
  let bytes;
  try {
    bytes = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
  } catch (error) {
    throw new Error(`${what} is not base64`, { cause: error });
  }
  // atob passes over spaces, missing padding and loose bits; what comes back must be what was given.
  if (base64(bytes) !== text) throw new Error(`${what} is not canonical base64`);
  if (length !== null && bytes.length !== length) {
    throw new Error(`${what} has ${bytes.length} bytes, it must have ${length}`);
  }
  return bytes;
}

/** Bytes behind one another. */
export function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, one) => sum + one.length, 0));
  let place = 0;
  for (const one of parts) {
    whole.set(one, place);
    place += one.length;
  }
  return whole;
}

/** The order of bytes, as a sort wants it. */
export function compare(a, b) {
  const least = Math.min(a.length, b.length);
  for (let place = 0; place < least; place += 1) {
    if (a[place] !== b[place]) return a[place] - b[place];
  }
  return a.length - b.length;
}

/** Whether bytes are the same. */
export function equal(a, b) {
  return compare(a, b) === 0;
}

/** Fresh random bytes. */
export function random(length) {
  return crypto.getRandomValues(new Uint8Array(length));
}

/** SHA-256. */
export async function sha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

/** A function from bytes to their HMAC-SHA256 under a secret. */
export async function hmacBy(secret) {
  const key = await crypto.subtle.importKey("raw", secret, HMAC, false, ["sign"]);
  return async (bytes) => new Uint8Array(await crypto.subtle.sign("HMAC", key, bytes));
}

/** HMAC-SHA256(secret, bytes). */
export async function hmac(secret, bytes) {
  return (await hmacBy(secret))(bytes);
}

/**
 * RFC 8785 bytes of a value: ASCII keys, whole numbers below 2^53, no null. What is undefined in an
 * object is left out. Throws for anything else.
 */
export function canonical(value) {
  return utf8(written(value));
}

function written(value) {
  if (typeof value === "string") {
    if (!value.isWellFormed()) throw new Error("a text holds half a character");
    return JSON.stringify(value);
  }
  if (typeof value === "boolean") return String(value);
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) throw new Error("numbers are whole and below 2^53");
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(written).join(",")}]`;
  if (typeof value !== "object" || value === null) throw new Error(`${value} is no value of a statement`);
  const keys = Object.keys(value).filter((key) => value[key] !== undefined);
  if (keys.some((key) => !/^[\0-\x7f]*$/.test(key))) throw new Error("keys are ASCII");
  return `{${keys.sort().map((key) => `${JSON.stringify(key)}:${written(value[key])}`).join(",")}}`;
}

/**
 * The value of canonical bytes. Throws, naming `what`, for bytes that are not exactly those made from it:
 * a key given twice, a space, another order or escape.
 */
export function parseCanonical(bytes, what) {
  let value;
  try {
    value = JSON.parse(textOf(bytes, what));
  } catch (error) {
    throw new Error(`${what} is not JSON: ${error.message}`, { cause: error });
  }
  if (!equal(canonical(value), bytes)) throw new Error(`${what} is not RFC 8785 JSON`);
  return value;
}
