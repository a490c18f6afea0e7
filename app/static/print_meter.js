/**
 * A label held close before the camera: how it goes, and the pictures that are good enough.
 *
 * What is good is the server's to say (POST /api/fingerprint/measure). Nothing is kept: a picture lives
 * until it is sent.
 */

import { pause } from "./ask.js";
import { _ } from "./words.js";

const QUALITY = 0.95; // of JPEG: less smears what is looked for
const MARGIN = 0.8; // of the code's size, on each side: room for a hand
const EDGE = 0.02; // of what was taken: a code so near its edge is about to leave
const PERIOD = 120; // ms between two measures
const HURRY = 2000; // ms after the first good picture: then those that are there have to do
const ENOUGH = 3; // of which a verdict can be had
const PLATEAU = 5000; // ms without coming closer: it does not come closer
const CLOSER = 1.05; // times as large as before: it comes closer
const SHOWN = 1000; // ms within which a camera that runs shows its next frame
const GONE = 8000; // ms without a code
const LONGEST = 30_000; // ms without one good picture
const OTHERS = 2; // pictures of another pack, before that is what is meant
const RECENT = 3; // pictures that are none too good, kept to show for it
const TINY = 230; // pixels: of a smaller picture no label of 19 mm gets 12 a millimetre
const COARSE = 12; // pixels a millimetre: below, no print is seen

/** One look at one label. */
export class PrintMeter {
  #video;
  #camera;
  #box;
  #wanted;
  #want;
  #least;
  #skip;
  #good;
  #canvas = document.createElement("canvas");
  #away = new AbortController();
  #cut = null; // where in the whole picture the frames are taken: they count from when it is known
  #frames = [];
  #recent = [];
  #begun = 0;
  #first = 0; // ms: the first good picture
  #seen = 0; // ms: the last code
  #missed = 0;
  #others = 0;
  #best = 0; // pixels a millimetre, of sharp pictures
  #mark = { px: 0, at: 0 };
  #focus = 0;
  #why = [];

  /**
   * `video` plays what `camera` sees; `box` is a copy of the template `print-meter`. Of the item `wanted`,
   * or whichever comes first, `want` pictures are taken, of `least` px/mm and more. `good(count)` is
   * told of each; `skip(item)` says why a pack is left alone, "" for one that is not.
   */
  constructor({ video, camera, box, wanted = null, want = 5, least = 0, skip = () => "", good = () => {} }) {
    this.#video = video;
    this.#camera = camera;
    this.#box = box;
    this.#wanted = wanted;
    this.#want = want;
    this.#least = least;
    this.#skip = skip;
    this.#good = good;
  }

  /** Stop: what is under way is not waited for. */
  stop() {
    this.#away.abort();
  }

  /**
   * Look, at the camera's full resolution: {end, frames, item, px_per_mm, focus, words}.
   *
   * `end` says why it ended: "full", "late" (fewer good ones, in time), "coarse" (sharp, and too small at
   * its closest), "never" (no good one in long), "gone" (no code), "other" (another pack), "lost" (no
   * camera), "refused" (the server does not want it), "stopped". `frames` are good ones; of
   * "coarse" and "never" the last of that pack. `words` are the last reasons why not.
   */
  async run() {
    await this.#camera.finest();
    this.#begun = this.#seen = performance.now();
    this.#mark.at = this.#begun;
    let end = "";
    try {
      while (!end) end = await this.#step();
      if (end === "late") await this.#fill();
    } finally {
      await this.#camera.usual();
    }
    const poor = end === "coarse" || end === "never";
    return {
      end,
      frames: poor ? this.#recent : this.#frames,
      item: this.#wanted,
      px_per_mm: this.#best,
      focus: this.#focus,
      words: this.#why,
    };
  }

