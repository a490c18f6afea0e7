/** The report of a stock-taking: its hash is worked out here, signed, and the server told of it. */

import { me } from "./me.js";
import { asked } from "./server.js";
import { drop, list, save } from "./drafts.js";
import { hex, sha256 } from "./sign/bytes.js";
import { onChange, receiptOf } from "./sign/outbox.js";
import { record } from "./sign/sign.js";
import { problemWords } from "./sign/words.js";
import { _ } from "./words.js";

const KIND = "inspection"; // drafts: signed, and the server not told yet
const SETTLED = [403, 404, 409, 422]; // asked again, the server would answer the same
const at = (id) => document.getElementById(id);
const report = JSON.parse(at("report").textContent);

function fail(words) {
  at("error").textContent = words;
  at("error").hidden = false;
  at("error").focus();
}

/** The hash of the file as it is handed out; it must be the one that the page shows. */
async function digest() {
  const answer = await fetch(`/inspections/${report.id}/report.json`);
  if (!answer.ok) throw new Error(_("The report's file cannot be read. Load this page again."));
  const found = hex(await sha256(await answer.arrayBuffer()));
  if (found !== report.sha256) throw new Error(_("The report's file is not the one that this page shows. Do not sign it."));
  return found;
}

async function sign() {
  const { about, title } = report;
  const outcomes = await record([{ type: "document", about, mediaType: "application/json", sha256: await digest(), title }]);
  if (!outcomes) return;
  const [{ id, status, problem }] = outcomes;
  if (status === "refused") throw new Error(problemWords(problem));
  await save(KIND, id, { inspection: report.id, log: me.log });
  if (await tell()) location.reload();
  else at("said").textContent = _("Signed. It is sent as soon as the server can be reached.");
}

/** Tell the server of signatures that have landed; how many. */
async function tell() {
  let told = 0;
  for (const { key, value } of await list(KIND)) {
    if (value.log !== me.log || !(await receiptOf(key))) continue;
    const body = JSON.stringify({ statement: key });
    try {
      await asked(`/api/inspections/${value.inspection}/signature`, { method: "POST", body });
    } catch (error) {
      if (!SETTLED.includes(error.status)) throw error;
    }
    await drop(KIND, key);
    told += 1;
  }
  return told;
}

const button = at("sign-report");
if (button) {
  button.addEventListener("click", () => sign().catch((error) => fail(error.message)));
  button.hidden = false;
}
const catchUp = async () => {
  if (await tell().catch(() => 0)) location.reload();
};
await catchUp();
onChange(catchUp);
