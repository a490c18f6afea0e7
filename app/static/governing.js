/** What an authority decides: checked by the log's rules, read and signed, and where it leads. */

import { asked } from "./server.js";
import { govern } from "./sign/sign.js";
import { problemWords } from "./sign/words.js";
import { _ } from "./words.js";

const at = (id) => document.getElementById(id);

/** Say what stands in the way. */
export function fail(words) {
  at("error").textContent = words;
  at("error").hidden = false;
  at("error").focus();
}

/**
 * Have statements checked and signed, then go to `next` once they have landed, or to what waits for a
 * colleague. One that the log would not take is not shown for signing at all.
 */
export async function decide(statements, next) {
  at("error").hidden = true;
  try {
    await asked("/api/governance/checks", { method: "POST", body: JSON.stringify({ statements }) });
    const outcomes = await govern(statements);
    if (!outcomes) return;
    const refused = outcomes.find((one) => one.status === "refused");
    if (refused) fail(problemWords(refused.problem));
    else if (outcomes.some((one) => one.status === "colleague")) location.assign("/waiting");
    else if (outcomes.every((one) => one.status === "landed")) location.assign(next);
    else fail(_("Signed. It is sent as soon as the server can be reached."));
  } catch (error) {
    fail(error.message);
  }
}

/** Let a form's press be one decision at a time: `statements` makes them of its fields. */
export function onDecide(form, statements, next) {
  const button = form?.querySelector("button.main");
  if (!button) return;
  button.disabled = false; // it was until there was somebody to take the press
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    try {
      const told = new FormData(form);
      await decide(statements(told), next(told));
    } finally {
      button.disabled = false;
    }
  });
}
