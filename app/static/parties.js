/** The forms of /parties/…: admit or renew a party, record a site, suspend; each is signed here. */

import { onDecide } from "./governing.js";

const at = (id) => document.getElementById(id);

const text = (told, name) => String(told.get(name) ?? "").trim();
const listed = (words, apart) => [...new Set(words.split(apart).map((one) => one.trim()).filter(Boolean))].sort();
const licence = (told) => ({ expires: text(told, "expires"), level: text(told, "level"), number: text(told, "number") });

function admission(told) {
  const gln = text(told, "gln");
  const admit = {
    type: "admit",
    adminKeys: listed(text(told, "adminKeys"), /\s+/),
    party: {
      country: text(told, "country"),
      gln,
      licence: licence(told),
      name: text(told, "name"),
      prefixes: listed(text(told, "prefixes"), /\s+/),
      roles: told.getAll("role").sort(),
    },
    recoveryKey: text(told, "recoveryKey"),
  };
  return text(told, "site-gln") ? [admit, record(told, gln, "site-")] : [admit];
}

function record(told, party, before = "") {
  const site = {
    activities: listed(text(told, `${before}activities`), ","),
    address: text(told, `${before}address`),
    gln: text(told, `${before}gln`),
    licence: licence(told),
    name: text(told, `${before}name`),
  };
  return { type: "sites", party, sites: [site] };
}

/** The log keeps the reason in one line; until when stock is to be taken back belongs to it. */
function suspension(gln, told) {
  const by = text(told, "by");
  const reason = text(told, "reason");
  return { type: "suspend", gln, reason: reason && by ? `${reason}; stock to be taken back by ${by}` : reason };
}

const page = (gln) => `/parties/${gln}`;
onDecide(at("admit"), admission, (told) => page(text(told, "gln")));
const site = at("site");
onDecide(site, (told) => [record(told, site.dataset.party)], () => page(site.dataset.party));
const suspend = at("suspend");
onDecide(suspend, (told) => [suspension(suspend.dataset.gln, told)], () => page(suspend.dataset.party));
