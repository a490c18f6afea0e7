/** The label's own print, looked at once the verdict stands: the verdict never waits for it. */

import { faultOf, unable } from "./camera.js";
import { drawPrint, untold } from "./fingerprint_view.js";
import { PrintMeter } from "./print_meter.js";
import { asked } from "./server.js";
import { done, may, signed } from "./signing.js";
import { _ } from "./words.js";

const COPY = "COPY_SUSPECTED";
const MOST = 5; // pictures of one look
const DEVICE = 80; // characters
const UNPRINTABLE = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu; // in a name that a camera gives itself
const TOLD = "packtrace coarse camera"; // in this session: the camera that was said to see no print

/** The looks of one page. */
export class Prints {
  #camera;
  #device;
  #live;
  #came;
  #note;
  #meter = null;
  #looking = null;
  #shown = null; // {told, section}: the verdict on the screen

  /**
   * `device()` is the camera to open where none runs; `live` reads codes from it, and rests meanwhile.
   * `came(told)` is told of each outcome, `note(outcome)` of what was signed.
   */
  constructor({ camera, device, live, came, note }) {
    this.#camera = camera;
    this.#device = device;
    this.#live = live;
    this.#came = came;
    this.#note = note;
  }

  /** Fill in the section of a verdict that is about to be shown; where it is asked for, look at once. */
  dress(page, told) {
    this.leave();
    const section = page.querySelector(".print");
    if (!told.fingerprint) return;
    section.hidden = false;
    this.#shown = { told, section };
    this.#wire(section, told);
    this.#draw();
    if (this.#goesOn(told)) queueMicrotask(() => this.#look(section, told));
  }

  /** The verdict is put away: nobody holds its pack closer. */
  leave() {
    this.#meter?.stop();
    this.#shown = null;
  }

  #goesOn(told) {
    if (!told.fingerprint.asked || told.print || told.looked) return false;
    return this.#camera.runs && coarse() !== this.#camera.device;
  }

  #wire(section, told) {
    const on = (name, press) => section.querySelector(name).addEventListener("click", press);
    const files = section.querySelector(".pictures");
    on(".look", () => this.#look(section, told));
    on(".stop-look", () => this.#meter?.stop());
    on(".choose", () => files.click());
    files.addEventListener("change", () => this.#pictures(told, [...files.files]));
    on(".evidence", () => this.#sign(told, "signed", evidence(told.print)));
    on(".aside", () => this.#sign(told, "aside", aside(told)));
  }

  #draw(state = "") {
    if (!this.#shown) return;
    const { told, section } = this.#shown;
    const { print } = told;
    drawPrint(section, told, {
      state,
      camera: !unable(),
      evidence: Boolean(print?.inspect) && !print.signed && may("inspect"),
      aside: print?.verdict === COPY && told.state === "here" && !print.aside && may("quarantine"),
    });
  }

  async #look(section, told) {
    while (this.#meter) {
      this.#meter.stop(); // of the verdict before
      await this.#looking;
    }
    if (this.#shown?.told !== told) return;
    told.looked = true; // by itself but once
    const opened = !this.#camera.runs;
    if (opened && !(await this.#open(told))) return;
    const video = section.querySelector("video");
    const meter = new PrintMeter({
      video,
      camera: this.#camera,
      box: section.querySelector(".print-meter"),
      wanted: told.fingerprint.item,
      want: MOST,
    });
    this.#meter = meter;
    this.#camera.show(video);
    this.#draw("looking");
    section.scrollIntoView({ block: "nearest" });
    const looking = meter.run();
    this.#looking = looking.catch(() => {}); // whoever waits for its end
    this.#live.rest(looking);
    const [name, device] = [this.#camera.name, this.#camera.device];
    let found;
    try {
      found = await looking;
    } finally {
      this.#meter = null;
      video.srcObject = null;
      if (opened) this.#camera.close();
    }
    if (found.end === "stopped") return void (this.#shown?.told === told && this.#draw());
    const print = found.frames.length ? await this.#matched(told, found.frames, name) : untold(found);
    const first = found.end === "coarse" && coarse(device) !== device;
    this.#tell(told, first ? { ...print, coarse: found.px_per_mm } : print);
  }

  async #open(told) {
    this.#draw("opening");
    try {
      await this.#camera.open(this.#device());
      if (this.#shown?.told === told) return true;
      this.#camera.close(); // whoever was asked for it has gone on
      return false;
    } catch (error) {
      this.#tell(told, untold({ end: "camera", words: [faultWords(error)] }));
      return false;
    }
  }

  async #pictures(told, chosen) {
    if (!chosen.length) return;
    this.#meter?.stop();
    const device = _("pictures that were chosen");
    this.#tell(told, { ...(await this.#matched(told, chosen.slice(0, MOST), device)), chosen: true });
  }

  async #matched(told, frames, device) {
    if (this.#shown?.told === told) this.#draw("comparing");
    const body = new FormData();
    body.set("item", told.fingerprint.item);
    body.set("device", device.replace(UNPRINTABLE, " ").slice(0, DEVICE));
    for (const frame of frames) body.append("frames", frame, frame.name ?? "frame.jpg");
    try {
      return await asked("/api/fingerprint/match", { method: "POST", body });
    } catch (error) {
      return untold({ end: "refused", words: [error.message] });
    }
  }

  #tell(told, print) {
    told.print = print;
    // Another case that a look opens is the manufacturer's, and nothing to see here.
    if (print.verdict === COPY) told.case = print.case;
    suspect(told);
    if (this.#shown?.told === told) this.#draw();
    this.#came(told);
  }

  async #sign(told, what, act) {
    const outcomes = await signed([act]);
    for (const outcome of outcomes ?? []) this.#note(outcome);
    if (!outcomes?.every(done)) return;
    told.print[what] = true;
    this.#draw();
  }
}

/** A suspected copy holds its pack, whatever the log says of it; the log's own reasons stay. */
function suspect(told) {
  if (told.print.verdict !== COPY || told.reasons.some(({ code }) => code === "copy-suspected")) return;
  const words = [told.print.word, ...told.print.reasons.map((one) => one.words)];
  const reason = {
    code: "copy-suspected",
    words: words.map((one) => (/[.。]$/.test(one) ? one : _("%(words)s.", { words: one }))).join(" "),
    next: _("Put the pack aside. Do not give it out: potential suspect falsification."),
  };
  const worse = told.mark.style === "stop";
  told.reasons = worse ? [...told.reasons, reason] : [reason, ...told.reasons];
  if (!worse) Object.assign(told, { word: _("Hold: ask"), mark: told.print.mark });
}

function evidence({ inspect: { item, reason, commitment } }) {
  const extras = commitment ? { [item]: commitment } : undefined;
  return { op: "inspect", ids: [item], extras, fields: { reason } };
}

function aside(told) {
  return { op: "quarantine", ids: [told.fingerprint.item], fields: { reason: "counterfeit_alert" } };
}

/** Why a camera does not start, as the page says it of its own. */
function faultWords(error) {
  const fault = document.querySelector(`[data-fault="${faultOf(error)}"]`);
  return ["h3", ".next"].map((name) => fault.querySelector(name).textContent).join(". ");
}

/** The camera of which it was said in this session that it sees no print; `now` says it of one. */
function coarse(now = "") {
  try {
    const before = sessionStorage.getItem(TOLD) ?? "";
    if (now) sessionStorage.setItem(TOLD, now);
    return before;
  } catch {
    return ""; // storage is switched off: it is said again
  }
}
