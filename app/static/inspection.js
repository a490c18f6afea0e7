/** The page of a count: what is scanned is counted at once, by a typing scanner, by camera or typed. */

import { pause } from "./ask.js";
import { cameraBox } from "./camera_box.js";
import { asked, passes } from "./server.js";
import { toPerson } from "./signing.js";
import { Wedge } from "./wedge.js";
import { _, _n } from "./words.js";

const AGAIN = 2; // s before the server is asked again
const at = (id) => document.getElementById(id);
const { number } = at("add").dataset;
const waiting = []; // [text, source], oldest first
let busy = false;

function fail(words) {
  at("error").textContent = words;
  at("error").hidden = !words;
  if (words) at("error").focus();
}

function scan(text, source) {
  if (!text.trim()) return;
  waiting.push([text, source]);
  work();
}

/** One after the other; what could not be counted stands on top until the next one could. */
async function work() {
  if (busy) return;
  busy = true;
  try {
    while (waiting.length) {
      const error = await count(...waiting[0]);
      if (error?.status === 401) return; // it is counted with the next scan, once somebody has signed in
      if (error) await pause(AGAIN);
      else waiting.shift();
    }
    await refresh();
  } finally {
    busy = false;
  }
}

/** Count one; answers the error of one that is still to be counted, or null. */
async function count(text, source) {
  try {
    const body = JSON.stringify({ text, source });
    const told = await asked(`/api/inspections/${number}/scans`, { method: "POST", body });
    const words = told.fresh ? told.words : _("counted already");
    const more = told.differs ? ` ${_("The label says another lot than the record.")}` : "";
    at("said").textContent = `${told.item.split("/").at(-1)}: ${words}${more}`;
    fail("");
  } catch (error) {
    if (passes(error)) {
      const kept = _n("%(n)s scan waits.", "%(n)s scans wait.", waiting.length);
      at("said").textContent = `${error.message} ${kept}`;
      return error;
    }
    fail(`${_("Not counted.")} ${error.message}`);
    if (error.status === 401) return error;
  }
  return null;
}

/** The table and the list as the server has them now; whoever is in a field of theirs is left alone. */
async function refresh() {
  if (at("count").contains(document.activeElement)) return;
  const answer = await fetch(location.href).catch(() => null);
  if (!answer?.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (at("count").contains(document.activeElement)) return; // somebody began meanwhile
  const fresh = page.getElementById("count");
  if (fresh) at("count").replaceWith(document.adoptNode(fresh));
}

at("add").addEventListener("submit", (event) => {
  event.preventDefault();
  scan(at("text").value, "typed");
  at("text").value = "";
});
document.querySelector("form[action$='/close']").addEventListener("submit", (event) => {
  if (!waiting.length) return;
  event.preventDefault(); // the report would tell of what was scanned as missing
  fail(_("Some codes have not been checked yet. Wait a moment."));
});
addEventListener("beforeunload", (event) => waiting.length && event.preventDefault());
new Wedge((text) => toPerson(text) || scan(text, "wedge")).listen();
cameraBox((text) => scan(text, "camera"));
