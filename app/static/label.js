/** What a pack's label says, read in the browser for when no server can be asked.
 *
 * Strict, and narrower than the server (ledger/statement/gs1.py): what is read here is read alike
 * there; what is not, waits for the server. Takes GS1 element strings (FNC1 as U+001D), the bracketed
 * form, and Digital Links.
 */

const GROUP = "\u001d";
const GS1 = new Set(["C1", "d2", "e0", "e1", "e2", "Q3", "J1"]); // AIM identifiers of GS1 data
const MOST = 4096; // characters
// AI -> length of what ends by itself, 0 where a separator ends it.
const LENGTHS = { "01": 14, 10: 0, 11: 6, 17: 6, 21: 0, 99: 0 };
const PRACTICE = "PRACTICE"; // in AI 99, on the labels of practice logs; another value is the server's to read
const TEXT = /^[!"%&'()*+,\-./0-9:;<=>?A-Z_a-z]{1,20}$/; // GS1's character set 82
const MONTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** A label's {gtin, lot, expiry, serial}: "" for what it does not say; null where it is not read here.
 *
 * With {practice: true} where it is a practice log's.
 */
export function readLabel(text, year = new Date().getFullYear()) {
  try {
    const elements = split(text);
    return elements && checked(elements, year);
  } catch (error) {
    if (error instanceof URIError) return null; // a % that no two hex digits follow
    throw error;
  }
}

function split(whole) {
  if (whole.length > MOST) return null;
  let text = whole.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, "");
  const [, symbology = ""] = /^\]([A-Za-z][0-9])/.exec(text) ?? [];
  if (symbology) text = text.slice(3);
  if (/^https?:\/\//i.test(text)) return link(text);
  if (text.startsWith("(")) return bracketed(text);
  if (symbology && !GS1.has(symbology)) return null;
  return string(text.startsWith(GROUP) ? text.slice(1) : text);
}

/** An element string: each AI, its value, and a separator behind what has no length of its own. */
function string(text) {
  if (!symbolLike(text)) return null;
  const elements = [];
  let rest = text;
  while (rest) {
    const ai = rest.slice(0, 2);
    const length = LENGTHS[ai];
    if (length === undefined) return null;
    rest = rest.slice(2);
    const end = length || (rest.includes(GROUP) ? rest.indexOf(GROUP) : rest.length);
    elements.push([ai, rest.slice(0, end)]);
    rest = rest.slice(end);
    if (rest.startsWith(GROUP)) rest = rest.slice(1);
  }
  return elements;
}

/** Not a number alone, which may be a GTIN of any length or an SSCC. */
function symbolLike(text) {
  return text.length > 18 || /[^0-9]/.test(text);
}

function bracketed(text) {
  const elements = [];
  const one = /\(([0-9]{2,4})\)((?:\\\(|[^(])*)/y;
  while (one.lastIndex < text.length) {
    const found = one.exec(text);
    if (!found || LENGTHS[found[1]] === undefined) return null;
    elements.push([found[1], found[2].replaceAll("\\(", "(").replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, "")]);
  }
  return elements;
}

/** A pack's Digital Link at any host: /01/…, /10/… if it has a lot, /21/…; dates in the query. */
function link(text) {
  if (/[^!-~]/.test(text)) return null;
  const [front, ...behind] = text.split("#")[0].split("?");
  const found = /^https?:\/\/[^/]+\/01\/([^/]+)(?:\/10\/([^/]+))?\/21\/([^/]+)$/i.exec(front);
  if (!found) return null;
  const [, gtin, lot, serial] = found;
  const elements = [["01", gtin], ...(lot ? [["10", lot]] : []), ["21", serial]];
  for (const part of behind.join("?").split(/[&;]/)) {
    const [name, value] = parted(part);
    if (value === null || !/^[0-9]+$/.test(name)) continue;
    if (!["10", "11", "17", "99"].includes(name)) return null;
    elements.push([name, value]);
  }
  return elements.map(([ai, value]) => [ai, decodeURIComponent(value)]);
}

function parted(part) {
  const at = part.indexOf("=");
  return at < 0 ? [part, null] : [part.slice(0, at), part.slice(at + 1)];
}

function checked(elements, year) {
  const found = {};
  for (const [ai, value] of elements) {
    if (found[ai] !== undefined && found[ai] !== value) return null;
    if (!fits(ai, value, year)) return null;
    found[ai] = value;
  }
  if (!found["01"] || !found["21"]) return null;
  return {
    gtin: found["01"],
    lot: found["10"] ?? "",
    expiry: found["17"] ? day(found["17"], year) : "",
    serial: found["21"],
    ...(found["99"] && { practice: true }),
  };
}

function fits(ai, value, year) {
  if (ai === "01") return /^[0-9]{14}$/.test(value) && hasCheckDigit(value);
  if (ai === "11" || ai === "17") return day(value, year) !== "";
  if (ai === "99") return TEXT.test(value) && value.toUpperCase() === PRACTICE;
  return TEXT.test(value);
}

/** GS1 General Specifications 7.9. */
function hasCheckDigit(digits) {
  const weighed = [...digits].reverse().map((digit, place) => Number(digit) * (place % 2 ? 3 : 1));
  return weighed.reduce((sum, one) => sum + one) % 10 === 0;
}

/** YYMMDD as YYYY-MM-DD, "" for no day; day 00 is the month's last, the century is the nearest. */
function day(text, now) {
  if (!/^[0-9]{6}$/.test(text)) return "";
  const ahead = Number(text.slice(0, 2)) - (now % 100);
  const century = ahead >= 51 ? -100 : ahead <= -50 ? 100 : 0;
  const year = now - (now % 100) + Number(text.slice(0, 2)) + century;
  const month = Number(text.slice(2, 4));
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const last = MONTHS[month - 1] + (month === 2 && leap ? 1 : 0);
  const number = Number(text.slice(4)) || last;
  if (!(number <= last)) return "";
  return `${year}-${text.slice(2, 4)}-${String(number).padStart(2, "0")}`;
}
