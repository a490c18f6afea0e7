/** What can be done about a verdict right where it stands: book the delivery in, undo the supply. */

import { may, done, signed } from "./signing.js";
import { _ } from "./words.js";

/**
 * Offers for a verdict: [{words, press}], or {words} alone for what is to be known. `note(outcome)` is
 * told what came of it, `again(told)` has the pack judged anew.
 */
export function offersFor({ note, again }) {
  const run = async (act, told) => {
    const outcomes = await signed([act]);
    for (const outcome of outcomes ?? []) note(outcome);
    if (outcomes?.every(done)) again(told);
  };
  return (told) => {
    const { shipment, supplied, label } = told;
    if (shipment && may("receive") && told.purpose !== "receive") {
      const act = { op: "receive", ids: [shipment.item], fields: { shipment: shipment.id } };
      return [{ words: _("Book it in, delivery %(number)s", shipment), press: () => run(act, told) }];
    }
    if (supplied && label?.id) return undoing(supplied, label, told, run);
    return [];
  };
}

function undoing(supplied, label, told, run) {
  const opened = { words: _("It was opened here: handing out another part of it needs no scan.") };
  const first = supplied.op === "open" ? [opened] : [];
  if (supplied.late) {
    return [...first, { words: _("It is too late to undo it: the policy's hours are over.") }];
  }
  if (!may("undo")) return first;
  const act = { op: "undo", ids: [label.id], fields: { undoes: supplied.id } };
  return [...first, { words: _("Undo: it was not handed out"), press: () => run(act, told) }];
}
