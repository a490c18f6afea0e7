/** The page /policy/new: another policy out of a form, tried first, then signed. */

import { decide, fail } from "./governing.js";
import { asked } from "./server.js";
import { element } from "./verdict.js";
import { _, _n, locale } from "./words.js";

const at = (id) => document.getElementById(id);
const { policy: current, replaces } = JSON.parse(at("policy").textContent);
const NUMBERS = ["threshold", "backdate", "undoHours", "disputeDays", "maxAge", "repeatGrace", "scanRetention"];
let tried = null; // the policy that was tried last, as it would be signed

/** The policy that the form says. What the form does not show stays as it is in force. */
function policyOf(told) {
  const whole = (name) => Number(told.get(name));
  const roles = {};
  for (const box of at("form").querySelectorAll("[name^='roles.']")) {
    const role = box.name.slice("roles.".length);
    const may = told.getAll(box.name).sort();
    if (may.length || current.roles[role]) roles[role] = may;
  }
  return {
    ...current,
    ...Object.fromEntries(NUMBERS.map((name) => [name, whole(name)])),
    exportUndo: told.has("exportUndo"),
    products: productsOf(String(told.get("products"))),
    roles,
    see: { down: whole("see.down"), up: whole("see.up") },
    sensitive: told.getAll("sensitive").sort(),
  };
}

function productsOf(text) {
  const lines = text.split("\n").map((line) => line.trim()).filter(Boolean);
  return Object.fromEntries(lines.map((line) => {
    const [gtin, hours, min, max, ...more] = line.split(/\s+/);
    if (max === undefined || more.length || [hours, min, max].some((one) => !/^-?[0-9]{1,9}$/.test(one))) {
      throw new Error(_("A product's line has four parts: GTIN, hours, lowest and highest °C. This has not: %(line)s", { line }));
    }
    return [gtin, { maxTransit: Number(hours), storage: { max: Number(max), min: Number(min) } }];
  }));
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

at("form").addEventListener("input", () => {
  at("tried").hidden = true; // what was tried is no longer what the form says
  tried = null;
});
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
