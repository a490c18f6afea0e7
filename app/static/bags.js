/** The page of one bag: supplied in one act at collection, or taken back to stock. */

import { post } from "./server.js";
import { onChange } from "./sign/outbox.js";
import { why } from "./sign/words.js";
import { done, follow, objections, outcomeLine, signed, toPerson } from "./signing.js";
import { _, _n } from "./words.js";
import { Wedge } from "./wedge.js";

const at = (id) => document.getElementById(id);
const bag = JSON.parse(at("bag").textContent);
const waiting = bag.packs.filter((pack) => pack.state === "waiting");
const good = waiting.filter((pack) => pack.mark.style === "ok").map((pack) => pack.id);
let outcomes = []; // of what was signed here
let busy = false;

async function supply() {
  if (busy || !good.length || document.querySelector("dialog[open]")) return;
  busy = true;
  try {
    const told = await signed([{ op: "supply", ids: good }]);
    if (!told) return;
    outcomes = told;
    await show();
  } finally {
    busy = false;
  }
}

/** What came of it, as far as it is known. */
async function show() {
  const [outcome] = outcomes;
  at("receipt").replaceChildren(outcomeLine(outcome));
  at("supply").closest(".actions").hidden = done(outcome);
  at("state").textContent = stateOf(outcome);
  if (!done(outcome)) await refused(outcome);
  else if (outcome.status === "landed") await settle();
}

function stateOf({ status }) {
  if (status === "waiting") return _("Signed, and waiting to be sent");
  if (status === "colleague") return _("Signed: a colleague signs it too");
  const left = waiting.length - (status === "landed" ? good.length : 0);
  return left ? _n("%(n)s pack waits for collection.", "%(n)s packs wait for collection.", left) : _("This bag was supplied.");
}

/** The server looks what the log says: a bag that was supplied waits no longer. */
async function settle() {
  await fetch("/api/bags", { headers: { Accept: "application/json" } }).catch(() => {});
}

async function refused({ ids, problem }) {
  const lines = [why(problem)];
  const found = await objections("supply", ids).catch(() => new Map());
  for (const [id, words] of found) {
    const { serial } = bag.packs.find((pack) => pack.id === id) ?? {};
    if (words) lines.push(_("Serial %(serial)s: %(words)s", { serial, words }));
  }
  lines.push(_("Load this page again to judge the packs anew."));
  fail(lines.join(" "));
}

async function giveBack() {
  if (busy) return;
  busy = true;
  try {
    const answer = await post(`/api/bags/${bag.number}/return`, "{}");
    if (answer.ok) location.reload();
    else fail((await answer.json()).detail);
  } catch {
    fail(_("The server cannot be reached. Check the line."));
  } finally {
    busy = false;
  }
}

function fail(words) {
  at("error").textContent = words;
  at("error").hidden = false;
  at("error").focus();
}

onChange(async () => {
  if (await follow(outcomes)) await show();
});
at("supply")?.addEventListener("click", supply);
at("return")?.addEventListener("click", giveBack);
// Another slip that is scanned here opens its bag.
const open = (text) => {
  const asked = toPerson(text) || document.querySelector("dialog[open]");
  if (!asked) location.assign(`/bags?number=${encodeURIComponent(text)}`);
};
// To supply the good ones without the others takes a press on the button that says so.
new Wedge(open, { F9: () => good.length === waiting.length && supply() }).listen();
