/** /recalls/new: what, which packs, why; what the log has of them now; check your answers, sign. */

import { asked } from "./server.js";
import { Unreadable, readList, textOf } from "./lists.js";
import { me } from "./me.js";
import { govern, record } from "./sign/sign.js";
import { now } from "./sign/statement.js";
import { problemWords } from "./sign/words.js";
import { element } from "./verdict.js";
import { _, _n } from "./words.js";

const at = (id) => document.getElementById(id);
const HOUR = 3_600_000;
const HOURS = { 1: 24, 2: 48, 3: 120 }; // to answer, by class
const BATCH = 1_000; // texts of one request
const told = at("work") ? JSON.parse(at("told").textContent) : null;
let chosen = ""; // text of a file
let dated = false; // somebody set the deadline

function fail(words, field = null) {
  at("problem-words").textContent = words;
  at("problem").hidden = false;
  at("problem").focus();
  field?.focus();
  return null;
}

function busy(words) {
  at("busy").textContent = words;
  at("busy").hidden = !words;
}

function isHold() {
  return at("kind").value === "hold";
}

function show() {
  for (const one of document.querySelectorAll("[data-kind]")) one.hidden = (one.dataset.kind === "hold") !== isHold();
  for (const one of document.querySelectorAll("[data-scope]")) one.hidden = one.dataset.scope !== at("scope").value;
  at("several").hidden = isHold() || !told.recall.byAdministrator;
  if (!dated) at("deadline").value = new Date(now() + HOURS[at("class").value] * HOUR).toISOString().slice(0, 16);
}

/** The scope as it is asked about: {gtin, lots?, items?, statement?}; null when something is missing. */
async function scope() {
  const gtin = at("gtin").value;
  if (at("scope").value === "all") return { gtin };
  if (at("scope").value === "lots") {
    const lots = [...new Set(at("lots").value.split(/[\s,;]+/).filter(Boolean))].sort();
    return lots.length ? { gtin, lots } : fail(_("Name at least one lot."), at("lots"));
  }
  if (at("scope").value === "statement") {
    const statement = at("statement").value.trim();
    if (/^[0-9a-f]{64}$/.test(statement)) return { gtin, statement };
    return fail(_("The id of a statement has 64 digits and letters from a to f."), at("statement"));
  }
  const items = await listed(gtin);
  return items && { gtin, items };
}

/** The packs of the list, containers opened; null when there are none, or a line is wrong. */
async function listed(gtin) {
  const text = at("list").value.trim() || chosen;
  if (!text) return fail(_("The list is empty."), at("list"));
  const { items, faults } = await readList(text);
  const bad = faults.map((one) => [one.line, one.words]);
  const ids = new Set();
  for (let start = 0; start < items.length; start += BATCH) {
    const some = items.slice(start, start + BATCH);
    busy(_("Checked %(done)s of %(all)s.", { done: start, all: items.length }));
    const answer = await post("/api/recalls/items", { gtin, items: some.map((one) => one.text) });
    answer.items.forEach((one, place) => {
      for (const id of one.ids) ids.add(id);
      if (!one.ok) bad.push([some[place].line, one.words]);
    });
  }
  if (bad.length) {
    const lines = bad.slice(0, 10).map(([line, words]) => _("Line %(line)s: %(words)s", { line, words }));
    return fail([_n("%(n)s line is wrong. Nothing was taken over.", "%(n)s lines are wrong. Nothing was taken over.", bad.length), ...lines].join(" "), at("list"));
  }
  return ids.size ? [...ids].sort() : fail(_("The list is empty."), at("list"));
}

function post(path, value) {
  return asked(path, { method: "POST", body: JSON.stringify(value), headers: { "Content-Type": "application/json" } });
}

async function check() {
  at("problem").hidden = true;
  const reason = at("reason").value.trim();
  if (!reason) return fail(_("Write the reason: everybody who holds such a pack reads it."), at("reason"));
  if (!isHold() && !(Date.parse(`${at("deadline").value}Z`) > now())) return fail(_("Sites need time to answer: the deadline lies ahead."), at("deadline"));
  if (isHold() && !at("review").value) return fail(_("Write on which day it is looked at again."), at("review"));
  try {
    const wanted = await scope();
    if (!wanted) return null;
    busy(_("Counting the packs…"));
    return confirm(wanted, await post("/api/recalls/preview", wanted), reason);
  } catch (error) {
    return fail(error.message);
  } finally {
    busy("");
  }
}

