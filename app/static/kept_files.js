/** Files that the server keeps, and documents on the log that tell their hash. */

import { me } from "./me.js";
import { asked } from "./server.js";
import { hex, sha256 } from "./sign/bytes.js";
import { receiptOf } from "./sign/outbox.js";
import { drop, list, save } from "./drafts.js";

export const MOST = 25 * 1024 * 1024; // bytes of a file
export const KIND = "document"; // drafts: signed, and the server not told yet

/** A file as its document is to describe it: {digest, about, title, type}. */
export async function described(file, about, title) {
  const digest = hex(await sha256(await file.arrayBuffer()));
  return { digest, about, title, type: file.type || "application/octet-stream" };
}

/** Give the server a file to keep, under its hash. Throws an Error in words. */
export async function upload(file, { digest, about, title, type }) {
  const query = new URLSearchParams({ about, title, type });
  await asked(`/api/documents/${digest}?${query}`, { method: "PUT", body: file });
}

/** The statement that puts a file's hash on the log. */
export function bodyOf({ digest, about, title, type }) {
  return { type: "document", about, mediaType: type, sha256: digest, title };
}

/** Remember a document that was signed, to tell the server of it once it has landed. */
export async function remember(id, { digest, about }) {
  await save(KIND, id, { digest, about, log: me.log });
}

/** Tell the server of documents about its files that have landed; how many. */
export async function tell() {
  let told = 0;
  for (const { key, value } of await list(KIND)) {
    if (value.log !== me.log || !(await receiptOf(key))) continue;
    const body = JSON.stringify({ about: value.about, statement: key });
    await asked(`/api/documents/${value.digest}/statement`, { method: "POST", body });
    await drop(KIND, key);
    told += 1;
  }
  return told;
}

/** Take back a file that no document on the log tells of. */
export async function takeBack({ digest, about }) {
  await asked(`/api/documents/${digest}?${new URLSearchParams({ about })}`, { method: "DELETE" });
}
