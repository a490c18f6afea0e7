/** What a site does with its scans on the page /scan: the counter, goods-in, bags, and their one key. */

import { Counter } from "./counter.js";
import { GoodsIn } from "./goods_in.js";
import { me } from "./me.js";
import { follow, isKept, keep, unserved } from "./offline.js";
import { offersFor } from "./offers.js";
import { outcomeLine, toPerson, tooLate } from "./signing.js";
import { element } from "./verdict.js";
import { _ } from "./words.js";

const BAG = /^\s*BAG-[0-9A-Z]{8}\s*$/i;

/** The work of a signed-in site; `purpose()` is the mode that the page is in. */
export class Work {
  #screen;
  #session;
  #purpose;
  #counter;
  #goods;
  #offers;

  /** `scan({text, source})` has a code judged. */
  constructor({ screen, session, purpose, scan }) {
    this.#screen = screen;
    this.#session = session;
    this.#purpose = purpose;
    const note = (outcome) => session.note(outcomeLine(outcome));
    const link = (words, path, what) => session.note(linkLine(words, path, what));
    const again = (told) => {
      screen.release();
      scan({ text: told.reading, source: "wedge" });
    };
    this.#counter = new Counter({ note, link });
    this.#goods = new GoodsIn({ note });
    this.#offers = offersFor({ note, again });
    document.getElementById("box").addEventListener("change", () => this.#mode());
    this.#mode();
    follow(me.log);
    this.#storage();
  }

  /** Warn where the browser may drop signed acts that wait; it is asked only by a person's press. */
  async #storage() {
    const [box, ask] = ["storage", "storage-ask"].map((id) => document.getElementById(id));
    box.hidden = !me.keyid || (await isKept());
    ask.addEventListener("click", async () => {
      box.hidden = await keep();
      if (!box.hidden) ask.textContent = _("The browser said no");
    });
  }

  /** What can be done about a verdict, where it stands. */
  offers(told) {
    if (told.offline && told.label && told.mark.style === "unknown" && told.purpose === "dispense") {
      const press = () => {
        this.#counter.addUnchecked(told);
        this.#screen.release();
      };
      return [{ words: _("Put it on the list, not checked"), press }];
    }
    return this.#offers(told);
  }

  /** Take in a verdict, in the list of its mode. */
  found(told) {
    if (told.purpose === "dispense") this.#counter.add(told);
    else if (told.purpose === "receive") this.#goods.add(told);
  }

  /** What can be told of a scan without the server, or null. */
  unserved({ text, purpose }) {
    return text === undefined ? null : unserved(text, purpose);
  }

  /** Whether what was scanned or typed is no pack's code, and was seen to: a badge, a bag's slip. */
  heard(text) {
    if (toPerson(text)) return true;
    if (!BAG.test(text)) return false;
    const late = tooLate(false, document.getElementById("sign")?.open);
    if (!late && !this.#screen.halted) location.assign(`/bags?number=${encodeURIComponent(text.trim())}`);
    return true;
  }

  /** The mode's one deliberate key, or its button. */
  press() {
    if (this.#screen.halted || document.querySelector("dialog[open]")) return;
    if (this.#purpose() === "dispense") this.#counter.press();
    else if (this.#purpose() === "receive") this.#goods.press();
  }

  #mode() {
    for (const one of document.querySelectorAll("[data-mode]")) {
      one.hidden = one.dataset.mode !== this.#purpose();
    }
  }
}

function linkLine(words, path, what) {
  const line = element("p", "", "receipt");
  const link = element("a", what);
  Object.assign(link, { href: path, target: "_blank", rel: "noopener" });
  line.append(element("strong", words), link);
  return line;
}
