/** /shipments/<id>/receive: a delivery against what was announced, signed in one press. */

import { Checks } from "./checks.js";
import { cameraBox } from "./camera_box.js";
import { Delivery } from "./delivery.js";
import { drawInside, drawLines, drawOver, drawTally } from "./delivery_view.js";
import { Draft, keptWords } from "./drafts.js";
import { drawBad, itemWords } from "./goods_view.js";
import { MOST, bodyOf, described, remember, takeBack, tell, upload } from "./kept_files.js";
import { me } from "./me.js";
import { asked } from "./server.js";
import { onChange } from "./sign/outbox.js";
import { why } from "./sign/words.js";
import { SignedWork } from "./signed_work.js";
import { done, follow, may, offerAgain, outcomeLine, signed, toPerson, tooLate } from "./signing.js";
import { element } from "./verdict.js";
import { Wedge } from "./wedge.js";
import { _, _n } from "./words.js";

const at = (id) => document.getElementById(id);
const { shipment } = at("receive").dataset;
const json = { headers: { Accept: "application/json" } };

let told = null; // the shipment as the server tells it
let delivery = null;
let bad = [];
let logger = null; // {name, digest, about, title, type} of the file that the server keeps
let inside = null; // {container, packs} of which it is told what lacks or is damaged
let busy = false;
let sending = false; // the logger's file
const picked = new Set(); // lines to refuse or to close short

const draft = new Draft("receive", `${me.log} ${me.site} ${shipment}`, () => signedWork.kept, keptWords);
const signedWork = new SignedWork(draft, work); // what was signed: {outcomes, left, over, temperature, logger}

function work() {
  return { delivery: delivery.kept, bad, temperature: temperature(), logger, scans: checks.waiting };
}

function temperature() {
  return new FormData(at("temperature")).get("temperature") ?? "";
}

// What is scanned

const checks = new Checks({
  question: () => (delivery && !signedWork.told ? { op: "receive", shipment } : null),
  told: (item, scan) => take({ ...item, text: scan.text }),
  answered: () => show(),
  failed: (error) => fail(error.code === "not-signed-in" ? signedOut() : [error.message, error.next]),
  state: (words) => say("check-state", words),
});

function scan(text, source) {
  if (!text.trim()) return undefined;
  const late = tooLate(signedWork.told, busy);
  if (late) return fail([late]);
  checks.add([{ text, source }]);
  draft.keep();
  return undefined;
}

function take(item) {
  if (item.ok || item.code === "not-in-shipment") {
    const what = itemWords(item.label);
    const words = {
      seen: _("Seen: %(what)s", { what }),
      inside: _("Seen inside its container: %(what)s", { what }),
      again: _("Scanned before; it counts once: %(what)s", { what }),
      over: _("Found too much, it goes on hold: %(what)s", { what }),
    }[delivery.scan(item)];
    say("said", words);
    say("check-state", words);
  } else {
    bad = [item, ...bad.filter((one) => one.text !== item.text)];
    say("said", `${_("Not booked in.")} ${item.words} ${item.next}`);
  }
}

function actions(one) {
  const drop = () => {
    bad = bad.filter((other) => other !== one);
    show();
    at("text").focus();
  };
  const found = [[_("I have put it aside"), drop]];
  if (one.repaired) found.unshift([_("It is %(code)s", { code: one.repaired.text }), () => (drop(), scan(one.repaired.text, "typed"))]);
  if (one.code === "unknown-item" && one.id) {
    const label = { product: "", gtin: "", lot: "", serial: one.id.split("/").at(-1), sscc: "", packs: 1 };
    found.unshift([_("Book it in as found too much"), () => (drop(), delivery.scan({ ...one, label }), show())]);
  }
  return found;
}

// What is shown

function say(id, words) {
  if (at(id).textContent !== words) at(id).textContent = words;
}

function show(keep = true) {
  drawTally(delivery.tally);
  drawLines(at("lines"), delivery.lines, picked, {
    damage: (line) => changed(() => delivery.setDamaged(line.id, line.label, !line.damaged), line.id),
    unsee: (line) => changed(() => delivery.unsee(line.id)),
    inside: openInside,
  });
  drawOver(at("over-lines"), delivery.over, (id) => changed(() => delivery.notOver(id)));
  at("over").hidden = !delivery.over.length;
  at("bad").hidden = !bad.length;
  drawBad(at("bad-lines"), bad, actions);
  const unseen = delivery.unseen.length;
  at("rest").hidden = !unseen;
  say("rest-count", _n("%(n)s item has not been seen.", "%(n)s items have not been seen.", unseen));
  if (keep) draft.keep();
}

/** Who pressed a button of a line that was drawn anew stays there. */
function changed(change, id = "") {
  change();
  show();
  (document.querySelector(`[data-line="${CSS.escape(id)}"]`) ?? at("text")).focus();
}

