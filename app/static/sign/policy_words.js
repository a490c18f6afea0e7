/** The fields of a policy in plain words (custody.md 2, P). */

import { _, _n } from "../words.js";
import { actWords } from "./words.js";

const yes = (value) => (value ? _("yes") : _("no"));
const seconds = (n) => _n("%(n)s second", "%(n)s seconds", n);
const hours = (n) => _n("%(n)s hour", "%(n)s hours", n);
const days = (n) => _n("%(n)s day", "%(n)s days", n);
const steps = (n) => _n("%(n)s step", "%(n)s steps", n);
const acts = (list) => list.map(actWords).join(", ") || _("none");

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

/** Every field of a policy: [[what, words]]. One that is not known here stands as it is in the bytes. */
export function policyLines(policy) {
  const { see, roles, products, supplyBy, ...plain } = policy;
  const lines = Object.entries(plain).map(([name, value]) => {
    const [what, words] = FIELDS[name]?.() ?? [name, JSON.stringify];
    return [what, words(value)];
  });
  lines.push([_("How far a partner sees a pack's way back"), steps(see.up)]);
  lines.push([_("How far a partner sees a pack's way on"), steps(see.down)]);
  for (const [role, some] of Object.entries(roles)) {
    lines.push([_("What a party may sign as %(role)s", { role }), acts(some)]);
  }
  for (const [gtin, { maxTransit, storage }] of Object.entries(products)) {
    const told = _("at most %(n)s hours under way, %(min)s to %(max)s °C", { n: maxTransit, ...storage });
    lines.push([_("Product %(gtin)s", { gtin }), told]);
  }
  for (const [role, some] of Object.entries(supplyBy)) {
    lines.push([_("Whom a party may supply as %(role)s", { role }), some.join(", ")]);
  }
  return lines;
}
