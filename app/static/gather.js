/** Goods that are gathered for one act: scanned, typed, by camera, by list; each checked as it comes. */

import { cameraBox } from "./camera_box.js";
import { Checks } from "./checks.js";
import { Goods } from "./goods.js";
import { drawBad, drawCounts, drawItems, itemWords } from "./goods_view.js";
import { ListBox } from "./list_box.js";
import { toPerson } from "./signing.js";
import { Wedge } from "./wedge.js";
import { _, _n } from "./words.js";

const at = (id) => document.getElementById(id);

/** The list of a page that has `scanning.html`'s ways. */
export class Gather {
  #goods = new Goods();
  #bad = []; // {text, id, label, words, next, code, repaired?}
  #checks;
  #changed;
  #open;

  /**
   * `question()` is what to check by; `changed()` and `stands(answer)` are told; `failed(unchecked)` ends a
   * run. Nothing is taken in while `open()` is false.
   */
  constructor({ question, changed, stands = () => {}, failed, open = () => true }) {
    this.#changed = changed;
    this.#open = open;
    this.#checks = new Checks({
      question,
      told: (item, scan, answer) => {
        stands(answer);
        this.#put({ ...item, text: scan.text });
        this.show();
      },
      failed,
      state: (words) => say("check-state", words),
    });
    const accept = (items) => {
      items.forEach((item) => this.#put(item));
      say("said", _("On the list: %(total)s", { total: this.total }));
      this.show();
    };
    new ListBox({ question: () => (open() ? question() : null), accept });
    new Wedge((text) => toPerson(text) || this.scan(text, "wedge")).listen();
    cameraBox((text) => this.scan(text, "camera"));
    at("add").addEventListener("submit", (event) => {
      event.preventDefault();
      this.scan(at("text").value, "typed");
      at("text").value = "";
    });
  }

  get ids() {
    return this.#goods.ids;
  }

  get all() {
    return this.#goods.all;
  }

  get size() {
    return this.#goods.size;
  }

  /** How many items and packs these are, in words. */
  get total() {
    const items = _n("%(n)s item", "%(n)s items", this.#goods.size);
    return `${items}, ${_n("%(n)s pack", "%(n)s packs", this.#goods.packs)}`;
  }

  /** The packs by lot, in one line. */
  get lots() {
    return this.#goods.counts().map(({ product, lot, packs }) => `${product ?? ""} ${lot}: ${packs}`.trim()).join("; ");
  }

  /** What a reload must not lose. */
  get kept() {
    return { goods: this.#goods.all, bad: this.#bad, scans: this.#checks.waiting };
  }

  /** Take up what was kept. */
  take({ goods = [], bad = [], scans = [] }) {
    this.#goods = new Goods(goods);
    this.#bad = bad;
    this.#checks.add(...scans);
    this.show(false);
    return goods.length + bad.length + scans.length > 0;
  }

  scan(text, source) {
    if (!this.#open() || !text.trim()) return;
    this.#checks.add({ text, source });
    this.#changed();
  }

  /** The question is another: all items are judged anew. */
  anew() {
    const texts = [...this.#goods.all, ...this.#bad].map((one) => ({ text: one.id ?? one.text, source: "" }));
    this.#goods = new Goods();
    this.#bad = [];
    this.show();
    return this.#checks.add(...texts);
  }

  /** What stands against going on, [words, id of where to look], or null. */
  get fault() {
    if (this.#checks.waiting.length) return [_("Some codes have not been checked yet. Wait a moment."), "text"];
    if (this.#bad.length) return [_("Some codes could not be added: see to each of them first."), "bad-title"];
    return null;
  }

  /** Put a checked item on the list, or on top with its reason. */
  #put(item) {
    const fault = item.ok ? this.#twice(item) : null;
    if (item.ok && !fault) {
      this.#goods.add(item);
      say("said", _("Added: %(what)s", { what: itemWords(item.label) }));
      return;
    }
    const told = fault ? { ...item, ...fault } : item;
    this.#bad = [told, ...this.#bad.filter((one) => one.text !== item.text)];
    say("said", `${_("Not added.")} ${told.words} ${told.next}`);
  }

  #twice(item) {
    const kind = this.#goods.clash(item);
    if (!kind) return null;
    const words = {
      twice: [_("It is on the list already."), _("It counts once.")],
      container: [_("Its container is on the list already."), _("It goes along with its container.")],
      inside: [_("Packs that are inside it are on the list."), _("Take them out of the list first, then scan the container again.")],
    }[kind];
    return { code: "twice", words: words[0], next: words[1] };
  }

  #actions(one) {
    const drop = () => {
      this.#bad = this.#bad.filter((other) => other !== one);
      this.show();
      at("text").focus();
    };
    const found = [[_("I have put it aside"), drop]];
    if (one.repaired) {
      const press = () => {
        drop();
        this.scan(one.repaired.text, "typed");
      };
      found.unshift([_("It is %(code)s", { code: one.repaired.text }), press]);
    }
    return found;
  }

  show(keep = true) {
    const goods = this.#goods;
    at("empty").hidden = goods.size > 0;
    at("some").hidden = goods.size === 0;
    drawCounts(at("counts"), goods.counts(), false);
    drawItems(at("items"), goods.all, (id) => {
      goods.remove(id);
      this.show();
      at("text").focus();
    });
    at("bad").hidden = !this.#bad.length;
    at("bad-count").textContent = _n("%(n)s code is not on the list", "%(n)s codes are not on the list", this.#bad.length);
    drawBad(at("bad-lines"), this.#bad, (one) => this.#actions(one));
    say("total", this.total);
    if (keep) this.#changed();
  }
}

function say(id, words) {
  if (at(id).textContent !== words) at(id).textContent = words;
}
