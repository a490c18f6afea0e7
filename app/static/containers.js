/** /containers/new: number a container and pack it in one press, or pack more into one that is there. */

import { idOf, newSsccs } from "./containers_numbers.js";
import { Draft, keptWords } from "./drafts.js";
import { Gather } from "./gather.js";
import { me } from "./me.js";
import { Steps } from "./steps.js";
import { done } from "./signing.js";
import { _, _n } from "./words.js";

const at = (id) => document.getElementById(id);
const { prefixes, into, most } = JSON.parse(at("numbering").textContent);

let sscc = into;

const draft = new Draft(`container ${into}`, `${me.log} ${me.site}`, () => steps.kept, keptWords);

function work() {
  return { sscc, units: at("units")?.value, ...gather.kept };
}

function question() {
  return { op: "pack", parent: idOf(sscc) };
}

function several() {
  return into ? 1 : Number(at("units").value);
}

let numbers = []; // of several new containers

function acts() {
  const ids = several() > 1 ? numbers.map(idOf) : [idOf(sscc)];
  const made = into ? [] : [{ op: "commission", ids: [...ids].sort() }];
  if (several() > 1 || !gather.size) return made;
  return [...made, { op: "pack", ids: gather.ids, fields: { parent: idOf(sscc) } }];
}

function links(shown) {
  const one = shown.numbers.length === 1;
  at("done-label").hidden = !one;
  at("done-label").href = `/containers/${shown.numbers[0]}/label`;
  at("done-show").href = one ? `/containers/${shown.numbers[0]}` : "/containers";
  // The number is there though packing was refused: it is packed from its own page.
  if (shown.outcomes.some((outcome) => !done(outcome))) at("done-show").href = `/containers/new?into=${shown.numbers[0]}`;
}

async function check() {
  const count = several();
  if (!Number.isInteger(count) || count < 1 || count > most) {
    return steps.fail(_("Number 1 to %(most)s containers at a time.", { most }));
  }
  if (count > 1 && gather.size) return onlyOne();
  if (into && !gather.size) return steps.fail(_("There is nothing on the list yet. Scan a pack or a container."));
  if (gather.fault) {
    steps.fail(gather.fault[0]);
    return at(gather.fault[1]).focus();
  }
  if (!into && !(await numbered(count))) return undefined;
  const what = gather.size ? `${gather.total}. ${gather.lots}` : _("nothing yet");
  const shown = count > 1 ? numbers : [sscc];
  const number = count > 1 ? _n("%(n)s new container", "%(n)s new containers", count) : sscc;
  return steps.check([["SSCC", number, into ? "" : "units"], [_("Goes in"), what, "text"]], { numbers: shown });
}

function onlyOne() {
  return steps.fail(_("Only one new container is packed here."), _("Take the items out of the list, or number one container."));
}

/** Whether the numbers are free; those that are taken are made anew, which chance hardly ever asks for. */
async function numbered(count) {
  numbers = count > 1 ? newSsccs(prefixes[0], count) : [sscc];
  const told = await steps.ask("/api/containers/check", { ssccs: numbers });
  if (!told) return false;
  if (told.taken.length) {
    renew();
    steps.fail(_("That number was taken meanwhile; here is another one."), _("Check your answers again."));
    return false;
  }
  if (!told.ok) steps.fail(told.words, told.next);
  return told.ok;
}

function renew() {
  [sscc] = newSsccs(prefixes[0], 1);
  at("sscc").textContent = sscc;
  draft.keep();
}

function show() {
  at("packing").hidden = several() > 1;
  draft.keep();
}

async function begin() {
  const before = (await draft.load())?.value;
  if (await steps.resume(before)) return;
  at("work").hidden = false;
  if (!into) {
    sscc = before?.sscc || newSsccs(prefixes[0], 1)[0];
    at("sscc").textContent = sscc;
    at("units").value = before?.units || 1;
    at("units").addEventListener("input", show);
  }
  if (before) at("resumed").hidden = !gather.take(before);
  if (!into) show();
}

const steps = at("work") ? new Steps({ draft, work, acts, links, refused: () => gather.anew() }) : null;
const gather = steps && new Gather({
  question,
  changed: () => draft.keep(),
  failed: (error) => (error.code === "not-signed-in" ? steps.signedOut() : steps.fail(error.message, error.next)),
  open: () => !steps.finished && several() === 1,
  takes: () => (steps.finished || several() === 1 ? steps.takes() : onlyOne()),
});
if (steps) {
  at("continue").addEventListener("click", check);
  await begin();
}
