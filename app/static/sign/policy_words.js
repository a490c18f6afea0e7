/** The fields of a policy in plain words (custody.md 2, P). */

import { _, _n } from "../words.js";
import { actWords, productName } from "./words.js";

const ROLES = {
  auditor: () => _("auditor"),
  authority: () => _("authority"),
  carrier: () => _("carrier"),
  manufacturer: () => _("manufacturer"),
  pharmacy: () => _("pharmacy"),
  repackager: () => _("repackager"),
  wholesaler: () => _("wholesaler"),
};
const UNITS = [
  [24 * 3600, (n) => _n("%(n)s day", "%(n)s days", n)],
  [3600, (n) => _n("%(n)s hour", "%(n)s hours", n)],
  [60, (n) => _n("%(n)s minute", "%(n)s minutes", n)],
];
const yes = (value) => (value ? _("yes") : _("no"));
/** What it says, and where that is not what is done, what is. */
function steps(n) {
  const said = _n("%(n)s step", "%(n)s steps", n);
  return n === 1 ? said : _("%(steps)s; 1 is shown whatever it says", { steps: said });
}
const acts = (list) => list.map(actWords).join(", ") || _("none");
const hours = (n) => seconds(n * 3600);
const days = (n) => _n("%(n)s day", "%(n)s days", n);

/** A time in the largest unit that says it without a rest. */
function seconds(n) {
  const [size, words] = UNITS.find(([one]) => n && n % one === 0) ?? [1, (all) => _n("%(n)s second", "%(n)s seconds", all)];
  return words(n / size);
}

const FIELDS = {
  threshold: () => [_("Signatures that an authority's statement or a sensitive act needs"), String],
  sensitive: () => [_("Acts that need as many signatures"), acts],
  backdate: () => [_("How far back a claimed time may lie"), seconds],
  undoHours: () => [_("How long an act can be undone"), hours],
  exportUndo: () => [_("An export can be undone"), yes],
  repeatGrace: () => [_("How long the same act again raises no alert"), seconds],
  maxAge: () => [_("How old a status may be for a verdict"), seconds],
  disputeDays: () => [_("After how long a shipment that did not arrive is short"), days],
  scanRetention: () => [_("How long scans are kept"), days],
};

/** A role in words. */
export function roleWords(role) {
  return ROLES[role]?.() ?? role;
}

/** Every field of a policy: [[what, words]]. One that is not known here stands as it is in the bytes. */
export function policyLines(policy, names = {}) {
  const { see, roles, products, supplyBy, fingerprint = {}, ...plain } = policy;
  const lines = Object.entries(plain).map(([name, value]) => {
    const [what, words] = FIELDS[name]?.() ?? [name, JSON.stringify];
    return [what, words(value)];
  });
  lines.push([_("How far a partner sees a pack's way back"), steps(see.up)]);
  lines.push([_("How far a partner sees a pack's way on"), steps(see.down)]);
  lines.push([_("A label's fingerprint is asked for with each scan of an enrolled pack"), yes(fingerprint.ask)]);
  lines.push([_("A site may keep sealed fingerprint templates of the lots it received"), yes(fingerprint.offline)]);
  for (const [role, some] of Object.entries(roles)) {
    lines.push([_("What a party may sign as %(role)s", { role: roleWords(role) }), acts(some)]);
  }
  for (const [gtin, { maxTransit, storage, fingerprintAsk }] of Object.entries(products)) {
    const told = [_("at most %(time)s under way, %(min)s to %(max)s °C", { time: hours(maxTransit), ...storage })];
    if (fingerprintAsk) told.push(_("its label’s fingerprint is asked for"));
    lines.push([productName(gtin, names), told.join(", ")]);
  }
  for (const [role, some] of Object.entries(supplyBy)) {
    lines.push([_("Whom a party may supply as %(role)s", { role: roleWords(role) }), some.join(", ")]);
  }
  return lines;
}
