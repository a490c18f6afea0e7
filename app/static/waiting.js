/** The page /waiting: a second person reads an act that a colleague has signed, and signs it too. */

import { asked } from "./server.js";
import { countersign } from "./sign/sign.js";
import { problemWords } from "./sign/words.js";

const at = (id) => document.getElementById(id);

function fail(words) {
  at("error").textContent = words;
  at("error").hidden = false;
  at("error").focus();
}

/** Do what a press asks for; what stands in its way is told. */
async function press(work) {
  at("error").hidden = true;
  try {
    await work();
  } catch (error) {
    fail(error.message);
  }
}

async function sign({ dataset: { act, op } }) {
  const told = await asked(`/api/waiting/${act}`);
  const outcomes = await countersign(told, op);
  if (!outcomes) return undefined;
  const [{ status, problem }] = outcomes;
  if (status === "refused") return fail(problemWords(problem));
  if (status === "landed") return drop(act);
  // What is still on its way stays for a colleague, should the log not take it from here.
  return status === "colleague" ? location.reload() : undefined;
}

async function drop(act) {
  try {
    await asked(`/api/waiting/${act}`, { method: "DELETE" });
  } catch (error) {
    if (error.status !== 404) throw error; // a colleague was at it at the same time
  }
  location.reload();
}

for (const button of document.querySelectorAll("[data-act]")) {
  button.addEventListener("click", () => press(() => sign(button)));
}
for (const button of document.querySelectorAll("[data-drop]")) {
  button.addEventListener("click", () => press(() => drop(button.dataset.drop)));
}
