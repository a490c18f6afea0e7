/** The steps of a page whose acts are signed in one press: its work, check your answers, sign, done. */

import { drawAnswers } from "./goods_view.js";
import { onChange, receiptOf } from "./sign/outbox.js";
import { act } from "./sign/sign.js";
import { done } from "./signing.js";
import { element } from "./verdict.js";
import { _, moment } from "./words.js";

const at = (id) => document.getElementById(id);

/** One page's steps. What was signed is kept in its draft, so that a reload shows it again. */
export class Steps {
  #draft;
  #acts;
  #refused;
  #links;
  #busy = false;
  /** What was signed: {outcomes, facts, links}, null before. */
  finished = null;

  /**
   * `acts()` are those to sign; `refused(problem)` is told when the log says no; `links(shown)` sets the
   * links of what was done, from what the page kept of it.
   */
  constructor({ draft, acts, refused = () => {}, links = () => {} }) {
    this.#draft = draft;
    this.#acts = acts;
    this.#refused = refused;
    this.#links = links;
    at("back").addEventListener("click", () => this.edit("continue"));
    for (const one of document.querySelectorAll("[data-afresh]")) {
      one.addEventListener("click", () => this.afresh());
    }
    onChange(() => this.finished && this.#conclude(false));
  }

  /** Show what was kept as done, if it is; whether it was. */
  async resume(before) {
    if (!before?.finished) return false;
    this.finished = before.finished;
    await this.#conclude(false);
    return true;
  }

  /** Say what stands in the way, on top. */
  fail(words, next = "") {
    at("problem-words").textContent = `${words} ${next ?? ""}`;
    at("problem").hidden = false;
    at("problem").focus();
  }

  /** The session is over: what was entered is kept. */
  signedOut() {
    at("problem-sign-in").hidden = false;
    this.fail(_("You are signed out. All that you entered is kept in this browser."), _("Sign in again, and go on."));
  }

  /** Ask the server something before signing: its answer, or null with what is wrong said. */
  async ask(path, question) {
    at("problem").hidden = true;
    const headers = { "Content-Type": "application/json", Accept: "application/json" };
    try {
      const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(question) });
      const told = await answer.json();
      if (answer.ok) return told;
      if (answer.status === 401) this.signedOut();
      else this.fail(told.detail, told.advice);
    } catch {
      this.fail(_("The server cannot be reached. Check the line."), _("All that you entered is kept in this browser."));
    }
    return null;
  }

  /** Check your answers: lines [[what, value, id of the field to change]]; `keep` is kept with what was done. */
  check(answers, keep) {
    at("problem").hidden = true;
    drawAnswers(at("answers"), answers, (field) => this.edit(field));
    at("sign-it").onclick = () => this.#sign({ ...keep, facts: answers.map(([what, value]) => [what, value]) });
    at("work").hidden = true;
    at("check").hidden = false;
    at("check-title").focus();
  }

  /** Back to the work, at a field. */
  edit(field) {
    at("check").hidden = true;
    at("work").hidden = false;
    at(field)?.focus();
  }

  async #sign(keep) {
    if (this.#busy) return; // a double click
    this.#busy = true;
    at("sign-it").disabled = true;
    try {
      await this.#draft?.keep();
      const outcomes = await act(this.#acts());
      if (!outcomes) return;
      const refused = outcomes.find((one) => !done(one));
      if (refused && !done(outcomes[0])) {
        this.edit("continue");
        this.#refused(refused.problem);
        this.fail(refused.problem?.detail ?? _("It was refused."), refused.problem?.advice);
        return;
      }
      this.finished = { ...keep, outcomes };
      await this.#draft?.keep();
      await this.#conclude(true);
      if (refused) this.fail(refused.problem?.detail ?? _("It was refused."), refused.problem?.advice);
    } finally {
      this.#busy = false;
      at("sign-it").disabled = false;
    }
  }

  async #conclude(focus) {
    const { outcomes, facts } = this.finished;
    const signed = outcomes.filter(done);
    const receipts = await Promise.all(signed.map(async (one) => one.receipt ?? (await receiptOf(one.id))?.receipt));
    const landed = receipts.every(Boolean);
    const colleague = signed.some((one) => one.status === "colleague");
    for (const part of ["work", "check", "resumed"]) if (at(part)) at(part).hidden = true;
    at("done").hidden = false;
    at("done-title").textContent = signed.length < outcomes.length ? _("Only in part on the log") : title(landed, colleague);
    at("done-waits").hidden = landed || colleague;
    at("done-colleague").hidden = !colleague;
    at("done-links").hidden = !landed;
    at("done-facts").replaceChildren(...[...facts, ...signed.flatMap(reference(receipts))].map(line));
    const [{ id }] = signed;
    at("done-proof").href = `/api/statements/${id}`;
    at("done-proof").download = `${id.slice(0, 16)}.packtrace.json`;
    this.#links(this.finished);
    if (focus) at("done-title").focus();
  }

  /** Forget what was kept, and begin anew. */
  async afresh() {
    await this.#draft?.drop();
    this.finished = null;
    location.reload();
  }
}

function title(landed, colleague) {
  if (colleague) return _("Signed: a colleague signs it too");
  return landed ? _("It is on the log") : _("Signed, and waiting to be sent");
}

function reference(receipts) {
  return ({ id }, place) => {
    const receipt = receipts[place];
    const where = receipt ? [[_("Landed"), `${moment(receipt.ms)}, ${_("entry %(n)s", { n: receipt.index })}`]] : [];
    return [[_("Reference"), id], ...where];
  };
}

function line([what, value]) {
  const made = element("div");
  made.append(element("dt", what), element("dd", value));
  return made;
}
