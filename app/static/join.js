/** The page /join/…: makes a key for what the invitation says, and asks for approval. */

import { _ } from "./words.js";
import { answerInvitation, invitation } from "./joining.js";
import { shown } from "./sign/fingerprint.js";
import * as keys from "./sign/keys.js";

const WAIT = 1_000; // ms between two looks whether the key was approved

const at = (id) => document.getElementById(id);
const { staff, token } = JSON.parse(at("invitation").textContent);
const form = at("make");

function fail(words) {
  at("error").textContent = words;
  at("error").hidden = false;
}

async function seal() {
  const how = new FormData(form).get("how") ?? "none";
  if (how === "none") return null;
  if (how === "passkey") return keys.passkey(_("Packtrace, staff %(number)s", { number: staff }));
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
  try {
    const { keyid } = await answerInvitation(token, sealed);
    show("asked", keyid);
  } catch (error) {
    fail(error.name === "NotAllowedError" ? sealWords(error) : error.message);
  }
}

function show(step, keyid) {
  form.hidden = step !== "open";
  at("asked").hidden = step !== "asked";
  at("ready").hidden = step !== "ready";
  if (keyid) at("mark").replaceChildren(shown(keyid));
  if (step === "asked") setTimeout(look, WAIT);
}

async function look() {
  let told;
  try {
    told = await invitation(token);
  } catch (error) {
    if (error.status === 404) at("progress").textContent = error.message;
    else setTimeout(look, WAIT); // how far it has come is not known: what is shown stays
    return;
  }
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