function fail([words, next = ""]) {
  at("problem-words").textContent = `${words} ${next ?? ""}`;
  at("problem").hidden = false;
  at("problem").focus();
}

function signedOut() {
  at("problem-sign-in").hidden = false;
  return [_("You are signed out. All that you entered is kept in this browser."), _("Sign in again, and go on.")];
}

// What lacks inside a container

async function openInside(line) {
  try {
    const answer = await fetch(`/api/shipments/${shipment}/inside?container=${encodeURIComponent(line.id)}`, json);
    const { packs, detail } = await answer.json();
    if (!answer.ok) return fail(answer.status === 401 ? signedOut() : [detail]);
    inside = { container: line.id, packs };
  } catch {
    return fail([_("The server cannot be reached. Check the line.")]);
  }
  at("inside-title").textContent = _("Inside %(what)s", { what: itemWords(line.label) });
  at("inside").hidden = false;
  showInside();
  at("inside-title").focus();
  return undefined;
}

function showInside() {
  const { container, packs } = inside;
  const chosen = (change) => (yes) => {
    change(yes);
    show();
  };
  drawInside(at("inside-packs"), packs, ({ id, label }) => {
    const lost = chosen((yes) => delivery.setMissing(container, id, yes));
    const broken = chosen((yes) => delivery.setDamaged(id, label, yes, container));
    const boxes = [[_("damaged"), delivery.isDamaged(id), broken]];
    if (!delivery.isScanned(container, id)) boxes.unshift([_("missing"), delivery.isMissing(container, id), lost]);
    return boxes;
  });
}

function restIsMissing() {
  const { container, packs } = inside;
  for (const { id } of packs) {
    if (!delivery.isScanned(container, id)) delivery.setMissing(container, id, true);
  }
  showInside();
  show();
}

// Signing

/** One press at a time: a double click signs once. */
async function once(press) {
  if (busy) return;
  busy = true;
  try {
    await press();
  } finally {
    busy = false;
  }
}

async function sign() {
  at("problem").hidden = true;
  const { seen } = delivery.tally;
  const fault = [
    [checks.waiting.length, _("Some codes have not been checked yet. Wait a moment.")],
    [bad.length, _("Some codes could not be booked in: see to each of them first.")],
    [!seen, _("Nothing of this delivery has been seen yet. Scan a pack or a container.")],
    [!temperature(), _("Say how the temperature was.")],
    [sending, _("The logger's file is still on its way. Wait a moment.")],
  ].find(([wrong]) => wrong);
  if (fault) return fail([fault[1]]);
  const about = logger && !logger.signed ? [{ body: bodyOf(logger) }] : [];
  const seenNow = { left: delivery.tally.short, over: delivery.over.length, temperature: temperature() };
  const outcomes = await run([...delivery.acts(temperature() === "excursion"), ...about]);
  if (!outcomes) return undefined;
  await keepLogger(about.length ? outcomes.pop() : null);
  if (!done(outcomes[0])) return refused(outcomes[0].problem);
  await signedWork.sign({ outcomes, ...seenNow, logger }, work());
  return conclude(true);
}

/** The hash of the logger's file was signed in the same press, even if the rest was refused. */
async function keepLogger(outcome) {
  if (!outcome || !done(outcome)) return;
  logger.signed = outcome.id;
  await remember(outcome.id, logger);
  tell().catch(() => {}); // the page of documents tells it later
}

async function run(acts) {
  await draft.keep();
  return signed(acts);
}

/** Say of the rest, or of what is chosen of it, that it is turned away or did not arrive. */
async function rest(op) {
  at("problem").hidden = true;
  if (checks.waiting.length) return fail([_("Some codes have not been checked yet. Wait a moment.")]);
  const unseen = new Set(delivery.unseen);
  const chosen = [...picked].filter((id) => unseen.has(id));
  const ids = chosen.length ? chosen : [...unseen];
  const outcomes = await run([{ op, ids, fields: { shipment } }]);
  if (!outcomes) return undefined;
  at("outcomes").replaceChildren(...outcomes.map(outcomeLine));
  if (!done(outcomes[0])) return refused(outcomes[0].problem);
  picked.clear();
  await refresh();
  return at("outcomes").focus();
}

async function refused(problem) {
  const words = _("If a colleague has booked some of it in meanwhile: this page shows what is left.");
  fail([why(problem), words]);
  await refresh();
}

/** Ask anew what is still expected; what was scanned stays. */
async function refresh() {
  try {
    const answer = await fetch(`/api/shipments/${shipment}`, json);
    const body = await answer.json();
    if (!answer.ok) return fail(answer.status === 401 ? signedOut() : [body.detail]);
    told = body;
  } catch {
    return undefined; // without a line, what was known stays
  }
  delivery = new Delivery(told, me.site, delivery?.kept);
  show();
  return undefined;
}

