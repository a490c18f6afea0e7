/**
 * The rules of single fields, as `ledger.statement` has them: identifiers of GS1, times, words, hex.
 *
 * Each takes a value and what to call it, answers the value, and throws an Error that says the rule.
 */

const PACK = /^https:\/\/id\.gs1\.org\/01\/([0-9]{14})\/21\/(?:[A-Za-z0-9._-]|%(?:2[125-9ABCF]|3[A-F])){1,20}$/;
const UNIT = /^https:\/\/id\.gs1\.org\/00\/([0-9]{18})$/;
const LOT = /^[!"%&'()*+,\-./0-9:;<=>?A-Z_a-z]{1,20}$/;
const ORIGIN = /^(?!DSSEv1|cosignature\/|subtree\/)[!-*,-~]{1,200}$/;
// What Python's str.isprintable refuses: controls, formats, surrogates, unassigned; separators but the blank.
const UNPRINTABLE = /\p{C}|(?! )\p{Z}/u;
const LAST_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999); // the last year of four digits

/** A text that matches a pattern. */
export function match(pattern, text, rule) {
  if (typeof text !== "string" || !pattern.test(text)) throw new Error(`${rule}, not ${shown(text)}`);
  return text;
}

/** Whether digits end in their own check digit (GS1 General Specifications section 7.9). */
export function hasCheckDigit(digits) {
  let sum = 0;
  for (let place = digits.length - 1, weight = 1; place >= 0; place -= 1, weight = 4 - weight) {
    sum += weight * Number(digits[place]);
  }
  return sum % 10 === 0;
}

/** A GLN with its right check digit. */
export function gln(text, what) {
  const rule = `${what} is a GLN of 13 digits with its check digit`;
  return checked(match(/^[0-9]{13}$/, text, rule), text, rule);
}

/** A GTIN-14 with its right check digit. */
export function gtin(text, what = "a GTIN") {
  const rule = `${what} has 14 digits with its check digit`;
  return checked(match(/^[0-9]{14}$/, text, rule), text, rule);
}

/** An item's id: the canonical Digital Link of a pack or a logistic unit. */
export function item(text, what = "an item's id") {
  const rule = `${what} is https://id.gs1.org/01/<GTIN-14>/21/<serial> or https://id.gs1.org/00/<SSCC>`;
  const found = typeof text === "string" && (PACK.exec(text) ?? UNIT.exec(text));
  if (!found) throw new Error(`${rule}, not ${shown(text)}`);
  return checked(found[1], text, "a GTIN and an SSCC end in their check digit");
}

/** A lot number. */
export function lot(text) {
  return match(LOT, text, "a lot is 1 to 20 characters of GS1's character set");
}

/** Lower-case hex of so many bytes. */
export function hexOf(text, length, what) {
  const rule = `${what} is ${2 * length} lower-case hex digits`;
  if (typeof text === "string" && text.length !== 2 * length) throw new Error(`${rule}, not ${shown(text)}`);
  return match(/^[0-9a-f]+$/, text, rule);
}

/** A calendar day, YYYY-MM-DD. */
export function day(text, what) {
  const rule = `${what} is a day, YYYY-MM-DD`;
  match(/^(?!0000)[0-9]{4}-[0-9]{2}-[0-9]{2}$/, text, rule);
  const at = new Date(`${text}T00:00:00Z`);
  if (Number.isNaN(at.getTime()) || at.toISOString().slice(0, 10) !== text) {
    throw new Error(`${rule}, not ${shown(text)}`);
  }
  return text;
}

/** A time to the second, YYYY-MM-DDThh:mm:ssZ, from 1970 on. */
export function second(text, what) {
  const rule = `${what} is YYYY-MM-DDThh:mm:ssZ from 1970 on`;
  match(/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$/, text, rule);
  const at = Date.parse(text);
  if (!(at >= 0) || new Date(at).toISOString() !== `${text.slice(0, -1)}.000Z`) {
    throw new Error(`${rule}, not ${shown(text)}`);
  }
  return text;
}

/** Ms since the epoch, in years of four digits. */
export function moment(ms, what) {
  if (!Number.isInteger(ms) || ms < 0 || ms > LAST_MS) {
    throw new Error(`${what} is whole ms since 1970, not ${shown(ms)}`);
  }
  return ms;
}

/** A log's origin. */
export function origin(text, what = "log") {
  return match(ORIGIN, text, `${what} is an origin of 1 to 200 characters without spaces or '+'`);
}

/** Printable characters, 1 to `most`. */
export function printable(text, what, most = 200) {
  const long = typeof text === "string" ? [...text].length : 0;
  if (long < 1 || long > most || UNPRINTABLE.test(text)) {
    throw new Error(`${what} is 1 to ${most} printable characters, not ${shown(text)}`);
  }
  return text;
}

/** A line of words. */
export function words(text, what, most = 200) {
  if (printable(text, what, most).trim() !== text) throw new Error(`${what} has no blanks at its ends`);
  return text;
}

/** One word of a closed vocabulary. */
export function among(text, allowed, what) {
  if (!allowed.includes(text)) throw new Error(`${what} is one of ${allowed.join(", ")}, not ${shown(text)}`);
  return text;
}

/** A whole number within bounds. */
export function whole(value, low, high, what) {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new Error(`${what} is a whole number from ${low} to ${high}, not ${shown(value)}`);
  }
  return value;
}

/** A list of texts: sorted by code units, none twice, `low` to `high` of them; `each` checks one. */
export function sorted(list, low, high, what, each) {
  const fit = Array.isArray(list) && list.length >= low && list.length <= high;
  if (!fit || list.some((one, place) => typeof one !== "string" || (place && list[place - 1] >= one))) {
    throw new Error(`${what} is sorted, without doubles, ${low} to ${high} of them`);
  }
  for (const one of list) each(one);
  return list;
}

/** What a commitment to items looks like: {depth, root}. */
export function commitment(value, what) {
  if (typeof value !== "object" || value === null) throw new Error(`${what} is {depth, root}`);
  const { depth, root, ...more } = value;
  if (Object.keys(more).length) throw new Error(`${what} is {depth, root} and no more`);
  return { depth: whole(depth, 0, 24, `${what}.depth`), root: hexOf(root, 32, `${what}.root`) };
}

function checked(digits, text, rule) {
  if (!hasCheckDigit(digits)) throw new Error(`${rule}, not ${shown(text)}`);
  return text;
}

function shown(value) {
  return (JSON.stringify(value) ?? String(value)).slice(0, 80);
}
