/** /shipments/new: where to, what, check your answers, sign. Nothing is lost on the way. */

import { Checks } from "./checks.js";
import { cameraBox } from "./camera_box.js";
import { Destination, placeWords } from "./destinations.js";
import { Draft, keptWords } from "./drafts.js";
import { Goods, readOrder } from "./goods.js";
import { drawAnswers, drawBad, drawCounts, drawItems, itemWords } from "./goods_view.js";
import { ListBox } from "./list_box.js";
import { me } from "./me.js";
import { post } from "./server.js";
import { act } from "./sign/sign.js";
import { onChange } from "./sign/outbox.js";
import { problemWords, why } from "./sign/words.js";
import { SignedWork } from "./signed_work.js";
import { done, follow, offerAgain, toPerson, tooLate } from "./signing.js";
import { element } from "./verdict.js";
import { Wedge } from "./wedge.js";
import { _, _n, moment } from "./words.js";

const at = (id) => document.getElementById(id);
const { op } = at("dispatch").dataset;
const NUMBER = /^[A-Z0-9-]{1,20}$/;
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; // Crockford's base 32: no I, L, O, U

let goods = new Goods();
let bad = []; // {text, id, label, words, next, code, repaired?}
let anyway = new Set(); // ids of packs whose lot was not ordered, taken on purpose
let signing = false;
let problem = ""; // what stands against the whole act

const draft = new Draft(`dispatch ${op}`, `${me.log} ${me.site}`, () => signedWork.kept, keptWords);
const signedWork = new SignedWork(draft, work); // what was signed: {id, number, status, to}
const destination = new Destination(() => changedPlace());

function work() {
  const scans = checks.waiting;
  return {
    goods: goods.all, bad, anyway, to: destination.chosen, number: at("number").value, order: at("order").value, scans,
  };
}

function question() {
  const to = destination.chosen?.gln;
  return to && !signedWork.told ? { op, to } : null;
}

function newNumber() {
  const day = new Date().toISOString().slice(2, 10).replaceAll("-", "");
  const bytes = crypto.getRandomValues(new Uint8Array(6));
  return `S${day}-${[...bytes].map((one) => ALPHABET[one & 31]).join("")}`;
}

// What is scanned

const checks = new Checks({
  question,
  told: (item, scan) => put({ ...item, text: scan.text }),
  answered: (answer) => {
    stands(answer);
    show();
  },
  failed: (error) => fail(error.code === "not-signed-in" ? signedOut() : [error.message, error.next]),
  state: (words) => say("check-state", words),
});

function scan(text, source) {
  if (!text.trim()) return;
  const late = tooLate(signedWork.told, signing);
  if (late) return fail([late]);
  if (!at("check").hidden) edit("text"); // what was checked is another list now
  checks.add([{ text, source }]);
  if (!destination.chosen) say("check-state", _n("%(n)s scan waits: choose where it goes.", "%(n)s scans wait: choose where they go.", checks.waiting.length));
  draft.keep();
  return undefined;
}

/** Take over the items of a list, and draw once. */
function takeAll(items) {
  const twice = items.filter((item) => put(item) === "twice").length;
  say("said", _("On the list: %(total)s", { total: total() }));
  if (twice) say("check-state", _n("%(n)s was on the list already; it counts once.", "%(n)s were on the list already; each counts once.", twice));
  show();
}

function take(item) {
  put(item);
  show();
}

/** Put a checked item on the list, or on top with its reason; answers what stood against it. */
function put(item) {
  const fault = item.ok ? clash(item) : null;
  if (fault?.code === "twice") {
    // Scanners read twice all day long: it is said, and nobody need do anything about it.
    const words = _("Scanned before; it counts once: %(what)s", { what: itemWords(item.label) });
    say("said", words);
    say("check-state", words);
  } else if (item.ok && !fault) {
    goods.add(item);
    say("said", _("Added: %(what)s", { what: itemWords(item.label) }));
    say("check-state", "");
  } else {
    const told = fault ? { ...item, ...fault } : item;
    bad = [told, ...bad.filter((one) => one.text !== item.text)];
    say("said", `${_("Not added.")} ${told.words} ${told.next}`);
  }
  return fault?.code ?? item.code;
}

/** What the list itself has against an item that the log would take. */
function clash(item) {
  const kind = goods.clash(item);
  if (kind === "twice") return { code: "twice" };
  if (kind === "container") return { code: "container", words: _("Its container is on the list already."), next: _("It goes along with its container.") };
  if (kind === "inside") {
    return { code: "inside", words: _("Packs that are inside it are on the list."), next: _("Take them out of the list first, then scan the container again.") };
  }
  const { first } = goods;
  if (first && first.owner !== item.owner) {
    return { code: "owner", words: _("It belongs to somebody else than the other goods."), next: _("Send it in a shipment of its own.") };
  }
  const { ordered } = readOrder(at("order").value);
  const wrong = ordered.length && item.label.lot && !ordered.some((one) => one.lot === item.label.lot);
  if (wrong && !anyway.has(item.id)) {
    return { code: "wrong-lot", words: _("Lot %(lot)s was not ordered.", item.label), next: _("Put it back, or take it anyway.") };
  }
  return null;
}

