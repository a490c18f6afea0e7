/** Serial numbers of packs: made at random, or read from a list. Pure but for the browser's random numbers. */

import { readList } from "./lists.js";
import { _ } from "./words.js";

// Of GS1's character set 82 what nobody takes for another, on paper or on the telephone.
export const ALPHABET = "2345679ACDEFGHJKLMNPQRTUVWXY";
export const LENGTH = 16; // 28^16: more than 2^76
const SERIAL = /^[!"%&'()*+,\-./0-9:;<=>?A-Z_a-z]{1,20}$/;
const HEADER = /^\s*"?(?:serial|serial number|sn)"?\s*$/i;

/** So many serials, each at random and none twice. */
export function randomSerials(count) {
  const found = new Set();
  while (found.size < count) found.add(randomSerial());
  return [...found];
}

function randomSerial() {
  let text = "";
  while (text.length < LENGTH) {
    for (const byte of crypto.getRandomValues(new Uint8Array(2 * LENGTH))) {
      // The bytes above the last whole round would make some letters likelier.
      if (byte < 256 - (256 % ALPHABET.length) && text.length < LENGTH) text += ALPHABET[byte % ALPHABET.length];
    }
  }
  return text;
}

/**
 * Read a list: {serials, lines (serial -> line), faults: [{line, text, words}]}. Lines are serials, or rows
 * with a header that has `serial`, or whole codes of packs. `wanted` is {gtin, lot, expiry}; what a line
 * says otherwise is a fault. Throws lists.js's Unreadable.
 */
export async function readSerials(text, wanted) {
  const { items, faults } = await readList(withGtin(text, wanted.gtin));
  const seen = new Map(); // serial -> line
  const serials = [];
  for (const { line, text: code } of items) {
    const { serial, words } = serialOf(code, wanted);
    if (words) faults.push({ line, text: code, words });
    else if (seen.has(serial)) {
      faults.push({ line, text: code, words: _("It is the same as line %(n)s.", { n: seen.get(serial) }) });
    } else {
      seen.set(serial, line);
      serials.push(serial);
    }
  }
  faults.sort((a, b) => a.line - b.line);
  return { serials, lines: seen, faults };
}

/** A list without its lone header; a table of serials without a GTIN gets the chosen product's. */
function withGtin(text, gtin) {
  const [first, ...rest] = text.replace(/^\ufeff/, "").split(/\r\n|\n|\r/);
  const mark = [",", ";", "\t"].find((one) => first.split(one).some((cell) => HEADER.test(cell)));
  if (HEADER.test(first)) return ["", ...rest].join("\n");
  if (!mark || /gtin|\bpc\b|code|epc|\bid\b/i.test(first)) return text;
  return [`gtin${mark}${first}`, ...rest.map((line) => line.trim() && `${gtin}${mark}${line}`)].join("\n");
}

function serialOf(text, { gtin, lot, expiry }) {
  const values = text.startsWith("(01)") ? valuesOf(text) : { 21: text };
  const day = expiry.slice(2).replaceAll("-", "");
  const differs = [
    ["01", gtin, () => _("It is of GTIN %(gtin)s, not of the chosen product.", { gtin: values["01"] })],
    ["10", lot, () => _("It is of lot %(lot)s.", { lot: values[10] })],
    ["17", day, () => _("It has another expiry date.")],
  ].find(([ai, chosen]) => values[ai] && chosen && values[ai] !== chosen);
  if (differs) return { words: differs[2]() };
  if (!SERIAL.test(values[21] ?? "")) {
    return { words: _("A serial number has 1 to 20 letters, digits or signs of GS1's character set, and no blanks.") };
  }
  return { serial: values[21] };
}

/** The values of a bracketed element string by their identifiers. */
function valuesOf(text) {
  const parts = text.matchAll(/\((\d{2})\)((?:\\\(|[^(])*)/g);
  return Object.fromEntries([...parts].map(([, ai, value]) => [ai, value.replaceAll("\\(", "(")]));
}
