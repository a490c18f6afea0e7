/** The page /policy/new: another policy out of a form, tried first, then signed. */

import { decide, fail } from "./governing.js";
import { asked } from "./server.js";
import { element } from "./verdict.js";
import { _, _n, locale } from "./words.js";

const at = (id) => document.getElementById(id);
const { policy: current, replaces } = JSON.parse(at("policy").textContent);
let tried = null; // the policy that was tried last, as it would be signed

/** A number in the statement's own unit: what was typed, by the unit that was chosen. */
function amountIn(row) {
  return Number(row.querySelector("input").value) * Number(row.querySelector("select")?.value ?? 1);
}

/** Let a number be as large as the policy lets it, in the unit that is chosen. */
function bound(row) {
  const size = Number(row.querySelector("select")?.value ?? 1);
  const input = row.querySelector("input");
  input.min = Math.ceil(Number(row.dataset.low) / size);
  input.max = Math.floor(Number(row.dataset.high) / size);
}

/** The policy that the form says. What the form does not show stays as it is in force. */
function policyOf(told) {
  const whole = (name) => amountIn(at(name).closest("[data-amount]"));
  const yes = (name) => told.has(name) || undefined; // what is not so is left out of the bytes
  const roles = {};
  for (const box of at("form").querySelectorAll("[name^='roles.']")) {
    const role = box.name.slice("roles.".length);
    const may = told.getAll(box.name).sort();
    if (may.length || current.roles[role]) roles[role] = may;
  }
  const numbers = [...at("form").querySelectorAll("#numbers [data-amount]")].map((one) => one.dataset.amount);
  const [ask, offline] = [yes("fingerprint.ask"), yes("fingerprint.offline")];
  return {
    ...current,
    ...Object.fromEntries(numbers.map((name) => [name, whole(name)])),
    exportUndo: told.has("exportUndo"),
    fingerprint: ask || offline ? { ask, offline } : undefined,
    products: productsOf(),
    roles,
    sensitive: told.getAll("sensitive").sort(),
  };
}

function productsOf() {
  const found = {};
  for (const rule of at("products").children) {
    const field = (name) => rule.querySelector(`[name=${name}]`);
    const gtin = field("gtin").value;
    if (found[gtin]) throw new Error(_("Two rules are about the product %(gtin)s. Take one away.", { gtin }));
    found[gtin] = {
      fingerprintAsk: field("fingerprintAsk").checked || undefined,
      maxTransit: amountIn(rule.querySelector("[data-amount]")),
      storage: { max: Number(field("max").value), min: Number(field("min").value) },
    };
  }
  return found;
}

/** What was tried is no longer what the form says. */
function changed() {
  at("tried").hidden = true;
  tried = null;
}

function row(...cells) {
  const made = element("tr");
  const [first, ...others] = cells;
  const head = element("th", first);
  head.scope = "row";
  made.append(head, ...others.map((one) => (one instanceof Node ? one : element("td", one))));
  return made;
}

function groupRow({ rule, act, count, examples }) {
  const links = element("td");
  for (const index of examples) {
    const link = element("a", String(index));
    link.href = `/log/${index}`;
    links.append(link, " ");
  }
  return row(rule, act, element("td", String(count), "number"), links);
}

function show({ changes, warnings, objection, judged, since, whole, refused, groups }) {
  at("objection").hidden = !objection;
  at("objection").textContent = objection ? `${_("The log would not take it:")} ${objection.words}` : "";
  at("warnings").replaceChildren(...warnings.map((one) => element("li", one)));
  const none = [row(_("Nothing differs."), "", "")];
  at("changes").replaceChildren(...(changes.length ? changes.map((one) => row(one.what, one.before, one.after)) : none));
  const from = new Date(since).toLocaleDateString(locale, { dateStyle: "medium", timeZone: "UTC" });
  const told = [
    judged ? _n("%(n)s statement since %(day)s was judged.", "%(n)s statements since %(day)s were judged.", judged, { day: from }) : _("There is no statement of this time."),
    whole ? "" : _("That is the newest part of the time asked for; older ones were not judged."),
    judged ? _("%(n)s would have been refused.", { n: refused.toLocaleString(locale) }) : "",
  ];
  at("judged").textContent = told.filter(Boolean).join(" ");
  at("refusals").hidden = !groups.length;
  at("groups").replaceChildren(...groups.map(groupRow));
  at("tried").hidden = false;
  if (at("sign-policy")) at("sign-policy").disabled = Boolean(objection) || !changes.length;
  at("tried-title").focus();
}

at("form").addEventListener("input", (event) => {
  changed();
  const row = event.target.closest("[data-amount]");
  if (row) bound(row);
});
at("add-product").addEventListener("click", () => {
  changed();
  at("products").append(at("rule").content.cloneNode(true));
  const rule = at("products").lastElementChild;
  bound(rule.querySelector("[data-amount]"));
  rule.querySelector("input").focus();
});
at("products").addEventListener("click", ({ target }) => {
  if (!("remove" in target.dataset)) return;
  changed();
  target.closest("[data-product]").remove();
  at("add-product").focus();
});
for (const row of at("form").querySelectorAll("[data-amount]")) bound(row);
at("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  at("error").hidden = true;
  const told = new FormData(at("form"));
  try {
    const policy = policyOf(told);
    const body = JSON.stringify({ policy, replaces, days: Number(told.get("days")) });
    show(await asked("/api/policy/trials", { method: "POST", body }));
    tried = policy;
  } catch (error) {
    fail(error.message);
  }
});
at("form").querySelector("button.main").disabled = false; // it was until there was somebody to take the press
at("sign-policy")?.addEventListener("click", async () => {
  if (tried) await decide([{ type: "policy", policy: tried, replaces }], "/policy");
});
