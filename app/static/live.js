/** A running camera's frames to verdicts: one in flight, and as many as the server takes. */

import { ask, pause } from "./ask.js";
import { Shutter } from "./frames.js";
import { View } from "./view.js";
import { _ } from "./words.js";

const PERIOD = 200; // ms between two frames
const GLANCE = 0.05; // s between two looks at a still scene
const HELP_AFTER = 8; // frames without a code before it is said how to hold the label

const LOOKING = _("Looking for a code.");
const HELP = _(
  "No code in view. Hold the label flat and close, so that its code fills the frame; turn it out of glare. A label that is torn or worn can be typed.",
);
const COVERED = _("The picture is all of one colour. Is the lens covered?");
const IN_VIEW = _(
  "This pack has been scanned. Show the next one, or take it away and show it again.",
);
const DOUBTFUL = _("A code is in view: hold still.");

/** Sends the frames of one camera. */
export class Live {
  #camera;
  #video;
  #screen;
  #purpose;
  #found;
  #bag;
  #state;
  #view = new View();
  #turn = 0;
  #empty = 0;
  #rest = null; // frames go elsewhere until this settles

  /** `purpose()` is asked for each frame; `found(told)` gets what is to be shown, `bag(number)`
   * the number of a slip, `state(words)` how it goes. */
  constructor({ camera, video, screen, purpose, found, bag, state }) {
    this.#camera = camera;
    this.#video = video;
    this.#screen = screen;
    this.#purpose = purpose;
    this.#found = found;
    this.#bag = bag;
    this.#state = state;
  }

  /** Begin with the camera that runs now. */
  async start() {
    const turn = ++this.#turn;
    const shutter = new Shutter(this.#video);
    this.#empty = 0;
    this.#state(LOOKING);
    while (turn === this.#turn && this.#camera.runs) {
      await this.#screen.clear;
      await this.#rest;
      await nextFrame(this.#video);
      if (turn !== this.#turn || this.#screen.halted || this.#rest) continue;
      const start = performance.now();
      if (!shutter.due(start)) {
        await pause(GLANCE);
        continue;
      }
      const rest = await this.#send(shutter, turn);
      const spent = performance.now() - start;
      const period = this.#view.doubtful ? 0 : PERIOD;
      await pause(Math.max(rest, (period - spent) / 1000, 0));
    }
  }

  /** Stop; an answer that is still under way is not shown. */
  stop() {
    this.#turn += 1;
    this.#view.clear();
  }

  /** What is in view is to be judged anew: the purpose has changed. */
  again() {
    this.#view.clear();
  }

  /** Leave the camera alone until something has settled; what is in view stays known. */
  rest(until) {
    const over = () => {
      this.#rest = null;
    };
    this.#rest = until.then(over, over);
  }

  /** Send one frame; answers for how many seconds the server wants to be left alone. */
  async #send(shutter, turn) {
    const { blob } = await shutter.take();
    if (!blob) return 0; // the camera has gone in between
    const purpose = this.#purpose();
    const start = performance.now();
    const { told, words, wait = 0 } = await ask({
      image: blob,
      purpose,
      stream: true,
      held: this.#view.held,
    });
    if (turn !== this.#turn || this.#screen.halted || purpose !== this.#purpose()) return wait;
    if (!told) {
      this.#state(words);
      return wait || 1;
    }
    shutter.learn(performance.now() - start, Boolean(told.symbols?.length));
    if (told.bag) this.#bag(told.bag);
    const show = this.#view.add(told.reading, told.sure);
    this.#tell(told, shutter);
    if (show) this.#found(told);
    // While scanning is halted nobody looks: what lay in view besides has gone for all we know.
    if (this.#screen.halted) this.#view.clear(told.reading);
    return 0;
  }

  #tell(told, shutter) {
    this.#empty = told.symbols?.length ? 0 : this.#empty + 1;
    if (told.reading !== null) this.#state(this.#view.doubtful ? DOUBTFUL : IN_VIEW);
    else if (told.symbols?.length) this.#state(`${told.reasons[0].words} ${told.reasons[0].next}`);
    else if (shutter.blank) this.#state(COVERED);
    else if (this.#empty >= HELP_AFTER) this.#state(HELP);
    else if (this.#empty > 2) this.#state(LOOKING);
  }
}

function nextFrame(video) {
  return new Promise((done) => {
    if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(done);
    else requestAnimationFrame(done);
  });
}
