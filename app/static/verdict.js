/** A verdict as a person reads it: filled into the page's template `told`. */

import { _, moment } from "./words.js";

const NAMES = {
  product: "GTIN",
  gtin: "GTIN",
  lot: _("Lot"),
  expiry: _("Expiry"),
  serial: _("Serial"),
  sscc: "SSCC",
};
const PURPOSES = {
  check: _("check"),
  dispense: _("dispense"),
  receive: _("receive"),
  return: _("return"),
};
const CLAIMED = ["gtin", "lot", "expiry", "serial", "sscc"];

/** What kind of news it is, beyond its word: the log's alert, or a warning of our own. */
export function kindOf(told) {
  if (told.print?.verdict === "COPY_SUSPECTED") return _("Alert: the label may be a copy");
  if (told.alert) return _("Alert: the log says no");
  if (told.again) return _("Warning: our label reading looks wrong, scan again");
  return "";
}

/** What a scan is for, in words. */
export function purposeWords(purpose) {
  return PURPOSES[purpose] ?? purpose;
}

/** Whether scanning stops until somebody has seen it. */
export function stops(told) {
  return told.mark.style === "stop" || told.mark.style === "hold";
}

/** One sentence for who listens. */
export function sentence(told) {
  const [worst] = told.reasons;
  const what = [told.product, told.label?.serial && _("serial %(serial)s", told.label)];
  const said = [kindOf(told), told.word, ...what, worst.words, worst.next, told.decided].filter(Boolean);
  return said.map((one) => (/[.。?？]$/.test(one) ? one : _("%(words)s.", { words: one }))).join(" ");
}

/** The verdict in full; `offers` are [{words, press?}], what can be done about it right here. */
export function draw(told, offers = []) {
  const page = document.getElementById("told").content.cloneNode(true);
  const find = (selector) => page.querySelector(selector);
  const [worst] = told.reasons;
  find(".verdict").classList.add(told.mark.style);
  find(".mark").textContent = told.mark.symbol;
  find(".kind").textContent = kindOf(told);
  find(".kind").hidden = !kindOf(told);
  find(".verdict-word").textContent = told.word;
  find(".words").textContent = worst.words;
  find(".next").textContent = worst.next;
  find(".decided span").textContent = told.decided ?? "";
  find(".decided").hidden = !told.decided;
  find(".do").append(...offers.map(offer));
  find(".do").hidden = offers.length === 0;
  list(find(".offer"), offered(told));
  list(find(".what"), claims(told));
  find(".reasons").append(...told.reasons.map(reason));
  find(".why").hidden = told.reasons.length < 2;
  find(".as-of").textContent = asOf(told);
  find(".raw pre").textContent = visible(told.reading ?? "");
  find(".raw").hidden = !told.reading;
  link(find(".proof"), told.links?.proof);
  link(find(".pack"), told.links?.pack);
  link(find(".certificate"), told.links?.pack && `${told.links.pack}/certificate`);
  link(find(".case"), told.case && `/alerts/${told.case}`);
  find(".links").hidden = !(told.links?.proof || told.links?.pack || told.case);
  return page;
}

function offer({ words, press }) {
  if (!press) return element("p", words);
  const button = element("button", words);
  button.type = "button";
  button.addEventListener("click", press);
  return button;
}

function asOf(told) {
  const [{ code }] = told.reasons;
  const words = [_("Code: %(code)s.", { code })];
  words.push(_("Checked for: %(purpose)s.", { purpose: purposeWords(told.purpose) }));
  if (told.as_of) {
    words.push(_("Checked against the log as of %(time)s.", { time: moment(told.as_of) }));
  }
  return words.join(" ");
}

function offered(told) {
  const label = told.again?.offered;
  return label ? said(label) : [];
}

/** Product first, then claim by claim what the label says and what the log says of it. */
function claims(told) {
  const lines = told.product ? [[_("Product"), told.product]] : [];
  if (told.claims?.length) return [...lines, ...told.claims.map(claim)];
  const { label } = told;
  if (!label) return lines;
  return [...lines, ...said(label)];
}

/** What a label says, line by line. */
function said(label) {
  return CLAIMED.filter((name) => label[name]).map((name) => [NAMES[name], label[name]]);
}

function claim({ name, label, log, agrees }) {
  const held = log ? _("the log has %(value)s", { value: log }) : _("the log has none");
  if (agrees === false) {
    return [NAMES[name], _("%(value)s on the label", { value: label }), `✕ ${held}`, "differs"];
  }
  if (agrees) return [NAMES[name], label, `✓ ${_("as in the log")}`, "agrees"];
  return [NAMES[name], label || _("not on the label"), log && held];
}

function list(section, lines) {
  section.hidden = lines.length === 0;
  for (const [name, value, more = "", style = ""] of lines) {
    const row = element("div", "", style);
    const cell = element("dd", value);
    if (more) cell.append(" ", element("span", more, "compared"));
    row.append(element("dt", name), cell);
    section.querySelector("dl").append(row);
  }
}

function reason({ code, words: what, next }) {
  const item = element("li");
  const hint = element("p", `${_("Code:")} `, "hint");
  hint.append(element("span", code, "code"));
  item.append(element("p", what), element("p", next, "next"), hint);
  return item;
}

/** Lead a link somewhere, or take it away. */
export function link(anchor, address) {
  anchor.hidden = !address;
  if (address) anchor.href = address;
}

/** Control characters as their pictures (U+2400 on), so that a separator can be seen. */
function visible(text) {
  const picture = (one) => String.fromCodePoint(0x2400 + one.codePointAt(0));
  return text.replace(/[\u0000-\u001f]/g, picture);
}

/** An element with text and class. */
export function element(name, text = "", style = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (style) made.className = style;
  return made;
}
