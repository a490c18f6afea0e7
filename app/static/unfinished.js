/** Home: dispatches and deliveries that this browser keeps and nobody has signed yet. */

import { list } from "./drafts.js";
import { me } from "./me.js";
import { element } from "./verdict.js";
import { _, _n, moment } from "./words.js";

const mine = `${me.log} ${me.site}`;

/** A draft as a line: [words, address], or null for one that is empty or signed. */
function lineOf({ kind, key, value, saved }) {
  if (!key.startsWith(mine) || value.finished) return null;
  const dispatch = /^dispatch (.+)$/.exec(kind);
  const number = dispatch ? value.goods.length + value.bad.length : value.delivery.seen.length;
  if (!number) return null;
  const words = dispatch
    ? _n("Dispatch %(number)s, %(n)s item", "Dispatch %(number)s, %(n)s items", number, { number: value.number })
    : _n("A delivery, %(n)s item seen", "A delivery, %(n)s items seen", number);
  const path = dispatch ? `/shipments/new?kind=${dispatch[1]}` : `/shipments/${key.split(" ").at(-1)}/receive`;
  return [words, path, moment(saved)];
}

try {
  const kinds = ["dispatch ship", "dispatch return", "dispatch recall_return", "dispatch to_destruction", "receive"];
  const drafts = (await Promise.all(kinds.map(list))).flat();
  const lines = drafts.map(lineOf).filter(Boolean);
  document.getElementById("draft-lines").append(
    ...lines.map(([words, path, when]) => {
      const line = element("li");
      const link = element("a", words);
      link.href = path;
      line.append(link, element("span", ` ${when}`, "hint"));
      return line;
    }),
  );
  document.getElementById("drafts").hidden = !lines.length;
} catch {
  // A browser that keeps nothing has nothing unfinished.
}
