/** The page /demo: joins somebody of a simulated world by a real statement, and signs in as them. */

import { _ } from "./words.js";
import { answerInvitation } from "./joining.js";
import { asked } from "./server.js";
import { signIn } from "./signing_in.js";
import { inForce } from "./sign/in_force.js";
import * as keys from "./sign/keys.js";

const at = (id) => document.getElementById(id);
const { log } = JSON.parse(at("demo").textContent);

function post(path, value) {
  return asked(path, { method: "POST", body: JSON.stringify(value) });
}

/** A key of this browser for a site, joined if there is none yet. */
async function keyFor({ role, site, use, staff }) {
  const found = (await keys.all(log)).find(
    (one) => one.site === site && one.use === use && one.staff === staff && one.state === "ready",
  );
  if (found && (await inForce(found.keyid))) return found;
  at("progress").textContent = _("Making a key and putting it on the log…");
  const { path } = await post("/demo/invitations", { role });
  const token = path.split("/").at(-1);
  const record = await answerInvitation(token, null);
  await post("/demo/approvals", { token });
  await keys.mark(record.keyid, "ready");
  return record;
}

async function press({ dataset }) {
  at("error").hidden = true;
  for (const one of at("people").children) one.disabled = true;
  try {
    await signIn(await keyFor(dataset), dataset.site);
    location.assign("/");
  } catch (error) {
    at("progress").textContent = "";
    at("error").textContent = error.message;
    at("error").hidden = false;
    at("error").focus();
    for (const one of at("people").children) one.disabled = false;
  }
}

const why = await keys.unable();
for (const one of document.querySelectorAll("[data-unable]")) one.hidden = one.dataset.unable !== why;
at("people").hidden = why !== "";
for (const button of at("people").children) button.addEventListener("click", () => press(button));
