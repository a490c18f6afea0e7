/** Draws a delivery: the tally, line by line what is expected and seen, what was too much. */

import { itemWords, pressed } from "./goods_view.js";
import { element } from "./verdict.js";
import { _, _n } from "./words.js";

const MOST = 200; // lines that are drawn; the tally tells of all
const at = (id) => document.getElementById(id);

/** Draw the numbers. */
export function drawTally({ expected, seen, short, over, damaged }) {
  for (const [name, value] of Object.entries({ expected, seen, short, over, damaged })) {
    at(`tally-${name}`).textContent = String(value);
  }
  at("tally-short").parentElement.className = short ? "short" : "whole";
  at("tally-over").parentElement.className = over ? "over" : "";
  at("tally-damaged").parentElement.className = damaged ? "over" : "";
}

/** Draw the lines into a table's body; `acts` are {damage, unsee, inside} of a line. */
export function drawLines(body, lines, picked, acts) {
  body.replaceChildren(...lines.slice(0, MOST).map((line) => row(line, picked, acts)));
  at("lines-more").textContent =
    lines.length > MOST ? _n("and %(n)s more line, which the tally tells of", "and %(n)s more lines, which the tally tells of", lines.length - MOST) : "";
}

function row(line, picked, acts) {
  const made = element("tr");
  const what = itemWords(line.label);
  const name = element("th", what);
  name.scope = "row";
  const rule = element("td", line.label.sscc ? _("the container is enough") : _("must be scanned"));
  const state = element("td");
  state.append(...chips(line));
  const buttons = element("td");
  if (!line.seen) buttons.append(pick(line, picked, what));
  else {
    const damage = pressed(line.damaged ? _("Not damaged") : _("Damaged"), what, () => acts.damage(line));
    damage.dataset.line = line.id;
    buttons.append(damage, " ", pressed(_("Not here"), what, () => acts.unsee(line)));
    if (line.label.sscc) buttons.append(" ", pressed(_("Packs missing or damaged inside"), what, () => acts.inside(line)));
  }
  made.append(name, rule, state, buttons);
  return made;
}

function chips({ label, seen, scanned, damaged, missing }) {
  const found = [element("span", seen ? _("seen") : _("not seen"), seen ? "chip ok" : "chip unknown")];
  if (label.sscc && scanned) {
    found.push(element("span", _("%(n)s of %(all)s scanned", { n: scanned, all: label.packs }), "hint"));
  }
  if (damaged) found.push(element("span", _("damaged"), "chip stop"));
  if (missing) found.push(element("span", _n("%(n)s missing inside", "%(n)s missing inside", missing), "chip hold"));
  return found.flatMap((one, place) => (place ? [" ", one] : [one]));
}

function pick({ id }, picked, what) {
  const label = element("label");
  const box = element("input");
  Object.assign(box, { type: "checkbox", checked: picked.has(id) });
  box.setAttribute("aria-label", _("Choose %(what)s", { what }));
  box.addEventListener("change", () => (box.checked ? picked.add(id) : picked.delete(id)));
  const field = element("fieldset");
  label.append(box, _("Choose"));
  field.append(label);
  return field;
}

/** Draw what was found too much into a list, each with a button to take it out. */
export function drawOver(place, over, take) {
  place.replaceChildren(
    ...over.map(({ id, label }) => {
      const line = element("li");
      const what = label ? itemWords(label) : id;
      line.append(element("strong", what), " ", element("span", _("found too much"), "chip stop"));
      line.append(" ", pressed(_("Take out"), what, () => take(id)));
      return line;
    }),
  );
}

/** Draw the packs of a container into a list, each with boxes [words, checked, choose(yes)]. */
export function drawInside(place, packs, boxes) {
  place.replaceChildren(
    ...packs.slice(0, MOST).map((pack) => {
      const line = element("li");
      const group = element("fieldset");
      group.append(element("legend", itemWords(pack.label)));
      for (const [words, checked, choose] of boxes(pack)) {
        const label = element("label");
        const box = element("input");
        Object.assign(box, { type: "checkbox", checked });
        box.addEventListener("change", () => choose(box.checked));
        label.append(box, words);
        group.append(label);
      }
      line.append(group);
      return line;
    }),
  );
}
