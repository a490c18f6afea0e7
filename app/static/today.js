/** The page /today: an undo for what may still be undone. */

import { done, outcomeLine, signed } from "./signing.js";

const at = (id) => document.getElementById(id);
const undos = new Map(JSON.parse(at("undos").textContent).map((one) => [one.id, one.items]));

for (const button of document.querySelectorAll("[data-undo]")) {
  button.addEventListener("click", async () => {
    const undoes = button.dataset.undo;
    button.disabled = true;
    const outcomes = await signed([{ op: "undo", ids: undos.get(undoes), fields: { undoes } }]);
    button.disabled = false;
    if (!outcomes) return;
    const [outcome] = outcomes;
    if (done(outcome)) button.closest(".actions").replaceChildren(outcomeLine(outcome));
    else {
      at("error").replaceChildren(outcomeLine(outcome));
      at("error").hidden = false;
      at("error").focus();
    }
  });
}
