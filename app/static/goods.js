/** Goods on a list: each item once, counted by product and lot, against what was ordered. Pure. */

/** The list. An item is what a check told of it: {id, label, owner, inside, words}. */
export class Goods {
  #items = new Map();
  #around = new Map(); // container -> how many items on the list are inside it

  constructor(items = []) {
    for (const item of items) this.add(item);
  }

  get all() {
    return [...this.#items.values()];
  }

  /** The one that came first, or undefined. */
  get first() {
    return this.#items.values().next().value;
  }

  get ids() {
    return [...this.#items.keys()];
  }

  get size() {
    return this.#items.size;
  }

  /** How many packs these are. */
  get packs() {
    return this.all.reduce((sum, { label }) => sum + label.packs, 0);
  }

  has(id) {
    return this.#items.has(id);
  }

  /** Why an item cannot join: "twice", "container" (it is in one on the list), "inside" (the other way). */
  clash({ id, inside }) {
    if (this.#items.has(id)) return "twice";
    if (inside && this.#items.has(inside)) return "container";
    return this.#around.get(id) ? "inside" : "";
  }

  add(item) {
    this.#items.set(item.id, item);
    this.#count(item, 1);
  }

  remove(id) {
    const item = this.#items.get(id);
    if (item && this.#items.delete(id)) this.#count(item, -1);
  }

  #count({ inside }, more) {
    if (inside) this.#around.set(inside, (this.#around.get(inside) ?? 0) + more);
  }

  /**
   * Packs by product and lot: [{gtin, product, lot, expiry, packs, wanted}], `wanted` null where nothing
   * was ordered. A container of several lots counts as one line, by its SSCC.
   */
  counts(ordered = []) {
    const found = new Map(ordered.map(({ lot, packs }) => [lot, { lot, wanted: packs, packs: 0 }]));
    for (const { label } of this.#items.values()) {
      const key = label.lot || label.sscc;
      const line = found.get(key) ?? { lot: key, wanted: null, packs: 0 };
      const { gtin, product, expiry } = label;
      found.set(key, { ...line, gtin, product, expiry, packs: line.packs + label.packs });
    }
    return [...found.values()];
  }
}

/** What was ordered: a lot and its number of packs a line; {ordered: [{lot, packs}], wrong: [line number]}. */
export function readOrder(text) {
  const ordered = [];
  const wrong = [];
  text.split(/\r\n|\n|\r/).forEach((line, place) => {
    if (!line.trim()) return;
    const parts = /^\s*(\S{1,20})[\s,;:]+(\d{1,7})\s*$/.exec(line);
    if (parts) ordered.push({ lot: parts[1], packs: Number(parts[2]) });
    else wrong.push(place + 1);
  });
  return { ordered, wrong };
}
