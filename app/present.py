"""Words and marks for people, in the page's language. Times are shown in UTC, as the log has them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from flask import Flask, g
from flask_babel import format_datetime, format_decimal, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _lazy

from app.me import me
from app.node import maybe_node
from app.phrases import reason_said, reasons_said, said
from app.session import acting
from ledger.bundle import Entry
from ledger.proof import clock_words
from ledger.rules.authority import Authority
from ledger.rules.reasons import CODES, DO_NOT_SUPPLY, HOLD, NOT_CHECKED, OK, Reason, reason
from ledger.rules.verdict import verdict
from ledger.statement.events import Event
from ledger.statement.governance import (
    Admit,
    Genesis,
    Governance,
    Hold,
    KeyAdd,
    KeyRevoke,
    LiftHold,
    PolicyChange,
    Product,
    Recall,
    RecallClose,
    Sites,
    Suspend,
)
from ledger.statement.parts import Scope


class Mark(NamedTuple):
    """How a verdict looks: never by colour alone."""

    symbol: str
    style: str


class Line(NamedTuple):
    """One line of a timeline: a statement in words and raw, who signed it, how it is proven."""

    index: int
    ms: int
    words: str
    signers: list[str]
    envelope: dict[str, Any]
    path: list[str]


class GovernanceLine(NamedTuple):
    """One governance statement in words."""

    index: int
    ms: int
    words: str


_MARKS: Final = {
    OK: Mark("✓", "ok"),
    HOLD: Mark("!", "hold"),
    DO_NOT_SUPPLY: Mark("✕", "stop"),
    NOT_CHECKED: Mark("?", "unknown"),
}
_STATES: Final = {
    "unknown": _lazy("not on record"),
    "here": _lazy("in your stock"),
    "to_here": _lazy("on its way to you"),
    "other": _lazy("not in your stock"),
    "in_transit": _lazy("in transit between others"),
    "supplied_here": _lazy("supplied by you"),
    "supplied": _lazy("supplied elsewhere"),
    "inactive": _lazy("out of the chain"),
    "active": _lazy("in trade"),
}
# Operation -> what was done, and what is done.
_OPERATIONS: Final = {
    "commission": (_lazy("Commissioned"), _lazy("commission")),
    "pack": (_lazy("Packed"), _lazy("pack")),
    "unpack": (_lazy("Unpacked"), _lazy("unpack")),
    "ship": (_lazy("Shipped"), _lazy("ship")),
    "return": (_lazy("Returned"), _lazy("return")),
    "recall_return": (_lazy("Returned on recall"), _lazy("return on recall")),
    "to_destruction": (_lazy("Sent for destruction"), _lazy("send for destruction")),
    "void": (_lazy("Shipment called back"), _lazy("call a shipment back")),
    "refuse": (_lazy("Delivery refused"), _lazy("refuse a delivery")),
    "receive": (_lazy("Received"), _lazy("receive")),
    "close_short": (_lazy("Closed short"), _lazy("close short")),
    "supply": (_lazy("Supplied"), _lazy("supply")),
    "open": (_lazy("Opened and supplied in part"), _lazy("open and supply in part")),
    "sample": (_lazy("Sampled"), _lazy("take a sample")),
    "free_sample": (_lazy("Given as a free sample"), _lazy("give a free sample")),
    "export": (_lazy("Exported"), _lazy("export")),
    "lost": (_lazy("Reported lost"), _lazy("report a loss")),
    "stolen": (_lazy("Reported stolen"), _lazy("report a theft")),
    "destroyed": (_lazy("Destroyed"), _lazy("destroy")),
    "found": (_lazy("Found again"), _lazy("report as found")),
    "quarantine": (_lazy("Put on hold"), _lazy("put on hold")),
    "release": (_lazy("Released from hold"), _lazy("release from hold")),
    "check_out": (_lazy("Taken out for repackaging"), _lazy("take out for repackaging")),
    "repack": (_lazy("Repackaged"), _lazy("repackage")),
    "transfer": (_lazy("Passed to another owner"), _lazy("pass to another owner")),
    "undo": (_lazy("Supply undone"), _lazy("undo a supply")),
    "enrol": (_lazy("Label fingerprint enrolled"), _lazy("enrol a label's fingerprint")),
    "inspect": (_lazy("Inspected"), _lazy("inspect")),
}
# Type of governance statement -> what is done.
_GOVERNANCE: Final = {
    "admit": _lazy("admit a party"),
    "hold": _lazy("put on hold"),
    "key-add": _lazy("add a key"),
    "key-revoke": _lazy("revoke a key"),
    "lift-hold": _lazy("lift a hold"),
    "policy": _lazy("set the policy"),
    "product": _lazy("register a product"),
    "recall": _lazy("recall"),
    "recall-close": _lazy("close a recall"),
    "sites": _lazy("record sites"),
    "suspend": _lazy("suspend"),
}
_PURPOSES: Final = {
    "check": _lazy("check"),
    "dispense": _lazy("dispense"),
    "receive": _lazy("receive"),
    "return": _lazy("return"),
}
_ROLES: Final = {
    "auditor": _lazy("auditor"),
    "authority": _lazy("authority"),
    "carrier": _lazy("carrier"),
    "distributor": _lazy("distributor"),
    "hospital": _lazy("hospital"),
    "manufacturer": _lazy("manufacturer"),
    "pharmacist": _lazy("pharmacist"),
    "pharmacy": _lazy("pharmacy"),
    "regulator": _lazy("regulator"),
    "second regulator": _lazy("regulator, second person"),
    "repackager": _lazy("repackager"),
    "warehouse": _lazy("warehouse"),
    "wholesaler": _lazy("wholesaler"),
}
_USES: Final = {
    "admin": _lazy("admin"),
    "gateway": _lazy("gateway"),
    "passkey": _lazy("passkey"),
    "person": _lazy("person"),
    "recovery": _lazy("recovery"),
    "sensor": _lazy("sensor"),
    "station": _lazy("station"),
}
_MARK_WORDS: Final = {
    "custody-gap": _lazy("broken custody"),
    "expired": _lazy("expired"),
    "key-suspect": _lazy("suspect key"),
    "licence-expired": _lazy("holder's licence run out"),
    "on-hold": _lazy("on hold"),
    "recalled": _lazy("recalled"),
    "suspended": _lazy("holder suspended"),
    "withdrawn": _lazy("withdrawn"),
}


def marked(word: str) -> Mark:
    """The mark of a verdict's word, which is given in English."""
    return _MARKS[word]


