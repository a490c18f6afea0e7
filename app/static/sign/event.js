/**
 * The EPCIS 2.0 events that are statements, as exact bytes, and read back from them (statement.md 2).
 *
 * The same rules as `ledger.statement.events`; what an event may do is the log's to decide.
 */

import { canonical, equal, parseCanonical } from "./bytes.js";
import * as fields from "./fields.js";
import { AFTER_THE_FACT, FORMS, NOT_HANDED_OUT, operationOf } from "./forms.js";

const CONTEXT = [
  "https://ref.gs1.org/standards/epcis/2.0.1/epcis-context.jsonld",
  { cbvmda: "urn:epcglobal:cbv:mda:", packtrace: "https://packtrace.example/ns/" },
];
const SITE = "https://id.gs1.org/414/";
const PARTY = "https://id.gs1.org/417/";
const DESADV = "urn:epcglobal:cbv:bt:";
const OFFSET = /^(?:[+-](?:0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00)$/;
const NUMBER = /^[A-Z0-9-]{1,20}$/;
const MAX_INPUTS = 100; // check-outs that one repacking takes up

const NAMES = [
  "op", "by", "log", "site", "nonce", "timeMs", "timeOffset", "items", "over", "missing", "parent",
  "lot", "expiry", "shipment", "undoes", "inputs", "sourceParty", "destParty", "destSite", "number",
  "reason", "declared",
];
// Those that stand in the event under their own name, with `packtrace:` before it.
const OWN = [
  "log", "nonce", "items", "over", "missing", "shipment", "undoes", "inputs", "reason", "declared",
];

/**
 * The canonical payload of an event.
 *
 * `by`, `site`, `sourceParty`, `destParty` and `destSite` are GLNs; `items`, `over` and `missing` what
 * `commit` answers; `parent` an item's id; `expiry` YYYY-MM-DD; `nonce`, `shipment`, `undoes` and each of
 * `inputs` hex. What is null or undefined is left out; a reason and declaration that the form leaves no
 * choice of are filled in. Throws when these do not make an event of the operation's form.
 */
export function buildEvent(given) {
  const strange = Object.keys(given).find((name) => !NAMES.includes(name));
  if (strange) throw new Error(`an event has no field ${strange}`);
  const { op } = given;
  const need = typeof op === "string" ? FORMS[op] : undefined;
  if (!need) throw new Error(`there is no operation ${op}`);
  const event = filled(need, given);
  checkForm(op, need, event);
  return canonical(formOf(need, checkedValues(event)));
}

/** What the signer need not say, and without what is not there. */
function filled(need, given) {
  const there = Object.entries(given).filter(([, value]) => value !== null && value !== undefined);
  return {
    timeOffset: "+00:00",
    ...(need.reasons.length === 1 ? { reason: need.reasons[0] } : {}),
    ...(need.undoes ? { declared: NOT_HANDED_OUT } : {}),
    ...Object.fromEntries(there),
  };
}

/** Each field is there exactly when the operation's form has it. */
function checkForm(op, need, event) {
  const rules = {
    parent: need.parent,
    sourceParty: need.transfer,
    destParty: need.transfer,
    destSite: need.transfer,
    number: need.transfer,
    shipment: need.shipment,
    undoes: need.undoes,
    inputs: need.inputs,
    reason: need.reasons.length > 0 || need.anyReason,
  };
  for (const [name, needed] of Object.entries(rules)) {
    if (Object.hasOwn(event, name) !== needed) throw new Error(`${op} ${needed ? "needs" : "has no"} ${name}`);
  }
  if (!event.items && need.items === "required") throw new Error(`${op} needs items`);
  if ((event.over || event.missing) && !need.lists) throw new Error(`${op} has no over or missing`);
  const [lot, expiry] = [Object.hasOwn(event, "lot"), Object.hasOwn(event, "expiry")];
  if (lot !== expiry) throw new Error("lot and expiry are given together");
  if (lot && !need.ilmd) throw new Error(`${op} has no lot and expiry`);
  if (!lot && need.inputs) throw new Error(`${op} needs the new packs' lot and expiry`);
  const allowed = op === "undo" ? [NOT_HANDED_OUT] : [undefined, AFTER_THE_FACT];
  if (!allowed.includes(event.declared)) throw new Error(`${op} cannot declare ${event.declared}`);
  if (operationOf(need.type, need.action, need.step, need.disposition, event.reason ?? "") !== op) {
    throw new Error(`${op} cannot have the reason ${event.reason}`);
  }
}

const CHECKS = {
  op: (value) => value,
  by: (value) => fields.gln(value, "by"),
  log: (value) => fields.printable(value, "log"),
  site: (value) => fields.gln(value, "site"),
  nonce: (value) => fields.hexOf(value, 16, "nonce"),
  timeMs: (value) => fields.moment(value, "timeMs"),
  timeOffset: (value) => fields.match(OFFSET, value, "timeOffset is +hh:mm or -hh:mm"),
  items: (value) => fields.commitment(value, "items"),
  over: (value) => fields.commitment(value, "over"),
  missing: (value) => fields.commitment(value, "missing"),
  parent: (value) => fields.item(value, "parent"),
  lot: (value) => fields.lot(value),
  expiry: (value) => fields.day(value, "expiry"),
  shipment: (value) => fields.hexOf(value, 32, "shipment"),
  undoes: (value) => fields.hexOf(value, 32, "undoes"),
  inputs: (value) =>
    fields.sorted(value, 1, MAX_INPUTS, "inputs", (one) => fields.hexOf(one, 32, "an input")),
  sourceParty: (value) => fields.gln(value, "sourceParty"),
  destParty: (value) => fields.gln(value, "destParty"),
  destSite: (value) => fields.gln(value, "destSite"),
  number: (value) => fields.match(NUMBER, value, "a tracking number is 1 to 20 of A-Z, 0-9 and -"),
  reason: (value) => value,
  declared: (value) => value,
};

function checkedValues(event) {
  for (const name of ["by", "log", "site", "nonce", "timeMs"]) {
    if (!Object.hasOwn(event, name)) throw new Error(`an event needs ${name}`);
  }
  return Object.fromEntries(Object.entries(event).map(([name, value]) => [name, CHECKS[name](value)]));
}

function formOf(need, event) {
  const site = { id: SITE + event.site };
  const form = {
    "@context": CONTEXT,
    type: need.type,
    action: need.action || undefined,
    bizStep: need.step,
    disposition: need.disposition || undefined,
    eventTime: new Date(event.timeMs).toISOString(),
    eventTimeZoneOffset: event.timeOffset,
    readPoint: site,
    bizLocation: need.bizLocation ? site : undefined,
    parentID: event.parent,
    "packtrace:by": PARTY + event.by,
  };
  for (const name of OWN) form[`packtrace:${name}`] = event[name];
  if (event.lot !== undefined) {
    form.ilmd = { "cbvmda:lotNumber": event.lot, "cbvmda:itemExpirationDate": event.expiry };
  }
  if (need.transfer) {
    form.sourceList = [
      { type: "owning_party", source: PARTY + event.sourceParty },
      { type: "location", source: site.id },
    ];
    form.destinationList = [
      { type: "owning_party", destination: PARTY + event.destParty },
      { type: "location", destination: SITE + event.destSite },
    ];
    form.bizTransactionList = [{ type: "desadv", bizTransaction: `${DESADV}${event.by}:${event.number}` }];
  }
  return form;
}

/**
 * What an event says, by the names that `buildEvent` takes, without those that it leaves out.
 *
 * Throws when the bytes are not exactly those of one operation's form.
 */
export function readEvent(bytes) {
  const form = parseCanonical(bytes, "an event");
  const op = operationOf(
    form.type, form.action ?? "", form.bizStep, form.disposition ?? "", form["packtrace:reason"] ?? "",
  );
  if (!op) {
    throw new Error(`no operation is ${form.type} ${form.action} ${form.bizStep} ${form.disposition}`);
  }
  const by = after(PARTY, form["packtrace:by"], "packtrace:by");
  const event = {
    op,
    by,
    site: after(SITE, form.readPoint?.id, "readPoint"),
    timeMs: Date.parse(form.eventTime),
    timeOffset: form.eventTimeZoneOffset,
    parent: form.parentID,
    lot: form.ilmd?.["cbvmda:lotNumber"],
    expiry: form.ilmd?.["cbvmda:itemExpirationDate"],
  };
  for (const name of OWN) event[name] = form[`packtrace:${name}`];
  if (FORMS[op].transfer) {
    const target = form.destinationList;
    event.sourceParty = after(PARTY, form.sourceList?.[0]?.source, "the source's owner");
    event.destParty = after(PARTY, target?.[0]?.destination, "the destination's owner");
    event.destSite = after(SITE, target?.[1]?.destination, "the destination's location");
    const told = form.bizTransactionList?.[0]?.bizTransaction;
    event.number = after(`${DESADV}${by}:`, told, "the despatch advice");
  }
  // Whatever was not read from the bytes is missing from these, or stands there otherwise.
  if (!equal(buildEvent(event), bytes)) throw new Error(`these bytes are no event of the form of ${op}`);
  return Object.fromEntries(Object.entries(event).filter(([, value]) => value !== undefined));
}

function after(head, text, what) {
  if (typeof text !== "string" || !text.startsWith(head)) throw new Error(`${what} begins ${head}`);
  return text.slice(head.length);
}
