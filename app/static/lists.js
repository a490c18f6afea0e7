/** Lists of items out of a file or the clipboard: lines, CSV with a header, or EPCIS 2.0 JSON. */

import { _ } from "./words.js";

export const MOST = 100_000; // items of one list
export const MOST_BYTES = 64 * 1024 * 1024; // of one file, read only if it is no larger
const STEP = 5_000; // lines before the page may draw again
const SHORTENED = /^\d(?:[.,]\d+)?E\+\d+$/i;
const CODES = new Set(["code", "epc", "id", "item", "label", "sgtin", "text"]);

/** What a list cannot be read at all for, in words. */
export class Unreadable extends Error {}

/** A file's text. Throws Unreadable for what is no text, too large, or in an encoding that loses letters. */
export async function textOf(file) {
  if (file.size > MOST_BYTES) {
    throw new Unreadable(_("This file is too large: a list of 100,000 items takes a few megabytes."));
  }
  const bytes = new Uint8Array(await file.arrayBuffer());
  const [first, second] = bytes;
  if (first === 0x50 && second === 0x4b) {
    throw new Unreadable(_("This is a workbook or an archive. Save the sheet as “CSV UTF-8” and choose that file."));
  }
  const wide = { "255,254": "utf-16le", "254,255": "utf-16be" }[`${first},${second}`];
  let text;
  try {
    text = new TextDecoder(wide ?? "utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Unreadable(_("This file is not in UTF-8. Save it as “CSV UTF-8” and choose it again."));
  }
  if (text.includes("\0")) throw new Unreadable(_("This is no text file."));
  return text;
}

/**
 * Read a list: {items: [{line, text}], faults: [{line, text, words}]}; `progress(share)` is told how far.
 *
 * Throws Unreadable.
 */
export async function readList(text, progress = () => {}) {
  const clean = text.replace(/^\ufeff/, "");
  if (/^\s*[[{]/.test(clean)) return readEpcis(clean);
  const lines = clean.split(/\r\n|\n|\r/);
  while (lines.length && !lines.at(-1).trim()) lines.pop();
  if (lines.length > MOST + 1) {
    throw new Unreadable(_("A list holds at most 100,000 lines; send this one in parts."));
  }
  const table = header(lines[0] ?? "");
  const found = { items: [], faults: [] };
  const seen = new Map(); // text -> line
  for (let at = table ? 1 : 0; at < lines.length; at += 1) {
    const line = at + 1;
    if (at % STEP === 0) {
      progress(at / lines.length);
      await new Promise((done) => setTimeout(done)); // the page draws
    }
    if (lines[at].trim()) add(found, seen, line, table ? table(lines[at]) : single(lines[at]));
  }
  progress(1);
  return found;
}

function add({ items, faults }, seen, line, { text, words }) {
  if (words) faults.push({ line, text, words });
  else if (seen.has(text)) {
    faults.push({ line, text, words: _("It is the same as line %(n)s.", { n: seen.get(text) }) });
  } else {
    seen.set(text, line);
    items.push({ line, text });
  }
}

function single(line) {
  const text = unquoted(line.trim());
  return { text, words: fault(text) };
}

function fault(text) {
  if (SHORTENED.test(text)) {
    return _("A spreadsheet has shortened this number, and its digits are lost. Format the cells as text before saving.");
  }
  return text.includes("\ufffd") ? _("A letter of it was lost in an earlier conversion.") : "";
}

function unquoted(text) {
  return /^".*"$/s.test(text) ? text.slice(1, -1).replaceAll('""', '"') : text;
}

// CSV

/** A reader of rows, where the first line names columns that we know; else null. */
function header(first) {
  for (const mark of [",", ";", "\t"]) {
    const names = cells(first, mark).map((name) => name.trim().toLowerCase());
    const place = (...wanted) => names.findIndex((name) => wanted.includes(name));
    const columns = {
      code: names.findIndex((name) => CODES.has(name)),
      sscc: place("sscc", "container"),
      gtin: place("gtin", "gtin14", "pc"),
      serial: place("serial", "serial number", "sn"),
      lot: place("lot", "batch", "lot number"),
      expiry: place("expiry", "exp", "expiry date", "expiration date"),
    };
    const known = columns.code >= 0 || columns.sscc >= 0 || (columns.gtin >= 0 && columns.serial >= 0);
    if (known) return (line) => row(cells(line, mark), columns);
  }
  return null;
}

function row(values, columns) {
  const value = (name) => (values[columns[name]] ?? "").trim();
  const text = values.join(", ");
  const words = values.map((one) => fault(one.trim())).find(Boolean);
  if (words) return { text, words };
  if (value("code")) return { text: value("code") };
  if (value("sscc")) {
    const sscc = value("sscc");
    if (!/^\d{18}$/.test(sscc)) return { text, words: _("An SSCC has 18 digits.") };
    return { text: `(00)${sscc}` };
  }
  const gtin = value("gtin");
  if (!/^\d{8,14}$/.test(gtin)) return { text, words: _("A GTIN has 14 digits.") };
  if (!value("serial")) return { text, words: _("The serial number is missing.") };
  const claims = [["10", value("lot")], ["17", yymmdd(value("expiry"))]];
  if (claims[1][1] === null) return { text, words: _("Write the expiry as 2028-01-31.") };
  const more = claims.filter(([, one]) => one).map(([ai, one]) => `(${ai})${bracketed(one)}`);
  // A spreadsheet takes zeros from the front of a GTIN: its length says how many.
  return { text: [`(01)${gtin.padStart(14, "0")}`, ...more, `(21)${bracketed(value("serial"))}`].join("") };
}

function bracketed(value) {
  return value.replaceAll("(", "\\(");
}

function yymmdd(text) {
  if (!text || /^\d{6}$/.test(text)) return text;
  const parts = /^20(\d\d)-(\d\d)-(\d\d)$/.exec(text);
  return parts ? parts.slice(1).join("") : null;
}

/** The cells of one line (RFC 4180, but for line breaks within a cell). */
function cells(line, mark) {
  const found = [];
  let cell = "";
  let quoted = false;
  for (let at = 0; at < line.length; at += 1) {
    const char = line[at];
    if (char === '"' && quoted && line[at + 1] === '"') {
      cell += char;
      at += 1;
    } else if (char === '"' && (quoted || !cell)) quoted = !quoted;
    else if (char === mark && !quoted) {
      found.push(cell);
      cell = "";
    } else cell += char;
  }
  return [...found, cell];
}

// EPCIS 2.0

/** The items that an EPCIS document ships, or if it ships nothing, the outermost that it names. */
function readEpcis(text) {
  let told;
  try {
    told = JSON.parse(text);
  } catch (error) {
    throw new Unreadable(_("This is no JSON: %(why)s", { why: error.message }));
  }
  const events = eventsOf(told);
  const shipped = events.filter((one) => /(^|[:/])shipping$/i.test(String(one.bizStep ?? "")));
  const chosen = shipped.length ? shipped : events;
  const inside = new Set(shipped.length ? [] : chosen.flatMap((one) => listed(one.childEPCs)));
  const all = chosen.flatMap((one) => [...listed(one.epcList), ...listed(one.parentID && [one.parentID])]);
  const items = [...new Set(all)].filter((one) => !inside.has(one));
  if (!items.length) throw new Unreadable(_("This EPCIS document names no items in an epcList."));
  if (items.length > MOST) throw new Unreadable(_("A list holds at most 100,000 lines; send this one in parts."));
  return { items: items.map((one, place) => ({ line: place + 1, text: one })), faults: [] };
}

function eventsOf(told) {
  const events = told?.epcisBody?.eventList ?? told?.eventList ?? told;
  const found = (Array.isArray(events) ? events : [events]).filter((one) => one && typeof one === "object");
  if (!found.some((one) => typeof one.type === "string")) {
    throw new Unreadable(_("This is no EPCIS 2.0 document: it has no events."));
  }
  return found;
}

function listed(some) {
  return Array.isArray(some) ? some.filter((one) => typeof one === "string") : [];
}
