/** The page /join: an organisation's first key, which its authority is to admit. */

import { _ } from "./words.js";
import { base64 } from "./sign/bytes.js";
import * as keys from "./sign/keys.js";

const at = (id) => document.getElementById(id);
const { log } = JSON.parse(at("organisation").textContent);

const why = await keys.unable();
for (const one of document.querySelectorAll("[data-unable]")) one.hidden = one.dataset.unable !== why;
at("make").hidden = why !== "";
at("make").addEventListener("submit", async (event) => {
  event.preventDefault();
  const party = at("gln").value.trim();
  at("error").hidden = /^[0-9]{13}$/.test(party);
  at("error").textContent = _("A GLN has 13 digits.");
  if (!at("error").hidden) return;
  await keys.persist();
  const made = await keys.make({ log, party, site: "", use: "admin", staff: "" });
  at("public").textContent = base64(made.raw);
  at("make").hidden = true;
  at("made").hidden = false;
});
