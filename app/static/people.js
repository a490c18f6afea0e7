/** The page /people: an administrator invites, approves and revokes; each act is signed here. */

import { me } from "./me.js";
import { _ } from "./words.js";
import { asked } from "./server.js";
import { approve, govern } from "./sign/sign.js";
import { shown } from "./sign/fingerprint.js";
import * as keys from "./sign/keys.js";

const at = (id) => document.getElementById(id);
const requests = JSON.parse(at("requests").textContent);

function fail(words) {
  at("error").textContent = words;
  at("error").hidden = false;
  at("error").focus();
}

async function post(path, value) {
  at("error").hidden = true;
  try {
    return await asked(path, { method: "POST", body: JSON.stringify(value) });
  } catch (error) {
    fail(error.message);
    return null;
  }
}

async function invite(event) {
  event.preventDefault();
  const wanted = Object.fromEntries(new FormData(event.target));
  const told = await post("/api/invitations", wanted);
  if (!told) return;
  const link = new URL(told.path, location.href).href;
  at("invited-link").href = link;
  at("invited-link").textContent = link;
  at("invited").hidden = false;
  at("invited-link").focus();
}

/** What was signed has landed: show the page anew; else say what stood in its way. */
function settled(outcomes) {
  if (!outcomes) return;
  const refused = outcomes.filter((one) => one.status === "refused");
  if (refused.length) fail(refused.map(({ problem }) => problem.detail ?? problem.title).join(" "));
  else if (outcomes.some((one) => one.status === "colleague")) location.assign("/waiting");
  else location.reload();
}

async function onApprove(id) {
  const request = requests.find((one) => one.id === id);
  try {
    settled(await approve(request));
  } catch (error) {
    fail(error.message);
  }
}

async function onRevoke(event) {
  event.preventDefault();
  const { revoke, staff } = event.target.dataset;
  const reason = new FormData(event.target).get("reason");
  // A leaver's keys end together, in one press; the same number at another site is somebody else's.
  const alike = [...event.target.closest("section").querySelectorAll("[data-revoke]")].filter(
    (one) => staff && one.dataset.staff === staff,
  );
  const all = reason === "left" && alike.length ? alike.map((one) => one.dataset.revoke) : [revoke];
  settled(await govern([...new Set(all)].map((keyid) => ({ type: "key-revoke", keyid, reason }))));
}

async function onLock(event) {
  event.preventDefault();
  const minutes = Number(event.target.querySelector("input").value);
  const told = await post("/api/lock", { site: event.target.dataset.lock, minutes });
  if (told) at("progress").textContent = _("Kept.");
}

at("invite")?.addEventListener("submit", invite);
for (const button of document.querySelectorAll("[data-approve]")) {
  button.addEventListener("click", () => onApprove(button.dataset.approve));
}
for (const button of document.querySelectorAll("[data-withdraw]")) {
  button.addEventListener("click", async () => {
    if (await post(`/api/invitations/${button.dataset.withdraw}/withdraw`, {})) location.reload();
  });
}
for (const form of document.querySelectorAll("[data-revoke]")) form.addEventListener("submit", onRevoke);
for (const form of document.querySelectorAll("[data-lock]")) form.addEventListener("submit", onLock);
for (const place of document.querySelectorAll(".fingerprint[data-keyid]")) {
  place.replaceWith(shown(place.dataset.keyid));
}
const mine = new Set((await keys.all(me.log)).map((one) => one.keyid));
for (const place of document.querySelectorAll("[data-mine]")) {
  place.hidden = !mine.has(place.dataset.mine);
}
