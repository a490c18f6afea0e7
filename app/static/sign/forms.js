/**
 * The EPCIS forms of all custody operations, as data (custody.md 3; `ledger.statement.forms`).
 *
 * An operation is told from an event by its exact tuple of type, action, business step, disposition and
 * reason.
 */

export const NOT_HANDED_OUT = "not_handed_out";
export const AFTER_THE_FACT = "after_the_fact";
export const QUARANTINE_REASONS = Object.freeze([
  "suspect", "damaged", "temperature", "complaint", "counterfeit_alert", "other",
]);
const VERDICT_CODE = /^[a-z][a-z-]{1,39}$/;

const PLAIN = {
  reasons: [], // allowed packtrace:reason, empty for none
  anyReason: false, // a verdict's code (inspect)
  bizLocation: true,
  items: "required", // or "optional"
  ilmd: false, // allowed
  inputs: false, // the check-outs whose packs went in
  parent: false,
  transfer: false, // source, destination and tracking number
  shipment: false,
  lists: false, // over and missing allowed
  undoes: false,
};

/** `words` are type, action, business step and disposition; a transformation has neither second nor last. */
function form(words, more = {}) {
  const [kind, action = "", step = "", disposition = ""] = words.split(" ");
  return Object.freeze({ ...PLAIN, type: `${kind}Event`, action, step, disposition, ...more });
}

const away = { bizLocation: false };
const sent = { bizLocation: false, transfer: true };
const RETURN = "Object OBSERVE shipping returned";
const VOID = "Object OBSERVE void_shipping in_progress";

/** Operation -> its form; an operation of a name that is not here does not exist. */
export const FORMS = Object.freeze({
  __proto__: null,
  commission: form("Object ADD commissioning active", { ilmd: true }),
  pack: form("Aggregation ADD packing in_progress", { parent: true }),
  unpack: form("Aggregation DELETE unpacking in_progress", { parent: true, items: "optional" }),
  ship: form("Object OBSERVE shipping in_transit", sent),
  return: form(RETURN, { ...sent, reasons: ["return"] }),
  recall_return: form(RETURN, { ...sent, reasons: ["recall_return"] }),
  to_destruction: form(RETURN, { ...sent, reasons: ["to_destruction"] }),
  void: form(VOID, { shipment: true, reasons: ["void"] }),
  refuse: form(VOID, { shipment: true, reasons: ["refuse"] }),
  receive: form("Object OBSERVE receiving in_progress", { shipment: true, lists: true }),
  close_short: form("Object OBSERVE receiving in_progress", { shipment: true, reasons: ["close_short"] }),
  supply: form("Object OBSERVE dispensing dispensed"),
  open: form("Object OBSERVE dispensing partially_dispensed"),
  sample: form("Object OBSERVE sampling non_sellable_other", { reasons: ["sample"] }),
  free_sample: form("Object OBSERVE sampling non_sellable_other", { reasons: ["free_sample"] }),
  export: form("Object OBSERVE shipping in_transit", { ...away, reasons: ["export"] }),
  lost: form("Object OBSERVE stock_taking non_sellable_other", away),
  stolen: form("Object OBSERVE stock_taking stolen", away),
  destroyed: form("Object DELETE destroying destroyed", away),
  found: form("Object OBSERVE stock_taking sellable_not_accessible"),
  quarantine: form("Object OBSERVE holding non_sellable_other", { reasons: QUARANTINE_REASONS }),
  release: form("Object OBSERVE inspecting sellable_accessible"),
  check_out: form("Object OBSERVE repackaging unavailable"),
  repack: form("Transformation  repackaging", { ilmd: true, inputs: true }),
  transfer: form("Object OBSERVE accepting in_progress", { reasons: ["transfer"] }),
  undo: form("Object OBSERVE storing sellable_accessible", { undoes: true }),
  enrol: form("Object OBSERVE inspecting", { reasons: ["enrol"] }),
  inspect: form("Object OBSERVE inspecting", { anyReason: true }),
});

/** The operation that has this exact tuple, "" where the event leaves a field out; "" when there is none. */
export function operationOf(type, action, step, disposition, reason) {
  const same = Object.entries(FORMS).filter(
    ([, one]) =>
      one.type === type && one.action === action && one.step === step && one.disposition === disposition,
  );
  const [exact] = same.find(([, one]) => reasonsOf(one).includes(reason)) ?? [];
  if (exact) return exact;
  const [any] = same.find(([, one]) => one.anyReason) ?? [];
  return any && typeof reason === "string" && VERDICT_CODE.test(reason) ? any : "";
}

function reasonsOf({ reasons, anyReason }) {
  if (anyReason) return [];
  return reasons.length ? reasons : [""];
}
