/** The page /scan: a camera, a scanner that types and a form, one session of verdicts. */

import { ask, pause } from "./ask.js";
import { Camera, faultOf, unable } from "./camera.js";
import { Prints } from "./fingerprint.js";
import { Live } from "./live.js";
import { me } from "./me.js";
import { Screen } from "./screen.js";
import { Session } from "./session.js";
import { Remembered, Signals } from "./signal.js";
import { outcomeLine } from "./signing.js";
import { element, stops } from "./verdict.js";
import { Wedge } from "./wedge.js";
import { _, _n } from "./words.js";
import { Work } from "./work.js";

const at = (id) => document.getElementById(id);
const box = at("box");
const signals = new Signals(at("sound"), at("vibration"));
const screen = new Screen((told) => work?.offers(told) ?? [], () => prints);
const session = new Session((told) => screen.reopen(told));
const work = me && new Work({ screen, session, purpose, scan });

/** What the scans are for. */
function purpose() {
  return new FormData(box).get("purpose");
}

/** Show a verdict, and add it to the session. */
function found(answered, source) {
  const ended = me && !answered.offline && answered.site !== undefined && answered.site !== me.site;
  const told = ended ? unasked(ENDED, answered.purpose, AGAIN) : answered;
  session.add(told, source);
  work?.found(told);
  signals.give(told.mark.style);
  if (stops(told)) screen.halt(told);
  else screen.show(told);
}

/** What was found of a label's print, after its verdict. */
function printed(told) {
  session.changed(told);
  signals.give(told.print.mark.style);
  if (told.print.verdict !== "COPY_SUSPECTED") return;
  work?.found(told);
  screen.worsen(told);
}

// Scans that are no camera's: none is lost, each is asked for in its turn.

const queue = [];
let working = false;

async function scan(one) {
  queue.push({ purpose: purpose(), ...one });
  count("");
  if (working) return;
  working = true;
  while (queue.length) {
    await screen.clear;
    const [first] = queue;
    const { told: answered, words, wait, unreached } = await ask(first);
    const told = answered ?? (unreached ? work?.unserved(first) : null);
    if (wait && !told) {
      count(words);
      await pause(wait);
      continue;
    }
    await screen.clear; // the camera may have found something bad in between
    queue.shift();
    count("");
    found(told ?? unasked(words, first.purpose), first.image ? "picture" : first.source);
  }
  working = false;
}

function count(words) {
  const waiting = queue.length > 1 || words || screen.halted ? queue.length : 0;
  const scans = _n("%(n)s scan waits.", "%(n)s scans wait.", waiting);
  at("queue").textContent = waiting ? `${scans} ${words}` : "";
  if (screen.halted) screen.waiting(waiting ? `${scans} ${_("It is checked when you scan on.")}` : "");
}

const ENDED = _("Your session has ended: this pack was not checked for your site.");
const AGAIN = _("Sign in again in another tab, then scan the pack again; the lists stay.");

function unasked(words, purpose_, next = _("Scan again.")) {
  const reason = { code: "not-asked", words, next };
  const mark = { symbol: "?", style: "unknown" };
  const told = { verdict: "Not checked", word: _("Not checked"), mark, reasons: [reason] };
  return { ...told, purpose: purpose_, reading: null };
}

const heard = (text) => work?.heard(text) || scan({ text, source: "wedge" });
new Wedge(heard, work ? { F9: () => work.press() } : {}).listen();

box.addEventListener("submit", (event) => {
  event.preventDefault();
  const [image] = at("image").files;
  const text = at("text").value;
  at("error").hidden = Boolean(image || text.trim());
  at("error").textContent = _("Type or paste a code, or choose a picture of the label.");
  if (image) scan({ image });
  else if (text.trim()) work?.heard(text) || scan({ text, source: "typed" });
  else at("text").focus();
  at("image").value = "";
  at("text").value = "";
});

// The camera.

const video = at("video");
const wanted = new Remembered("camera");
const running = new Remembered("camera runs");
const camera = new Camera(video, () => off("unplugged"));
const live = new Live({
  camera,
  video,
  screen,
  purpose,
  found: (told) => found(told, "camera"),
  bag: (number) => work?.heard(number),
  state: (words) => tell(words),
});
const prints =
  me &&
  new Prints({
    camera,
    device: () => wanted.value,
    live,
    came: printed,
    note: (outcome) => session.note(outcomeLine(outcome)),
  });
let paused = false; // while the page is hidden
let starting = false;

function tell(words) {
  if (at("state").textContent !== words) at("state").textContent = words;
}

function trouble(name) {
  for (const one of document.querySelectorAll("[data-fault]")) {
    one.hidden = one.dataset.fault !== name;
  }
}

async function on() {
  if (starting) return;
  starting = true;
  trouble("");
  tell(_("The browser may ask whether this page may use the camera."));
  try {
    await camera.open(wanted.value);
  } catch (error) {
    starting = false;
    return off(faultOf(error));
  }
  starting = false;
  if (document.hidden) return hide();
  show(true);
  running.value = "on";
  await offer();
  live.start();
}

function off(fault = "") {
  live.stop();
  camera.close();
  show(false);
  trouble(fault);
  tell(fault ? _("The camera is off.") : _("The camera is off. Nothing that it saw was kept."));
}

function show(runs) {
  at("stage").hidden = !runs;
  at("power").textContent = runs ? _("Stop the camera") : _("Start the camera");
  at("light").hidden = !runs || !camera.hasLight;
  at("light").setAttribute("aria-pressed", "false");
  if (!runs) at("choice").hidden = true;
}

/** Offer the other cameras, where there are any. */
async function offer() {
  const all = await Camera.all();
  at("choice").hidden = !camera.runs || all.length < 2;
  at("devices").replaceChildren(...all.map(choice));
}

function choice({ deviceId, label }, number) {
  const line = element("label");
  const button = element("input");
  Object.assign(button, { type: "radio", name: "device", value: deviceId });
  button.checked = deviceId === camera.device;
  line.append(button, label || _("Camera %(number)s", { number: number + 1 }));
  return line;
}

function hide() {
  paused = true;
  off();
}

if (unable()) {
  trouble(unable());
  at("power").hidden = true;
} else {
  at("power").addEventListener("click", () => {
    if (!camera.runs) return on();
    running.value = "";
    return off();
  });
  at("devices").addEventListener("change", ({ target }) => {
    wanted.value = target.value;
    live.stop();
    camera.close(); // some devices give one camera at a time
    on();
  });
  at("light").addEventListener("click", async () => {
    const lit = at("light").getAttribute("aria-pressed") !== "true";
    await camera.light(lit);
    at("light").setAttribute("aria-pressed", String(lit));
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden && camera.runs) hide();
    else if (!document.hidden && paused) {
      paused = false;
      on();
    }
  });
  navigator.mediaDevices.addEventListener("devicechange", async () => {
    if (camera.runs) return offer();
    const gone = !document.querySelector("[data-fault=unplugged]").hidden;
    if (gone && (await Camera.all()).length) on();
  });
  // Whoever had the camera running and has allowed it for good need not press again.
  navigator.permissions?.query({ name: "camera" }).then(
    ({ state }) => state === "granted" && running.value && on(),
    () => {}, // a browser that does not tell
  );
}
box.addEventListener("change", ({ target }) => target.name === "purpose" && live.again());
for (const id of ["camera", "session", "wedge"]) at(id).hidden = false;
