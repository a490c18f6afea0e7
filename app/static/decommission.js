/** /decommission: what happened, to which packs, check your answers, sign. */

import { Draft, keptWords } from "./drafts.js";
import { Gather } from "./gather.js";
import { me } from "./me.js";
import { Steps } from "./steps.js";
import { _ } from "./words.js";

const at = (id) => document.getElementById(id);

function op() {
  return at("op").value;
}

function fields() {
  return op() === "quarantine" ? { reason: at("reason").value } : {};
}

const draft = new Draft("decommission", `${me.log} ${me.site}`, () => steps.kept, keptWords);

function work() {
  return { op: op(), reason: at("reason").value, ...gather.kept };
}

/** Whether the act as a whole would be taken. */
function stands({ ok, words, next }) {
  at("act-problem").textContent = ok ? "" : `${words} ${next}`;
  at("act-problem").hidden = ok;
}

function show() {
  const [option] = at("op").selectedOptions;
  const colleague = "sensitive" in option.dataset;
  at("comes").textContent = [option.dataset.comes, colleague ? _("It waits for a colleague's signature.") : ""].join(" ").trim();
  at("reason-field").hidden = op() !== "quarantine";
}

function check() {
  if (!gather.size) return steps.fail(_("There is nothing on the list yet. Scan a pack or a container."));
  if (gather.fault) {
    steps.fail(gather.fault[0]);
    return at(gather.fault[1]).focus();
  }
  const reason = op() === "quarantine" ? [[_("Reason"), at("reason").selectedOptions[0].textContent, "reason"]] : [];
  return steps.check(
    [
      [_("What happened"), at("op").selectedOptions[0].textContent, "op"],
      ...reason,
      [_("Goods"), `${gather.total}. ${gather.lots}`, "text"],
      [_("What it comes to"), at("comes").textContent],
    ],
    {},
  );
}

async function begin() {
  const before = (await draft.load())?.value;
  if (await steps.resume(before)) return;
  at("work").hidden = false;
  const wanted = before?.op ?? new URLSearchParams(location.search).get("op");
  if ([...at("op").options].some((one) => one.value === wanted)) at("op").value = wanted;
  if (before?.reason) at("reason").value = before.reason;
  show();
  if (before) at("resumed").hidden = !gather.take(before);
}

const steps = at("work")
  ? new Steps({ draft, work, acts: () => [{ op: op(), ids: gather.ids, fields: fields() }], refused: () => gather.anew() })
  : null;
const gather = steps && new Gather({
  question: () => ({ op: op() }),
  changed: () => draft.keep(),
  stands,
  failed: (error) => (error.code === "not-signed-in" ? steps.signedOut() : steps.fail(error.message, error.next)),
  open: () => !steps.finished,
  takes: () => steps.takes(),
});
if (steps) {
  at("op").addEventListener("change", () => {
    show();
    gather.anew();
  });
  at("reason").addEventListener("change", () => draft.keep());
  at("continue").addEventListener("click", check);
  await begin();
}
