/** The page of a count: what is scanned is counted at once, by a typing scanner, by camera or typed. */

import { cameraBox } from "./camera_box.js";
import { asked } from "./server.js";
import { toPerson } from "./signing.js";
import { Wedge } from "./wedge.js";
import { _ } from "./words.js";

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
      const [text, source] = waiting[0];
      await count(text, source);
      waiting.shift();
    }
    await refresh();
  } finally {
    busy = false;
  }
}

async function count(text, source) {
  try {
    const body = JSON.stringify({ text, source });
    const told = await asked(`/api/inspections/${number}/scans`, { method: "POST", body });
    const words = told.fresh ? told.words : _("counted already");
    const more = told.differs ? ` ${_("The label says another lot than the record.")}` : "";
    at("said").textContent = `${told.item.split("/").at(-1)}: ${words}${more}`;
    fail("");
  } catch (error) {
    fail(`${_("Not counted.")} ${error.message}`);
  }
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
new Wedge((text) => toPerson(text) || scan(text, "wedge")).listen();
cameraBox((text) => scan(text, "camera"));
