/** The page /login: sign in with a key of this browser, by signing the server's challenge. */

import { asked } from "./server.js";
import { element } from "./verdict.js";
import { _ } from "./words.js";
import * as keys from "./sign/keys.js";
import { shown } from "./sign/fingerprint.js";
import { signIn } from "./signing_in.js";

const at = (id) => document.getElementById(id);
const { log } = JSON.parse(at("login").textContent);
let asking = null; // goes on with the key that was pressed last, once its PIN is typed

function fail(words) {
  at("error").textContent = words;
  at("error").hidden = false;
  at("error").focus();
}

/** A sealed key is opened by its owner first; resolves once it is open, throws where it stays locked. */
async function opened(record, typed) {
  if (!record.sealed || (await keys.present(log, 1))?.keyid === record.keyid) return;
  if (record.sealed.how === "passkey") {
    await keys.unlock(record, await keys.opened(record.sealed));
    return;
  }
  await keys.unlock(record, record.sealed.how === "pin" ? keys.pin(typed) : keys.badge(typed));
}

// A path of ours: nothing that a browser takes for another host, nor drops as it does tabs and line ends.
const LOCAL = /^\/(?![/\\])[!-~]*$/;
const LOCKED = ["wrong", "pin", "badge", "prf"];

/** Sign in by a key; one that a PIN or a badge seals waits for it to be typed. */
async function press(record, site, typed = null) {
  at("error").hidden = true;
  const typing = ["pin", "badge"].includes(record.sealed?.how);
  if (typing && typed === null && (await keys.present(log, 1))?.keyid !== record.keyid) {
    asking = () => press(record, site, at("secret").value);
    at("unlock").hidden = false;
    at("secret").focus();
    return;
  }
  try {
    await opened(record, typed);
    await signIn(record, site);
    await keys.mark(record.keyid, "ready");
    const next = new URLSearchParams(location.search).get("next") ?? "/";
    location.assign(LOCAL.test(next) ? next : "/");
  } catch (error) {
    if (error.code === "key-revoked") await keys.mark(record.keyid, "revoked");
    fail(LOCKED.includes(error.code) ? _("That is not right. Try again.") : error.message);
  } finally {
    at("secret").value = "";
  }
}

/** Where a key may be used, and what it is, by what the log says of it. */
async function known(record) {
  return asked(`/api/keys/${record.keyid}`).catch(() => null);
}

async function line(record) {
  const told = await known(record);
  const item = element("li");
  const who = record.use === "admin" ? _("Administrator") : (told?.use ?? record.use);
  item.append(
    element("strong", [told?.party_name ?? record.party, who, record.staff].filter(Boolean).join(", ")),
    shown(record.keyid),
  );
  if (!told) {
    item.append(element("p", _("This key is not on the log yet: it waits for approval."), "hint"));
  } else if (told.revoked) {
    item.append(element("p", _("This key was revoked and signs nothing more."), "hint"));
    await keys.mark(record.keyid, "revoked");
  } else {
    for (const site of told.sign_in_at) {
      const button = element("button", _("Sign in at %(site)s", { site: `${site.name} (${site.gln})` }));
      button.addEventListener("click", () => press(record, site.gln));
      item.append(button);
    }
  }
  return item;
}

at("unlock").addEventListener("submit", (event) => {
  event.preventDefault();
  asking();
});
const why = await keys.unable();
for (const one of document.querySelectorAll("[data-unable]")) one.hidden = one.dataset.unable !== why;
if (!why) {
  const found = (await keys.all(log)).filter((one) => one.state !== "revoked" && one.use !== "passkey");
  at("none").hidden = found.length > 0;
  at("keys").replaceChildren(...(await Promise.all(found.map(line))));
  at("keys").removeAttribute("aria-busy");
}
