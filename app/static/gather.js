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
const CLASHES = {
  container: () => ({ words: _("Its container is on the list already."), next: _("It goes along with its container.") }),
  inside: () => ({ words: _("Packs that are inside it are on the list."), next: _("Take them out of the list first, then scan the container again.") }),
};

/** The list of a page that has `scanning.html`'s ways. */
export class Gather {
  #goods = new Goods();
  #bad = []; // {text, id, label, words, next, code, repaired?}
  #checks;
  #changed;
  #takes;

  /**
   * `question()` is what to check by; `changed()` and `stands(answer)` are told; `failed(unchecked)` ends a
   * run. No list is taken in while `open()` is false; of each scan `takes()` is asked.
   */
  constructor({ question, changed, stands = () => {}, failed, open, takes }) {
    this.#changed = changed;
    this.#takes = takes;
    this.#checks = new Checks({
      question,
      told: (item, scan) => this.#put({ ...item, text: scan.text }),
      answered: (answer) => {
        stands(answer);
        this.show();
      },
      failed,
      state: (words) => say("check-state", words),
    });
    const accept = (items) => {
      const twice = items.filter((item) => this.#put(item) === "twice").length;
      say("said", _("On the list: %(total)s", { total: this.total }));
      if (twice) say("check-state", _n("%(n)s was on the list already; it counts once.", "%(n)s were on the list already; each counts once.", twice));
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

  /** Take up what was kept, judged anew: much may have happened since. */
  take({ goods = [], bad = [], scans = [] }) {
    this.#goods = new Goods(goods);
    this.#bad = bad;
    this.anew();
    this.#checks.add(scans);
    return goods.length + bad.length + scans.length > 0;
  }

  scan(text, source) {
    if (!text.trim() || !this.#takes()) return;
    this.#checks.add([{ text, source }]);
    this.#changed();
  }

  /** The question is another: all items are judged anew. */
  anew() {
    const texts = [...this.#goods.all, ...this.#bad].map((one) => ({ text: one.id ?? one.text, source: "" }));
    this.#goods = new Goods();
    this.#bad = [];
    this.show();
    return this.#checks.add(texts);
  }

  /** What stands against going on, [words, id of where to look], or null. */
  get fault() {
    if (this.#checks.waiting.length) return [_("Some codes have not been checked yet. Wait a moment."), "text"];
    if (this.#bad.length) return [_("Some codes could not be added: see to each of them first."), "bad-title"];
    return null;
  }

  /** Put a checked item on the list, or on top with its reason; answers what stood against it. */
  #put(item) {
    const kind = item.ok ? this.#goods.clash(item) : "";
    if (kind === "twice") {
      // Scanners read twice all day long: it is said, and nobody need do anything about it.
      const words = _("Scanned before; it counts once: %(what)s", { what: itemWords(item.label) });
      say("said", words);
      say("check-state", words);
    } else if (item.ok && !kind) {
      this.#goods.add(item);
      say("said", _("Added: %(what)s", { what: itemWords(item.label) }));
      say("check-state", "");
    } else {
      const told = kind ? { ...item, code: kind, ...CLASHES[kind]() } : item;
      this.#bad = [told, ...this.#bad.filter((one) => one.text !== item.text)];
      say("said", `${_("Not added.")} ${told.words} ${told.next}`);
    }
    return kind;
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

  show() {
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
    this.#changed();
  }
}

function say(id, words) {
  if (at(id).textContent !== words) at(id).textContent = words;
}
