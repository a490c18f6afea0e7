/** What a person reads of a statement before signing it; made from the very bytes to be signed. */

import { _, _n } from "../words.js";

const ACTS = {
  commission: () => _("Bring onto the record"),
  pack: () => _("Pack into a container"),
  unpack: () => _("Unpack from a container"),
  ship: () => _("Ship"),
  return: () => _("Send back"),
  recall_return: () => _("Send back because of a recall"),
  to_destruction: () => _("Send to be destroyed"),
  void: () => _("Call a shipment back"),
  refuse: () => _("Turn a delivery away"),
  receive: () => _("Receive"),
  close_short: () => _("Say that items did not arrive"),
  supply: () => _("Supply"),
  open: () => _("Open and supply in parts"),
  sample: () => _("Take out for testing"),
  free_sample: () => _("Give out as a free sample"),
  export: () => _("Send out of the market"),
  lost: () => _("Report as lost"),
  stolen: () => _("Report as stolen"),
  destroyed: () => _("Record as destroyed"),
  found: () => _("Report as found"),
  quarantine: () => _("Put on hold"),
  release: () => _("Release from hold"),
  check_out: () => _("Take out to repack"),
  repack: () => _("Repack"),
  transfer: () => _("Take over the ownership"),
  undo: () => _("Undo: it was not handed out"),
  enrol: () => _("Enrol label fingerprints"),
  inspect: () => _("Record what a scan showed"),
  admit: () => _("Admit a party"),
  document: () => _("Record a document"),
  hold: () => _("Put a hold on a product"),
  "key-add": () => _("Add a key"),
  "key-revoke": () => _("Revoke a key"),
  "lift-hold": () => _("Lift a hold"),
  policy: () => _("Set the policy"),
  product: () => _("Register a product"),
  recall: () => _("Recall"),
  "recall-answer": () => _("Answer a recall"),
  "recall-close": () => _("Close a recall"),
  sites: () => _("Record sites"),
  suspend: () => _("Suspend"),
};
const REASONS = {
  suspect: () => _("suspect"),
  damaged: () => _("damaged"),
  temperature: () => _("temperature"),
  complaint: () => _("complaint"),
  counterfeit_alert: () => _("counterfeit alert"),
  other: () => _("other"),
  retired: () => _("no longer needed"),
  left: () => _("the person has left"),
  lost: () => _("lost"),
  compromised: () => _("somebody else may have it"),
  "copy-suspected": () => _("copy suspected: the label's print is not the enrolled one"),
  "fingerprint-match": () => _("the label's print: no contradiction found"),
  "fingerprint-unclear": () => _("the label's print: cannot tell"),
};

/** An act's name in words. */
export function actWords(op) {
  return ACTS[op]?.() ?? op;
}

/** Why something was put on hold, what a scan showed, or why a key was revoked, in words. */
export function reasonWords(reason) {
  return REASONS[reason]?.() ?? reason;
}

/**
 * An event in words: {title, lines: [[what, value]], lists: [[what, [ids]]]}. `prints` are the commitments
 * to labels' fingerprints that its items carry.
 */
export function eventWords(event, lists, names = {}, prints = []) {
  const lines = [
    ...whoWords([[_("At"), event.site], [_("Acting party"), event.by], [_("Owner now"), event.sourceParty]], names),
    ...whoWords([[_("To"), event.destSite], [_("Owner on receipt"), event.destParty]], names),
    [_("Product"), productWords(lists.items ?? [], names)],
    [_("Tracking number"), event.number],
    [_("Container"), event.parent && shortId(event.parent)],
    [_("Lot"), event.lot],
    [_("Expiry"), event.expiry],
    [_("Shipment"), event.shipment],
    [_("Undoes"), event.undoes],
    [_("Made from check-outs"), event.inputs?.join(", ")],
    [_("Reason"), event.reason && reasonWords(event.reason)],
    [_("Declared"), declared(event.declared)],
    [_("Label fingerprint"), printWords(prints)],
    [_("Time"), moment(event.timeMs)],
    [_("Log"), event.log],
  ].filter(([, value]) => value);
  return { title: actWords(event.op), lines, lists: listed(lists) };
}

