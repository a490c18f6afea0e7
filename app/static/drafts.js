/** Unfinished work that a reload and a dead network do not lose: kept in this browser (IndexedDB). */

import { me } from "./me.js";
import * as keys from "./sign/keys.js";
import { element } from "./verdict.js";
import { _ } from "./words.js";

const NAME = "packtrace-drafts";
const PATIENCE = 1_000; // ms in which the page before, in the same tab, has let go of its work

let opened = null;

function database() {
  opened ??= new Promise((done, failed) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore("drafts", { keyPath: ["kind", "key"] });
    };
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => failed(asked.error);
  });
  return opened;
}

async function request(mode, make) {
  const transaction = (await database()).transaction("drafts", mode, { durability: "strict" });
  const asked = make(transaction.objectStore("drafts"));
  return new Promise((done, failed) => {
    transaction.oncomplete = () => done(asked.result);
    transaction.onabort = () => failed(transaction.error);
  });
}

/** The staff number of who is at work here now, "" where nobody has said so. */
export async function atWork() {
  const person = me && (await keys.present(me.log, me.lockMinutes));
  return person?.staff ?? me?.staff ?? "";
}

/** Keep a value (whatever can be cloned) under a kind of work and a key of its own, and who was at it. */
export async function save(kind, key, value) {
  const by = await atWork();
  return request("readwrite", (drafts) => drafts.put({ kind, key, value, by, saved: Date.now() }));
}

/** What is kept: {kind, key, value, by (a staff number or ""), saved (ms since the epoch)}, or undefined. */
export function load(kind, key) {
  return request("readonly", (drafts) => drafts.get([kind, key]));
}

/** All of a kind, newest first. */
export async function list(kind) {
  const all = await request("readonly", (drafts) => drafts.getAll());
  return all.filter((one) => one.kind === kind).sort((a, b) => b.saved - a.saved);
}

/** Forget one. */
export function drop(kind, key) {
  return request("readwrite", (drafts) => drafts.delete([kind, key]));
}

/** One piece of work that is kept as it goes on: changes that come while it is written share the next write. */
export class Draft {
  #kind;
  #key;
  #value;
  #state;
  #changed = false;
  #ours = false; // no other tab is at it
  #writing = null; // resolves when all that changed is kept

  /** `value()` is asked for what to keep; `state(kept)` is told: true, false on its way, null never. */
  constructor(kind, key, value, state) {
    this.#kind = kind;
    this.#key = key;
    this.#value = value;
    this.#state = state;
  }

  /** Something changed; resolves once it is kept. */
  keep() {
    this.#changed = true;
    if (this.#ours) this.#writing ??= this.#write();
    return this.#writing ?? Promise.resolve();
  }

  async #write() {
    this.#state(false);
    let kept = true;
    while (this.#changed) {
      this.#changed = false;
      try {
        await save(this.#kind, this.#key, this.#value());
      } catch {
        kept = null;
      }
    }
    this.#writing = null;
    this.#state(kept);
  }

  /** What was kept before, or undefined; once no other tab is at it, which would write over this one. */
  async load() {
    await alone(`packtrace draft ${this.#kind} ${this.#key}`);
    this.#ours = true;
    try {
      return await load(this.#kind, this.#key);
    } catch {
      this.#state(null);
      return undefined;
    }
  }

  /** Forget it. */
  async drop() {
    await this.#writing;
    await drop(this.#kind, this.#key).catch(() => this.#state(null));
  }
}

/** Resolves once this page alone has a name, for as long as it is open; says so where that takes a while. */
async function alone(name) {
  if (!navigator.locks) return; // an insecure context, where nothing is signed either
  const ours = new Promise((done) => {
    const held = () => (done(), new Promise(() => {}));
    navigator.locks.request(name, held);
  });
  const line = element("p", _("This work is open in another tab of this browser: go on there. Once that is closed, it goes on here."), "note");
  line.setAttribute("role", "alert");
  const late = setTimeout(() => document.getElementById("content").prepend(line), PATIENCE);
  await ours;
  clearTimeout(late);
  line.remove();
}

/** Say in a page's `kept` and `lost` how it stands with its draft. */
export function keptWords(kept) {
  document.getElementById("kept").textContent = kept ? _("Kept in this browser.") : "";
  if (kept === null) document.getElementById("lost").hidden = false;
}
