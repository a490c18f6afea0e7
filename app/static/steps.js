/** The steps of a page whose acts are signed in one press: its work, check your answers, sign, done. */

import { drawAnswers } from "./goods_view.js";
import { post } from "./server.js";
import { onChange } from "./sign/outbox.js";
import { act } from "./sign/sign.js";
import { problemWords, why } from "./sign/words.js";
import { SignedWork } from "./signed_work.js";
import { done, follow, offerAgain, tooLate } from "./signing.js";
import { element } from "./verdict.js";
import { _, moment } from "./words.js";

const at = (id) => document.getElementById(id);

/** One page's steps. What was signed is kept in its draft, so that a reload shows it again. */
export class Steps {
  #draft;
  #work;
  #signed;
  #acts;
  #refused;
  #links;
  #busy = false;
  /** What was signed: {outcomes, facts, links}, null before. */
  /**
   * `work()` is what the draft keeps; `acts()` are those to sign; `refused(problem)` is told when the log
   * says no; `links(shown)` sets the links of what was done, from what the page kept of it.
   */
  constructor({ draft, work = () => ({}), acts, refused = () => {}, links = () => {} }) {
    this.#draft = draft;
    this.#work = work;
    this.#signed = new SignedWork(draft, work);
    this.#acts = acts;
    this.#refused = refused;
    this.#links = links;
    at("back").addEventListener("click", () => this.edit("continue"));
    for (const one of document.querySelectorAll("[data-afresh]")) {
      one.addEventListener("click", () => this.#signed.afresh());
    }
    at("go-on").addEventListener("click", () => this.#signed.goOn());
    onChange(() => this.finished && this.#conclude(false));
  }

  /** What a reload must not lose. */
  get kept() {
    return this.#signed.kept;
  }

  /** What was signed; null while it is at work. */
  get finished() {
    return this.#signed.told;
  }

  /** Show what was kept as done, if it is; whether it was. */
  async resume(before) {
    const was = this.#signed.resume(before);
    if (was) await this.#conclude(false);
    return was;
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
    try {
      const answer = await post(path, JSON.stringify(question));
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

  /** Whether a scan is taken now: it leads back from the check to the list. One that is too late is told. */
  takes() {
    const words = tooLate(this.finished, this.#busy);
    if (words) this.fail(words);
    else if (!at("check").hidden) this.edit("text");
    return !words;
  }

  async #sign(keep) {
    if (this.#busy) return; // a double click
    this.#busy = true;
    at("sign-it").disabled = true;
    try {
      await this.#draft.keep();
      const work = this.#work();
      const outcomes = await act(this.#acts());
      if (!outcomes) return;
      const refused = outcomes.find((one) => !done(one));
      if (refused && !done(outcomes[0])) {
        this.edit("continue");
        this.#refused(refused.problem);
        this.fail(why(refused.problem), refused.problem?.advice);
        return;
      }
      await this.#signed.sign({ ...keep, outcomes }, work);
      await this.#conclude(true);
      if (refused) this.fail(why(refused.problem), refused.problem?.advice);
    } finally {
      this.#busy = false;
      at("sign-it").disabled = false;
    }
  }

  async #conclude(focus) {
    const { outcomes, facts } = this.finished;
    const changed = await follow(outcomes);
    const signed = outcomes.filter(done);
    const refused = outcomes.find((one) => !done(one));
    const landed = signed.every(({ status }) => status === "landed");
    const colleague = signed.some(({ status }) => status === "colleague");
    if (landed && !refused) this.#signed.landed();
    if (changed) await this.#draft.keep();
    for (const part of ["work", "check", "resumed"]) if (at(part)) at(part).hidden = true;
    at("done").hidden = false;
    at("done").className = signed.length ? "done" : "errors";
    at("done-title").textContent = refused ? titleOfRefused(signed) : title(landed, colleague);
    at("done-waits").hidden = landed || colleague;
    at("done-colleague").hidden = !colleague;
    at("done-links").hidden = !landed || !signed.length;
    offerAgain(!signed.length);
    const told = signed.length ? [...facts, ...signed.flatMap(reference)] : []; // facts say what it comes to
    at("done-facts").replaceChildren(...told.map(line));
    at("done-facts").hidden = !told.length;
    const [{ id }] = outcomes;
    at("done-proof").href = `/api/statements/${id}`;
    at("done-proof").download = `${id.slice(0, 16)}.packtrace.json`;
    this.#links(this.finished);
    at("done-why").textContent = refused ? problemWords(refused.problem) : "";
    if (focus) at("done-title").focus();
  }
}

function title(landed, colleague) {
  if (colleague) return _("Signed: a colleague signs it too");
  return landed ? _("It is on the log") : _("Signed, and waiting to be sent");
}

function titleOfRefused(signed) {
  return signed.length ? _("Only in part on the log") : _("The log refused it: nothing was done");
}

function reference({ id, receipt }) {
  const where = receipt ? [[_("Landed"), `${moment(receipt.ms)}, ${_("entry %(n)s", { n: receipt.index })}`]] : [];
  return [[_("Reference"), id], ...where];
}

function line([what, value]) {
  const made = element("div");
  made.append(element("dt", what), element("dd", value));
  return made;
}
