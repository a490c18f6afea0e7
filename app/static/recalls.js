/** The page of a hold or recall: a site answers, who opened it lifts or closes it; each signed here. */

import { me } from "./me.js";
import { govern, record } from "./sign/sign.js";
import { problemWords } from "./sign/words.js";
import { _ } from "./words.js";

const at = (id) => document.getElementById(id);
const { id: statement, kind } = at("recall").dataset;
const COUNTS = ["held", "quarantined", "returned", "destroyed"];

function fail(words) {
  at("problem-words").textContent = words;
  at("problem").hidden = false;
  at("problem").focus();
}

/** What was signed has landed: show the page anew; else say where it is. */
function settled(outcomes) {
  if (!outcomes) return;
  const refused = outcomes.filter((one) => one.status === "refused");
  if (refused.length) fail(refused.map(({ problem }) => problemWords(problem)).join(" "));
  else if (outcomes.every((one) => one.status === "landed")) location.reload();
  else {
    at("waits").textContent = outcomes.some((one) => one.status === "colleague")
      ? _("Signed. It waits for a colleague's signature.")
      : _("Signed. It is sent as soon as the server can be reached.");
    at("waits").hidden = false;
    at("waits").focus();
  }
}

async function signing(work, bodies) {
  at("problem").hidden = true;
  try {
    settled(await work(bodies));
  } catch (error) {
    fail(error.message);
  }
}

function answer(site, counts) {
  const none = COUNTS.every((name) => !counts[name]) ? 1 : 0;
  return { type: "recall-answer", recallId: statement, site, counts: { ...counts, none } };
}

const NONE = Object.fromEntries(COUNTS.map((name) => [name, 0]));

function onAnswer(event) {
  event.preventDefault();
  const form = event.target;
  const counts = {};
  for (const name of COUNTS) {
    const field = form.elements[name];
    const value = field.value.trim() || "0";
    if (!/^[0-9]{1,9}$/.test(value)) {
      fail(_("Write each number of packs in digits."));
      return undefined;
    }
    counts[name] = Number(value);
  }
  if (COUNTS.every((name) => !counts[name])) {
    fail(_("Write how many packs were found; where there are none, press None held."));
    return undefined;
  }
  return signing(record, [answer(form.dataset.answer, counts)]);
}

function onEnd(event) {
  event.preventDefault();
  const outcome = at("outcome").value.trim();
  if (!outcome) return missing(at("outcome"));
  // An authority's administrators sign with their own keys; everybody else with those of daily work.
  const work = me.use === "admin" ? govern : record;
  if (kind === "hold") return signing(work, [{ type: "lift-hold", holdId: statement, reason: outcome }]);
  const open = [];
  for (const field of document.querySelectorAll("[data-open]")) {
    const words = field.value.trim();
    if (!words) return missing(field);
    open.push({ count: Number(field.dataset.open), reason: `${field.dataset.state}: ${words}` });
  }
  return signing(work, [{ type: "recall-close", recallId: statement, outcome, open }]);
}

function missing(field) {
  fail(_("Say why: a quantity stays open only with its reason."));
  field.focus();
}

for (const form of document.querySelectorAll("[data-answer]")) {
  form.addEventListener("submit", onAnswer);
  form.querySelector("[data-none]")?.addEventListener("click", () => signing(record, [answer(form.dataset.answer, NONE)]));
}
at("none-at-all")?.addEventListener("click", ({ target }) =>
  signing(record, target.dataset.sites.split(" ").map((site) => answer(site, NONE))),
);
at("end")?.addEventListener("submit", onEnd);
// They were until there was somebody to take the press.
for (const button of document.querySelectorAll("main button:disabled")) button.disabled = false;
