/** /shipments/<id>: what a side does about a shipment that is out of order, signed by a press each. */

import { done, may, outcomeLine, signed } from "./signing.js";

const at = (id) => document.getElementById(id);
const told = JSON.parse(at("shipment-acts").textContent);
const FIELDS = { void: { shipment: told.shipment } }; // a loss names no shipment

for (const button of document.querySelectorAll("[data-act]")) {
  const op = button.dataset.act;
  button.hidden = !may(op);
  button.addEventListener("click", async () => {
    button.disabled = true; // a double click
    try {
      const outcomes = await signed([{ op, ids: told[op], fields: FIELDS[op] }]);
      if (!outcomes) return;
      at("outcomes").replaceChildren(...outcomes.map(outcomeLine));
      if (outcomes.every((one) => one.status === "landed")) location.reload();
      else if (outcomes.every(done)) button.hidden = true;
    } finally {
      button.disabled = false;
    }
  });
}
