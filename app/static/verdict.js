/** A verdict as a person reads it: filled into the page's template `told`. */

const NAMES = {
  product: "GTIN",
  gtin: "GTIN",
  lot: "Lot",
  expiry: "Expiry",
  serial: "Serial",
  sscc: "SSCC",
};
const CLAIMED = ["gtin", "lot", "expiry", "serial", "sscc"];

/** What kind of news it is, beyond its word: the log's alert, or a warning of our own. */
export function kindOf(told) {
  if (told.alert) return "Alert: the log says no";
  if (told.again) return "Warning: our label reading looks wrong, scan again";
  return "";
}

/** Whether scanning stops until somebody has seen it. */
export function stops(told) {
  return told.mark.style === "stop" || told.mark.style === "hold";
}

/** One sentence for who listens. */
export function sentence(told) {
  const [worst] = told.reasons;
  const what = [told.product, told.label?.serial && `serial ${told.label.serial}`];
  const said = [kindOf(told), told.verdict, ...what, worst.words, worst.next].filter(Boolean);
  return said.map((one) => one.replace(/\.?$/, ".")).join(" ");
}

/** The verdict in full. */
export function draw(told) {
  const page = document.getElementById("told").content.cloneNode(true);
  const find = (selector) => page.querySelector(selector);
  const [worst] = told.reasons;
  find(".verdict").classList.add(told.mark.style);
  find(".mark").textContent = told.mark.symbol;
  find(".kind").textContent = kindOf(told);
  find(".kind").hidden = !kindOf(told);
  find(".verdict-word").textContent = told.verdict;
  find(".words").textContent = worst.words;
  find(".next").textContent = worst.next;
  list(find(".offer"), offered(told));
  list(find(".what"), claims(told));
  find(".reasons").append(...told.reasons.map(reason));
  find(".why").hidden = told.reasons.length < 2;
  find(".as-of").textContent = asOf(told);
  find(".raw pre").textContent = visible(told.reading ?? "");
  find(".raw").hidden = !told.reading;
  link(find(".proof"), told.links?.proof);
  link(find(".pack"), told.links?.pack);
  find(".links").hidden = !(told.links?.proof || told.links?.pack);
  return page;
}

function asOf(told) {
  const when = told.as_of ? ` Checked against the log as of ${told.as_of}.` : "";
  return `Code: ${told.reasons[0].code}. Checked for: ${told.purpose}.${when}`;
}

function offered(told) {
  const label = told.again?.offered;
  return label ? said(label) : [];
}

/** Product first, then claim by claim what the label says and what the log says of it. */
function claims(told) {
  const lines = told.product ? [["Product", told.product]] : [];
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
  if (agrees === false) {
    return [NAMES[name], `${label} on the label`, `✕ the log has ${log || "none"}`, "differs"];
  }
  if (agrees) return [NAMES[name], label, "✓ as in the log", "agrees"];
  return [NAMES[name], label || "not on the label", log && `the log has ${log}`];
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
  const hint = element("p", "Code: ", "hint");
  hint.append(element("span", code, "code"));
  item.append(element("p", what), element("p", next, "next"), hint);
  return item;
}

function link(anchor, address) {
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
