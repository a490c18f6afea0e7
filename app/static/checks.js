/** Live checks: would the log take an act on these items now? POST /api/checks, in batches, in order. */

import { pause } from "./ask.js";
import { post } from "./server.js";
import { _ } from "./words.js";

const BATCH = 1_000; // the most that one request may ask
const UNREACHED = 2; // s

/** Why a check ended: `code` "not-signed-in" or the problem's own, `words`, `next`. */
export class Unchecked extends Error {
  constructor({ code, detail, advice, title }) {
    super(detail || title);
    this.code = code;
    this.next = advice ?? "";
  }
}

/**
 * Check texts: calls `told(answer, texts)` for each batch in its turn. `state(words)` is told while the
 * server cannot be reached; then it is asked again. `wanted()` false ends it. Throws Unchecked.
 */
export async function checkAll(question, texts, { told, state = () => {}, wanted = () => true }) {
  const most = Math.max(1, texts.length);
  for (let start = 0; start < most && wanted(); start += BATCH) {
    const some = texts.slice(start, start + BATCH);
    const answer = await asked({ ...question, items: some }, state, wanted);
    if (answer) told(answer, some);
  }
}

async function asked(question, state, wanted) {
  while (wanted()) {
    let answer;
    let body;
    try {
      answer = await post("/api/checks", JSON.stringify(question));
      body = await answer.json();
    } catch {
      state(_("The server cannot be reached. What was scanned is kept, and checked once it can."));
      await pause(UNREACHED);
      continue;
    }
    state("");
    if (answer.ok) return body;
    if (answer.status !== 429 && answer.status !== 503) throw new Unchecked(body);
    state(body.detail);
    await pause(Number(answer.headers.get("Retry-After")) || 1);
  }
  return null;
}

/** Scans as they come, checked in their order, as many in one request as have come meanwhile. */
export class Checks {
  #waiting = [];
  #busy = false;
  #question;
  #told;
  #answered;
  #failed;
  #state;

  /**
   * `question()` is {op, to?, …}; `told(item, scan)` gets the answer to each scan, `answered(answer)` then the
   * whole one; `failed(unchecked)` ends a run.
   */
  constructor({ question, told, answered, failed, state }) {
    this.#question = question;
    this.#told = told;
    this.#answered = answered;
    this.#failed = failed;
    this.#state = state;
  }

  /** Scans that no answer has come for: [{text, source}]. */
  get waiting() {
    return this.#waiting;
  }

  /** Take in a list of scans, which may be as long as a list can be. */
  add(scans) {
    for (const one of scans) this.#waiting.push(one);
    return this.run();
  }

  /** Go on with what waits: after the question changed, or the person signed in again. */
  async run() {
    if (this.#busy) return;
    this.#busy = true;
    try {
      while (this.#waiting.length && this.#question()) {
        const { source } = this.#waiting[0];
        const some = this.#waiting.filter((one) => one.source === source).slice(0, BATCH);
        const question = { ...this.#question(), source };
        const same = () => JSON.stringify({ ...this.#question(), source }) === JSON.stringify(question);
        const answer = await asked({ ...question, items: some.map((one) => one.text) }, this.#state, same);
        if (!same()) continue; // another place was chosen meanwhile: what was asked no longer counts
        const done = new Set(some);
        this.#waiting = this.#waiting.filter((one) => !done.has(one));
        answer.items.forEach((item, place) => this.#told(item, some[place]));
        this.#answered(answer);
      }
    } catch (error) {
      if (!(error instanceof Unchecked)) throw error;
      this.#failed(error);
    } finally {
      this.#busy = false;
    }
  }
}
