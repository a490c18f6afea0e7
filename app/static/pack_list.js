/** Packs that were scanned for one act: a list that a reload does not lose. */

import { keepList, listed } from "./tab_list.js";
import { element } from "./verdict.js";
import { _ } from "./words.js";

/** What a list keeps of a pack that was scanned. */
export function packOf(told) {
  const logged = (name) => told.claims?.find((one) => one.name === name)?.log;
  const { id, serial, sscc, lot, expiry } = told.label;
  return {
    id,
    serial: serial || sscc,
    product: told.product ?? "",
    lot: logged("lot") || lot || "",
    expiry: logged("expiry") || expiry || "",
    shipment: told.shipment ?? null,
    words: "", // why it may not be in the act, "" where nothing is known against it
  };
}

/** A list, drawn into an `ol`; each line has a button to take the pack out, and others. */
export class PackList {
  #place;
  #name;
  #actions;
  #changed;
  #packs = new Map();
  #lines = new Map(); // id -> [the pack as it was drawn, its line]

  /** `name` keeps lists apart in this tab; `actions` are [words, press(pack)]; `changed()` is told. */
  constructor(place, name, actions, changed) {
    this.#place = place;
    this.#name = `packtrace ${name}`;
    this.#actions = actions;
    this.#changed = changed;
    for (const pack of listed(this.#name)) this.#packs.set(pack.id, pack);
    this.#draw();
  }

  get all() {
    return [...this.#packs.values()];
  }

  /** The packs that something is known against. */
  get bad() {
    return this.all.filter((pack) => pack.words);
  }

  get size() {
    return this.#packs.size;
  }

  has(id) {
    return this.#packs.has(id);
  }

  /** Add a pack, newest first; whether it was not there. One that is there stays in its place. */
  add(pack) {
    const fresh = !this.#packs.has(pack.id);
    if (fresh) this.#packs = new Map([[pack.id, pack], ...this.#packs]);
    else this.#packs.set(pack.id, pack);
    this.#keep();
    return fresh;
  }

  /** Put packs back that were taken off; one that was scanned again meanwhile stays as it is. */
  restore(packs) {
    for (const pack of packs) if (!this.has(pack.id)) this.#packs.set(pack.id, pack);
    this.#keep();
  }

  remove(ids) {
    for (const id of ids) this.#packs.delete(id);
    this.#keep();
  }

  /** Say why a pack may not be in the act. */
  blame(id, words) {
    const pack = this.#packs.get(id);
    if (!pack) return;
    pack.words = words;
    this.#keep();
  }

  #keep() {
    keepList(this.#name, this.all);
    this.#draw();
    this.#changed();
  }

  /** Draw what has changed: whoever is at a button of another line stays there. */
  #draw() {
    const at = document.activeElement;
    const lines = this.all.map((pack) => this.#drawn(pack));
    const old = [...this.#place.children];
    for (const one of old) if (!lines.includes(one)) one.remove();
    lines.forEach((line, place) => {
      if (this.#place.children[place] !== line) {
        this.#place.insertBefore(line, this.#place.children[place] ?? null);
      }
    });
    if (at?.dataset?.pack && at !== document.activeElement) this.#focus(at);
  }

  #drawn(pack) {
    const known = JSON.stringify(pack);
    const [before, line] = this.#lines.get(pack.id) ?? [];
    if (before === known) return line;
    const fresh = this.#line(pack);
    this.#lines.set(pack.id, [known, fresh]);
    return fresh;
  }

  /** Who was at a button that is gone stays in the list. */
  #focus({ dataset, textContent }) {
    const buttons = [...this.#place.querySelectorAll("[data-pack]")];
    const mine = buttons.filter((one) => one.dataset.pack === dataset.pack);
    const same = mine.find((one) => one.textContent === textContent);
    (same ?? mine[0] ?? buttons[0] ?? document.getElementById("text"))?.focus();
  }

  #line(pack) {
    const line = element("li", "", pack.words ? "pack bad" : "pack");
    const what = [
      pack.lot && _("lot %(lot)s", pack),
      pack.expiry && _("expiry %(expiry)s", pack),
      _("serial %(serial)s", pack),
    ];
    const told = element("div");
    told.append(element("strong", pack.product || "GTIN"), element("span", what.filter(Boolean).join(" · "), "hint"));
    if (pack.unchecked) told.append(element("p", `? ${_("not checked")}`, "why-not"));
    if (pack.words) told.append(element("p", `✕ ${pack.words}`, "why-not"));
    line.append(told);
    for (const [words, press] of this.#actions) line.append(this.#button(words, pack, press));
    line.append(this.#button(_("Take out"), pack, () => this.remove([pack.id])));
    return line;
  }

  #button(words, pack, press) {
    const button = element("button", words, "plain");
    button.type = "button";
    button.dataset.pack = pack.id;
    button.setAttribute("aria-label", _("%(what)s: serial %(serial)s", { what: words, serial: pack.serial }));
    button.addEventListener("click", () => press(pack));
    return button;
  }
}
