/** What a person reads of a governance statement before signing it; made from the very bytes to be signed. */

import { _, _n } from "../words.js";
import { policyLines, roleWords } from "./policy_words.js";
import { actWords, listed, productName, reasonWords, whoWords } from "./words.js";

const KINDS = { recall: () => _("recall of lots"), withdrawal: () => _("withdrawal of a product") };
const DEPTHS = {
  wholesale: () => _("down to wholesalers"),
  pharmacy: () => _("down to pharmacies"),
  patient: () => _("down to patients"),
};

/** A governance statement in words, every field that it has: {title, lines, lists}. */
export function governanceWords(body, names = {}, lists = {}) {
  const { type, nonce: _nonce, by, site, ...rest } = body;
  const who = whoWords([[_("Acting party"), by], [_("Site"), site]], names);
  const lines = Object.entries(rest)
    .flatMap(([name, value]) => linesOf(name, value, names))
    .filter(([, value]) => value !== "");
  return { title: actWords(type), lines: [...who, ...lines], lists: listed(lists) };
}

/** The lines of one field: [[what, words]]. One that is not known here stands as it is in the bytes. */
function linesOf(name, value, names) {
  if (name === "party" && typeof value === "object") return partyLines(value);
  if (name === "sites" && typeof value[0] === "object") return value.flatMap(siteLines);
  if (name === "policy") return policyLines(value, names);
  const [what, words] = shown(names)[name] ?? [name, plain];
  return [[what, words(value)]];
}

const same = (value) => value;

function shown(names) {
  const named = (gln) => (names[gln] ? `${names[gln]} (${gln})` : gln);
  const joined = (value) => value.map(named).join(", ");
  return {
    party: [_("Party"), named],
    gln: [_("Party or site"), named],
    adminKeys: [_("Administrators' keys"), (value) => value.join(", ")],
    recoveryKey: [_("Recovery key"), same],
    replaces: [_("In place of the policy"), same],
    key: [_("Key"), same],
    keyid: [_("Key"), same],
    use: [_("Use"), same],
    sites: [_("Sites"), joined],
    operations: [_("May sign"), (value) => value.map(actWords).join(", ")],
    staff: [_("Staff number"), same],
    from: [_("In force from"), same],
    expires: [_("Until"), same],
    reason: [_("Reason"), reasonWords],
    since: [_("Suspect since"), same],
    reviewBy: [_("To be reviewed by"), same],
    holdId: [_("Hold"), same],
    scope: [_("What it covers"), (value) => scopeWords(value, names)],
    kind: [_("Kind"), (value) => KINDS[value]?.() ?? value],
    class: [_("Class"), String],
    depth: [_("Depth"), (value) => DEPTHS[value]?.() ?? value],
    deadline: [_("Answers until"), same],
    recallId: [_("Recall"), same],
    counts: [_("Packs"), countsWords],
    open: [_("Left open, with the reason:"), openWords],
    outcome: [_("Outcome"), same],
    gtin: [_("GTIN"), same],
    name: [_("Name"), same],
    strength: [_("Strength"), same],
    form: [_("Form"), same],
    packSize: [_("Pack size"), same],
    markets: [_("Markets"), (value) => value.join(", ")],
    nationalCode: [_("National code"), same],
    holder: [_("Holder"), named],
    packers: [_("Packers"), joined],
    wholesalers: [_("Wholesalers"), joined],
    storage: [_("Storage"), ({ min, max }) => _("%(min)s to %(max)s °C", { min, max })],
    about: [_("About"), same],
    title: [_("Title"), same],
    mediaType: [_("Kind of file"), same],
    sha256: [_("Hash of the file (SHA-256)"), same],
    time: [_("Time"), same],
    log: [_("Log"), same],
  };
}

function partyLines({ name, gln, country, roles, licence, prefixes }) {
  return [
    [_("Party"), `${name} (${gln})`],
    [_("Country"), country],
    [_("Roles"), roles.map(roleWords).join(", ")],
    [_("Licence"), licenceWords(licence)],
    [_("GS1 prefixes"), prefixes.join(", ")],
  ];
}

function siteLines({ name, gln, address, licence, activities }) {
  return [
    [_("Site"), `${name} (${gln})`],
    [_("Address"), address],
    [_("Licence"), licenceWords(licence)],
    [_("Activities"), activities.join(", ")],
  ];
}

function licenceWords({ number, level, expires }) {
  return _("%(number)s, %(level)s, until %(day)s", { number, level, day: expires });
}

function scopeWords({ gtin, lots, items, statement }, names) {
  const product = productName(gtin, names);
  if (lots) return _("%(product)s, lots %(lots)s", { product, lots: lots.join(", ") });
  if (items) return _("%(product)s, only the packs that are listed", { product });
  if (statement) return _("%(product)s, only what statement %(id)s brought onto the record", { product, id: statement });
  return _("%(product)s, all packs", { product });
}

function countsWords({ held, quarantined, returned, destroyed }) {
  const found = [
    [_("Found, not yet put aside"), held],
    [_("In quarantine"), quarantined],
    [_("Sent back"), returned],
    [_("Destroyed"), destroyed],
  ].filter(([, n]) => n);
  return found.map(([what, n]) => `${what}: ${n}`).join("; ") || _("None held");
}

function openWords(open) {
  return open.map(({ count, reason }) => `${_n("%(n)s pack", "%(n)s packs", count)}: ${reason}`).join("; ") || _("none");
}

function plain(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}
