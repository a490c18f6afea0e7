/** /lots/new: which lot, which serial numbers, check your answers, sign; then the labels. */

import { ALPHABET, LENGTH, randomSerials, readSerials } from "./commission_serials.js";
import { Draft, keptWords } from "./drafts.js";
import { drawBad } from "./goods_view.js";
import { Unreadable, textOf } from "./lists.js";
import { me } from "./me.js";
import { Steps } from "./steps.js";
import { _, _n, locale } from "./words.js";

const at = (id) => document.getElementById(id);
const { products, most, origin, may } = JSON.parse(at("commissioning").textContent);
const LOT = /^[!"%&'()*+,\-./0-9:;<=>?A-Z_a-z]{1,20}$/;
const SHOWN = 100; // serials that are written out

let serials = [];
let reading = null; // the list that is read: of several the newest counts

const draft = new Draft("commission", `${me.log} ${me.site}`, () => steps.kept, keptWords);

function work() {
  return { gtin: at("product").value, lot: at("lot").value, expiry: at("expiry").value, serials };
}

function acts() {
  const { gtin, lot, expiry } = wanted();
  const ids = serials.map((serial) => `https://id.gs1.org/01/${gtin}/21/${escaped(serial)}`);
  return [{ op: "commission", ids, fields: { lot, expiry } }];
}

/** As ids have it: what is no letter, digit or one of - . _ is escaped. */
function escaped(serial) {
  return encodeURIComponent(serial).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
}

function wanted() {
  return { gtin: at("product").value, lot: at("lot").value.trim(), expiry: at("expiry").value };
}

function links({ gtin, lot }) {
  at("done-labels").href = `/labels/${gtin}/${encodeURIComponent(lot)}`;
  at("done-lot").href = `/lots/${gtin}/${encodeURIComponent(lot)}`;
}

// Serial numbers

function make(event) {
  event.preventDefault();
  const count = Number(at("count").value);
  if (!Number.isInteger(count) || count < 1) return say(_("Write how many serial numbers you need."));
  if (serials.length + count > most) return tooMany(count);
  serials = [...serials, ...randomSerials(count)];
  say(_n("%(n)s serial number was made.", "%(n)s serial numbers were made.", count));
  return show();
}

/** What a lot that is too large for a browser needs: serials of the same kind, and the command. */
function tooMany(count) {
  const { lot, expiry, gtin } = wanted();
  const made = `[print('(01)${gtin}(21)' + ''.join(secrets.choice('${ALPHABET}') for _ in range(${LENGTH}))) for _ in range(${count})]`;
  at("command").textContent = [
    `python3 -c "import secrets; ${made}" > serials.txt`,
    `packtrace commission --log ${origin} --key line.key --lot ${quoted(lot || "LOT")} --expiry ${expiry || "YYYY-MM-DD"} --file serials.txt`,
  ].join("\n");
  at("too-many").hidden = false;
  at("too-many").focus();
}

/** A text as a shell takes it. */
function quoted(text) {
  return /^[A-Za-z0-9._-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

async function read(source) {
  const mine = {};
  reading = mine;
  at("list-bad").hidden = true;
  at("too-many").hidden = true;
  say(_("Reading the list…"));
  try {
    const found = await readSerials(await source(), wanted());
    if (mine !== reading) return undefined;
    const known = new Set(serials);
    for (const [serial, line] of found.lines) {
      if (known.has(serial)) found.faults.push({ line, text: serial, words: _("It is on the list already.") });
    }
    if (found.faults.length) return bad(found.faults);
    if (!found.serials.length) return say(_("The list is empty."));
    if (serials.length + found.serials.length > most) return (say(""), tooMany(found.serials.length));
    const told = await taken(found.serials);
    if (mine !== reading) return undefined;
    if (!told) return say("");
    const lines = told.taken.map((serial) => ({ line: found.lines.get(serial), text: serial, words: onRecord() }));
    if (lines.length) return bad(lines, told.count);
    serials = [...serials, ...found.serials];
    at("paste-text").value = "";
    say(_n("%(n)s serial number was taken over.", "%(n)s serial numbers were taken over.", found.serials.length));
    return show();
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return say(error.message);
  } finally {
    if (mine === reading) reading = null;
  }
}

function onRecord() {
  return _("This serial number is on the record already; it is never used again.");
}

/** Which of some serials the log has already; null when that could not be asked. */
async function taken(some) {
  const { gtin, lot, expiry } = wanted();
  // What is wrong with lot and date is told when they are checked.
  const question = { gtin, lot: LOT.test(lot) ? lot : "0", expiry: expiry || "9999-12-31", serials: some };
  return steps.ask("/api/lots/check", question);
}

function bad(faults, count = faults.length) {
  at("list-bad").hidden = false;
  at("list-bad-count").textContent = _n(
    "%(n)s line is wrong. Nothing was taken over.",
    "%(n)s lines are wrong. Nothing was taken over.",
    count,
  );
  drawBad(at("list-bad-lines"), faults.map((one) => ({ next: "", ...one })), () => []);
  say("");
  at("list-bad-title").focus();
}

// What is shown

function say(words) {
  at("list-state").textContent = words;
}

function total() {
  return _n("%(n)s pack", "%(n)s packs", serials.length);
}

function show(keep = true) {
  at("empty").hidden = serials.length > 0;
  at("some").hidden = serials.length === 0;
  at("total").textContent = total();
  at("serials").replaceChildren(
    ...serials.slice(0, SHOWN).map((serial) => {
      const line = document.createElement("li");
      line.className = "code";
      line.textContent = serial;
      return line;
    }),
  );
  if (keep) draft.keep();
}

// Check your answers

async function check() {
  const { gtin, lot, expiry } = wanted();
  const fault = [
    [!LOT.test(lot), _("A lot number has 1 to 20 letters, digits or signs of GS1's character set, and no blanks.")],
    [!expiry, _("Write the expiry date.")],
    [reading, _("Some codes have not been checked yet. Wait a moment.")],
    [!serials.length, _("There is no serial number yet: make some, or take them from a list.")],
  ].find(([wrongly]) => wrongly);
  if (fault) return steps.fail(fault[1]);
  at("busy").hidden = false;
  const told = await steps.ask("/api/lots/check", { gtin, lot, expiry, serials });
  at("busy").hidden = true;
  if (!told) return undefined;
  if (told.taken.length) {
    return steps.fail(
      _n("%(n)s of the serial numbers is on the record already.", "%(n)s of the serial numbers are on the record already.", told.count),
      `${told.taken.slice(0, 5).join(", ")}. ${_("Take them all out, and make others.")}`,
    );
  }
  if (!told.ok) return steps.fail(told.words, told.next);
  const { name } = products.find((one) => one.gtin === gtin);
  const day = new Date(`${expiry}T00:00:00Z`).toLocaleDateString(locale, { dateStyle: "long", timeZone: "UTC" });
  const answers = [
    [_("Product"), `${name} (${gtin})`, "product"],
    [_("Lot number"), lot, "lot"],
    [_("Expiry date"), day, "expiry"],
    [_("Packs"), total(), "count"],
  ];
  return steps.check(answers, { gtin, lot });
}

// The page

async function begin() {
  const before = (await draft.load())?.value;
  if (await steps.resume(before)) return;
  at("work").hidden = false;
  if (before) {
    if (products.some((one) => one.gtin === before.gtin)) at("product").value = before.gtin;
    at("lot").value = before.lot;
    at("expiry").value = before.expiry;
    ({ serials } = before);
    at("resumed").hidden = !(before.lot || serials.length);
  }
  show(false);
}

const steps = may && products.length ? new Steps({ draft, work, acts, links }) : null;
if (steps) {
  at("generate").addEventListener("submit", make);
  at("paste").addEventListener("submit", (event) => {
    event.preventDefault();
    read(async () => at("paste-text").value);
  });
  at("file").addEventListener("change", ({ target }) => {
    const [file] = target.files;
    if (file) read(() => textOf(file));
    target.value = ""; // the same file, corrected, may be chosen again
  });
  at("none").addEventListener("click", () => {
    serials = [];
    show();
    at("count").focus();
  });
  for (const id of ["product", "lot", "expiry"]) at(id).addEventListener("input", () => show());
  at("continue").addEventListener("click", check);
  await begin();
}
