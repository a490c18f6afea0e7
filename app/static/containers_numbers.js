/** Numbers of new containers: SSCCs of a GS1 prefix, taken at random from what it leaves free. */

import { hasCheckDigit } from "./sign/fields.js";

const DIGITS = 17; // before the check digit
const ENOUGH = 250; // a byte below this says each digit equally often

/** So many SSCCs of a prefix, none twice. */
export function newSsccs(prefix, count) {
  const found = new Set();
  while (found.size < count) found.add(newSscc(prefix));
  return [...found];
}

function newSscc(prefix) {
  // The extension digit is a part of the serial reference; GS1 leaves it to who numbers.
  const free = randomDigits(DIGITS - prefix.length);
  const digits = `${free[0]}${prefix}${free.slice(1)}`;
  return [..."0123456789"].map((check) => digits + check).find(hasCheckDigit);
}

function randomDigits(count) {
  let text = "";
  while (text.length < count) {
    for (const byte of crypto.getRandomValues(new Uint8Array(2 * count))) {
      if (byte < ENOUGH && text.length < count) text += byte % 10;
    }
  }
  return text;
}

/** A container's id by its SSCC. */
export function idOf(sscc) {
  return `https://id.gs1.org/00/${sscc}`;
}
