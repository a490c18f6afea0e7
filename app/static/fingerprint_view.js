/** What was found of a label's print, as a line of its verdict. */

import { element, link } from "./verdict.js";
import { _, _n } from "./words.js";

const UNKNOWN = { symbol: "?", style: "unknown" };
const ENDS = {
  gone: () => _("The label was taken away."),
  other: () => _("The code of another pack came into the picture."),
  lost: () => _("The camera went away."),
  coarse: () => _("The picture is too small to show it."),
  never: () => _("No picture was good enough."),
};
const ASKED = {
  policy: () => _("The policy asks that this label's print is checked."),
  product: () => _("With this product the label's print is checked."),
  case: () => _("There is an open case about this pack: check the label's print."),
  supplied: () => _("By the record it was supplied before: check the label's print."),
  scans: () => _("It was scanned more often than packs are: check the label's print."),
  "new-supplier": () => _("It is the first delivery from this supplier: check the label's print."),
};
const STATES = {
  opening: () => _("The browser may ask whether this page may use the camera."),
  comparing: () => _("Comparing the print…"),
};
const HINTS = {
  GENUINE_MATCH: () =>
    _("It does not show that the medicine is genuine: a picture of the label, a larger copy of it, or a label that was used again, passes too."),
  CANNOT_TELL: () => _("The verdict above stands without it."),
};

/** What is told of a look that came to nothing. */
export function untold({ end, words = [] }) {
  const reasons = [ENDS[end]?.(), ...words].filter(Boolean).map((one) => ({ code: "not-looked", words: one }));
  return { verdict: "CANNOT_TELL", word: _("Cannot tell"), mark: UNKNOWN, reasons, inspect: null };
}

/**
 * Show what is known of a verdict's print. `state` is "opening", "looking", "comparing" or ""; `camera`, `evidence`
 * and `aside` say whether there may be one, and what can be signed.
 */
export function drawPrint(section, told, { state, camera, evidence, aside }) {
  const find = (name) => section.querySelector(name);
  const focused = section.contains(document.activeElement);
  const { print, fingerprint } = told;
  const looking = state === "looking";
  find(".asked").textContent = fingerprint.asked ? (ASKED[fingerprint.why] ?? ASKED.policy)() : "";
  find(".asked").hidden = !fingerprint.asked || Boolean(print);
  find(".closer").hidden = !looking;
  find(".look").hidden = !camera || Boolean(state);
  find(".look").textContent = print ? _("Look again") : _("Check the label's print");
  find(".stop-look").hidden = !looking;
  find(".choose").hidden = Boolean(state);
  find(".evidence").hidden = Boolean(state) || !evidence;
  find(".aside").hidden = Boolean(state) || !aside;
  find(".outcome").replaceChildren(...(STATES[state] ? [element("p", STATES[state](), "print-line")] : print && !looking ? outcome(print) : []));
  const links = section.closest(".told")?.querySelector(".links");
  if (links && told.case) {
    links.hidden = false;
    link(links.querySelector(".case"), `/alerts/${told.case}`);
  }
  if (focused && !stands(section)) focusFirst(section);
}

function outcome(print) {
  const { verdict, word, mark: looks, reasons, coarse, chosen, left } = print;
  const line = element("p", "", "print-line");
  const mark = element("span", looks.symbol, `mark ${looks.style}`);
  mark.setAttribute("aria-hidden", "true");
  line.append(mark, element("strong", _("The label's print: %(word)s", { word })));
  const why = reasons.map((one) => element("p", one.words));
  const hints = [
    coarse !== undefined && camera(coarse),
    HINTS[verdict]?.(),
    chosen && _("Pictures that were chosen do not show that the label was in your hand."),
    left !== undefined && _n("%(n)s more look at this pack today.", "%(n)s more looks at this pack today.", left),
    print.signed && _("Signed as evidence."),
    print.aside && _("The pack is put on hold."),
  ];
  return [line, ...why, ...hints.filter(Boolean).map((one) => element("p", one, "hint"))];
}

function camera(size) {
  const what = size
    ? _("This camera does not show the print: %(size)s pixels a millimetre at its closest, 12 are needed.", { size: size.toFixed(0) })
    : _("This camera does not show the print: its picture has too few pixels.");
  return `${what} ${_("Use one that sees sharply at ten centimetres, or pictures of a phone. It is not tried by itself again.")}`;
}

/** Whether the focus is at something in here that can be seen. */
function stands(section) {
  const at = document.activeElement;
  return section.contains(at) && !at.closest("[hidden]");
}

/** Whoever was at a button that is gone stays here. */
function focusFirst(section) {
  const buttons = [...section.querySelectorAll("button")];
  (buttons.find((one) => !one.hidden) ?? section).focus();
}
