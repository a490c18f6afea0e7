"""The policy in plain words, what a new one changes, and how it would have done."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import msgspec
from flask_babel import format_decimal, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _lazy

from app.node import node
from app.phrases import said
from app.present import act_words, role_words
from ledger.errors import CODES, Refused
from ledger.rules import governing
from ledger.statement import dsse
from ledger.statement.governance import Genesis, PolicyChange, parse_governance
from ledger.statement.parts import Policy, time_text
from ledger.statement.submission import Statement
from ledger.store.desk import Person
from ledger.store.dry_run import Trial, trial

DAY_MS: Final = 24 * 3_600_000
MAX_DAYS: Final = 366
ONE_STEP: Final = 1  # what `ledger.disclose` shows a trading partner; `see` is not followed yet
# The units in which people say what the statement has in seconds or hours, largest first.
LASTING: Final = {"days": 24 * 3600, "hours": 3600, "minutes": 60, "seconds": 1}
UNIT_WORDS: Final = {
    "days": _lazy("days"), "hours": _lazy("hours"), "minutes": _lazy("minutes"),
    "seconds": _lazy("seconds"),
}  # fmt: skip


class Field(NamedTuple):
    """A number of the policy: what it decides, in which unit, from where to where."""

    name: str  # as the statement has it
    words: Any
    hint: Any
    unit: str  # the statement's: seconds, hours, days, signatures
    low: int
    high: int


FIELDS: Final = (
    Field("threshold", _lazy("How many different people sign what matters most"),
          _lazy("An authority's admissions, suspensions, policies and recalls, and the sensitive acts below."),
          "signatures", 1, 4),
    Field("backdate", _lazy("How far back a statement's own time may lie"),
          _lazy("Work that was done without a line is sent later; what is older is refused."),
          "seconds", 0, 10**9),
    Field("undoHours", _lazy("How long a supply can be undone"),
          _lazy("From the moment the supply landed, by the same site."), "hours", 0, 10**6),
    Field("disputeDays", _lazy("When a shipment that has not arrived counts as short"),
          _lazy("Both sides are told from then on."), "days", 0, 10**4),
    Field("maxAge", _lazy("How old the state of a pack may be for a verdict"),
          _lazy("Older answers say “Not checked”."), "seconds", 1, 10**9),
    Field("repeatGrace", _lazy("How long the same act again raises no alert"),
          _lazy("The same pack at the same site, by a second press or scan."), "seconds", 0, 10**9),
    Field("scanRetention", _lazy("How long scans are kept"),
          _lazy("They lie at each node, never on the log."), "days", 0, 10**5),
)  # fmt: skip


class Version(NamedTuple):
    """A policy that was set, and by which statement."""

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody calls
    ms: int
    id: str
    policy: Policy


class Change(NamedTuple):
    """What one field said, and what it says now, in words."""

    what: str
    before: str
    after: str


def versions() -> list[Version]:
    """Every policy that was set, newest first."""
    reader = node().reader
    found = []
    for entry in reader.governance():
        statement = Statement.parse(entry.envelope)
        if isinstance(statement.body, Genesis | PolicyChange):
            found.append(Version(entry.index, entry.ms, statement.id, statement.body.policy))
    return found[::-1]


def number_of(policy: Policy, name: str) -> int:
    """A number of the policy by its field's name."""
    return int(msgspec.to_builtins(policy)[name])


