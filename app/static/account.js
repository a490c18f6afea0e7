/** The page /account: the session's key, another device, and what this browser keeps. */

import { me } from "./me.js";
import { _ } from "./words.js";
import { asked } from "./server.js";
import { shown } from "./sign/fingerprint.js";
import * as keys from "./sign/keys.js";
import { onChange } from "./sign/outbox.js";
import { govern } from "./sign/sign.js";
import { problemWords } from "./sign/words.js";
import { follow } from "./signing.js";

const at = (id) => document.getElementById(id);

function fail(words) {
  at("error").textContent = words;
  at("error").hidden = false;
  at("error").focus();
}

/** The way to another key of what this one may sign, or to a passkey beside it; "" where there is none. */
async function renewal(wanted) {
  at("error").hidden = true;
  try {
    return (await asked("/api/invitations/renewal", { method: "POST", body: JSON.stringify(wanted) })).path;
  } catch (error) {
    fail(error.message);
    return "";
  }
}

at("renew")?.addEventListener("click", async () => {
  const path = await renewal({});
  if (!path) return;
  const link = new URL(path, location.href).href;
  Object.assign(at("renewed-link"), { href: link, textContent: link });
  at("renewed").hidden = false;
});

at("passkey")?.addEventListener("click", async () => {
  const path = await renewal({ passkey: true });
  if (path) location.assign(path);
});

let leaving = []; // what was signed to revoke the session's key

at("retire")?.addEventListener("click", async () => {
  const outcomes = await govern([{ type: "key-revoke", keyid: me.keyid, reason: "retired" }], me.keyid);
  if (!outcomes) return;
  leaving = outcomes;
  await settled();
});

onChange(async () => {
  if (await follow(leaving)) await settled();
});

/** The key is gone once the log says so: until then it signs, here as well. */
async function settled() {
  const [{ status, problem }] = leaving;
  if (status === "refused") return fail(problemWords(problem));
  if (status === "colleague") return location.assign("/waiting");
  if (status === "waiting") return fail(_("Signed. It is sent as soon as the server can be reached."));
  await keys.mark(me.keyid, "revoked");
  return location.assign("/login");
}

for (const place of document.querySelectorAll(".fingerprint[data-keyid]")) {
  place.replaceWith(shown(place.dataset.keyid));
}
const mine = (await keys.all(me.log)).find((one) => one.keyid === me.keyid);
if (at("here")) at("here").textContent = mine ? _("yes") : _("no: sign in with a key of this browser to sign here");
at("persist").textContent = (await navigator.storage?.persisted?.())
  ? _("Your browser keeps this page's keys and unsent work until you remove them.")
  : _("Your browser may drop this page's keys and unsent work when it runs short of room, or when the page is not used for long. Send your work before you leave; a lost key takes two minutes to replace.");
