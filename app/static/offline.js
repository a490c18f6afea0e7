/** What can be told of a pack while no server can be reached: what the last status list held. */

import { readLabel } from "./label.js";
import { _, locale } from "./words.js";

const EVERY = 5 * 60_000; // ms between two fetches of the list
const NAME = "packtrace status list";

let list = null; // {payload, fetched}

function database() {
  return new Promise((done, failed) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("lists");
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => failed(asked.error);
  });
}

async function stored(mode, make) {
  const transaction = (await database()).transaction("lists", mode);
  const asked = make(transaction.objectStore("lists"));
  return new Promise((done, failed) => {
    transaction.oncomplete = () => done(asked.result);
    transaction.onabort = () => failed(transaction.error);
  });
}

/** Keep the list of a log fresh for as long as the page is open. */
export async function follow(log) {
  try {
    list = (await stored("readonly", (lists) => lists.get(log))) ?? null;
  } catch {
    list = null; // storage is switched off: the list lives in the page alone
  }
  const fetched = () => fetchList(log);
  addEventListener("online", fetched);
  setInterval(fetched, EVERY);
  await fetched();
}

async function fetchList(log) {
  try {
    const answer = await fetch("/api/status-list", { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    const { payload } = (await answer.json()).status;
    if (payload.log !== log) return;
    list = { payload, fetched: Date.now() };
    await stored("readwrite", (lists) => lists.put(list, log));
  } catch {
    // The last one stands, with its time.
  }
}

/** What is to be told of a code while the server cannot be reached; null where a list is missing. */
export function unserved(text, purpose) {
  if (!list) return null;
  const label = readLabel(text);
  const found = label ? judged(label, list.payload, logTime()) : UNREAD;
  const { code, words, next, verdict = "Not checked" } = found(clock(list.payload.time));
  const [word, mark] = MARKS[verdict];
  const id = label && `https://id.gs1.org/01/${label.gtin}/21/${encoded(label.serial)}`;
  return {
    verdict,
    word,
    mark,
    purpose,
    reasons: [{ code, words, next }],
    label: label && { id, ...label },
    claims: [],
    reading: text,
    offline: true,
  };
}

/** The log's own time, ms since the epoch: this device's clock may be wrong. */
function logTime() {
  return Date.parse(list.payload.time) + Math.max(0, Date.now() - list.fetched);
}

const MARKS = {
  "Not checked": [_("Not checked"), { symbol: "?", style: "unknown" }],
  "Hold: ask": [_("Hold: ask"), { symbol: "!", style: "hold" }],
  "Do not supply": [_("Do not supply"), { symbol: "✕", style: "stop" }],
};
const LATER = _("Scan it again when the line is back.");
const UNREAD = () => ({
  code: "offline",
  words: _("The server cannot be reached, and this code cannot be read without it."),
  next: LATER,
});

// As ledger/rules/reasons.py has them.
const PRACTICE = () => ({
  code: "practice-label",
  words: _("This is a label of a practice log, not a medicine."),
  next: _("Put it with the training material."),
});
const NOT_PRACTICE = () => ({
  code: "not-practice-label",
  words: _("This label is not of this practice log, which knows no medicines."),
  next: _("If it is a medicine's, check it where you work, not where you practise."),
});

/** The worst that the list holds of a label, as a function of its time in words. */
export function judged(label, listed, now) {
  const practice = listed.log?.endsWith("/practice") ?? false;
  if (Boolean(label.practice) !== practice) return label.practice ? PRACTICE : NOT_PRACTICE;
  const covering = (lines) => lines.filter((one) => one.gtin === label.gtin && covers(one, label));
  if (label.expiry && label.expiry < today(now)) {
    return () => ({
      code: "expired",
      verdict: "Do not supply",
      words: _("This pack has expired (%(expiry)s).", label),
      next: _("Put it with the expired stock for destruction."),
    });
  }
  const stale = now >= Date.parse(listed.until);
  const found = [
    // A recall stands for ever, a hold only as long as the list is of use.
    ["recalled", listed.recalled, _("This lot is recalled, as of %(time)s.")],
    ["withdrawn", listed.withdrawn, _("This product is withdrawn, as of %(time)s.")],
    ["on-hold", stale ? [] : listed.held, _("This lot is on hold, as of %(time)s.")],
  ].flatMap(([code, lines, words]) => covering(lines).map((line) => [code, words, doubt(line, label)]));
  const worst = found.find(([, , doubtful]) => !doubtful) ?? found[0];
  if (worst) return listedWords(...worst);
  if (stale) {
    return (time) => ({
      code: "offline",
      words: _("The server cannot be reached, and the last status list is too old (%(time)s).", { time }),
      next: LATER,
    });
  }
  return (time) => ({
    code: "offline",
    words: _(
      "The server cannot be reached. As of %(time)s this lot was not on hold and not recalled; whether this very pack is sound is not known.",
      { time },
    ),
    next: LATER,
  });
}

function listedWords(code, words, doubtful) {
  if (doubtful) {
    return (time) => ({
      code: "partly-listed",
      verdict: "Hold: ask",
      words: _("Some packs of this product are recalled or on hold, as of %(time)s; whether this one is, is not known.", { time }),
      next: _("Keep the pack apart until you can ask the log."),
    });
  }
  const stops = code !== "on-hold";
  return (time) => ({
    code,
    verdict: stops ? "Do not supply" : "Hold: ask",
    words: words.replace("%(time)s", time),
    next: stops
      ? _("Put the pack aside and follow the notice.")
      : _("Keep the pack apart and ask before you do anything with it."),
  });
}

/** Whether a line of the list may be about this label; one without a lot may be of any. */
function covers({ lots }, { lot }) {
  return !lots || !lot || lots.includes(lot);
}

/** Whether it is not known that a line is about this very pack. */
function doubt({ lots, some }, { lot }) {
  return Boolean(some || (lots && !lot));
}

function today(now) {
  const at = new Date(now);
  return [at.getFullYear(), at.getMonth() + 1, at.getDate()].map((one) => String(one).padStart(2, "0")).join("-");
}

function clock(time) {
  return new Date(time).toLocaleString(locale, { dateStyle: "medium", timeStyle: "short" });
}

/** A serial as it stands in an id: what RFC 3986 does not leave alone is escaped. */
function encoded(text) {
  const escaped = (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(text).replace(/[!'()*]/g, escaped);
}

/** Whether this browser keeps what was put by, signed acts among it; false where it may drop it. */
export async function isKept() {
  return (await navigator.storage?.persisted?.()) ?? false;
}

/** Ask the browser to keep it; whether it will. */
export async function keep() {
  return (await navigator.storage?.persist?.()) ?? false;
}
