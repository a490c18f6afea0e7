/** A case's page: what a scan showed becomes an inspection on the log, once a person has signed it. */

import { act } from "./sign/sign.js";
import { problemWords } from "./sign/words.js";
import { _ } from "./words.js";

const at = (id) => document.getElementById(id);

function fail(words) {
  at("error").textContent = words;
  at("error").hidden = false;
  at("error").focus();
}

async function sign() {
  const { item, reason } = at("inspect").dataset;
  at("error").hidden = true;
  const outcome = await act({ op: "inspect", ids: [item], fields: { reason } });
  if (!outcome) return;
  const { status, problem } = outcome;
  if (status === "refused") return void fail(problemWords(problem));
  at("sign-inspection").hidden = true;
  at("signed").textContent = {
    landed: _("It is on the log, and with this case's evidence."),
    waiting: _("It is signed, and sent as soon as there is a line."),
    colleague: _("It waits for a colleague's signature."),
  }[status];
}

at("inspect").hidden = false;
at("sign-inspection").addEventListener("click", sign);