def units(unit: str) -> dict[str, int]:
    """The units in which a number may be given, largest first, and how much of its own each is."""
    if unit not in LASTING:
        return {unit: 1}
    own = LASTING[unit]
    return {name: size // own for name, size in LASTING.items() if size >= own}


def measured(n: int, unit: str) -> tuple[int, str]:
    """A number in the largest unit that says it without a rest: 604800 seconds are 7 days."""
    fits = (one for one in units(unit).items() if n and n % one[1] == 0)
    name, size = next(fits, (unit, 1))
    return n // size, name


def quantity(n: int, unit: str) -> str:
    """A number with its unit, in the largest that says it without a rest."""
    amount, name = measured(n, unit)
    number = format_decimal(amount)
    return {
        "seconds": lambda: ngettext("%(number)s second", "%(number)s seconds", amount, number=number),
        "minutes": lambda: ngettext("%(number)s minute", "%(number)s minutes", amount, number=number),
        "hours": lambda: ngettext("%(number)s hour", "%(number)s hours", amount, number=number),
        "days": lambda: ngettext("%(number)s day", "%(number)s days", amount, number=number),
        "steps": lambda: ngettext("%(number)s step", "%(number)s steps", amount, number=number),
        "signatures": lambda: ngettext("%(number)s person", "%(number)s people", amount, number=number),
    }[name]()  # fmt: skip


def said_in_words(policy: Policy) -> dict[str, str]:
    """Every field of a policy in words, by what it decides."""
    told = {str(f.words): quantity(number_of(policy, f.name), f.unit) for f in FIELDS}
    told[_("How far up the chain a partner sees a pack's way")] = _steps(policy.see.up)
    told[_("How far down the chain a partner sees a pack's way")] = _steps(policy.see.down)
    told[_("An export can be undone")] = _yes(policy.export_undo)
    asked = policy.fingerprint is not None and policy.fingerprint.ask
    told[_("A label's fingerprint is asked for with each scan of an enrolled pack")] = _yes(asked)
    told[_("A site may keep sealed fingerprint templates of the lots it received")] = _yes(
        policy.templates_offline
    )
    told[_("Acts that as many people sign")] = _acts(policy.sensitive)
    for role in sorted(policy.roles):
        told[_("What a party may sign as %(role)s", role=role_words(role))] = _acts(
            policy.roles[role]
        )
    for gtin, rule in sorted(policy.products.items()):
        words = _(
            "at most %(hours)s under way, stored at %(min)s to %(max)s °C",
            hours=quantity(rule.max_transit, "hours"), min=rule.storage.min, max=rule.storage.max,
        )  # fmt: skip
        if rule.fingerprint_ask:
            words = f"{words}, {_('its label’s fingerprint is asked for')}"
        told[_("Product %(gtin)s", gtin=gtin)] = words
    for role, customers in sorted(policy.supply_by.items()):
        told[_("Whom a party may supply as %(role)s", role=role_words(role))] = ", ".join(customers)
    return told


def _steps(n: int) -> str:
    """What the policy says, and where that is not what is done, what is."""
    steps = quantity(n, "steps")
    return steps if n == ONE_STEP else _("%(steps)s; 1 is shown whatever it says", steps=steps)


def _yes(value: bool) -> str:
    return _("yes") if value else _("no")


def _acts(operations: list[str]) -> str:
    return ", ".join(act_words(op) for op in operations) or _("nothing")


def changes(old: Policy, new: Policy) -> list[Change]:
    """What differs between two policies; of lists of acts only what comes and goes."""
    before, after = said_in_words(old), said_in_words(new)
    found = []
    for what in dict.fromkeys((*before, *after)):
        one, other = before.get(what, "–"), after.get(what, "–")
        if one != other:
            found.append(Change(what, one, other))
    return [_narrowed(change, old, new) for change in found]


def _narrowed(change: Change, old: Policy, new: Policy) -> Change:
    """A change of a list of acts by what is added and what is taken away."""
    lists = {_("Acts that as many people sign"): (old.sensitive, new.sensitive)}
    for role in {*old.roles, *new.roles}:
        what = _("What a party may sign as %(role)s", role=role_words(role))
        lists[what] = (old.roles.get(role, []), new.roles.get(role, []))
    if change.what not in lists:
        return change
    one, other = lists[change.what]
    gone, come = sorted(set(one) - set(other)), sorted(set(other) - set(one))
    told = [_("no longer: %(acts)s", acts=_acts(gone))] if gone else []
    told += [_("now also: %(acts)s", acts=_acts(come))] if come else []
    return change._replace(after="; ".join(told) or change.after)


def warnings(old: Policy, new: Policy) -> list[str]:
    """What a policy takes from everybody, which may be meant, and is easily not."""
    could = {op for some in old.roles.values() for op in some}
    can = {op for some in new.roles.values() for op in some}
    told = []
    if gone := sorted(could - can):
        told.append(_("Nobody could sign any more: %(acts)s.", acts=_acts(gone)))
    idle = [role for role, some in old.roles.items() if some and not new.roles.get(role)]
    if idle:
        roles = ", ".join(role_words(role) for role in sorted(idle))
        told.append(
            _("Whose role is one of these could sign nothing any more: %(roles)s.", roles=roles)
        )
    if {new.see.up, new.see.down} != {ONE_STEP}:
        told.append(
            _("Every partner sees one step up and one step down, whatever the policy says of it.")
        )
    return told


def proposed(who: Person, told: Any, replaces: Any) -> PolicyChange:
    """A policy as somebody of the authority would put it on the log. Raises Malformed."""
    found = node()
    body = parse_governance(dsse.canonical({
        "by": who.party, "log": found.origin, "nonce": "0" * 32, "policy": told,
        "replaces": replaces, "time": time_text(found.clock()), "type": "policy",
    }))  # fmt: skip
    assert isinstance(body, PolicyChange)  # its type says so
    return body


def objection(body: PolicyChange) -> dict[str, str] | None:
    """Why the log would not take a policy now: `code`, `words`; None where it would."""
    found = node()
    try:
        governing.check_said(found.reader.authority(), body, found.clock())
    except Refused as refused:
        rule, advice = CODES[refused.code]
        return {"code": refused.code, "words": f"{said(rule)} {said(advice)}"}
    return None


def tried(policy: Policy, days: int) -> Trial:
    """What the statements of the last days would have met under a policy."""
    found = node()
    with found.reader.snapshot():
        size = found.reader.head().size
        return trial(found.store, size, policy, found.clock() - days * DAY_MS)


def rule_words(code: str) -> str:
    """The rule behind a refusal."""
    return said(CODES[code][0])
