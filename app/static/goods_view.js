/** Draws a list of goods: what is counted, what is on it, and what may not be. */

import { element } from "./verdict.js";
import { _, _n } from "./words.js";

const MOST = 100; // lines that are drawn; the counts tell of all

/** An item in words: a pack by product, lot and serial, a container by its SSCC and what it holds. */
export function itemWords({ product, gtin, lot, serial, sscc, packs }) {
  const what = [product || gtin, lot && _("lot %(lot)s", { lot })].filter(Boolean).join(", ");
  if (!sscc) return [what, _("serial %(serial)s", { serial })].join(", ");
  const held = _n("%(n)s pack", "%(n)s packs", packs);
  return [_("container %(sscc)s", { sscc }), what, held].filter(Boolean).join(", ");
}

/** Draw the counts into the body of a table; `ordered` says that columns for that are shown. */
export function drawCounts(body, counts, ordered) {
  body.replaceChildren(
    ...counts.map(({ product, gtin, lot, expiry, packs, wanted }) => {
      const line = element("tr");
      const name = element("th", product || gtin || "–");
      name.scope = "row";
      const number = element("td", String(packs), "number");
      line.append(name, element("td", lot, "code"), element("td", expiry ?? ""), number);
      if (ordered) {
        const more = element("td", wanted === null ? "–" : String(wanted), "number");
        const state = element("td");
        state.append(element("span", ...comparison(packs, wanted)));
        line.append(more, state);
      }
      return line;
    }),
  );
}

function comparison(packs, wanted) {
  if (wanted === null) return [_("not ordered"), "chip stop"];
  if (packs === wanted) return [_("complete"), "chip ok"];
  const differ = Math.abs(packs - wanted);
  if (packs < wanted) return [_n("%(n)s short", "%(n)s short", differ), "chip hold"];
  return [_n("%(n)s too much", "%(n)s too much", differ), "chip stop"];
}

/** Draw the newest items into an `ol`, each with a button; `take(id)` takes it out. */
export function drawItems(place, items, take) {
  const shown = items.slice(-MOST).reverse();
  place.replaceChildren(
    ...shown.map(({ id, label, words }) => {
      const line = element("li");
      line.append(element("span", itemWords(label)));
      if (words) line.append(element("span", ` ${words}`, "hint"));
      line.append(" ", pressed(_("Take out"), itemWords(label), () => take(id)));
      return line;
    }),
  );
  const hidden = items.length - shown.length;
  if (hidden) {
    const words = _n("and %(n)s earlier one, which the counts tell of", "and %(n)s earlier ones, which the counts tell of", hidden);
    place.append(element("li", words, "hint"));
  }
}

/** Draw what may not be on the list, each with its reason, the next step and its buttons. */
export function drawBad(place, bad, actions) {
  place.replaceChildren(
    ...bad.slice(0, MOST).map((one) => {
      const line = element("li");
      const what = one.label ? itemWords(one.label) : one.text;
      const where = one.line ? _("Line %(n)s: ", { n: one.line }) : "";
      line.append(element("strong", `${where}${shortened(what)}`, one.label ? "" : "code"));
      line.append(element("p", `✕ ${one.words}`), element("p", one.next, "next"));
      const buttons = actions(one).map(([words, press]) => pressed(words, what, press));
      if (buttons.length) {
        const row = element("p", "", "actions");
        row.append(...buttons);
        line.append(row);
      }
      return line;
    }),
  );
  if (bad.length > MOST) place.append(element("li", _n("and %(n)s more", "and %(n)s more", bad.length - MOST)));
}

function shortened(text) {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

/** A button whose name says of what it is. */
export function pressed(words, what, press) {
  const button = element("button", words);
  button.type = "button";
  button.setAttribute("aria-label", `${words}: ${shortened(what)}`);
  button.addEventListener("click", press);
  return button;
}

/** Lines of "check your answers": [[what, value, id of the field to change]]. */
export function drawAnswers(list, lines, change) {
  list.replaceChildren(
    ...lines.map(([what, value, field]) => {
      const line = element("div");
      line.append(element("dt", what), element("dd", value));
      if (field) {
        const place = element("dd", "", "change");
        const button = element("button", _("Change"), "plain");
        button.type = "button";
        button.setAttribute("aria-label", _("Change: %(what)s", { what }));
        button.addEventListener("click", () => change(field));
        place.append(button);
        line.append(place);
      }
      return line;
    }),
  );
}
