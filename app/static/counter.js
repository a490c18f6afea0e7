/** The counter: what was scanned and found OK stands on a list, and is supplied by one press. */

import { me } from "./me.js";
import { PackList, packOf } from "./pack_list.js";
import { Sent } from "./sent.js";
import { post } from "./server.js";
import { why } from "./sign/words.js";
import { done, objections, signed } from "./signing.js";
import { _, _n } from "./words.js";

const at = (id) => document.getElementById(id);

/** The list "To supply" and its buttons. */
export class Counter {
  #list;
  #note;
  #link;
  #sent;
  #busy = false;

  /** `note(outcome)` is told what came of each act, `link(words, path, what)` of a bag. */
  constructor({ note, link }) {
    this.#note = note;
    this.#link = link;
    const part = [_("Open: part supply"), (pack) => this.#supply("open", [pack.id])];
    this.#list = new PackList(at("to-supply"), `supply ${me.site}`, [part], () => this.#show());
    for (const button of document.querySelectorAll("[data-supply]")) {
      button.addEventListener("click", () => this.press());
    }
    at("others").addEventListener("click", () => this.#withoutBad());
    at("bag").addEventListener("click", () => this.#bag());
    at("empty").addEventListener("click", () => {
      this.#list.remove(this.#list.all.map((pack) => pack.id));
      at("text").focus();
    });
    this.#show();
    this.#sent = new Sent(`supply ${me.site}`, (outcome, packs) => this.#settled(outcome, packs));
    this.#sent.look();
  }

  /** Take in a verdict: a pack that is OK joins the list, one that is not is marked in it. */
  add(told) {
    const id = told.label?.id;
    if (!id) return;
    // A container is unpacked first: packs are supplied.
    if (told.mark.style === "ok" && told.state === "here" && told.label.gtin) {
      const fresh = this.#list.add(packOf(told));
      this.#say(fresh ? "" : _("This pack is on the list already."));
    } else if (this.#list.has(id) && told.mark.style !== "unknown") {
      this.#list.blame(id, told.reasons[0].words);
    }
  }

  /** Put a pack on the list that no server could be asked about: somebody answers for it. */
  addUnchecked(told) {
    this.#list.add({ ...packOf(told), unchecked: true });
    this.#say(_("It is judged when it lands on the log; if that says no, you are told here."));
  }

  /** Supply the list. Nothing that a scanner types leads here. */
  press() {
    if (this.#list.bad.length) {
      this.#say(_("Take out what may not be supplied, or press “Supply the others”."));
      return at("others").focus();
    }
    return this.#supply("supply", this.#list.all.map((pack) => pack.id));
  }

  #withoutBad() {
    const good = this.#list.all.filter((pack) => !pack.words);
    return this.#supply("supply", good.map((pack) => pack.id));
  }

  async #supply(op, ids) {
    if (this.#busy || !ids.length) return undefined;
    this.#busy = true;
    try {
      const outcomes = await signed([{ op, ids }]);
      if (!outcomes) return undefined;
      const [outcome] = outcomes;
      this.#note(outcome);
      if (!done(outcome)) return await this.#blame(op, ids, outcome.problem);
      this.#sent.add(outcome, this.#list.all.filter(({ id }) => ids.includes(id)));
      return this.#list.remove(ids);
    } finally {
      this.#busy = false;
    }
  }

  /** What waited has landed, or was refused: then its packs are to be seen to. */
  async #settled(outcome, packs) {
    this.#note(outcome);
    if (done(outcome)) return;
    this.#list.restore(packs);
    await this.#blame(outcome.op, outcome.ids, outcome.problem);
  }

  /** The log said no: say of each pack whether it was that one. */
  async #blame(op, ids, problem) {
    let found = new Map();
    try {
      found = await objections(op, ids);
    } catch {
      // The act's own words stand in the session's list.
    }
    const bad = [...found].filter(([, words]) => words);
    for (const [id, words] of bad) this.#list.blame(id, words);
    const some = _n(
      "Nothing was supplied: %(n)s pack on the list may not be.",
      "Nothing was supplied: %(n)s packs on the list may not be.",
      bad.length,
    );
    this.#say(bad.length ? some : why(problem), true);
  }

  async #bag() {
    if (this.#busy || !this.#list.size) return;
    this.#busy = true;
    try {
      const items = this.#list.all.map((pack) => pack.id);
      const answer = await post("/api/bags", JSON.stringify({ items }));
      const told = await answer.json();
      if (!answer.ok) return this.#say(told.detail, true);
      this.#list.remove(items);
      const words = _n("%(n)s pack in bag %(number)s", "%(n)s packs in bag %(number)s", items.length, told);
      this.#link(words, `${told.path}/slip`, _("Print the slip"));
      return this.#say(words);
    } catch {
      return this.#say(_("The server cannot be reached. Check the line."), true);
    } finally {
      this.#busy = false;
    }
  }

  #show() {
    const { size, bad } = this.#list;
    const words = _n("Supply %(n)s pack", "Supply %(n)s packs", size);
    for (const button of document.querySelectorAll("[data-supply]")) {
      button.disabled = !size;
      button.querySelector("span").textContent = size ? words : _("Supply");
    }
    at("to-supply-none").hidden = size > 0;
    at("others").hidden = !bad.length || bad.length === size;
    at("bag").disabled = at("empty").disabled = !size;
  }

  #say(words, wrong = false) {
    at("counter-state").textContent = wrong ? "" : words;
    at("counter-error").textContent = wrong ? words : "";
    at("counter-error").hidden = !wrong;
    if (wrong) at("counter-error").focus();
  }
}
