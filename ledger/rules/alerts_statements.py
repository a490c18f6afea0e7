"""Which statements raise an alert: `raise_for_statement`, and `raise_for_overdue` by the clock. Pure.

What a statement says is brought together by the caller; what a scan raises is in `alerts`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from ledger.rules.alerts import BY_CODE, RULES, Alert, us_reason

MOST_ITEMS: Final = 10  # of a statement that are a case each
_MOVES: Final = frozenset(
    ("ship", "return", "recall_return", "to_destruction", "receive", "supply", "open", "export")
)
# What the rule that a statement after the fact broke says of the pack.
_BY_BREACH: Final = {
    "already-inactive": ("already-dispensed", "copied-label"),
    "not-holder": ("wrong-holder", "diversion"),
    "in-transit": ("wrong-holder", "late-statement"),
    "not-named": ("wrong-holder", "diversion"),
    "unknown-item": ("unknown-serial", "invented-serial"),
    "suspended": ("suspended-moving", "suspension"),
}
_BY_REFUSAL: Final = {
    "already-inactive": ("already-dispensed", "copied-label"),
    "undo-mismatch": ("undo-refused", "procedure"),
    "undo-late": ("undo-refused", "procedure"),
    "undo-other-site": ("undo-refused", "procedure"),
    "suspended": ("suspended-moving", "suspension"),
}


class StatementSeen(NamedTuple):
    """A logged event, with what its rules need to know.

    `sender` and `receiver` are the sites of the shipment that it is or is about, `shipment` that
    one's statement id. `observed` is the rule that it broke after the fact. `suspended` is the GLN
    of whoever was suspended when it landed: the acting site or party, or for a receipt the
    sender's. `repeated` are items that the same site had done this to before, each with that act's
    landing. Of more than MOST_ITEMS items only `many` is told. Of an enrolment `items` are those that
    were not at its site when it landed, MOST_ITEMS of them.
    """

    id: str
    ms: int
    op: str
    site: str
    reason: str = ""
    items: tuple[str, ...] = ()
    many: bool = False
    over: bool = False  # a receipt found something too much
    shipment: str = ""
    sender: str = ""
    receiver: str = ""
    observed: str = ""
    suspended: str = ""
    repeated: tuple[tuple[str, int], ...] = ()


def raise_for_statement(seen: StatementSeen, *, grace_ms: int) -> list[Alert]:
    """The alerts that a logged event raises; `grace_ms` is the policy's repeatGrace."""
    found: list[Alert] = []
    if seen.suspended and seen.op in _MOVES:
        subject, other = seen.suspended, seen.receiver if seen.site == seen.sender else seen.sender
        found.append(_alert("suspended-moving", "suspension", seen, seen.site, subject, other))
    if seen.op == "close_short":
        cause = "lost-on-the-way"
        found.append(_alert("short", cause, seen, seen.sender, seen.shipment, seen.receiver))
    if seen.over:
        cause = "wrong-count"
        found.append(_alert("over", cause, seen, seen.receiver, seen.shipment, seen.sender))
    if seen.op == "quarantine" and seen.reason == "temperature":
        found += _each("excursion", "temperature", seen)
    if seen.op == "inspect" and not seen.observed and seen.reason in BY_CODE:
        found += _each(*BY_CODE[seen.reason], seen)
    if seen.op == "enrol" and not seen.observed:
        found += _each("enrolled-away", "altered-template", seen)
    if seen.observed in _BY_BREACH:
        found += _each(*_BY_BREACH[seen.observed], seen)
    late = [item for item, ms in seen.repeated if seen.ms - ms > grace_ms]
    if late:
        found += _each("already-dispensed", "procedure", seen._replace(items=tuple(late)))
    return found


def raise_for_refusal(code: str, seen: StatementSeen) -> list[Alert]:
    """The alerts that a refused statement raises: it is of an entitled key, but may not be."""
    if code not in _BY_REFUSAL or (code == "undo-mismatch" and seen.op != "undo"):
        return []
    rule, cause = _BY_REFUSAL[code]
    if rule == "suspended-moving":
        return [_alert(rule, cause, seen, seen.site, seen.suspended or seen.site, "")]
    return _each(rule, cause, seen)


def raise_for_overdue(shipment: str, sender: str, receiver: str, due_ms: int) -> Alert:
    """The alert of a shipment that has not arrived by the policy's time for it."""
    seen = StatementSeen(shipment, due_ms, "ship", sender)
    return _alert("overdue", "lost-on-the-way", seen, sender, shipment, receiver)


def _each(rule: str, cause: str, seen: StatementSeen) -> list[Alert]:
    """An alert for each item, or for one statement about many: a lot is no thousand cases."""
    if seen.many or len(seen.items) > MOST_ITEMS:
        return [_alert(rule, cause, seen, seen.site, seen.id, "")]
    return [_alert(rule, cause, seen, seen.site, item, "", item) for item in seen.items]


def _alert(
    rule: str, cause: str, seen: StatementSeen, site: str, subject: str, other: str, item: str = ""
) -> Alert:
    code = seen.observed or seen.reason
    return Alert(
        rule, site, subject, seen.ms, cause, item, "" if other == site else other, (),
        (code,) if code else (), (), RULES[rule].eu, us_reason(rule, ()), seen.id,
    )  # fmt: skip
