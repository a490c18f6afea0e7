/**
 * The one place that signs statements: it shows what the bytes say, and signs when a person presses the
 * button. Nothing that somebody else built is signed unread.
 */

import { me } from "../me.js";
import { asked } from "../server.js";
import { _, _n } from "../words.js";
import { base64Bytes, canonical, hex } from "./bytes.js";
import { SignDialog } from "./dialog.js";
import { GOVERNANCE, envelope, signatureLine, statementId, submission } from "./envelope.js";
import { inForce } from "./in_force.js";
import * as keys from "./keys.js";
import * as outbox from "./outbox.js";
import { assertionLine } from "./passkeys.js";
import { askPerson, people, personWords } from "./person.js";
import { eventOf, governanceOf, requestOf, waitingOf } from "./statement.js";

export { now } from "./statement.js";

const dialog = document.getElementById("sign") ? new SignDialog() : null;
let busy = false;

/**
 * Let a person read and sign one act, or several in one press.
 *
 * An act is {op, ids, over?, missing?, extras?, fields?, names?}: `fields` as event.js has them, `names`
 * by GLN, for display; or {body}, a record that belongs to them, see `record`. Answers for each, with its `id`, {status: "landed", receipt}, {status: "refused",
 * problem}, {status: "waiting"} (no line: it is sent later) or {status: "colleague"} (it waits for a second
 * person's signature); null when it was not signed at all.
 */
export async function act(wanted) {
  const acts = Array.isArray(wanted) ? wanted : [wanted];
  const outcomes = await signing(
    () => signers(acts.filter((one) => !one.body).map((one) => one.op)),
    () => Promise.all(acts.map((one) => (one.body ? governanceOf(one.body) : eventOf(one)))),
  );
  return outcomes && !Array.isArray(wanted) ? outcomes[0] : outcomes;
}

/**
 * Sign governance statements by this browser's admin key, or by the key that is named.
 *
 * Each is a body, or {body, ids} where it is about listed packs alone: their list and its secret go along.
 * What an authority signs by several keys answers {status: "colleague"}: it waits at /waiting.
 */
export function govern(bodies, keyid = "") {
  return signing(() => governor(keyid), () => governing(bodies));
}

/** Sign records of the session's party, as of documents, by the keys that sign its acts; see `govern`. */
export function record(bodies) {
  return signing(() => signers([]), () => governing(bodies));
}

function governing(bodies) {
  return Promise.all(bodies.map((one) => (one.body ? governanceOf(one.body, one.ids) : governanceOf(one))));
}

/** Approve a request to join as the page shows it, see `requestOf`. */
export function approve(request) {
  return signing(() => governor(), async () => [await requestOf(request)]);
}

/** Add a second person's signature to an act that waits, see `waitingOf`. */
export function countersign(told, op) {
  const { payloadType, signatures } = told.envelope;
  const whose = () => (payloadType === GOVERNANCE ? governor("", signatures) : signers([op], signatures));
  return signing(whose, async () => [await waitingOf(told, op)]);
}

/**
 * One act at a time, from the question who signs to the last answer; null for what is asked meanwhile. A
 * second one in the same dialog would be signed by the press that was meant for the first.
 */
async function signing(findSigners, findStatements) {
  if (busy) return null;
  busy = true;
  try {
    return await oneSigning(findSigners, findStatements);
  } finally {
    busy = false;
  }
}

/** Who signs, then what, then the person's press, then off it goes. */
async function oneSigning(findSigners, findStatements) {
  let statements;
  let who;
  try {
    who = await findSigners();
    if (!who) return null;
    statements = await findStatements();
  } catch (error) {
    await dialog.refuse(_("This cannot be signed"), error.message);
    return null;
  }
  const by = _("Signed by: %(keys)s", { keys: who.map(keyWords).join(", ") });
  // A passkey is the second factor of an act on packs; what an authority governs, several people sign.
  const passkey = statements.every((one) => one.type === GOVERNANCE) ? null : await passkeyOf(who);
  const need = statements.some(needsSecond);
  const second = await dialog.ask(statements, by, need ? (passkey ? "passkey" : "colleague") : "none");
  if (!second) return null;
  try {
    dialog.state(_n("Signing…", "Signing %(n)s statements…", statements.length));
    const made = [];
    for (const one of statements) made.push(await signed(one, who, second, passkey));
    await keep(made.filter((one) => !one.waits));
    dialog.state(_("Sending…"));
    const outcomes = [];
    for (const one of made) outcomes.push(await sent(one));
    return outcomes;
  } catch (error) {
    const words = faultWords(error);
    if (!words) throw error;
    await dialog.refuse(_("Not signed"), words);
    return null;
  } finally {
    dialog.close();
  }
}

/** What went wrong, in words; "" for what is a fault of this page. */
function faultWords(error) {
  if (error.code === "locked") return _("Your key was locked meanwhile. Unlock it, and sign again.");
  if (error.name === "NotAllowedError") return _("The passkey did not answer. Sign again, or let a colleague sign.");
  if (!(error instanceof DOMException)) return "";
  return _("This browser could not keep what was signed, so that it was not sent. Is its storage full, or was it cleared?");
}

/**
 * Whether somebody else is to sign as well: of an act on packs, where nobody has signed yet; of what an
 * authority's keys sign together, until all but one of them have.
 */
