/** Where a verdict is shown: over the page while scanning goes on, or until it was seen. */

import { draw, sentence } from "./verdict.js";

/** The two full screens of the page, and what is said aloud. */
export class Screen {
  #over = document.getElementById("verdict");
  #stopped = document.getElementById("stopped");
  #said = document.getElementById("said");
  #seen = null; // resolves when the verdict that stopped scanning was seen
  #offers;
  #prints;
  #halting = null; // the verdict that stopped scanning

  /** `offers(told)` are what can be done about a verdict, see `draw`; `prints()` looks at labels' prints. */
  constructor(offers = () => [], prints = () => null) {
    this.#offers = offers;
    this.#prints = prints;
    document.getElementById("fold").addEventListener("click", () => this.fold());
    // Whoever goes on with the page has done with the verdict that lies over it.
    const within = (event) => this.#over.contains(event.target);
    document.addEventListener("focusin", (event) => within(event) || this.fold());
    document.addEventListener("input", (event) => within(event) || this.fold());
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.fold());
  }

  /** Resolves at once, or when the verdict that stopped scanning was seen. */
  get clear() {
    return this.#seen ?? Promise.resolve();
  }

  /** Whether scanning has stopped. */
  get halted() {
    return this.#seen !== null;
  }

  /** Show a verdict while scanning goes on; nothing that has the focus loses it. */
  show(told, aloud = true) {
    const old = this.#over.querySelector(".told");
    // The focus stays where it is, unless that goes away.
    if (old.contains(document.activeElement)) document.getElementById("fold").focus();
    old.replaceChildren(this.#drawn(told));
    this.#over.hidden = false;
    this.#over.scrollTop = 0;
    document.body.classList.add("showing");
    if (aloud) this.#said.textContent = sentence(told);
  }

  /** Open a verdict that was shown before. */
  reopen(told) {
    this.show(told, false);
    document.getElementById("fold").focus();
  }

  /** Show a verdict that must be seen before scanning goes on. */
  halt(told) {
    this.fold();
    this.#stopped.querySelector(".told").replaceChildren(this.#drawn(told));
    this.#halting = told;
    this.#said.textContent = sentence(told);
    this.waiting("");
    this.#seen = new Promise((done) => {
      const over = () => {
        this.#seen = this.#halting = null;
        this.#prints()?.leave();
        done();
      };
      this.#stopped.addEventListener("close", over, { once: true });
    });
    this.#stopped.showModal();
    this.#stopped.scrollTop = 0;
  }

  /** A verdict that was shown has become worse: it must be seen, after what has to be seen already. */
  async worsen(told) {
    if (this.#halting === told) {
      this.#stopped.querySelector(".told").replaceChildren(this.#drawn(told));
      this.#said.textContent = sentence(told);
      return;
    }
    await this.clear;
    this.halt(told);
  }

  #drawn(told) {
    const page = draw(told, this.#offers(told));
    this.#prints()?.dress(page, told);
    return page;
  }

  /** What stopped scanning was seen to: go on. */
  release() {
    if (this.#stopped.open) this.#stopped.close();
    this.fold();
  }

  /** Say what waits until the verdict was seen. */
  waiting(words) {
    this.#stopped.querySelector(".waiting").textContent = words;
  }

  /** Back to the page. */
  fold() {
    if (this.#over.hidden) return;
    this.#over.hidden = true;
    if (!this.halted) this.#prints()?.leave();
    document.body.classList.remove("showing");
  }
}
