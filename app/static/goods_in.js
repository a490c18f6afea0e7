/** Goods-in: packs of deliveries to this site, booked in by one press, one statement a delivery. */

import { me } from "./me.js";
import { PackList, packOf } from "./pack_list.js";
import { Sent } from "./sent.js";
import { why } from "./sign/words.js";
import { done, may, objections, signed } from "./signing.js";
import { element } from "./verdict.js";
import { _, _n } from "./words.js";

const at = (id) => document.getElementById(id);

/** What a receipt of packs says: one act a shipment, each naming what the shipment named. */
export function receipts(packs) {
  const by = new Map();
  for (const { shipment } of packs) {
    const ids = by.get(shipment.id) ?? new Set();
    by.set(shipment.id, ids.add(shipment.item));
  }
  return [...by].map(([shipment, ids]) => ({ op: "receive", ids: [...ids].sort(), fields: { shipment } }));
}

/** The list "To book in" and its buttons. */
export class GoodsIn {
  #list;
  #note;
  #sent;
  #busy = false;

  constructor({ note }) {
    this.#note = note;
    this.#list = new PackList(at("to-book"), `receive ${me.site}`, [], () => this.#show());
    for (const button of document.querySelectorAll("[data-book]")) {
      button.addEventListener("click", () => this.press());
    }
    this.#show();
    this.#sent = new Sent(`receive ${me.site}`, (outcome, packs) => this.#settled(outcome, packs));
    this.#sent.look();
  }

  /** Take in a verdict: what is on its way to this site joins the list. */
  add(told) {
    if (told.label?.id && told.shipment && told.mark.style === "ok") {
      const fresh = this.#list.add(packOf(told));
      this.#say(fresh ? "" : _("This pack is on the list already."));
    } else if (told.label?.id && this.#list.has(told.label.id)) {
      this.#list.remove([told.label.id]); // booked in meanwhile, or called back
    }
  }

  /** Book the list in. */
  async press() {
    const packs = this.#good;
    if (this.#busy || !packs.length) return;
    this.#busy = true;
    try {
      const outcomes = await signed(receipts(packs));
      for (const outcome of outcomes ?? []) await this.#landed(outcome, packs);
    } finally {
      this.#busy = false;
    }
  }

  /** The packs that nothing is known against. */
  get #good() {
    return this.#list.all.filter((pack) => !pack.words);
  }

  async #landed(outcome, packs) {
    const { shipment } = outcome.fields;
    const mine = packs.filter((pack) => pack.shipment.id === shipment);
    this.#sent.add(outcome, mine);
    return this.#settled(outcome, mine);
  }

  /** Of one delivery, at once or after it has waited; what was refused is to be seen to. */
  async #settled(outcome, mine) {
    const { shipment } = outcome.fields;
    this.#note(outcome);
    if (!done(outcome)) {
      this.#list.restore(mine);
      return this.#blame(outcome, mine);
    }
    this.#list.remove(mine.map((pack) => pack.id));
    if (outcome.status === "landed" && may("supply")) this.#offer(shipment, mine[0].shipment.number);
    return undefined;
  }

  async #blame({ ids, fields, problem }, mine) {
    try {
      const found = await objections("receive", ids, fields);
      for (const { id, shipment } of mine) this.#list.blame(id, found.get(shipment.item) ?? "");
    } catch {
      // The act's own words say it.
    }
    this.#say(why(problem));
  }

  /** A hospital's stock goes to its wards: the whole delivery can be supplied by one more press. */
  #offer(shipment, number) {
    const line = element("p", "", "actions");
    const button = element("button", _("Supply the whole delivery %(number)s", { number }));
    button.type = "button";
    button.addEventListener("click", async () => {
      button.disabled = true;
      try {
        const answer = await fetch(`/api/deliveries/${shipment}/packs`, { headers: { Accept: "application/json" } });
        const told = await answer.json();
        if (!answer.ok) return this.#say(told.detail);
        if (!told.packs.length) return this.#say(_("Nothing of this delivery is left in stock."));
        const outcomes = await signed([{ op: "supply", ids: told.packs }]);
        for (const outcome of outcomes ?? []) this.#note(outcome);
        if (outcomes?.every(done)) line.remove();
      } catch {
        return this.#say(_("The server cannot be reached. Check the line."));
      } finally {
        button.disabled = false;
      }
      return undefined;
    });
    line.append(button);
    at("booked").prepend(line);
  }

  #show() {
    const packs = this.#list.all;
    const numbers = [...new Set(packs.map((pack) => pack.shipment.number))];
    const good = this.#good.length;
    const words = _n("Book in %(n)s pack", "Book in %(n)s packs", good);
    for (const button of document.querySelectorAll("[data-book]")) {
      button.disabled = !good;
      button.querySelector("span").textContent = good ? words : _("Book in");
    }
    at("to-book-none").hidden = packs.length > 0;
    at("deliveries").textContent = packs.length
      ? _n("Delivery %(numbers)s.", "Deliveries %(numbers)s.", numbers.length, { numbers: numbers.join(", ") })
      : "";
  }

  #say(words) {
    at("goods-state").textContent = words;
  }
}
