/** Documents: hashed here, kept by the server, put on the log by a signed statement, and checked again. */

import { me } from "./me.js";
import { base64Bytes, canonical, hex, sha256 } from "./sign/bytes.js";
import { readGovernance } from "./sign/governance.js";
import { verifyReceipt } from "./sign/receipt.js";
import { onChange } from "./sign/outbox.js";
import { record } from "./sign/sign.js";
import { problemWords } from "./sign/words.js";
import { list } from "./drafts.js";
import { KIND, MOST, bodyOf, described, remember, takeBack, tell, upload } from "./kept_files.js";
import { asked } from "./server.js";
import { _ } from "./words.js";

const at = (id) => document.getElementById(id);
let working = false; // from a press to the page that shows what came of it

function fail(words) {
  busy("");
  at("document-error").textContent = words;
  at("document-error").hidden = false;
  at("document-error").focus();
}

function busy(words) {
  at("document-state").textContent = words;
  at("document-state").hidden = !words;
}

async function onAdd(event) {
  at("document-error").hidden = true;
  const [file] = at("document-file").files;
  const title = at("document-title").value.trim();
  if (!file) return fail(_("Choose a file."));
  if (!title) return fail(_("Write a title: it is what others read of it."));
  if (file.size > MOST) return fail(_("This file is too large: a document has at most 25 MiB."));
  busy(_("Working out its hash…"));
  const about = await described(file, event.target.dataset.about, title);
  busy(_("Sending the file…"));
  await upload(file, about);
  await sign(about);
  return location.reload();
}

/** Put a file that is kept on the log; a statement that waits for the line is told of later. */
async function sign(about) {
  busy("");
  const outcomes = await record([bodyOf(about)]);
  if (!outcomes) return;
  const [{ id, status, problem }] = outcomes;
  if (status === "refused") throw new Error(problemWords(problem));
  await remember(id, about);
  await tell();
}

/** What is signed already and waits for the line is not offered to be signed again. */
async function showWaiting() {
  for (const { value } of await list(KIND)) {
    const line = [...document.querySelectorAll("[data-document]")].find(
      ({ dataset }) => dataset.document === value.digest && dataset.about === value.about,
    );
    const buttons = value.log === me.log && line?.querySelector("[data-record]")?.parentElement;
    if (buttons) buttons.replaceChildren(_("Signed. It is sent as soon as the server can be reached."));
  }
}

/** Whether a file is the one on the log: its proof, then its bytes. */
async function onVerify(button) {
  const { verify: id, through } = button.dataset;
  const place = document.querySelector(`[data-verified="${id}"]`);
  const query = through ? `?through=${through}` : "";
  place.textContent = _("Checking…");
  try {
    const told = await asked(`/api/documents/${id}${query}`);
    await verifyReceipt(told, canonical(told.envelope), me.vkey);
    const said = readGovernance(base64Bytes(told.envelope.payload));
    const answer = await fetch(`/api/documents/${id}/file${query}`, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error((await answer.json()).detail);
    const digest = hex(await sha256(await answer.arrayBuffer()));
    const same = told.id === id && said.type === "document" && said.sha256 === digest;
    if (!same) throw new Error(_("It is not the file that the log tells of."));
    place.textContent = `✓ ${_("It matches the hash on the log: entry %(n)s, signed %(time)s.", { n: told.index, time: said.time })}`;
    place.className = "ok";
  } catch (error) {
    place.textContent = `✕ ${_("It could not be confirmed: %(why)s Do not rely on it.", { why: `${error.message} ` })}`;
    place.className = "stop";
  }
}

/** Run one press at a time, as of a double click the first; what goes wrong is said. */
function pressed(press) {
  return async (event) => {
    event.preventDefault();
    if (working) return;
    working = true;
    try {
      await press(event);
    } catch (error) {
      fail(error.message);
    } finally {
      working = false;
    }
  };
}

at("add-document")?.addEventListener("submit", pressed(onAdd));
for (const button of document.querySelectorAll("[data-verify]")) {
  button.addEventListener("click", () => onVerify(button));
}
for (const button of document.querySelectorAll("[data-record]")) {
  const { record: digest, about, title, type } = button.dataset;
  const press = async () => {
    await sign({ digest, about, title, type });
    location.reload();
  };
  button.addEventListener("click", pressed(press));
}
for (const button of document.querySelectorAll("[data-drop]")) {
  const { drop: digest, about } = button.dataset;
  const press = async () => {
    await takeBack({ digest, about });
    location.reload();
  };
  button.addEventListener("click", pressed(press));
}
/** What landed is told, and shown; where that fails, or somebody is at the next one, it is told the next time. */
async function catchUp() {
  if (working) return;
  if ((await tell().catch(() => 0)) && !working) location.reload();
}

await catchUp();
await showWaiting();
onChange(catchUp);