function actions(one) {
  const drop = () => {
    bad = bad.filter((other) => other !== one);
    show();
    at("text").focus();
  };
  const found = [[_("I have put it aside"), drop]];
  if (one.repaired) found.unshift([_("It is %(code)s", { code: one.repaired.text }), () => (drop(), scan(one.repaired.text, "typed"))]);
  if (one.code === "wrong-lot") found.unshift([_("Take it anyway"), () => {
    anyway.add(one.id);
    drop();
    take({ ...one, ok: true, words: "", next: "" });
  }]);
  return found;
}

function changedPlace() {
  say("check-state", "");
  // Whether an item may go depends on where: all of them are judged anew.
  const texts = [...goods.all, ...bad].map((one) => ({ text: one.id ?? one.text, source: "" }));
  if (destination.chosen && texts.length) {
    goods = new Goods();
    bad = [];
    checks.add(texts);
  } else checks.run();
  stands({ ok: true });
  show();
}

/** Whether the act as a whole would be taken: place, number, standing. */
function stands({ ok, words, next }) {
  problem = ok ? "" : `${words} ${next}`;
  say("place-problem", problem);
  at("place-problem").hidden = ok;
}

/** Whether a scan was of a place's number, because that is what was asked for. */
function toPlace(text) {
  if (document.activeElement !== at("where-text")) return false;
  destination.search(/\d{13}/.exec(text)?.[0] ?? text);
  return true;
}

// What is shown

function say(id, words) {
  if (at(id).textContent !== words) at(id).textContent = words;
}

function show(keep = true) {
  const { ordered } = readOrder(at("order").value);
  at("empty").hidden = goods.size > 0;
  at("some").hidden = goods.size === 0;
  for (const one of document.querySelectorAll("[data-ordered]")) one.hidden = !ordered.length;
  drawCounts(at("counts"), goods.counts(ordered), ordered.length > 0);
  drawItems(at("items"), goods.all, (id) => {
    goods.remove(id);
    show();
    at("text").focus();
  });
  at("bad").hidden = !bad.length;
  at("bad-count").textContent = _n("%(n)s code is not on the list", "%(n)s codes are not on the list", bad.length);
  drawBad(at("bad-lines"), bad, actions);
  say("total", total());
  if (keep) draft.keep();
}

function total() {
  const items = _n("%(n)s item", "%(n)s items", goods.size);
  return `${items}, ${_n("%(n)s pack", "%(n)s packs", goods.packs)}`;
}

function fail([words, next = ""]) {
  at("problem-words").textContent = `${words} ${next}`;
  at("problem").hidden = false;
  at("problem").focus();
}

function signedOut() {
  at("problem-sign-in").hidden = false;
  return [_("You are signed out. All that you entered is kept in this browser."), _("Sign in again, and go on.")];
}

// Check your answers, then sign

/** What stands against going on, told at its place; whether there is anything. */
function stopped() {
  const { wrong } = readOrder(at("order").value);
  const fault = [
    [!destination.chosen, _("Choose where it goes."), "where-text"],
    [!NUMBER.test(at("number").value), _("A tracking number has 1 to 20 capital letters, digits and dashes."), "number"],
    [checks.waiting.length, _("Some codes have not been checked yet. Wait a moment."), "text"],
    [wrong.length, _("What was ordered: write a lot and a number in line %(n)s.", { n: wrong[0] }), "order"],
    [!goods.size, _("There is nothing on the list yet. Scan a pack or a container."), "text"],
    [bad.length, _("Some codes could not be added: see to each of them first."), "bad-title"],
  ].find(([wrongly]) => wrongly);
  if (!fault) return false;
  fail([fault[1]]);
  if (fault[2] === "bad-title") at("bad-title").focus();
  return true;
}

async function check() {
  at("problem").hidden = true;
  const number = at("number").value;
  if (stopped()) return undefined;
  try {
    const answer = await post("/api/checks", JSON.stringify({ ...question(), number, items: [] }));
    const told = await answer.json();
    if (!answer.ok) return fail(answer.status === 401 ? signedOut() : [told.detail, told.advice]);
    stands(told);
    if (!told.ok) return fail(told.code === "wrong-state" ? numberUsed(number) : [told.words, told.next]);
  } catch {
    // Without a line the log judges it once it is sent.
  }
  if (stopped()) return undefined; // a scan that came meanwhile
  drawAnswers(at("answers"), answers(number), (field) => edit(field));
  at("work").hidden = true;
  at("check").hidden = false;
  at("check-title").focus();
  return undefined;
}

function numberUsed(number) {
  at("problem-shipment").hidden = false;
  at("problem-shipment").href = `/shipments/${number}`;
  return [_("A shipment of the number %(number)s is on the log already.", { number }), _("If it is not this one, choose another number.")];
}

