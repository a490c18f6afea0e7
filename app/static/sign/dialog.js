/** The dialog in which a person reads what a statement says, and signs it or does not. */

import { _ } from "../words.js";
import { element } from "../verdict.js";
import { countWords, shortId } from "./words.js";

const SHOWN = 200; // ids of a list that are written out; all of them are signed and counted
const BURST = 60; // ms after another key within which Enter or Space is a scanner's, not a person's

const at = (id) => document.getElementById(id);

/** A dialog over what is to be signed. */
export class SignDialog {
  #box = at("sign");
  #last = -Infinity;
  #working = false; // signed, and on its way: there is nothing to leave any more

  constructor() {
    this.#box.addEventListener("cancel", (event) => this.#working && event.preventDefault());
    // No scan ever presses the button: its suffix comes right behind its other keys.
    this.#box.addEventListener(
      "keydown",
      (event) => {
        const pressed = event.key === "Enter" || event.key === " ";
        if (pressed && event.timeStamp - this.#last < BURST) event.preventDefault();
        this.#last = event.timeStamp;
      },
      true,
    );
  }

  /**
   * Show statements in words, and who signs; false when the person left it, else, once they have
   * pressed Sign, where the second signature comes from: "passkey", "colleague", or "none" where
   * `second` says that none is needed. The dialog then stays open until `close`.
   */
  ask(statements, by, second) {
    at("sign-title").textContent = statements.map((one) => one.words.title).join(" + ");
    const shown = statements.flatMap(({ words }) => {
      const told = this.#shown(words);
      return statements.length > 1 ? [element("h3", words.title), told] : [told];
    });
    at("sign-words").replaceChildren(...shown);
    at("sign-by").textContent = by;
    at("sign-error").hidden = true;
    at("sign-state").textContent = "";
    at("sign-second").hidden = second === "none";
    at("sign-passkey").hidden = second !== "passkey";
    for (const one of this.#box.querySelectorAll("[name=second]")) one.checked = one.value === second;
    this.#busy(false);
    if (!this.#box.open) this.#box.showModal();
    at("sign-title").focus();
    return new Promise((done) => {
      const chosen = () => this.#box.querySelector("[name=second]:checked")?.value;
      const yes = () => answer(second === "none" ? second : chosen());
      const no = (event) => {
        event.preventDefault();
        answer(false);
      };
      const answer = (said) => {
        at("sign-yes").removeEventListener("click", yes);
        at("sign-no").removeEventListener("click", no);
        this.#box.removeEventListener("cancel", no);
        if (said) this.#busy(true);
        else this.close();
        done(said);
      };
      at("sign-yes").addEventListener("click", yes);
      at("sign-no").addEventListener("click", no);
      this.#box.addEventListener("cancel", no);
    });
  }

  /** Say how it goes. */
  state(words) {
    at("sign-state").textContent = words;
  }

  /** Say why it cannot be signed; resolves once a person has closed it. */
  refuse(title, words) {
    this.#busy(false);
    at("sign-title").textContent = title;
    at("sign-words").replaceChildren();
    at("sign-by").textContent = "";
    at("sign-second").hidden = true;
    at("sign-error").textContent = words;
    at("sign-error").hidden = false;
    at("sign-state").textContent = "";
    at("sign-yes").hidden = true;
    at("sign-no").textContent = _("Close");
    if (!this.#box.open) this.#box.showModal();
    at("sign-title").focus();
    return new Promise((done) => {
      const over = () => {
        this.close();
        done();
      };
      at("sign-no").addEventListener("click", over, { once: true });
      this.#box.addEventListener("cancel", over, { once: true });
    });
  }

  close() {
    if (this.#box.open) this.#box.close();
  }

  #busy(yes) {
    this.#working = yes;
    this.#box.closedBy = yes ? "none" : "closerequest"; // a second Escape asks nobody
    at("sign-yes").hidden = false;
    at("sign-yes").disabled = yes;
    at("sign-no").disabled = yes;
    at("sign-no").textContent = _("Cancel");
  }

  #shown({ lines, lists }) {
    const told = element("dl");
    for (const [what, ids] of lists) {
      const line = element("div");
      const value = element("dd", countWords(ids));
      line.append(element("dt", what), value);
      const one = element("details");
      const list = element("ul");
      for (const id of ids.slice(0, SHOWN)) list.append(element("li", shortId(id), "code"));
      if (ids.length > SHOWN) list.append(element("li", `… ${ids.length - SHOWN}`));
      one.append(element("summary", _("Show them")), list);
      value.append(one);
      told.append(line);
    }
    for (const [what, value] of lines) {
      const line = element("div");
      line.append(element("dt", what), element("dd", value));
      told.append(line);
    }
    return told;
  }
}
