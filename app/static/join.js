/** The page /join/…: makes a key for what the invitation says, and asks for approval. */

import { _ } from "./words.js";
import { base64, hex, random } from "./sign/bytes.js";
import { GOVERNANCE, envelope, signatureLine, submission } from "./sign/envelope.js";
import { shown } from "./sign/fingerprint.js";
import { buildGovernance } from "./sign/governance.js";
import * as keys from "./sign/keys.js";

const WAIT = 3_000; // ms between two looks whether the key was approved

const at = (id) => document.getElementById(id);
const { terms, token, now } = JSON.parse(at("terms").textContent);
const form = at("make");

function fail(words) {
  at("error").textContent = words;
  at("error").hidden = false;
}

async function seal() {
  const how = new FormData(form).get("how") ?? "none";
  if (how === "none") return null;
  if (how === "passkey") return keys.passkey(_("Packtrace, staff %(number)s", { number: terms.staff }));
  return how === "pin" ? keys.pin(at("secret").value) : keys.badge(at("secret").value);
}

function sealWords(error) {
  const words = {
    pin: _("A PIN has six to twelve digits."),
    badge: _("A badge's code has twelve characters or more."),
    prf: _("This passkey cannot seal a key (it has no PRF extension). Choose a PIN or a badge."),
  };
  return words[error.code] ?? _("The passkey did not answer. Try again.");
}

async function make() {
  at("error").hidden = true;
  let sealed;
  try {
    sealed = await seal();
  } catch (error) {
    fail(sealWords(error));
    return;
  }
  await keys.persist();
  const about = {
    log: terms.log, party: terms.by, site: terms.sites[0], use: terms.use, staff: terms.staff ?? "", token,
  };
  await ask(await keys.make(about, sealed));
}

/** Sign the key-add with the new key itself, and hand it in for approval. */
async function ask(record) {
  const { staff, ...rest } = terms;
  const payload = buildGovernance({
    type: "key-add",
    ...rest,
    ...(staff ? { staff } : {}),
    key: base64(record.raw),
    nonce: hex(random(16)),
    time: `${new Date(now).toISOString().slice(0, 19)}Z`,
  });
  const line = await signatureLine(await keys.signer(record), GOVERNANCE, payload);
  const body = submission({ envelope: envelope(GOVERNANCE, payload, [line]) });
  const answer = await fetch(`/api/join/${token}`, { method: "POST", body });
  const told = await answer.json();
  if (!answer.ok) {
    await keys.forget(record.keyid);
    fail(`${told.detail} ${told.advice ?? ""}`);
    return;
  }
  show("asked", record.keyid);
}

function show(step, keyid) {
  form.hidden = step !== "open";
  at("asked").hidden = step !== "asked";
  at("ready").hidden = step !== "ready";
  if (keyid) at("mark").replaceChildren(shown(keyid));
  if (step === "asked") setTimeout(look, WAIT);
}

async function look() {
  const answer = await fetch(`/api/join/${token}`).catch(() => null);
  const told = answer?.ok ? await answer.json() : { state: "asked", keyid: "" };
  if (told.state === "ready") await keys.mark(told.keyid, "ready");
  show(told.state, told.keyid);
}

const why = await keys.unable();
for (const one of document.querySelectorAll("[data-unable]")) one.hidden = one.dataset.unable !== why;
if (!why) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    make();
  });
  form.addEventListener("change", () => {
    const how = new FormData(form).get("how");
    at("typed").hidden = how === "none" || how === "passkey";
  });
  await look();
}
