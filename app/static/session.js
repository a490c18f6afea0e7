/** The scans of this session, newest first; in the page's memory alone. */

import { element, kindOf, purposeWords } from "./verdict.js";
import { _, _n, locale } from "./words.js";

const SOURCES = {
  camera: _("camera"),
  picture: _("picture"),
  typed: _("typed"),
  wedge: _("scanner"),
};

/** The list, and how many scans and alerts there were. */
export class Session {
  #lines = document.getElementById("history");
  #count = document.getElementById("count");
  #alerts = document.getElementById("alerts");
  #scans = 0;
  #alerted = 0;
  #open;
  #items = new WeakMap(); // a verdict -> its line's place

  /** `open(told)` is called when somebody wants to see a line's verdict again. */
  constructor(open) {
    this.#open = open;
  }

  /** Add a line for one scan. */
  add(told, source) {
    this.#scans += 1;
    this.#alerted += told.alert ? 1 : 0;
    this.#count.textContent = _n("%(n)s scan.", "%(n)s scans.", this.#scans);
    this.#alerts.textContent = `✕ ${_n("%(n)s alert", "%(n)s alerts", this.#alerted)}`;
    this.#alerts.hidden = this.#alerted === 0;
    const item = element("li");
    item.append(this.#line(told, source));
    this.#items.set(told, { item, source });
    this.#lines.prepend(item);
  }

  /** A verdict has changed since: its line says so. */
  changed(told) {
    const { item, source } = this.#items.get(told) ?? {};
    item?.replaceChildren(this.#line(told, source));
  }

  /** Add a line that is no scan: what came of an act. */
  note(line) {
    const item = element("li", "", "note");
    item.append(line, element("span", clock(), "hint"));
    this.#lines.prepend(item);
  }

  #line(told, source) {
    const line = element("button", "", "line");
    line.type = "button";
    const mark = element("span", told.mark.symbol, `mark ${told.mark.style}`);
    mark.setAttribute("aria-hidden", "true");
    const what = told.product ?? told.label?.gtin ?? told.reasons[0].words;
    const serial = told.label?.serial ?? told.label?.sscc ?? "";
    line.append(
      mark,
      element("strong", told.word),
      element("span", [what, serial].filter(Boolean).join(", ")),
      ...(told.print ? [element("span", `${told.print.mark.symbol} ${_("Print: %(word)s", told.print)}`, "kind")] : []),
      ...(kindOf(told) ? [element("span", kindOf(told), "kind")] : []),
      element("span", [clock(), purposeWords(told.purpose), SOURCES[source]].join(" · "), "hint"),
    );
    line.addEventListener("click", () => this.#open(told));
    return line;
  }
}

function clock() {
  return new Date().toLocaleTimeString(locale, { hour12: false });
}