function answers(number) {
  const lots = goods.counts().map(({ product, lot, packs }) => `${product ?? ""} ${lot}: ${packs}`).join("; ");
  return [
    [_("What"), at("dispatch-title").textContent],
    [_("To"), `${placeWords(destination.chosen)} (GLN ${destination.chosen.gln})`, "where-other"],
    [_("Tracking number"), number, "number"],
    [_("Goods"), `${total()}. ${lots}`, "text"],
  ];
}

function edit(field) {
  at("check").hidden = true;
  at("work").hidden = false;
  at(field).focus();
}

async function sign() {
  if (signing) return; // a double click
  signing = true;
  at("sign-it").disabled = true;
  try {
    await draft.keep();
    const list = work();
    const outcome = await act({ op, ids: goods.ids, fields: fields(), names: names() });
    if (!outcome) return;
    if (!done(outcome)) return refused(outcome.problem);
    const { gln } = destination.chosen;
    const told = { ...outcome, number: at("number").value, to: placeWords(destination.chosen), gln, words: total() };
    await signedWork.sign(told, list);
    await conclude(true);
  } finally {
    signing = false;
    at("sign-it").disabled = false;
  }
}

function fields() {
  const { owner } = goods.first;
  const { gln, party } = destination.chosen;
  // Goods of others that stay within this party's own sites stay theirs.
  const destParty = party === me.party ? owner : party;
  return { sourceParty: owner, destParty, destSite: gln, number: at("number").value };
}

function names() {
  const { gln, party, partyName } = destination.chosen;
  return { [gln]: placeWords(destination.chosen), [party]: partyName, [me.party]: me.partyName };
}

/** The log says no: what changed since the scan is told item by item. */
function refused(told) {
  edit("text");
  fail([why(told), told?.advice]);
  changedPlace();
}

// Done

const TITLES = {
  landed: () => _("It is on the log"),
  colleague: () => _("Signed: a colleague signs it too"),
  waiting: () => _("Signed, and waiting to be sent"),
  refused: () => _("The log refused it: nothing was done"),
};

async function conclude(focus) {
  const changed = await follow([signedWork.told]);
  const { id, number, status, to, words, receipt, problem } = signedWork.told;
  if (receipt) signedWork.landed();
  if (changed) await draft.keep();
  const refused = status === "refused";
  for (const part of ["work", "check", "resumed"]) at(part).hidden = true;
  at("done").hidden = false;
  at("done").className = refused ? "errors" : "done";
  at("done-title").textContent = TITLES[status]();
  at("done-why").textContent = refused ? problemWords(problem) : "";
  const facts = [
    [_("Tracking number"), number], [_("To"), to], [_("Goods"), words], [_("Reference"), id],
    ...(receipt ? [[_("Landed"), `${moment(receipt.ms)}, ${_("entry %(n)s", { n: receipt.index })}`]] : []),
  ];
  at("done-facts").replaceChildren(...facts.map(([what, value]) => {
    const line = element("div");
    line.append(element("dt", what), element("dd", value));
    return line;
  }));
  offerAgain(refused);
  at("done-links").hidden = !receipt;
  at("done-proof").href = `/api/statements/${id}`;
  at("done-proof").download = `${number}.packtrace.json`;
  at("done-note").href = `/shipments/${id}/note`;
  at("done-show").href = `/shipments/${id}`;
  at("done-waits").hidden = status !== "waiting";
  if (focus) at("done-title").focus();
}

onChange(() => signedWork.told && conclude(false));

// The page

async function begin() {
  const before = (await draft.load())?.value;
  if (signedWork.resume(before)) {
    await conclude(false);
    return;
  }
  at("number").value = before?.number || newNumber();
  at("work").hidden = false;
  if (before) {
    goods = new Goods(before.goods);
    ({ bad, anyway } = before);
    at("order").value = before.order;
    const some = before.goods.length || before.bad.length || before.scans.length;
    at("resumed").hidden = !some;
    checks.add(before.scans);
    if (before.to) destination.set(before.to, false); // judged anew: much may have happened since
  }
  const wanted = new URLSearchParams(location.search).get("to");
  if (wanted && !destination.chosen) destination.search(wanted, false);
  show(false);
}

new Wedge((text) => toPerson(text) || toPlace(text) || scan(text, "wedge")).listen();
cameraBox((text) => scan(text, "camera"));
new ListBox({ question, accept: takeAll });
at("add").addEventListener("submit", (event) => {
  event.preventDefault();
  scan(at("text").value, "typed");
  at("text").value = "";
});
for (const id of ["number", "order"]) at(id).addEventListener("input", () => show());
at("continue").addEventListener("click", check);
at("back").addEventListener("click", () => edit("text"));
at("sign-it").addEventListener("click", sign);
at("go-on").addEventListener("click", () => signedWork.goOn());
for (const one of document.querySelectorAll("[data-afresh]")) one.addEventListener("click", () => signedWork.afresh());
await begin();