/** Who they are: [[role, GLN]] as [[roles, name (GLNs)]], each once that goes by one name or number. */
export function whoWords(roles, names) {
  const found = new Map();
  for (const [role, gln] of roles) {
    if (!gln) continue;
    const who = names[gln] || gln;
    const { said, glns } = found.get(who) ?? { said: [], glns: [] };
    found.set(who, { said: [...said, role], glns: [...new Set([...glns, gln])] });
  }
  return [...found].map(([who, { said, glns }]) => [said.join(", "), who === glns[0] ? who : `${who} (${glns.join(", ")})`]);
}

/** How many packs there are of each GTIN among ids. */
export function countProducts(ids) {
  const found = new Map();
  for (const id of ids) {
    const [, gtin] = /\/01\/([0-9]{14})\//.exec(id) ?? [];
    if (gtin) found.set(gtin, (found.get(gtin) ?? 0) + 1);
  }
  return found;
}

/** A product by its name, where it is known, and its GTIN. */
export function productName(gtin, names) {
  return names[gtin] ? _("%(name)s, GTIN %(gtin)s", { name: names[gtin], gtin }) : _("GTIN %(gtin)s", { gtin });
}

function productWords(ids, names) {
  const some = [...countProducts(ids)];
  const told = (gtin, n) => `${productName(gtin, names)}: ${_n("%(n)s pack", "%(n)s packs", n)}`;
  return some.length === 1 ? productName(some[0][0], names) : some.map((one) => told(...one)).join("; ");
}

/** A pack by GTIN and serial, a container by its SSCC: what stands in its Digital Link. */
export function shortId(id) {
  const parts = id.split("/").slice(3).map(decodeURIComponent);
  return parts[0] === "00" ? `SSCC ${parts[1]}` : `${parts[1]} · ${parts[3]}`;
}

/** A text in which ids are said as `shortId` says them. */
export function withShortIds(text) {
  return text.replace(/https:\/\/id\.gs1\.org\/0[01]\/[^\s,;]+/g, (id) => shortId(id));
}

/** What was wrong, by a problem (RFC 9457), as a sentence. */
export function why(problem) {
  return sentence(withShortIds(problem?.detail ?? problem?.title ?? _("It was refused.")));
}

/** What a problem says: what was wrong, then what to do. */
export function problemWords(problem) {
  return [why(problem), problem?.advice && sentence(problem.advice)].filter(Boolean).join(" ");
}

function sentence(words) {
  if (/[.!?。！？]$/.test(words)) return words;
  return `${words}${/\p{Script=Han}$/u.test(words) ? "。" : "."}`;
}

/** How many packs and containers there are among ids. */
export function countWords(ids) {
  const units = ids.filter((id) => id.includes("/00/")).length;
  const packs = ids.length - units;
  return [
    packs || !units ? _n("%(n)s pack", "%(n)s packs", packs) : "",
    units ? _n("%(n)s container", "%(n)s containers", units) : "",
  ]
    .filter(Boolean)
    .join(", ");
}

/** The lists of a statement that are not empty, each with its name. */
export function listed({ items = [], over = [], missing = [] }) {
  return [
    [_("Items"), items],
    [_("Found too much"), over],
    [_("Missing inside a container"), missing],
  ].filter(([, ids]) => ids.length);
}

/** One commitment as it is written, of several how many. */
function printWords(prints) {
  return prints.length > 1 ? _n("%(n)s commitment", "%(n)s commitments", prints.length) : prints[0];
}

function declared(text) {
  if (text === "after_the_fact") return _("recorded after the fact");
  return text === "not_handed_out" ? _("not handed out") : text;
}

function moment(ms) {
  const at = new Date(ms);
  return at.toLocaleString(document.documentElement.lang, { timeZoneName: "short" });
}
