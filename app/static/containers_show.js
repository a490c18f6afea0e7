/** /containers/<sscc>: unpack a container, whole or in part. */

import { idOf } from "./containers_numbers.js";
import { shortId } from "./sign/words.js";
import { Steps } from "./steps.js";
import { _, _n } from "./words.js";

const at = (id) => document.getElementById(id);
const { sscc, children, more } = JSON.parse(at("container").textContent);

let chosen = []; // ids; none for the whole

const draft = { keep: async () => {}, drop: async () => {} }; // what is chosen is chosen again soon

const steps = new Steps({
  draft,
  acts: () => [{ op: "unpack", ids: chosen, fields: { parent: idOf(sscc) } }],
});

at("unpack")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const whole = event.submitter?.value === "all";
  const items = [...document.querySelectorAll("[name=item]:checked")].map((one) => one.value);
  if (!whole && !items.length) {
    steps.fail(_("Choose what comes out, or unpack the whole container."));
    return;
  }
  chosen = whole ? [] : items.sort();
  const count = whole ? children.length + more : items.length;
  const what = whole
    ? _n("the whole container: %(n)s item", "the whole container: %(n)s items", count)
    : `${_n("%(n)s item", "%(n)s items", count)}: ${items.slice(0, 5).map(shortId).join(", ")}${count > 5 ? " …" : ""}`;
  steps.check([["SSCC", sscc], [_("Comes out"), what]], {});
});
