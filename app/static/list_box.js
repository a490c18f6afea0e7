/** Items by list: pasted, or out of a file. All bad lines are told, and then nothing is taken over. */

import { Unchecked, checkAll } from "./checks.js";
import { drawBad } from "./goods_view.js";
import { Unreadable, readList, textOf } from "./lists.js";
import { _, _n } from "./words.js";

const at = (id) => document.getElementById(id);

/** The forms `paste` and `file` of a page, and what came of them. */
export class ListBox {
  #question;
  #accept;
  #good = [];
  #turn = 0;

  /** `question()` is what to check by, null while it cannot be said; `accept(items)` takes good ones. */
  constructor({ question, accept }) {
    this.#question = question;
    this.#accept = accept;
    at("paste").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#read(async () => at("paste-text").value);
    });
    at("file").addEventListener("change", ({ target }) => {
      const [file] = target.files;
      if (file) this.#read(() => textOf(file));
      target.value = ""; // the same file, corrected, may be chosen again
    });
    at("list-good").addEventListener("click", () => this.#take());
    at("list-drop").addEventListener("click", () => this.#close(_("Nothing of the list was taken over.")));
  }

  async #read(text) {
    const turn = ++this.#turn;
    this.#close("");
    if (!this.#question()) return this.#say(_("Choose first where it goes; the list is checked by that."));
    try {
      this.#busy(_("Reading the list…"), 0);
      const { items, faults } = await readList(await text(), (share) => this.#busy(_("Reading the list…"), share / 4));
      if (turn !== this.#turn) return undefined;
      if (faults.length) return this.#bad(faults, []);
      if (!items.length) return this.#say(_("The list is empty."));
      return await this.#check(items, turn);
    } catch (error) {
      if (!(error instanceof Unreadable || error instanceof Unchecked)) throw error;
      return this.#say(`${error.message} ${error.next ?? ""}`);
    } finally {
      if (turn === this.#turn) at("list-busy").hidden = true;
    }
  }

  async #check(items, turn) {
    const good = [];
    const bad = [];
    let done = 0;
    const told = (answer) => {
      for (const one of answer.items) {
        const { line } = items[done];
        done += 1;
        (one.ok ? good : bad).push({ ...one, line });
      }
      const words = _("Checked %(done)s of %(all)s.", { done, all: items.length });
      this.#busy(words, 0.25 + (0.75 * done) / items.length);
    };
    const wanted = () => turn === this.#turn;
    const state = (words) => words && this.#busy(words, done / items.length);
    await checkAll({ ...this.#question(), source: "typed" }, items.map((one) => one.text), { told, state, wanted });
    if (!wanted()) return;
    this.#good = good;
    if (bad.length) this.#bad(bad, good);
    else this.#take();
  }

  #take() {
    const good = this.#good;
    this.#close(_n("%(n)s item of the list was taken over.", "%(n)s items of the list were taken over.", good.length));
    at("paste-text").value = "";
    this.#accept(good);
  }

  #bad(bad, good) {
    this.#good = good;
    at("list-bad").hidden = false;
    at("list-bad-count").textContent = _n(
      "%(n)s line is wrong. Nothing was taken over.",
      "%(n)s lines are wrong. Nothing was taken over.",
      bad.length,
    );
    drawBad(at("list-bad-lines"), bad.map((one) => ({ next: "", ...one })), () => []);
    at("list-good").hidden = !good.length;
    at("list-good").textContent = _n("Take over the %(n)s good line", "Take over the %(n)s good lines", good.length);
    at("list-bad-title").focus();
  }

  #busy(words, share) {
    at("list-busy").hidden = false;
    if (at("list-busy-words").textContent !== words) at("list-busy-words").textContent = words;
    at("list-progress").value = share;
  }

  #close(words) {
    this.#good = [];
    at("list-bad").hidden = true;
    this.#say(words);
  }

  #say(words) {
    at("list-state").textContent = words;
  }
}
