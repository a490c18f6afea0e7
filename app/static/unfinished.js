/** Home: dispatches and deliveries that this browser keeps and nobody has signed yet; who was at them. */

import { atWork, list } from "./drafts.js";
import { me } from "./me.js";
import { personWords } from "./sign/person.js";
import { element } from "./verdict.js";
import { _, _n, moment } from "./words.js";

const mine = `${me.log} ${me.site}`;

/** A draft as a line: [words, address, hint], or null for one that is empty or signed. */
function lineOf({ kind, key, value, by, saved }, here) {
  if (!key.startsWith(mine) || value.finished) return null;
  const dispatch = /^dispatch (.+)$/.exec(kind);
  const number = (dispatch ? value.goods.length + value.bad.length : value.delivery.seen.length) + value.scans.length;
  if (!number) return null;
  const words = dispatch
    ? _n("Dispatch %(number)s, %(n)s item", "Dispatch %(number)s, %(n)s items", number, { number: value.number })
    : _n("A delivery, %(n)s item seen", "A delivery, %(n)s items seen", number);
  const path = dispatch ? `/shipments/new?kind=${dispatch[1]}` : `/shipments/${key.split(" ").at(-1)}/receive`;
  const hint = by ? _("begun by %(person)s, %(time)s", { person: personWords({ staff: by }), time: moment(saved) }) : moment(saved);
  // A leaver's work, or a colleague's who is away: whoever is here goes on with it and signs it.
  return [by && by !== here ? _("Take over: %(what)s", { what: words }) : words, path, hint];
}

try {
  const kinds = ["dispatch ship", "dispatch return", "dispatch recall_return", "dispatch to_destruction", "receive"];
  const drafts = (await Promise.all(kinds.map(list))).flat();
  const here = await atWork();
  const lines = drafts.map((one) => lineOf(one, here)).filter(Boolean);
  document.getElementById("draft-lines").append(
    ...lines.map(([words, path, hint]) => {
      const line = element("li");
      const link = element("a", words);
      link.href = path;
      line.append(link, element("span", ` ${hint}`, "hint"));
      return line;
    }),
  );
  document.getElementById("drafts").hidden = !lines.length;
} catch {
  // A browser that keeps nothing has nothing unfinished.
}
