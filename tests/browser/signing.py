"""A page that runs scripts over its own signing modules, and acts at random for it to build."""

from __future__ import annotations

import json
import random
from typing import Any, Final

from ledger.statement import dsse, gs1
from ledger.statement.forms import AFTER_THE_FACT, FORMS, NOT_HANDED_OUT
from ledger.tlog.ed25519 import public_of
from tests.browser.conftest import Site, Visit
from tests.world import gln, gtin, seed

GTIN: Final = gtin("0952123454321")
# What each script below has at hand: the modules as one, and keys out of fixed seeds (RFC 8410).
AT_HAND: Final = """
const modules = ["bytes", "items", "event", "governance", "envelope", "receipt"];
const sign = Object.assign({}, ...(await Promise.all(modules.map((one) => import(`/static/sign/${one}.js`)))));
const keyOf = async ({ seed, public: raw }) => {
  const whole = sign.concat(sign.bytesOf("302e020100300506032b657004220420"), sign.bytesOf(seed));
  return sign.keyOf({
    privateKey: await crypto.subtle.importKey("pkcs8", whole, "Ed25519", false, ["sign"]),
    publicKey: await crypto.subtle.importKey("raw", sign.bytesOf(raw), "Ed25519", true, ["verify"]),
  });
};
const make = async ({ payloadType: type, fields, keys, secret = "", extras, ...lists }) => {
  const told = {};
  let payload;
  if (type === sign.LOGIN) payload = sign.buildLogin(fields);
  else {
    for (const name of ["items", "over", "missing"]) {
      if (!lists[name]) continue;
      const by = await sign.listSecret(name, sign.bytesOf(secret));
      told[name] = await sign.commit(lists[name], by, name === "items" ? extras : {});
      lists[name] = sign.listOf(lists[name], name === "items" ? extras : {});
    }
    payload = type === sign.EVENT ? sign.buildEvent({ ...fields, ...told }) : sign.buildGovernance(fields);
  }
  const lines = await Promise.all(
    keys.map(async (one) => sign.signatureLine(await keyOf(one), type, payload)),
  );
  const envelope = sign.envelope(type, payload, lines);
  return {
    payload: sign.base64(payload),
    id: await sign.statementId(type, payload),
    envelope: sign.textOf(sign.canonical(envelope)),
    ...(type === sign.LOGIN ? {} : { submission: sign.submission({ envelope, ...lists, secret }) }),
  };
};
const refusal = async (attempt) => {
  try {
    await attempt();
    return "";
  } catch (error) {
    return error.constructor === Error ? error.message : `not meant: ${error}`;
  }
};
"""


class Browser:
    """A visitor's page that runs a script over the page's own modules."""

    def __init__(self, visit: Visit, site: Site) -> None:
        self._page = visit(site).page
        self._page.goto(f"{site.url}/")

    def run(self, script: str, given: Any = None) -> Any:
        """What a script answers; `given` is its argument, `sign` all that the modules export."""
        return self._page.evaluate(f"async (given) => {{{AT_HAND}{script}}}", given)


def with_keys(case: dict[str, Any], keys: dict[str, Any]) -> dict[str, Any]:
    """A case as the browser is given it."""
    given = {k: v for k, v in case.items() if k not in ("payload", "id", "envelope", "submission")}
    return {**given, "keys": [keys[name] for name in case["keys"]]}


def key_of(name: str) -> dict[str, str]:
    """A test key as the browser is given it."""
    return {"seed": seed(name).hex(), "public": public_of(seed(name)).hex()}


def random_event(chance: random.Random) -> dict[str, Any]:
    """A well-formed act, with fields as the browser names them, as a case of the vectors."""
    op = chance.choice(list(FORMS))
    form = FORMS[op]

    def code(length: int, letters: str) -> str:
        return "".join(chance.choice(letters) for _ in range(chance.randint(1, length)))

    def place() -> str:
        return gln(f"9521{chance.randrange(10**8):08d}")

    def statement() -> str:
        return chance.randbytes(32).hex()

    def ids(least: int) -> list[str]:
        serials = {code(20, "AZaz09-._!\"%&'()*+,/:;<=>?") for _ in range(chance.randint(least, 9))}
        return [gs1.sgtin(GTIN, serial) for serial in serials]

    hours, minutes = chance.randrange(14), chance.randrange(60)
    fields: dict[str, Any] = {
        "op": op, "by": place(), "log": code(40, "log.example/ \"\\é中🙂") + "x", "site": place(),
        "nonce": chance.randbytes(16).hex(), "timeMs": chance.randrange(253402300800000),
        "timeOffset": f"{chance.choice('+-')}{hours:02d}:{minutes:02d}",
    }  # fmt: skip
    if form.any_reason:
        fields["reason"] = "v" + code(39, "abcxyz-")
    elif form.reasons:
        fields["reason"] = chance.choice(form.reasons)
    if form.parent:
        fields["parent"] = ids(1)[0]
    if form.transfer:
        fields |= {"sourceParty": place(), "destParty": place(), "destSite": place()}
        fields["number"] = code(20, "ABYZ019-")
    if form.shipment:
        fields["shipment"] = statement()
    if form.undoes:
        fields |= {"undoes": statement(), "declared": NOT_HANDED_OUT}
    elif chance.random() < 0.3:
        fields["declared"] = AFTER_THE_FACT
    if form.inputs or (form.ilmd and chance.random() < 0.7):
        day = (
            f"{chance.randint(1, 9999):04d}-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}"
        )
        fields |= {"lot": code(20, "AZaz09-._!\"%&'()*+,/:;<=>?"), "expiry": day}
    if form.inputs:
        fields["inputs"] = sorted(statement() for _ in range(chance.randint(1, 5)))
    items = ids(0 if form.items == "optional" else 1)
    extras = {item: statement() for item in items if chance.random() < 0.3}
    lists = {name: ids(0) for name in ("over", "missing") if form.lists}
    case: dict[str, Any] = {"payloadType": dsse.EVENT, "fields": fields, "secret": statement()}
    given = {"items": items, "extras": extras, **lists}
    return {**case, **{name: some for name, some in given.items() if some}, "keys": ["k"]}


WRONG = [None, 0, 1.5, True, [], {}, ["x"], "x", "ab" * 32, "2028-02-30", "+99:00", gln("952123400000")]  # fmt: skip


def damaged(form: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """An event with one thing changed: a field gone, exchanged, or of another event."""
    changed: dict[str, Any] = json.loads(json.dumps(form))
    inner = [changed]
    inner += [value for value in changed.values() if isinstance(value, dict)]
    inner += [one for value in changed.values() if isinstance(value, list) for one in value if isinstance(one, dict)]  # fmt: skip
    target = chance.choice(inner)
    name = chance.choice([*target, "packtrace:shipment", "packtrace:reason", "more"])
    if chance.random() < 0.3:
        target.pop(name, None)
    elif isinstance(old := target.get(name), str) and old and chance.random() < 0.7:
        place = chance.randrange(len(old))
        target[name] = old[:place] + chance.choice("aZ0-:/ é\n") + old[place + 1 :]
    else:
        target[name] = chance.choice(WRONG)
    return changed