def op_words(op: str) -> str:
    """What was done, in words."""
    return str(_OPERATIONS[op][0]) if op in _OPERATIONS else op


def act_words(op: str) -> str:
    """What is done, in words."""
    return str(_OPERATIONS[op][1] if op in _OPERATIONS else _GOVERNANCE.get(op) or op)


def state_words(state: str) -> str:
    """A state in words."""
    return str(_STATES.get(state) or state.replace("_", " "))


def purpose_words(purpose: str) -> str:
    """What a scan is for, in words."""
    return str(_PURPOSES.get(purpose) or purpose)


def role_words(role: str) -> str:
    """A party's role, or somebody's of the simulated world, in words."""
    return str(_ROLES.get(role) or role)


def use_words(use: str) -> str:
    """What a key is for, in words."""
    return str(_USES.get(use) or use)


def mark_words(mark: str) -> str:
    """What holds a pack back, in words."""
    return str(_MARK_WORDS.get(mark) or mark)


def moment(ms: int) -> str:
    """A time of the log as the page's language writes it, in UTC."""
    return f"{format_datetime(datetime.fromtimestamp(ms / 1000, UTC))} UTC"


def site_words(authority: Authority, gln: str) -> str:
    """A site by name and number, as far as it is on record."""
    site = authority.site(gln)
    return f"{site.name} ({gln})" if site else gln


def sentence_of(authority: Authority, body: Event | Governance) -> str:
    """A statement in one sentence."""
    if not isinstance(body, Event):
        return governance_words(body)
    names = {"act": op_words(body.op), "site": site_words(authority, body.read_point)}
    if body.dest_site:
        other = site_words(authority, body.dest_site)
        parts = [_("%(act)s at %(site)s to %(other)s", other=other, **names)]
        parts.append(_("tracking number %(number)s", number=body.number))
    else:
        parts = [_("%(act)s at %(site)s", **names)]
    if body.parent:
        parts.append(_("container %(sscc)s", sscc=body.parent.rpartition("/")[2]))
    if body.lot:
        parts.append(_("lot %(lot)s, expiry %(expiry)s", lot=body.lot, expiry=body.expiry))
    words = _(", ").join(parts)
    if body.op == "quarantine":
        words = _("%(what)s: %(reason)s", what=words, reason=body.reason)
    return _("%(words)s.", words=words)


def signer_words(authority: Authority, keyid: str) -> str:
    """A key by its use and its party, as far as it is on record."""
    key = authority.keys.get(keyid)
    short = f"{keyid[:16]}…"
    if key is None:
        return _("key %(key)s", key=short)
    party = authority.party(key.party)
    return _(
        "%(use)s key %(key)s of %(party)s",
        use=use_words(key.use),
        key=short,
        party=party.name if party else key.party,
    )


