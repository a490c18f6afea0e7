/** A delivery against what was announced: seen, short, too much, damaged, missing inside. Pure. */

const RETURNS = new Set(["return", "recall_return", "to_destruction"]);

/** What is booked in; `told` is the shipment as /api/shipments/<id> tells it, `site` where it arrived. */
export class Delivery {
  #told;
  #lines = new Map(); // id -> item, what is still expected
  #seen = new Map(); // id -> whether it was scanned itself, not by a pack inside
  #damaged = new Map(); // id -> {label, inside: the container that it lies in, or ""}
  #over = new Map(); // id -> item found too much
  #inner = new Map(); // container -> ids of its packs that were scanned
  #missing = new Map(); // container -> ids of its packs that are not there

  constructor(told, site, kept = null) {
    this.#told = told;
    // What was refused comes back to its sender; all else arrives where it was sent to.
    const due = site === told.to.site ? ["open", "short"] : ["refused"];
    for (const item of told.items) if (due.includes(item.standing)) this.#lines.set(item.id, item);
    if (kept) this.#restore(kept);
  }

  /** Take up what was kept, as far as it is still expected. */
  #restore({ seen, damaged, over, inner, missing }) {
    const here = ([id]) => this.#lines.has(id);
    this.#seen = new Map(seen.filter(here));
    this.#over = new Map(over);
    this.#inner = new Map(inner.filter(here).map(([id, packs]) => [id, new Set(packs)]));
    this.#missing = new Map(missing.filter(here).map(([id, packs]) => [id, new Set(packs)]));
    this.#damaged = new Map(damaged.filter(([id, { inside }]) => this.#seen.has(inside || id)));
  }

  /** What a draft keeps. */
  get kept() {
    const sets = (map) => [...map].map(([id, some]) => [id, [...some]]);
    return {
      seen: [...this.#seen], damaged: [...this.#damaged], over: [...this.#over],
      inner: sets(this.#inner), missing: sets(this.#missing),
    };
  }

  /** Lines: {id, label, seen, scanned (packs inside), damaged, missing (packs inside)}; not seen first. */
  get lines() {
    const lines = [...this.#lines.values()].map(({ id, label }) => ({
      id, label, seen: this.#seen.has(id), scanned: this.#inner.get(id)?.size ?? 0,
      damaged: this.#damaged.has(id), missing: this.#missing.get(id)?.size ?? 0,
    }));
    return [...lines.filter((one) => !one.seen), ...lines.filter((one) => one.seen)];
  }

  get over() {
    return [...this.#over.values()];
  }

  get damaged() {
    return [...this.#damaged].map(([id, { label }]) => ({ id, label }));
  }

  /** Ids of what is expected and was not seen. */
  get unseen() {
    return [...this.#lines.keys()].filter((id) => !this.#seen.has(id));
  }

  /** Numbers of packs. */
  get tally() {
    const packs = (ids) => ids.reduce((sum, id) => sum + this.#lines.get(id).label.packs, 0);
    const lacking = [...this.#missing.values()].reduce((sum, some) => sum + some.size, 0);
    const seen = packs([...this.#seen.keys()]) - lacking;
    const expected = packs([...this.#lines.keys()]);
    const over = this.over.reduce((sum, { label }) => sum + (label?.packs ?? 1), 0);
    const damaged = this.damaged.reduce((sum, { label }) => sum + label.packs, 0);
    return { expected, seen, short: expected - seen, over, damaged };
  }

  /** Something was scanned: "seen", "inside" (a pack in a container), "again" or "over". */
  scan(item) {
    if (!item.ok) {
      const fresh = !this.#over.has(item.id);
      this.#over.set(item.id, { id: item.id, label: item.label });
      return fresh ? "over" : "again";
    }
    const { inside } = item;
    if (!inside) {
      const fresh = this.#seen.get(item.id) !== true;
      this.#seen.set(item.id, true);
      return fresh ? "seen" : "again";
    }
    const packs = this.#inner.get(inside) ?? new Set();
    if (packs.has(item.id)) return "again";
    this.#inner.set(inside, packs.add(item.id));
    this.#missing.get(inside)?.delete(item.id); // it is there after all
    if (!this.#seen.has(inside)) this.#seen.set(inside, false);
    return "inside";
  }

  /** It is not there after all. */
  unsee(id) {
    for (const map of [this.#seen, this.#inner, this.#missing, this.#damaged]) map.delete(id);
    for (const [pack, { inside }] of this.#damaged) if (inside === id) this.#damaged.delete(pack);
  }

  notOver(id) {
    this.#over.delete(id);
  }

  /** Whether something is damaged: an item that was seen, or a pack inside of one. */
  setDamaged(id, label, yes, inside = "") {
    if (yes) this.#damaged.set(id, { label, inside });
    else this.#damaged.delete(id);
    if (yes && inside) this.setMissing(inside, id, false);
  }

  isDamaged(id) {
    return this.#damaged.has(id);
  }

  isScanned(container, id) {
    return this.#inner.get(container)?.has(id) ?? false;
  }

  isMissing(container, id) {
    return this.#missing.get(container)?.has(id) ?? false;
  }

  setMissing(container, id, yes) {
    const packs = this.#missing.get(container) ?? new Set();
    if (yes) packs.add(id);
    else packs.delete(id);
    if (yes) this.#damaged.delete(id);
    this.#missing.set(container, packs);
  }

  /**
   * What is signed in one press: the receipt, and what is put on hold because it is damaged or was too
   * warm. `warm` says the latter of all that came.
   */
  acts(warm) {
    const ids = [...this.#seen.keys()].sort();
    const missing = [...this.#missing.values()].flatMap((some) => [...some]).sort();
    const fields = { shipment: this.#told.id };
    const acts = [{ op: "receive", ids, over: [...this.#over.keys()].sort(), missing, fields }];
    // Goods that were sent back arrive on hold anyway.
    if (RETURNS.has(this.#told.op) && this.#told.side === "receiver") return acts;
    const damaged = [...this.#damaged.keys()].sort();
    if (damaged.length) acts.push({ op: "quarantine", ids: damaged, fields: { reason: "damaged" } });
    const rest = warm ? ids.filter((id) => !this.#damaged.has(id)) : [];
    if (rest.length) acts.push({ op: "quarantine", ids: rest, fields: { reason: "temperature" } });
    return acts;
  }
}
