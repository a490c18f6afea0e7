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
 * Read a list: {serials, faults: [{line, text, words}]}. Lines are serials, or rows with a header that
 * has `serial`, or whole codes of packs of `gtin`. Throws lists.js's Unreadable.
 */
export async function readSerials(text, gtin) {
  const lines = text.replace(/^\ufeff/, "").split(/\r\n|\n|\r/);
  const alone = HEADER.test(lines[0] ?? "");
  if (alone) lines[0] = "";
  const { items, faults } = await readList(lines.join("\n"));
  const seen = new Map(); // serial -> line
  const serials = [];
  for (const { line, text: code } of items) {
    const { serial, words } = serialOf(code, gtin);
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

function serialOf(text, gtin) {
  const whole = /^\(01\)(\d{14})(?:\((?:10|17)\)[^(]+)*\(21\)(.+)$/.exec(text);
  if (whole && whole[1] !== gtin) {
    return { words: _("It is of GTIN %(gtin)s, not of the chosen product.", { gtin: whole[1] }) };
  }
  const serial = whole ? whole[2].replaceAll("\\(", "(") : text;
  if (!SERIAL.test(serial)) {
    return { words: _("A serial number has 1 to 20 letters, digits or signs of GS1's character set, and no blanks.") };
  }
  return { serial };
}
