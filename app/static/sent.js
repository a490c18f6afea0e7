/** Acts of a list that wait for the line: what becomes of them is told, though the page was left meanwhile. */

import { onChange } from "./sign/outbox.js";
import { follow } from "./signing.js";
import { keepList, listed } from "./tab_list.js";

/** Acts of one list, each with the packs that it is about. */
export class Sent {
  #name;
  #settled;
  #acts; // [{outcome, packs}]
  #turn = Promise.resolve();

  /** `name` keeps lists apart in this tab; `settled(outcome, packs)` is told what landed or was refused. */
  constructor(name, settled) {
    this.#name = `packtrace sent ${name}`;
    this.#settled = settled;
    this.#acts = listed(this.#name);
    onChange(() => this.look());
  }

  /** Follow an act that was signed, where it waits. */
  add(outcome, packs) {
    if (outcome.status !== "waiting") return;
    this.#acts.push({ outcome, packs });
    this.#keep();
  }

  /** See what has become of them, one look after the other. */
  look() {
    const next = () => this.#look();
    this.#turn = this.#turn.then(next, next);
  }

  async #look() {
    for (const one of [...this.#acts]) {
      if (!(await follow([one.outcome]))) continue;
      this.#acts = this.#acts.filter((other) => other !== one);
      this.#keep();
      await this.#settled(one.outcome, one.packs);
    }
  }

  #keep() {
    keepList(this.#name, this.#acts);
  }
}
