/**
 * Governance statements that people sign in a browser, as exact bytes, and read back (custody.md 2).
 *
 * The same rules as `ledger.statement.governance`, but for genesis, which is made at the command line,
 * and for the points of keys, which the log checks.
 */

import { base64Bytes, canonical, parseCanonical } from "./bytes.js";
import * as fields from "./fields.js";
import { FORMS } from "./forms.js";

const ROLES = ["auditor", "authority", "carrier", "manufacturer", "pharmacy", "repackager", "wholesaler"];
const PASSKEY = "passkey";
const USES = ["admin", "gateway", "person", "sensor", "station", PASSKEY];
const REVOCATIONS = ["compromised", "left", "lost", "retired"];
const OPERATIONS = Object.keys(FORMS).sort();
const COUNTRY = /^[A-Z]{2}$/;
const LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
// A host name, but no address, which ends in a number.
const HOST = new RegExp(`^(?=.{1,253}$)(?:${LABEL}\\.)*(?![0-9]+$)${LABEL}$`);

// Each takes a value and its name.
const line = (value, what) => fields.words(value, what);
const statement = (value, what) => fields.hexOf(value, 32, what);
const key = (value, what) => base64Bytes(value, 32, what);
const country = (value, what) => fields.match(COUNTRY, value, `${what} is two capital letters`);
const prefix = (value, what) => fields.match(/^[0-9]{4,12}$/, value, `${what} has 4 to 12 digits`);
const within = (low, high) => (value, what) => fields.whole(value, low, high, what);
const among = (...allowed) => (value, what) => fields.among(value, allowed, what);
const listOf = (each, low, high) => (value, what) =>
  fields.sorted(value, low, high, what, (one) => each(one, `one of ${what}`));
const truth = (value, what) => {
  if (typeof value !== "boolean") throw new Error(`${what} is true or false`);
};
/** What is true, or is left out: false in the bytes would say the same in two ways. */
const yes = Object.assign(
  (value, what) => {
    if (value !== true) throw new Error(`${what} is true, or is left out`);
  },
  { optional: true },
);
const operations = listOf(among(...OPERATIONS), 0, OPERATIONS.length);
const optional = (check) => Object.assign((value, what) => check(value, what), { optional: true });
const object = (rules) => (value, what) => checkObject(value, rules, what);

const licence = object({ expires: fields.day, level: line, number: line });
const scope = object({
  gtin: fields.gtin,
  items: optional(fields.commitment),
  lots: optional(listOf(fields.lot, 1, 1000)),
  statement: optional(statement),
});
const count = within(0, 1e9);
/** An object whose names are of one kind and whose values are of another. */
const mapOf = (name, each) => (value, what) => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error(`${what} is an object`);
  for (const [key, one] of Object.entries(value)) {
    name(key, `a name in ${what}`);
    each(one, `${what}.${key}`);
  }
};
const site = object({
  activities: listOf(line, 0, 50), address: line, gln: fields.gln, licence, name: line,
});

const COMMON = {
  by: fields.gln,
  log: fields.origin,
  nonce: (value, what) => fields.hexOf(value, 16, what),
  time: fields.second,
  type: (value) => value,
};
const RULES = {
  __proto__: null,
  admit: {
    adminKeys: listOf(key, 1, 4),
    party: object({
      country,
      gln: fields.gln,
      licence,
      name: line,
      prefixes: listOf(prefix, 0, 100),
      roles: listOf(among(...ROLES), 1, ROLES.length),
    }),
    recoveryKey: key,
  },
  sites: { party: fields.gln, sites: sitesOf },
  suspend: { gln: fields.gln, reason: line },
  "key-add": {
    expires: fields.second,
    from: fields.second,
    key: (value, what) => base64Bytes(value, null, what), // its length is its use's, see checkKey
    operations,
    rpId: optional((value, what) => fields.match(HOST, value, `${what} is a host name in lower case`)),
    sites: listOf(fields.gln, 0, 100),
    staff: optional((value, what) => fields.words(value, what, 40)),
    use: among(...USES),
  },
  "key-revoke": { keyid: statement, reason: among(...REVOCATIONS), since: optional(fields.second) },
  policy: { policy: policyOf, replaces: statement },
  product: {
    form: line,
    gtin: fields.gtin,
    holder: fields.gln,
    markets: listOf(country, 1, 250),
    name: line,
    nationalCode: optional((value, what) => fields.words(value, what, 30)),
    packSize: line,
    packers: listOf(fields.gln, 0, 1000),
    storage,
    strength: line,
    wholesalers: listOf(fields.gln, 0, 1000),
  },
  hold: { reason: line, reviewBy: fields.day, scope: scopeOf },
  "lift-hold": { holdId: statement, reason: line },
  recall: {
    class: within(1, 3),
    deadline: fields.second,
    depth: among("patient", "pharmacy", "wholesale"),
    kind: among("recall", "withdrawal"),
    reason: line,
    scope: scopeOf,
  },
  "recall-answer": {
    counts: object({ destroyed: count, held: count, none: count, quarantined: count, returned: count }),
    recallId: statement,
    site: fields.gln,
  },
  "recall-close": { open: openOf, outcome: line, recallId: statement },
  document: { about: line, mediaType: line, sha256: statement, title: line },
};