function needsSecond({ type, op, lines }) {
  if (type !== GOVERNANCE) return me.threshold > 1 && me.sensitive.includes(op) && !lines.length;
  const hands = op === "key-add" ? lines.length - 1 : lines.length; // a new key's own counts for nothing
  return me.several.includes(op) && hands + 1 < me.threshold;
}

/** The passkey in this browser of the person who signs, or null. */
async function passkeyOf(who) {
  const { staff } = who.find((one) => one.use === "person") ?? who[0];
  const all = await keys.all(me.log);
  const fits = (one) => one.use === "passkey" && one.party === me.party && one.site === me.site;
  const found = all.find((one) => fits(one) && one.staff === staff && one.state !== "revoked");
  return found && (found.state === "ready" || (await isApproved(found))) ? found : null;
}

/** Whether a key that asked to be approved is on the log by now: nobody may have looked since. */
async function isApproved({ keyid }) {
  if (!(await inForce(keyid).catch(() => false))) return false; // no line: it is not used now
  await keys.mark(keyid, "ready");
  return true;
}

function keyWords(record) {
  const about = record.use === "person" ? personWords(record) : record.use;
  return `${about} (${record.keyid.slice(0, 8)}…)`;
}

/**
 * The keys that sign acts: the session's, with that of the person at a shared station. Null when nobody
 * said who they are. Throws, in words, where this browser cannot sign them.
 */
async function signers(ops, others = []) {
  const record = (await keys.all(me.log)).find((one) => one.keyid === me.keyid);
  if (!record) {
    throw new Error(_("This browser does not hold the key that you signed in with. Sign in with one of its own, or ask for an invitation."));
  }
  const missing = ops.find((op) => !me.operations.includes(op));
  if (missing) throw new Error(_("Your key may not sign this."));
  const who = await present(record);
  if (!who) return null;
  const fresh = who.filter((one) => !others.some((line) => line.keyid === one.keyid));
  // Another station beside the same person is nobody else.
  if (!fresh.length || who.some((one) => one.use === "person" && !fresh.includes(one))) {
    throw signedAlready();
  }
  return fresh;
}

function signedAlready() {
  return new Error(_("You have signed this already; the second signature is a colleague's."));
}

async function present(record) {
  const shared = record.use !== "person" && (await people()).length > 0;
  if (!shared && !record.sealed) return [record];
  const person = await askPerson();
  if (!person) return null;
  return person.keyid === record.keyid ? [record] : [record, person];
}

async function governor(keyid = "", others = []) {
  const mine = (await keys.all(me.log)).filter((one) => one.party === me.party);
  const record = mine.find((one) => (keyid ? one.keyid === keyid : one.use === "admin" && one.keyid === me.keyid));
  if (!record) {
    throw new Error(_("This browser does not hold the administrator's key that you signed in with."));
  }
  if (others.some((line) => line.keyid === record.keyid)) throw signedAlready();
  if (record.sealed && !(await askPerson())) return null;
  return [record];
}

async function signed(one, who, from, passkey) {
  const { type, op, payload, what, lines, lists, secret } = one;
  const id = await statementId(type, payload);
  const own = [];
  for (const record of who) own.push(await signatureLine(await keys.signer(record), type, payload));
  const needs = needsSecond(one);
  if (needs && from === "passkey") {
    dialog.state(_("Your device asks for your passkey."));
    own.push(await assertionLine(passkey, type, payload));
  }
  const whole = envelope(type, payload, [...lines, ...own]);
  const body = submission({ envelope: whole, ...lists, secret: secret && hex(secret) });
  const waits = needs && from === "colleague";
  return { id, type, op, body, envelope: canonical(whole), words: what, waits };
}

/** Keep all that one press signed before any of it is sent, or none. */
async function keep(made) {
  try {
    for (const { id, body, envelope: bytes, words } of made) {
      await outbox.keep({ id, body, envelope: bytes, words });
    }
  } catch (error) {
    for (const { id } of made) await outbox.acknowledge(id).catch(() => {}); // it may be cleared as well
    throw error;
  }
}

/** An act that waits goes to a colleague first; all others to the log, and back where that wants more. */
async function sent({ waits, ...one }) {
  if (waits) return handedOver(one);
  const told = await outbox.send(one.id);
  const several = one.type === GOVERNANCE ? me.several.length > 0 : me.sensitive.includes(one.op);
  if (told.problem?.code !== "threshold" || !several) return told;
  await outbox.acknowledge(one.id);
  return handedOver(one);
}

async function handedOver(one) {
  try {
    const answer = await fetch("/api/waiting", { method: "POST", body: one.body });
    if (answer.ok) return (await answer.json()).complete ? together(one) : { id: one.id, status: "colleague" };
    return { id: one.id, status: "refused", problem: await answer.json() };
  } catch {
    const detail = _("The server cannot be reached. Check the line.");
    return { id: one.id, status: "refused", problem: { title: detail, detail } };
  }
}

/** Send what colleagues have signed at the same time: their signatures were put together meanwhile. */
async function together({ id, words }) {
  const answer = await fetch(`/api/waiting/${id}`);
  if (!answer.ok) return { id, status: "colleague" }; // one of them has sent it
  const told = await answer.json();
  const { payload, payloadType: type, signatures } = told.envelope;
  if ((await statementId(type, base64Bytes(payload))) !== id) {
    throw new Error(_("The server answered with another statement. Nothing was sent."));
  }
  const bytes = canonical({ payload, payloadType: type, signatures });
  await outbox.keep({ id, body: JSON.stringify(told), envelope: bytes, words });
  return outbox.send(id);
}
