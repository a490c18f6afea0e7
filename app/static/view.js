/** What lies in view of a camera: which reading may be shown, once only while it stays there. */

const NEEDED = 2; // frames that must read the same, unless the server is sure of one
const WINDOW = 5; // frames among which they must be, and after which a pack has left

/** Readings of the last frames. Pure. */
export class View {
  #recent = [];
  #shown = new Map(); // reading -> frames since it was last read

  /** Add a frame's reading, null for none; answers whether it is to be shown now. */
  add(reading, sure) {
    this.#recent = [...this.#recent, reading].slice(-WINDOW);
    for (const [one, frames] of this.#shown) {
      if (one === reading) this.#shown.set(one, 0);
      else if (frames + 1 >= WINDOW) this.#shown.delete(one);
      else this.#shown.set(one, frames + 1);
    }
    if (reading === null || this.#shown.has(reading)) return false;
    const votes = this.#recent.filter((one) => one === reading).length;
    if (!sure && votes < NEEDED) return false;
    this.#shown.set(reading, 0);
    return true;
  }

  /** Whether a reading waits for a second frame that says the same. */
  get doubtful() {
    const last = this.#recent.at(-1) ?? null;
    return last !== null && !this.#shown.has(last);
  }

  /** The reading that is in view, "" for none: a frame that reads the same goes on from one look. */
  get held() {
    const seen = this.#recent.findLast((one) => one !== null);
    return seen ?? [...this.#shown.keys()].at(-1) ?? "";
  }

  /** Begin afresh: what is in view may be shown again, but for one reading. */
  clear(except = null) {
    this.#recent = [];
    this.#shown.clear();
    if (except !== null) this.#shown.set(except, 0);
  }
}