def line_of(authority: Authority, entry: Entry, event: Event) -> Line:
    """One line of a pack's timeline, from its bundle."""
    envelope = json.loads(bytes(entry.envelope))
    envelope["payload"] = json.loads(entry.envelope.payload)
    return Line(
        index=entry.index,
        ms=entry.ms,
        words=sentence_of(authority, event),
        signers=[signer_words(authority, line.keyid) for line in entry.envelope.signatures],
        envelope=envelope,
        path=[node.hex() for node in entry.path],
    )


def governance_line(index: int, ms: int, body: Event | Governance) -> GovernanceLine:
    """One governance statement for the log's page."""
    assert not isinstance(body, Event)  # governance is asked for
    return GovernanceLine(index, ms, governance_words(body))


def governance_words(body: Governance) -> str:
    """A governance statement in one sentence."""
    match body:
        case Genesis():
            return ngettext(
                "The log was founded by %(name)s (%(by)s), with %(n)s key.",
                "The log was founded by %(name)s (%(by)s), with %(n)s keys.",
                len(body.keys),
                n=len(body.keys), name=body.authority.name, by=body.by,
            )  # fmt: skip
        case Admit():
            roles = _(", ").join(role_words(role) for role in body.party.roles)
            party = f"{body.party.name} ({body.party.gln})"
            return _("%(party)s was admitted as %(roles)s.", party=party, roles=roles)
        case Sites():
            names = _(", ").join(f"{site.name} ({site.gln})" for site in body.sites)
            return _("Sites of %(party)s were recorded: %(names)s.", party=body.party, names=names)
        case Suspend():
            return _("%(gln)s was suspended: %(reason)s.", gln=body.gln, reason=body.reason)
        case KeyAdd():
            acts = _(", ").join(act_words(op) for op in body.operations)
            return _(
                "%(by)s added a %(use)s key for %(acts)s.",
                by=body.by, use=use_words(body.use), acts=acts or _("administration"),
            )  # fmt: skip
        case KeyRevoke():
            key = f"{body.keyid[:16]}…"
            return _(
                "Key %(key)s was revoked by %(by)s: %(reason)s.",
                key=key, by=body.by, reason=body.reason,
            )  # fmt: skip
        case Product():
            name = f"{body.name} {body.strength} ({body.gtin})"
            return _("Product %(name)s was registered by %(by)s.", name=name, by=body.by)
        case PolicyChange():
            return _("%(by)s set the policy.", by=body.by)
        case Hold():
            told = {"by": body.by, "what": _scope_words(body.scope), "reason": body.reason}
            return _("%(by)s put %(what)s on hold: %(reason)s.", **told)
        case Recall():
            told = {"by": body.by, "what": _scope_words(body.scope), "reason": body.reason}
            if body.kind == "withdrawal":
                return _("%(by)s withdrew %(what)s: %(reason)s.", **told)
            return _("%(by)s recalled %(what)s: %(reason)s.", **told)
        case LiftHold():
            return _("%(by)s lifted a hold: %(reason)s.", by=body.by, reason=body.reason)
        case RecallClose():
            return _("%(by)s closed a recall: %(outcome)s.", by=body.by, outcome=body.outcome)
        case _:
            return _("%(what)s by %(by)s.", what=type(body).__name__, by=body.by)


def _scope_words(scope: Scope) -> str:
    """Which packs a hold or recall is about."""
    gtin = f"GTIN {scope.gtin}"
    if scope.lots:
        lots = _(", ").join(scope.lots)
        return ngettext(
            "%(gtin)s, lot %(lots)s",
            "%(gtin)s, lots %(lots)s",
            len(scope.lots),
            gtin=gtin,
            lots=lots,
        )
    if scope.items is not None:
        return _("listed packs of %(gtin)s", gtin=gtin)
    if scope.statement is not None:
        return _("one commissioning of %(gtin)s", gtin=gtin)
    return _("%(gtin)s, all lots", gtin=gtin)


def all_reasons() -> list[tuple[str, Mark, Reason]]:
    """Every reason a verdict can have: the word it carries, its mark, its words."""
    found = []
    for code in CODES:
        word = verdict({code: ""}, "check").word
        found.append((said(word), marked(word), reason_said(reason(code))))
    return found


def register(app: Flask) -> None:
    """Give the templates their words."""
    app.jinja_env.filters.update(
        act_words=act_words, iso=clock_words, mark_words=mark_words, moment=moment,
        number=format_decimal, op_words=op_words, purpose_words=purpose_words,
        governance_words=governance_words, reasons_said=reasons_said, role_words=role_words, said=said, state_words=state_words, use_words=use_words,
    )  # fmt: skip
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True

    @app.context_processor
    def common() -> dict[str, Any]:
        found = maybe_node()
        return {
            "simulated": found is not None and found.simulated,
            "practice": found is not None and found.practice,
            "has_log": found is not None,
            "who": acting() if found is not None and g.get("person") else None,
            "me": me() if found is not None and g.get("person") else None,
        }
