/** Acts as the counter's pages ask for them: by whom they are read, and what came of them in words. */

import { me } from "./me.js";
import { asked, post } from "./server.js";
import { act } from "./sign/sign.js";
import { became } from "./sign/outbox.js";
import { actWords, countWords, problemWords } from "./sign/words.js";
import { element } from "./verdict.js";
import { _ } from "./words.js";

const names = me ? { [me.site]: me.siteName, [me.party]: me.partyName } : {};

/** Whether the key of this session may sign an operation. */
export function may(op) {
  return Boolean(me?.operations.includes(op));
}

/** Have acts [{op, ids, fields}] signed in one press; their outcomes, or null when a person left it. */
export async function signed(acts) {
  const told = await act(acts.map((one) => ({ ...one, names })));
  if (told === null) return null;
  return acts.map((one, place) => ({ ...one, ...(Array.isArray(told) ? told[place] : told) }));
}

/** Whether an act is out of a person's hands: on the log, on its way, or before a colleague. */
export function done({ status }) {
  return status !== "refused";
}

/** Bring outcomes up to date that were not on the log when they were last looked at; whether any has changed. */
export async function follow(outcomes) {
  let changed = false;
  for (const one of outcomes.filter(({ status }) => status === "waiting" || status === "colleague")) {
    const now = one.status === "colleague" ? await countersigned(one.id) : await became(one.id);
    if (now.status === one.status) continue;
    Object.assign(one, now);
    changed = true;
  }
  return changed;
}

/** What became of an act before a colleague: it has left this browser, and the log tells who signed it too. */
async function countersigned(id) {
  const here = await became(id);
  if (here.status === "landed") return here;
  try {
    const { index, ms } = await asked(`/api/statements/${id}`);
    return { status: "landed", receipt: { index, ms } };
  } catch {
    return { status: "colleague" }; // it is not there yet, or nobody can say
  }
}

/** What to tell of a scan that came too late for an act, "" where it did not; over the act that is read, too. */
export function tooLate(finished, signing) {
  if (finished) return _("That scan was not taken: what stands here is signed. Begin the next one, then scan it again.");
  if (!signing) return "";
  const words = _("That scan was not taken: it came while you were signing. Scan it again afterwards.");
  if (document.getElementById("sign").open) document.getElementById("sign-state").textContent = words;
  return words;
}

/** Whether a scan was a person's badge, because that is what is asked for; it then goes there. */
export function toPerson(text) {
  if (!document.getElementById("person")?.open) return false;
  document.getElementById("person-secret").value = text;
  document.getElementById("person-form").requestSubmit();
  return true;
}

/** Offer to go on with what the log refused, before beginning anew, which forgets it. */
export function offerAgain(refused) {
  document.getElementById("go-on").hidden = !refused;
  for (const one of document.querySelectorAll("#done [data-afresh]")) one.classList.toggle("main", !refused);
}

/** A line of what came of an act. */
export function outcomeLine({ op, ids, status, receipt, problem }) {
  const what = `${actWords(op)}: ${countWords(ids)}`;
  const line = element("p", "", "receipt");
  const [symbol, style] = { landed: ["✓", "ok"], refused: ["✕", "stop"] }[status] ?? ["…", "unknown"];
  const mark = element("span", symbol, `mark ${style}`);
  mark.setAttribute("aria-hidden", "true");
  line.append(mark, element("strong", what));
  if (status === "landed") {
    if (receipt.already) line.append(_("It was done already; nothing changed."));
    const link = element("a", _("entry %(n)s", { n: receipt.index }));
    link.href = `/log/${receipt.index}`;
    link.target = "_blank";
    link.rel = "noopener";
    line.append(_("On the log:"), link);
  } else if (status === "waiting") {
    line.append(_("Signed. It is sent as soon as the server can be reached."));
  } else if (status === "colleague") {
    line.append(_("Signed. It waits for a colleague's signature."));
  } else {
    line.append(`${_("Nothing was done.")} ${problemWords(problem)}`);
  }
  return line;
}

/** Why the log would not take an act on each of some packs now: id -> words, "" where it would. */
export async function objections(op, ids, more = {}) {
  const answer = await post("/api/checks", JSON.stringify({ op, items: ids, ...more }));
  if (!answer.ok) throw new Error((await answer.json()).detail);
  const { items } = await answer.json();
  return new Map(items.map((one) => [one.id, one.ok ? "" : [one.words, one.next].filter(Boolean).join(" ")]));
}