  async #step() {
    if (this.#away.signal.aborted) return "stopped";
    if (!this.#camera.runs) return "lost";
    const start = performance.now();
    const frame = await this.#take();
    if (!frame) return "lost";
    const { told, wait = 0, words } = await this.#measured(frame);
    if (this.#away.signal.aborted) return "stopped";
    if (!told) {
      this.#say(words);
      this.#why = [words];
      if (!wait) return "refused";
      await pause(wait);
      return this.#over();
    }
    const end = Math.min(frame.wide, frame.high) < TINY ? "coarse" : this.#judge(told, frame);
    if (end) return end;
    await pause(Math.max(0, PERIOD - (performance.now() - start)) / 1000);
    return "";
  }

  /** What a picture is worth goes into the meters and the words; why the look ends with it, or "". */
  #judge(told, frame) {
    const now = performance.now();
    this.#show(told);
    if (!told.item) {
      if (this.#frames.length >= ENOUGH) return "late";
      this.#missed += 1;
      if (this.#missed >= OTHERS) this.#anew();
      this.#because(told);
      return now - this.#seen > GONE ? "gone" : this.#over();
    }
    this.#missed = 0;
    this.#seen = now;
    const left = this.#skip(told.item);
    if (left) {
      this.#begun = now; // the time of the next one begins when it comes
      this.#say(left);
      return "";
    }
    if (this.#wanted && told.item !== this.#wanted) {
      this.#others += 1;
      this.#say(_("This is the code of another pack."));
      return this.#others >= OTHERS ? "other" : "";
    }
    this.#others = 0;
    if (this.#isSharp(told)) this.#best = Math.max(this.#best, told.px_per_mm);
    if (this.#best > CLOSER * this.#mark.px) this.#mark = { px: this.#best, at: now };
    let counts = frame.cut; // the first picture says only where to take the others
    const scale = frame.width / told.width; // a very large picture is reduced before it is looked at
    const corners = told.corners?.map((corner) => corner.map((one) => one * scale));
    if (corners && (!counts || !within(corners, frame))) {
      if (this.#frames.length >= ENOUGH) return "late";
      this.#anew(corners, frame);
      counts = false;
    }
    if (!told.ok || told.px_per_mm < this.#least) {
      this.#recent = [...this.#recent, frame.blob].slice(-RECENT);
      this.#because(told);
      const coarse = this.#best > 0 && this.#best < COARSE;
      if (coarse && now - this.#mark.at > PLATEAU) return "coarse";
      return this.#over();
    }
    this.#say(_("Good. Hold it there, as still as a hand is."));
    return counts ? this.#keep(told, frame, now) : "";
  }

  /** Whether it is as sharp as a picture of its size can be: a small one is spread over more pixels. */
  #isSharp({ px_per_mm: size, focus }) {
    return focus >= this.#box.querySelector("meter.focus").low * Math.min(1, size / COARSE);
  }

  #keep({ item, focus }, { blob }, now) {
    this.#wanted = item;
    this.#focus = focus;
    this.#frames.push(blob);
    this.#first ||= now;
    this.#count();
    return this.#frames.length >= this.#want ? "full" : this.#over();
  }

  /** Whether the time is over. */
  #over() {
    const now = performance.now();
    if (this.#frames.length && now - this.#first > HURRY) return "late";
    return !this.#frames.length && now - this.#begun > LONGEST ? "never" : "";
  }

  /** A slow line leaves no time to measure more of them: some are sent as they come. */
  async #fill() {
    while (this.#frames.length < ENOUGH && !this.#away.signal.aborted) {
      await pause(PERIOD / 1000);
      const frame = await this.#take();
      if (!frame) return;
      this.#frames.push(frame.blob);
    }
  }

  /** Take pictures from elsewhere, from now on. Only those of one place show that the label moves. */
  #anew(corners = null, frame = null) {
    this.#cut = corners && around(corners, frame);
    this.#frames = [];
    this.#first = 0;
    this.#count();
  }

  async #take() {
    await nextFrame(this.#video, this.#away.signal);
    const { videoWidth: wide, videoHeight: high } = this.#video;
    if (!wide) return null;
    if (this.#cut && (this.#cut.wide !== wide || this.#cut.high !== high)) this.#anew(); // another resolution
    const { x, y, width, height } = this.#cut ?? { x: 0, y: 0, width: wide, height: high };
    Object.assign(this.#canvas, { width, height });
    const context = this.#canvas.getContext("2d", { alpha: false });
    context.drawImage(this.#video, x, y, width, height, 0, 0, width, height);
    const blob = await new Promise((done) => this.#canvas.toBlob(done, "image/jpeg", QUALITY));
    return blob && { blob, x, y, width, height, wide, high, cut: this.#cut !== null };
  }

  async #measured({ blob }) {
    const body = new FormData();
    body.set("frame", blob, "frame.jpg");
    let answer;
    let told;
    try {
      const request = { method: "POST", body, signal: this.#away.signal, headers: { Accept: "application/json" } };
      answer = await fetch("/api/fingerprint/measure", request);
      told = await answer.json();
    } catch {
      return { words: _("The server cannot be reached. Check the line.") };
    }
    if (answer.ok) return { told };
    const words = told.detail ?? answer.statusText;
    const busy = answer.status === 429 || answer.status === 503;
    return busy ? { words, wait: Number(answer.headers.get("Retry-After")) || 1 } : { words };
  }

  #because({ reasons }) {
    this.#why = reasons.map((one) => one.words);
    this.#say(this.#why[0] ?? _("Hold it closer."));
  }

  #show({ px_per_mm: size, focus }) {
    const [large, sharp] = ["size", "focus"].map((name) => this.#box.querySelector(`meter.${name}`));
    large.value = size;
    sharp.value = focus;
    const told = { size: size.toFixed(1), least: Math.ceil(Math.max(this.#least, COARSE)), better: large.high };
    const words = this.#least
      ? _("%(size)s px/mm (%(least)s needed)", told)
      : _("%(size)s px/mm (%(least)s needed, %(better)s better)", told);
    this.#box.querySelector(".size-words").textContent = size ? words : _("no code");
    this.#box.querySelector(".focus-words").textContent = size
      ? (focus >= sharp.low ? _("sharp") : _("blurred"))
      : "";
  }

  #count() {
    const n = this.#frames.length;
    this.#box.querySelector(".good").textContent = _("Good pictures: %(n)s of %(all)s", { n, all: this.#want });
    this.#good(n);
  }

  /** Words in a live region: said once for as long as they hold. */
  #say(words) {
    const place = this.#box.querySelector(".advice");
    if (place.textContent !== words) place.textContent = words;
  }
}

/** A place round a code, in the whole picture. */
function around(corners, { x: left, y: top, wide, high }) {
  const [xs, ys] = [corners.map(([x]) => x + left), corners.map(([, y]) => y + top)];
  const room = MARGIN * Math.max(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys));
  const x = Math.max(0, Math.floor(Math.min(...xs) - room));
  const y = Math.max(0, Math.floor(Math.min(...ys) - room));
  const right = Math.min(wide, Math.ceil(Math.max(...xs) + room));
  const bottom = Math.min(high, Math.ceil(Math.max(...ys) + room));
  return { x, y, width: right - x, height: bottom - y, wide, high };
}

/** Whether a code lies well within what was taken; the whole picture's own edges are no bounds. */
function within(corners, { x: left, y: top, width, height, wide, high }) {
  const room = EDGE * Math.min(width, height);
  const least = [left ? room : 0, top ? room : 0];
  const most = [left + width < wide ? width - room : width, top + height < high ? height - room : height];
  return corners.every(([x, y]) => x >= least[0] && y >= least[1] && x <= most[0] && y <= most[1]);
}

/** Resolves with the next frame, when the look is stopped, or when a camera shows nothing more. */
function nextFrame(video, away) {
  return new Promise((done) => {
    away.addEventListener("abort", done, { once: true });
    setTimeout(done, SHOWN);
    if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(done);
    else requestAnimationFrame(done);
  });
}
