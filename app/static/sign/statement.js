/**
 * A statement before it is signed: its exact bytes, what these say, and what travels beside them.
 *
 * {type, payload, words, what, lines, lists, secret}: `words` are read back from `payload`, `lines` are
 * the signatures that it has already, `lists` and `secret` what only those entitled may see.
 */

import { me } from "../me.js";
import { _ } from "../words.js";
import { base64Bytes, bytesOf, canonical, hex, random, sha256 } from "./bytes.js";
import { EVENT, GOVERNANCE } from "./envelope.js";
import { buildEvent, readEvent } from "./event.js";
import { digits } from "./fingerprint.js";
import { buildGovernance, readGovernance } from "./governance.js";
import { governanceWords } from "./governance_words.js";
import { commit, listOf, listSecret } from "./items.js";
import { namesOf, numbersOf } from "./names.js";
import { actWords, countProducts, countWords, eventWords } from "./words.js";

const LISTS = ["items", "over", "missing"];
const loaded = [performance.now(), Date.now()];

/**
 * The log's own time, as this page was told it, ms since the epoch.
 *
 * The steady clock of a browser may stand still while the device sleeps (High Resolution Time, section
 * 4.1), the wall clock may be set back; the one that went further tells how long the page is open.
 */
export function now() {
  return Math.round(me.now + Math.max(performance.now() - loaded[0], Date.now() - loaded[1]));
}

/** An event of the session's party at its site: {op, ids, over?, missing?, extras?, fields?, names?}. */
export async function eventOf({ op, ids = [], over = [], missing = [], extras, fields = {}, names }) {
  const secret = random(32);
  const lists = { items: listOf(ids, extras), over: listOf(over), missing: listOf(missing) };
  const payload = buildEvent({
    op,
    by: me.party,
    log: me.log,
    site: me.site,
    nonce: hex(random(16)),
    timeMs: now(),
    timeOffset: offset(),
    ...(await commitments(lists, secret)),
    ...fields,
  });
  return eventFrom(payload, lists, secret, [], names);
}

async function eventFrom(payload, lists, secret, lines, names = {}) {
  const event = readEvent(payload);
  const told = await namesOf(numbersOf([event, [...countProducts(idsOf(lists.items)).keys()]]));
  const known = { ...told, [me.site]: me.siteName, [me.party]: me.partyName, ...names };
  const ids = Object.fromEntries(LISTS.map((name) => [name, idsOf(lists[name])]));
  const words = eventWords(event, ids, known, Object.values(extrasOf(lists.items)));
  const what = `${actWords(event.op)}: ${countWords(ids.items)}`;
  return { type: EVENT, op: event.op, payload, words, what, lines, lists, secret };
}

async function commitments(lists, secret) {
  const made = {};
  for (const name of LISTS) {
    if (!lists[name].length) continue;
    made[name] = await commit(idsOf(lists[name]), await listSecret(name, secret), extrasOf(lists[name]));
  }
  return made;
}

function idsOf(list) {
  return list.map((one) => one.id);
}

function extrasOf(list) {
  return Object.fromEntries(list.filter(({ extra }) => extra).map(({ id, extra }) => [id, extra]));
}

/**
 * A governance statement of the session's party; what every one has is filled in. One about listed packs
 * commits to them in its scope.
 */
export async function governanceOf(body, ids = []) {
  const time = `${new Date(now()).toISOString().slice(0, 19)}Z`;
  const whole = { by: me.party, log: me.log, nonce: hex(random(16)), time, ...body };
  if (!ids.length) return governanceFrom(buildGovernance(whole), []);
  const secret = random(32);
  const lists = { items: listOf(ids) };
  const { items } = await commitments({ items: lists.items, over: [], missing: [] }, secret);
  const listed = { ...whole, scope: { ...whole.scope, items } };
  return governanceFrom(buildGovernance(listed), [], lists, secret);
}

async function governanceFrom(payload, lines, lists = null, secret = null) {
  const body = readGovernance(payload);
  const ids = lists ? { items: idsOf(lists.items) } : {};
  const known = { ...(await namesOf(numbersOf(body))), [me.site]: me.siteName, [me.party]: me.partyName };
  const words = governanceWords(body, known, ids);
  return { type: GOVERNANCE, op: body.type, payload, words, what: actWords(body.type), lines, lists, secret };
}

/**
 * A request to join as an administrator's page shows it: {site, use, staff, keyid, envelope (text)}.
 *
 * Its bytes were built elsewhere: throws unless they say just what the page shows. The key's fingerprint
 * is said anew, by these bytes: two screens that agree prove nothing of a third key.
 */
export async function requestOf({ site, use, staff, keyid, envelope: text }) {
  const { payload: encoded, payloadType, signatures } = JSON.parse(text);
  const payload = base64Bytes(encoded);
  const body = payloadType === GOVERNANCE ? readGovernance(payload) : {};
  const same =
    body.type === "key-add" &&
    body.by === me.party &&
    body.log === me.log &&
    body.use === use &&
    (body.staff ?? "") === staff &&
    body.sites.join() === (use === "admin" ? "" : site) &&
    signatures.length === 1 &&
    signatures[0].keyid === keyid &&
    hex(await sha256(base64Bytes(body.key))) === keyid;
  if (!same) throw differs();
  const made = await governanceFrom(payload, signatures);
  made.words.lines.unshift([_("Compare with the other screen"), digits(keyid)]);
  return made;
}

/**
 * An act that a colleague has signed, as it was handed in: `told` is the submission, `op` what the page
 * says that it is.
 *
 * Its bytes were built elsewhere: throws unless they say that, and commit to just the items beside them.
 */
export async function waitingOf(told, op) {
  const { payload: encoded, payloadType, signatures } = told.envelope;
  const payload = base64Bytes(encoded);
  const secret = told.secret ? bytesOf(told.secret, 32) : new Uint8Array(32);
  if (payloadType === GOVERNANCE) return governanceWaiting(payload, told, secret, op);
  if (payloadType !== EVENT) throw differs();
  const event = readEvent(payload);
  const lists = Object.fromEntries(LISTS.map((name) => [name, told[name] ?? []]));
  const made = await commitments(lists, secret);
  const committed = Object.fromEntries(LISTS.filter((name) => event[name]).map((name) => [name, event[name]]));
  const same = hex(canonical(made)) === hex(canonical(committed));
  if (!same || event.op !== op || event.by !== me.party || event.log !== me.log) throw differs();
  if (event.site !== me.site) {
    throw new Error(_("This act is of another site. Sign in there to sign it."));
  }
  return eventFrom(payload, lists, secret, signatures);
}

async function governanceWaiting(payload, { envelope: { signatures }, items = [], over, missing }, secret, op) {
  const body = readGovernance(payload);
  const made = items.length ? await commit(idsOf(items), secret, extrasOf(items)) : undefined;
  const same = hex(canonical({ items: made })) === hex(canonical({ items: body.scope?.items }));
  if (!same || over || missing || body.type !== op || body.by !== me.party || body.log !== me.log) throw differs();
  return items.length ? governanceFrom(payload, signatures, { items }, secret) : governanceFrom(payload, signatures);
}

function differs() {
  return new Error(_("What is to be signed does not say what this page shows. Nothing was signed."));
}

function offset() {
  const minutes = -new Date().getTimezoneOffset();
  const two = (value) => String(Math.floor(Math.abs(value))).padStart(2, "0");
  return `${minutes < 0 ? "-" : "+"}${two(minutes / 60)}:${two(minutes % 60)}`;
}
