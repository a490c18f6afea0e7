/** What a page of work has signed, and the work that it was made of: until that has landed, it may be refused yet. */

/** One page's: its draft keeps `kept`. */
export class SignedWork {
  #draft;
  #work;
  #made = null; // the work, as it was signed, until all of it has landed
  told = null; // what was signed, as the page shows it; null while the page is at work

  /** `work()` is what is to be kept before anything is signed. */
  constructor(draft, work) {
    this.#draft = draft;
    this.#work = work;
  }

  /** What a reload must not lose. */
  get kept() {
    if (!this.told) return this.#made ?? this.#work();
    return { finished: this.told, work: this.#made };
  }

  /** It is signed; resolves once that is kept. */
  sign(told, made) {
    this.told = told;
    this.#made = made;
    return this.#draft.keep();
  }

  /** Take up what was kept; whether that was signed. */
  resume(before) {
    if (!before?.finished) return false;
    this.told = before.finished;
    this.#made = before.work ?? null;
    return true;
  }

  /** All of it is on the log: there is nothing to go back to. */
  landed() {
    this.#made = null;
  }

  /** The log did not take what was signed without a line: its work is here again. */
  async goOn() {
    this.told = null;
    await this.#draft.keep();
    location.reload();
  }

  /** Forget all that was kept, and begin anew. */
  async afresh() {
    await this.#draft.drop();
    this.told = null; // what becomes of it now is not kept again
    location.reload();
  }
}
