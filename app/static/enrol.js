/**
 * /labels/enrol: one label after the other before the camera, each captured at once, then one signature.
 *
 * The server makes and keeps the template; this page keeps which packs wait for a signature, with the
 * commitments that are signed.
 */

import { pause } from "./ask.js";
import { Camera, faultOf, unable } from "./camera.js";
import { Draft, keptWords } from "./drafts.js";
import { me } from "./me.js";
import { PrintMeter } from "./print_meter.js";
import { asked } from "./server.js";
import { shortId, why, withShortIds } from "./sign/words.js";
import { Signals } from "./signal.js";
import { done, outcomeLine, signed } from "./signing.js";
import { element } from "./verdict.js";
import { _, _n } from "./words.js";

const WANTED = 5; // good pictures of a label
const ENOUGH = 3;
const MOST = 1000; // packs of one signature
const PAUSE = 1.5; // s that a refusal stands before the next label is looked for

const at = (id) => document.getElementById(id);
const signals = at("work") && new Signals(at("sound"), at("vibration"));
const draft = new Draft("enrolment", `${me?.log} ${me?.site}`, () => [...captured.values()], keptWords);
const captured = new Map(); // item -> {item, commitment, px_per_mm, focus}

let camera;
let meter = null;
let on = false;

function fail(words, signIn = false) {
  at("problem-words").textContent = words;
  at("problem-sign-in").hidden = !signIn;
  at("problem").hidden = false;
  at("problem").focus();
}

/** What came of a label, said once in a live region and by a signal. */
function tell(words, style) {
  at("told").textContent = words;
  if (style) signals.give(style);
}

function show() {
  const all = [...captured.values()].reverse();
  at("count").textContent = all.length;
  at("empty").hidden = all.length > 0;
  at("sign-all").hidden = !all.length;
  at("sign-all").textContent = _n("Sign the enrolment of %(n)s pack", "Sign the enrolment of %(n)s packs", all.length);
  at("captured").replaceChildren(...all.map(line));
}

function line({ item, px_per_mm: size, focus, before }) {
  const row = element("li");
  const what = element("span");
  what.append(element("span", shortId(item), "code"), " ", element("span", worth(size, focus), "hint"));
  if (before) what.append(" ", element("span", _("enrolled before: this replaces it"), "chip hold"));
  const out = element("button", _("Take off the list"));
  out.type = "button";
  out.setAttribute("aria-label", _("Take %(item)s off the list", { item: shortId(item) }));
  out.addEventListener("click", () => {
    captured.delete(item);
    show();
    draft.keep();
    at("captured-title").focus();
  });
  row.append(what, out);
  return row;
}

function worth(size, focus) {
  return _("%(size)s px/mm, sharpness %(focus)s", { size: size.toFixed(1), focus: focus.toFixed(2) });
}

// Capturing

/** One label after the other, until the camera is stopped. */
async function capture() {
  // The resolution stays as it is from one label to the next.
  const steady = { finest() {}, usual() {}, get runs() { return camera.runs; } }; // prettier-ignore
  await camera.finest();
  while (on) {
    if (captured.size >= MOST) return stop(_("The list is full. Sign it, then go on."));
    at("meter").querySelector(".good").textContent = "";
    meter = new PrintMeter({
      video: at("video"),
      camera: steady,
      box: at("meter"),
      want: WANTED,
      least: Number(at("work").dataset.least),
      skip: (item) => captured.has(item) && _("This label is captured. Show the next one."),
    });
    const found = await meter.run();
    if (found.end === "stopped" || found.end === "lost") return null;
    if (found.end === "refused") return stop(found.words.join(" "));
    if (found.frames.length >= ENOUGH && (found.end === "full" || found.end === "late")) await keep(found);
    else if (poor(found)) await refuse(poor(found));
  }
  return null;
}

function poor({ end, words }) {
  if (end === "coarse") return _("This camera cannot resolve the print, however close. Use a better one, or a macro lens.");
  if (end === "never") return [_("No picture was good enough."), ...words].join(" ");
  if (end === "late") return _("Too few good pictures in time. Hold it still, and show it again.");
  if (end === "other") return _("Two packs were shown. Show one label alone.");
  return ""; // nothing was shown for some time
}

async function refuse(words) {
  tell(_("Not captured: %(why)s", { why: words }), "hold");
  await pause(PAUSE);
}

async function keep({ frames }) {
  const body = new FormData();
  for (const frame of frames.slice(0, WANTED)) body.append("frames", frame, "frame.jpg");
  let made;
  try {
    made = await asked("/api/fingerprint/enrol", { method: "POST", body });
  } catch (error) {
    if (error.status === 401) return stop(error.message, true);
    // Of pictures that are refused, what a program would do next is of no use to a person.
    return refuse(withShortIds(error.code === "malformed" ? error.detail : error.message));
  }
  captured.set(made.item, made);
  show();
  await draft.keep();
  tell(_("Captured: %(item)s. Show the next label.", { item: shortId(made.item) }), "ok");
  return null;
}

// The camera

async function start() {
  at("problem").hidden = true;
  at("camera-state").textContent = _("The browser may ask whether this page may use the camera.");
  try {
    await camera.open("");
  } catch (error) {
    return off(faultOf(error));
  }
  on = true;
  frame();
  try {
    await capture();
  } finally {
    off();
  }
  return null;
}

function off(fault = "") {
  on = false;
  meter?.stop();
  camera.close();
  frame(fault);
}

function stop(words, signIn = false) {
  off();
  fail(words, signIn);
}

function frame(fault = "") {
  at("stage").hidden = !on;
  at("meter").hidden = !on;
  at("power").textContent = on ? _("Stop the camera") : _("Start the camera");
  at("camera-state").textContent = on ? "" : _("The camera is off.");
  for (const one of document.querySelectorAll("[data-fault]")) one.hidden = one.dataset.fault !== fault;
}

// Signing

async function sign() {
  at("problem").hidden = true;
  if (on) off();
  const ids = [...captured.keys()].sort();
  const extras = Object.fromEntries([...captured].map(([item, { commitment }]) => [item, commitment]));
  const told = await signed([{ op: "enrol", ids, extras, fields: {} }]);
  if (!told) return;
  const [outcome] = told;
  at("outcomes").prepend(outcomeLine(outcome));
  if (!done(outcome)) {
    fail(_("%(why)s Take what is in the way off the list, and sign the rest.", { why: why(outcome.problem) }));
    return;
  }
  for (const item of ids) captured.delete(item);
  show();
  await (captured.size ? draft.keep() : draft.drop());
  at("captured-title").focus();
}

async function begin() {
  for (const one of (await draft.load())?.value ?? []) captured.set(one.item, one);
  show();
  at("work").hidden = false;
  const fault = unable();
  if (fault) {
    at("power").hidden = true;
    frame(fault);
    return;
  }
  camera = new Camera(at("video"), () => off("unplugged"));
  at("power").addEventListener("click", () => (on ? off() : start().catch((error) => fail(error.message))));
  document.addEventListener("visibilitychange", () => document.hidden && on && off());
}

if (at("work")) {
  at("sign-all").addEventListener("click", () => sign().catch((error) => fail(error.message)));
  await begin();
}