function confirm(wanted, found, reason) {
  const packs = _n("%(n)s pack", "%(n)s packs", found.packs);
  const answers = [
    [_("What is to be done"), chosenText("kind")],
    [_("Product"), chosenText("gtin")],
    [_("Packs"), scopeWords(wanted)],
    [_("What it holds now"), `${packs}, ${_n("%(n)s site", "%(n)s sites", found.sites)}`],
    [_("Reason"), reason],
    ...(isHold()
      ? [[_("To be looked at again on"), at("review").value]]
      : [[_("Class"), chosenText("class")], [_("How far"), chosenText("depth")], [_("Sites answer by (UTC)"), at("deadline").value.replace("T", " ")]]),
  ];
  at("answers").replaceChildren(...answers.map(([what, value]) => {
    const line = element("div");
    line.append(element("dt", what), element("dd", value));
    return line;
  }));
  const warnings = warningsOf(wanted, found);
  at("warnings").replaceChildren(...warnings);
  at("before").hidden = !warnings.length;
  at("sure").checked = false;
  at("work").hidden = true;
  at("check").hidden = false;
  at("check").before(at("before"));
  at("check-title").focus();
  at("sign-it").onclick = () => sign(wanted, reason, warnings.length);
}

function chosenText(id) {
  return at(id).selectedOptions[0].textContent;
}

function scopeWords({ lots, items, statement }) {
  if (lots) return _("lots %(lots)s", { lots: lots.join(", ") });
  if (items) return _n("%(n)s pack, by a list", "%(n)s packs, by a list", items.length);
  return statement ? _("the packs of commissioning %(id)s", { id: statement }) : _("all lots");
}

function warningsOf(wanted, found) {
  const said = [];
  if (found.unknownLots.length) said.push(element("li", _("No pack of these lots is on record: %(lots)s. Is each written as on the pack?", { lots: found.unknownLots.join(", ") })));
  if (!found.packs && !found.unknownLots.length) said.push(element("li", _("No pack on record is reached.")));
  for (const one of found.already) {
    const line = element("li", `${_("Packs of this product are under a hold or recall already:")} `);
    const link = element("a", `${one.id.slice(0, 16)}…`);
    link.href = `/recalls/${one.id}`;
    line.append(link);
    said.push(line);
  }
  if (!isHold()) said.push(element("li", _("A recall is never taken back: its mark stays on the packs for ever.")));
  return said;
}

async function sign(wanted, reason, warned) {
  if (warned && !at("sure").checked) return fail(_("Read what stands before you sign, and say that it is meant so."), at("sure"));
  at("problem").hidden = true;
  const { items, ...named } = wanted;
  const common = { reason, scope: named };
  const body = isHold()
    ? { type: "hold", reviewBy: at("review").value, ...common }
    : { type: "recall", kind: at("kind").value, class: Number(at("class").value), depth: at("depth").value, deadline: `${at("deadline").value}:00Z`, ...common };
  const one = items ? { body, ids: items } : body;
  const byAdministrator = told.recall.byAdministrator && (!isHold() || me.use === "admin");
  try {
    const outcomes = await (byAdministrator ? govern([one]) : record([one]));
    return outcomes && settled(outcomes[0]);
  } catch (error) {
    return fail(error.message);
  }
}

function settled({ id, status, problem }) {
  if (status === "refused") return fail(problemWords(problem));
  if (status === "landed") return location.assign(`/recalls/${id}`);
  at("check").hidden = true;
  at("before").hidden = true;
  if (status === "waiting") at("waits").textContent = _("Signed. It is sent as soon as the server can be reached.");
  at("waits").hidden = false;
  return at("waits").focus();
}

async function onFile({ target }) {
  const [file] = target.files;
  if (!file) return;
  try {
    chosen = await textOf(file);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    chosen = "";
    fail(error.message, target);
  }
}

if (told) {
  for (const id of ["kind", "scope", "class"]) at(id).addEventListener("change", show);
  at("deadline").addEventListener("input", () => (dated = true));
  at("file").addEventListener("change", onFile);
  at("continue").addEventListener("click", check);
  at("back").addEventListener("click", () => {
    at("check").hidden = true;
    at("before").hidden = true;
    at("work").hidden = false;
    at("continue").focus();
  });
  show();
  at("work").hidden = false;
}