function conclude(focus) {
  const { outcomes, left, over, logger: file } = signedWork.told;
  for (const part of ["work", "resumed"]) at(part).hidden = true;
  at("done").hidden = false;
  const waits = outcomes.some((one) => one.status === "waiting");
  const refused = !done(outcomes[0]);
  at("done").className = refused ? "errors" : "done";
  at("done-title").textContent = refused
    ? _("The log refused it: nothing was done")
    : waits ? _("Signed, and waiting to be sent") : _("Booked in");
  offerAgain(refused);
  at("done-waits").hidden = !waits;
  at("done-outcomes").replaceChildren(...outcomes.map(outcomeLine));
  const facts = [
    [_("Reference"), outcomes[0].id],
    [_("Temperature"), at("temperature").querySelector(`[value="${signedWork.told.temperature}"]`).parentElement.textContent.trim()],
    ...(file ? [[_("Logger's file"), `${file.name}, SHA-256 ${file.digest}`]] : []),
    ...(left ? [[_("Still expected"), _n("%(n)s pack", "%(n)s packs", left)]] : []),
    ...(over ? [[_("Found too much"), _n("%(n)s item, on hold", "%(n)s items, on hold", over)]] : []),
  ];
  at("done-facts").replaceChildren(...facts.map(([what, value]) => {
    const line = element("div");
    line.append(element("dt", what), element("dd", value));
    return line;
  }));
  at("done-proof").href = `/api/statements/${outcomes[0].id}`;
  at("done-proof").hidden = waits || refused;
  at("done-again").hidden = !left || refused;
  at("done-logger").hidden = !file;
  if (focus) at("done-title").focus();
}

onChange(async () => {
  if (signedWork.told && (await follow(signedWork.told.outcomes))) await settled();
});

/** Some of what waited has landed or was refused. */
async function settled() {
  if (signedWork.told.outcomes[0].status === "landed") signedWork.landed();
  await draft.keep();
  conclude(false);
}

/** Let the server keep the logger's file; its hash is signed with the receipt. */
async function readLogger({ target }) {
  const [file] = target.files;
  sending = true;
  try {
    if (logger && !logger.signed) await takeBack(logger).catch(() => {}); // it stays in the list of documents
    logger = null;
    say("logger-state", "");
    if (file) await keepFile(file);
  } catch (error) {
    target.value = "";
    say("logger-state", error.message);
  } finally {
    sending = false;
  }
  draft.keep();
}

async function keepFile(file) {
  if (file.size > MOST) throw new Error(_("This file is too large: a document has at most 25 MiB."));
  say("logger-state", _("Sending the file…"));
  const title = _("Temperature log of shipment %(number)s", { number: told.number });
  const about = await described(file, shipment, title);
  await upload(file, about);
  logger = { ...about, name: file.name };
  showLogger();
}

function showLogger() {
  say("logger-state", _("SHA-256 %(hash)s", { hash: logger.digest }));
}

// The page

async function begin() {
  const before = (await draft.load())?.value;
  if (signedWork.resume(before)) {
    conclude(false);
    return (await follow(signedWork.told.outcomes)) ? settled() : undefined;
  }
  try {
    told = await asked(`/api/shipments/${shipment}`);
  } catch (error) {
    return fail(error.status === 401 ? signedOut() : [error.message, _("Then reload this page.")]);
  }
  delivery = new Delivery(told, me.site, before?.delivery);
  if (before) {
    ({ bad, logger } = before);
    const choice = at("temperature").querySelector(`[value="${before.temperature}"]`);
    if (choice) choice.checked = true;
    if (logger) showLogger();
    const { seen, over } = delivery.kept;
    at("resumed").hidden = !(seen.length || over.length || bad.length || before.scans.length);
    if (before.delivery.seen.length > seen.length) {
      fail([_("Some of what you had scanned was booked in by somebody else meanwhile."), _("It is left out here.")]);
    }
  }
  at("work").hidden = false;
  for (const op of ["refuse", "close_short"]) at(op).hidden = !may(op) || me.site !== told.to.site;
  show(false);
  checks.add(before?.scans ?? []);
  return undefined;
}

new Wedge((text) => toPerson(text) || scan(text, "wedge")).listen();
cameraBox((text) => scan(text, "camera"));
at("add").addEventListener("submit", (event) => {
  event.preventDefault();
  scan(at("text").value, "typed");
  at("text").value = "";
});
at("temperature").addEventListener("change", () => draft.keep());
at("logger").addEventListener("change", readLogger);
at("inside-all").addEventListener("click", restIsMissing);
at("inside-close").addEventListener("click", () => {
  at("inside").hidden = true;
  at("text").focus();
});
at("go-on").addEventListener("click", () => signedWork.goOn());
at("sign-it").addEventListener("click", () => once(sign));
at("refuse").addEventListener("click", () => once(() => rest("refuse")));
at("close_short").addEventListener("click", () => once(() => rest("close_short")));
for (const one of document.querySelectorAll("[data-afresh]")) one.addEventListener("click", () => signedWork.afresh());
await begin();