/**
 * The canonical payload of a governance statement: `{by, log, nonce, time, type, …}`, fields as custody.md
 * 2 names them; what is undefined is left out. Throws, naming the field and its rule.
 */
export function buildGovernance(body) {
  const rules = Object.hasOwn(RULES, body?.type) ? RULES[body.type] : null;
  if (!rules) throw new Error(`a browser signs no ${body?.type}`);
  checkObject(body, { ...COMMON, ...rules }, "");
  if (body.type === "key-add") checkKey(body);
  return canonical(body);
}

/** What a governance payload says. Throws when the bytes are not exactly those of `buildGovernance`. */
export function readGovernance(bytes) {
  const body = parseCanonical(bytes, "a governance statement");
  buildGovernance(body);
  return body;
}

function checkObject(value, rules, what) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Error(`${what} is an object`);
  }
  const named = (name) => (what ? `${what}.${name}` : name);
  const strange = Object.keys(value).find((name) => !Object.hasOwn(rules, name));
  if (strange) throw new Error(`there is no field ${named(strange)}`);
  for (const [name, check] of Object.entries(rules)) {
    if (value[name] !== undefined) check(value[name], named(name));
    else if (!check.optional) throw new Error(`${named(name)} is missing`);
  }
  return value;
}

function checkKey({ use, key: text, rpId, sites, operations: may, from, expires }) {
  if ((use === PASSKEY) !== (rpId !== undefined)) {
    throw new Error("a passkey names its rpId, and no other key does");
  }
  const { length } = base64Bytes(text);
  if (length !== 32 && !(use === PASSKEY && length === 33)) {
    throw new Error("a key has 32 bytes, a passkey 32 or 33");
  }
  if (use === "admin" ? sites.length || may.length : !sites.length || !may.length) {
    throw new Error("an admin key has no sites and operations, every other key has both");
  }
  if (from >= expires) throw new Error("a key expires after it comes into force");
}

function storage(value, what) {
  object({ max: within(-273, 200), min: within(-273, 200) })(value, what);
  if (value.max < value.min) throw new Error(`${what}.max is not below ${what}.min`);
}

function policyOf(value, what) {
  object({
    backdate: within(0, 1e9),
    disputeDays: within(0, 1e4),
    exportUndo: truth,
    fingerprint: optional(fingerprintOf),
    maxAge: within(1, 1e9),
    products: mapOf(fields.gtin, object({ fingerprintAsk: yes, maxTransit: within(1, 1e6), storage })),
    repeatGrace: within(0, 1e9),
    roles: mapOf(among(...ROLES), operations),
    scanRetention: within(0, 1e5),
    see: object({ down: within(0, 5), up: within(0, 5) }),
    sensitive: operations,
    supplyBy: mapOf(among(...ROLES), listOf((one, name) => fields.words(one, name, 40), 0, 100)),
    threshold: within(1, 4),
    undoHours: within(0, 1e6),
  })(value, what);
}

function fingerprintOf(value, what) {
  object({ ask: yes, offline: yes })(value, what);
  if (!value.ask && !value.offline) throw new Error(`${what} says ask, offline or both, or is left out`);
}

function scopeOf(value, what) {
  scope(value, what);
  const narrowed = ["items", "lots", "statement"].filter((name) => value[name] !== undefined);
  if (narrowed.length > 1) throw new Error("a scope names lots, or items, or a statement, or none of them");
}

function sitesOf(value, what) {
  if (!Array.isArray(value)) throw new Error(`${what} is a list`);
  value.forEach((one) => site(one, "a site"));
  fields.sorted(value.map((one) => one.gln), 1, 100, `${what}, by gln,`, () => {});
}

function openOf(value, what) {
  if (!Array.isArray(value)) throw new Error(`${what} is a list`);
  value.forEach((one) => object({ count: within(1, 1e9), reason: line })(one, what));
}
