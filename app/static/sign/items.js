/**
 * The salted tree by which a statement commits to its packs (statement.md 4; `ledger.statement.items`).
 *
 * Many hashes are asked for at once: the browser works on them beside one another.
 */

import { bytesOf, compare, concat, hex, hmac, hmacBy, sha256, utf8 } from "./bytes.js";
import * as fields from "./fields.js";

const MAX_DEPTH = 24;
const SALT_BYTES = 16;
const SECRET_BYTES = 32;
const BATCH = 1024; // hashes asked for at once: more only wait in memory
const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);
const FILLER = Uint8Array.of(2);
const PAD = utf8("pad");

/**
 * What a statement says of its items: {depth, root (hex)}. `ids` are canonical Digital Links in any order,
 * `secret` 32 fresh random bytes, `extras` gives 32 bytes in hex for some ids.
 */
export async function commit(ids, secret, extras = {}) {
  const listed = listOf(ids, extras);
  if (!listed.length || listed.length > 2 ** MAX_DEPTH) {
    throw new Error(`a statement names 1 to ${2 ** MAX_DEPTH} items, not ${listed.length}`);
  }
  if (!(secret instanceof Uint8Array) || secret.length !== SECRET_BYTES) {
    throw new Error(`the secret of the items has ${SECRET_BYTES} bytes`);
  }
  const blind = await hmacBy(secret);
  const depth = 32 - Math.clz32(listed.length - 1);
  const fillers = Array.from({ length: 2 ** depth - listed.length }, (_, number) => number);
  const leaves = await each(listed, (one) => leaf(blind, one));
  const row = leaves.concat(await each(fillers, (number) => filler(blind, number))).sort(compare);
  return { depth, root: hex(await rootOf(row)) };
}

/** The items as a submission lists them, [{id, extra?}] sorted by id. Throws for an id named twice. */
export function listOf(ids, extras = {}) {
  const known = new Map(Object.entries(extras ?? {}));
  // Ids are ASCII: the order of a JavaScript sort, by code units, is that of their bytes.
  const listed = [...ids].sort().map((id) => {
    fields.item(id);
    const extra = known.get(id);
    known.delete(id);
    return extra ? { id, extra: fields.hexOf(extra, 32, "an item's extra") } : { id };
  });
  const twice = listed.find((one, place) => place && listed[place - 1].id === one.id);
  if (twice) throw new Error(`${twice.id} is named twice; name each item once`);
  if (known.size) throw new Error(`an extra is given for ${[...known.keys()][0]}, which is not named`);
  return listed;
}

/** The secret of one of a statement's lists: "items", "over" or "missing". */
export async function listSecret(name, secret) {
  return name === "over" || name === "missing" ? hmac(secret, utf8(name)) : secret;
}

async function leaf(blind, { id, extra }) {
  const raw = utf8(id);
  const salt = (await blind(raw)).subarray(0, SALT_BYTES);
  const length = Uint8Array.of(raw.length >> 8, raw.length & 255);
  return sha256(concat(LEAF, salt, length, raw, extra ? bytesOf(extra) : new Uint8Array()));
}

/** A leaf that pads the tree up to a power of two; nobody can tell it from an item's. */
async function filler(blind, number) {
  const raw = new Uint8Array(4);
  new DataView(raw.buffer).setUint32(0, number);
  return sha256(concat(FILLER, await blind(concat(PAD, raw))));
}

/** The root over 2^depth leaf hashes (RFC 6962 section 2.1). */
async function rootOf(leaves) {
  let row = leaves;
  while (row.length > 1) {
    const pairs = Array.from({ length: row.length / 2 }, (_, place) => row.slice(2 * place, 2 * place + 2));
    row = await each(pairs, (pair) => sha256(concat(NODE, ...pair)));
  }
  return row[0];
}

async function each(values, work) {
  const done = [];
  for (let place = 0; place < values.length; place += BATCH) {
    done.push(...(await Promise.all(values.slice(place, place + BATCH).map(work))));
  }
  return done;
}
