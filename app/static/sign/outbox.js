/**
 * Signed statements on their way to the log: each is kept before it is sent, and sent until the log
 * has said yes or no. The log takes a statement once, however often it comes.
 */

import { me } from "../me.js";
import { post } from "../server.js";
import { verifyReceipt } from "./receipt.js";
import { store } from "./store.js";

const RETRY = 5; // s between two tries while the server cannot be reached
const SILENT = 20; // s that an answer may take
const SLOW = 10_000; // bytes a second that a line takes at least

const outbox = store("outbox");
const receipts = store("receipts");
const listeners = new Set();
const tabs = new BroadcastChannel("packtrace outbox"); // another tab may be the one that sends
let timer = 0;
let newest = 0; // when the last one was signed here, ms since the epoch

/** Be told whenever something was added, landed or refused. */
export function onChange(listener) {
  listeners.add(listener);
}

function changed() {
  tell();
  tabs.postMessage("");
}

function tell() {
  for (const listener of listeners) listener();
}

/** Keep a signed statement: {id, body (JSON text), envelope (bytes), words}. */
export async function keep(one) {
  await outbox.put({ ...one, log: me.log, vkey: me.vkey, created: order(), problem: null });
  changed();
}

/** A time that no two statements share: they are sent in the order in which they were signed. */
function order() {
  newest = Math.max(Date.now(), newest + 1);
  return newest;
}

/** What waits or was refused, oldest first. */
export async function all() {
  const found = await outbox.all();
  return found.filter((one) => one.log === me?.log).sort((a, b) => a.created - b.created);
}

/** A refused statement was seen by a person. */
export async function acknowledge(id) {
  await outbox.drop(id);
  changed();
}

/** The receipt of a statement that this browser sent, or undefined. */
export function receiptOf(id) {
  return receipts.get(id);
}

/**
 * What became of a statement that was signed here: {status: "waiting"}, {status: "landed", receipt} or
 * {status: "refused", problem}, without the problem once a person has seen it.
 */
export async function became(id) {
  const one = await outbox.get(id); // first: a receipt is kept before its statement leaves the outbox
  if (one) return one.problem ? { status: "refused", problem: one.problem } : { status: "waiting" };
  const kept = await receipts.get(id);
  return kept ? { status: "landed", receipt: kept.receipt } : { status: "refused" };
}

/**
 * Send one statement after all that was signed before it: {status: "landed", receipt},
 * {status: "refused", problem} or {status: "waiting"}. One tab sends at a time.
 */
export async function send(id) {
  const told = await navigator.locks.request("packtrace outbox", () => inOrder(id));
  changed();
  if (told.status === "waiting") later();
  return { id, ...told };
}

/** A supply must not overtake the receipt of what it hands out. */
async function inOrder(id) {
  const before = [];
  for (const one of await all()) {
    if (one.id === id) break;
    if (!one.problem) before.push(one);
  }
  for (const one of before) {
    const told = await sent(one.id);
    if (isUnreachable(told)) return { status: "waiting", problem: told.problem };
  }
  return sent(id);
}

/** Whether nothing would get through now; where the server failed, it failed at the one statement alone. */
function isUnreachable({ status, problem }) {
  return status === "waiting" && problem?.code !== "out-of-order";
}

async function sent(id) {
  const one = await outbox.get(id);
  if (!one) {
    const kept = await receipts.get(id);
    return kept ? { status: "landed", receipt: kept.receipt } : { status: "gone" };
  }
  let answer;
  let told;
  try {
    answer = await post("/api/statements", one.body, SILENT + one.body.length / SLOW);
    told = await answer.json();
  } catch {
    return { status: "waiting" };
  }
  if ([408, 425, 429, 500, 502, 503, 504].includes(answer.status)) {
    return { status: "waiting", problem: told };
  }
  if (!answer.ok) {
    await outbox.put({ ...one, problem: told });
    return { status: "refused", problem: told };
  }
  try {
    await verifyReceipt(told, one.envelope, one.vkey);
  } catch (error) {
    // It is kept: what the log answered does not prove that it took the statement.
    const problem = { code: "bad-proof", title: error.message, detail: error.message };
    await outbox.put({ ...one, problem });
    return { status: "refused", problem };
  }
  await receipts.put({ id, words: one.words, receipt: told, landed: Date.now() });
  await outbox.drop(id);
  return { status: "landed", receipt: told };
}

/** Send all that waits, in the order in which it was signed. */
export async function flush() {
  clearTimeout(timer);
  timer = 0;
  for (const one of await all()) {
    if (one.problem) continue;
    if (isUnreachable(await send(one.id))) return;
  }
}

function later() {
  timer ||= setTimeout(flush, RETRY * 1000);
}

if (me) {
  tabs.onmessage = tell;
  addEventListener("online", flush);
  flush();
}
