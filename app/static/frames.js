/** Frames of a video as JPEG: cut to the guide, as large and sharp as the line allows.
 *
 * Nothing is kept: a frame lives until it is sent.
 */

// What is cut out, as parts of the frame: the guide (.stage .guide in scan.css) and a margin.
const CUT = { x: 0.12, y: 0.04, width: 0.76, height: 0.92 };
const WHOLE = { x: 0, y: 0, width: 1, height: 1 };
const WHOLE_EVERY = 4; // a code may lie beside the guide
const LEVELS = [
  { scale: 0.5, quality: 0.6 },
  { scale: 0.7, quality: 0.7 },
  { scale: 1, quality: 0.75 },
  { scale: 1, quality: 0.9 },
];
const MOST = 1600; // pixels: no side is sent larger
const SLOW = 350; // ms for an answer: then the frames are too heavy
const QUICK = 180;
const PATIENCE = 6; // frames without a code before a better picture is tried
const TINY = { width: 32, height: 18 };
const STIRRED = 4; // grey values, mean difference of tiny pictures: more than noise
const BLANK = 3; // grey values, spread of a tiny picture: less is a covered lens
const AWAKE = 3000; // ms after the last motion: the camera may still be focusing
// Ms between frames of a still scene. The server takes a longer gap for a second look (LOOK_MS).
const HEARTBEAT = 600;

/** Takes frames from a video element, and learns from each answer how large they may be. */
export class Shutter {
  #video;
  #canvas = document.createElement("canvas");
  #tiny = document.createElement("canvas");
  #last = null; // the tiny picture of the last frame sent
  #lastAt = -Infinity;
  #moved = -Infinity;
  #count = 0;
  #level = 2;
  #missed = 0;

  constructor(video) {
    this.#video = video;
    Object.assign(this.#tiny, TINY);
  }

  /** The size and quality of the next frame, for showing. */
  get level() {
    return this.#level;
  }

  /** Whether a frame is worth sending: something moves, moved of late, or it is time to look. */
  due(now) {
    const tiny = this.#glance();
    if (!this.#last || difference(tiny, this.#last) > STIRRED) this.#moved = now;
    if (now - this.#moved > AWAKE && now - this.#lastAt < HEARTBEAT) return false;
    this.#last = tiny;
    this.#lastAt = now;
    return true;
  }

  /** Whether the picture shows nothing at all. */
  get blank() {
    return this.#last !== null && spread(this.#last) < BLANK;
  }

  #glance() {
    const context = this.#tiny.getContext("2d", { willReadFrequently: true });
    context.drawImage(this.#video, 0, 0, TINY.width, TINY.height);
    const { data } = context.getImageData(0, 0, TINY.width, TINY.height);
    return data.filter((_, place) => place % 4 === 1); // green is nearest to grey
  }

  /** The next frame: `{blob, x, y, scale}`, where it was cut out and by how much it was shrunk. */
  async take() {
    const cut = this.#count++ % WHOLE_EVERY === WHOLE_EVERY - 1 ? WHOLE : CUT;
    const { videoWidth: wide, videoHeight: high } = this.#video;
    const x = Math.round(cut.x * wide);
    const y = Math.round(cut.y * high);
    const width = Math.round(cut.width * wide);
    const height = Math.round(cut.height * high);
    const { scale: wanted, quality } = LEVELS[this.#level];
    const scale = Math.min(wanted, MOST / Math.max(width, height));
    const canvas = this.#canvas;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    const context = canvas.getContext("2d", { alpha: false });
    context.drawImage(this.#video, x, y, width, height, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", quality));
    return { blob, x, y, scale };
  }

  /** Learn from an answer: how long it took (ms), and whether a code was found. */
  learn(ms, found) {
    this.#missed = found ? 0 : this.#missed + 1;
    if (ms > SLOW) {
      this.#level = Math.max(0, this.#level - 1);
      this.#missed = 0;
    } else if (this.#missed >= PATIENCE && ms < QUICK) {
      this.#level = Math.min(LEVELS.length - 1, this.#level + 1);
      this.#missed = 0;
    }
  }
}

function difference(one, other) {
  return one.reduce((sum, value, place) => sum + Math.abs(value - other[place]), 0) / one.length;
}

function spread(tiny) {
  const mean = tiny.reduce((sum, value) => sum + value, 0) / tiny.length;
  return tiny.reduce((sum, value) => sum + Math.abs(value - mean), 0) / tiny.length;
}
