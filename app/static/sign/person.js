/** Who is at a shared station: asks for a staff number and a PIN, badge or passkey. */

import { me } from "../me.js";
import { _ } from "../words.js";
import { element } from "../verdict.js";
import * as keys from "./keys.js";

const PATIENCE = 5; // wrong tries before a pause
const PAUSE = 30_000; // ms

const at = (id) => document.getElementById(id);
let wrong = 0;
let until = 0;

/** The keys of people who use this station at this site; whoever has left is none of them. */
export async function people() {
  const found = (await keys.all(me.log)).filter((one) => one.state !== "revoked");
  return found.filter((one) => one.use === "person" && one.sealed && one.site === me.site);
}

/** A person's number and, where the site has one, name. */
export function personWords({ staff }) {
  const name = me.names[staff];
  return name ? `${staff} ${name}` : staff;
}

/** Who is here: as long as their key is open, else asks; null when nobody answers. */
export async function askPerson() {
  const found = await keys.present(me.log, me.lockMinutes);
  return found?.site === me.site ? found : changePerson();
}

/** Ask who is here now; resolves to their key's record, or null. */
export async function changePerson() {
  const some = await people();
  const box = at("person");
  at("person-choice").replaceChildren(...some.map((one, place) => choice(one, place === 0)));
  at("person-secret").value = "";
  at("person-error").hidden = true;
  const chosen = () => some.find((one) => one.keyid === new FormData(at("person-form")).get("person"));
  const fit = () => {
    at("person-typed").hidden = chosen()?.sealed.how === "passkey";
  };
  at("person-choice").onchange = fit;
  fit();
  box.showModal();
  (some.length > 1 ? at("person-title") : at("person-secret")).focus();
  return new Promise((done) => {
    const over = (record) => {
      at("person-form").onsubmit = null;
      at("person-no").onclick = null;
      box.oncancel = null;
      if (box.open) box.close();
      at("person-secret").value = "";
      done(record);
    };
    at("person-form").onsubmit = async (event) => {
      event.preventDefault();
      const record = chosen();
      const words = record ? await tried(record, at("person-secret").value) : _("Choose who you are.");
      if (!words) return over(record);
      at("person-error").textContent = words;
      at("person-error").hidden = false;
      at("person-secret").value = "";
      at("person-secret").focus();
      return undefined;
    };
    at("person-no").onclick = () => over(null);
    box.oncancel = () => over(null);
  });
}

/** Try to open a key: "" when it is open, else what to tell. */
async function tried(record, typed) {
  if (Date.now() < until) return _("Too many wrong tries. Wait half a minute.");
  try {
    await keys.unlock(record, await seal(record, typed));
    wrong = 0;
    return "";
  } catch (error) {
    if (error.code !== "wrong" && error.code !== "pin" && error.code !== "badge") {
      return _("The passkey did not answer. Try again.");
    }
    wrong += 1;
    if (wrong % PATIENCE === 0) until = Date.now() + PAUSE;
    return _("That is not right. Try again.");
  }
}

function seal({ sealed }, typed) {
  if (sealed.how === "passkey") return keys.opened(sealed);
  return sealed.how === "pin" ? keys.pin(typed) : keys.badge(typed);
}

function choice(record, checked) {
  const label = element("label");
  const input = element("input");
  Object.assign(input, { type: "radio", name: "person", value: record.keyid, checked });
  label.append(input, ` ${personWords(record)}`);
  return label;
}
