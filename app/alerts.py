"""Alerts as they are found: in a scan, in a refusal, in what landed on the log, by the clock.

`look` is bounded, and any number of processes may call it at any time. Which rules there are is left
to `ledger.rules`, what becomes of a case to `app.cases`.
"""

from __future__ import annotations

from typing import Any, Final

from app.consignments import due_ms
from app.node import Node, node
from ledger.errors import Refused
from ledger.rules.alerts import HISTORY, Alert, ScanSeen, raise_for_scan
from ledger.rules.alerts_statements import (
    MOST_ITEMS,
    StatementSeen,
    raise_for_overdue,
    raise_for_refusal,
    raise_for_statement,
)
from ledger.rules.authority import Authority
from ledger.rules.casework import AUTHORITY, HOLDER, SITE
from ledger.rules.claims import Claim
from ledger.rules.state import IN_TRANSIT
from ledger.rules.verdict import Verdict
from ledger.rules.world import World
from ledger.statement.dsse import Envelope
from ledger.statement.events import Event
from ledger.statement.gs1 import Label, gtin_of
from ledger.statement.submission import Statement, Submission
from ledger.store import content, shipments
from ledger.store.cases import Case, Seen
from ledger.store.desk import Person, Scan
from ledger.store.watch import Watched, enrolled_away, landed, to_look_into

REACH: Final = 10_000  # entries of the log that one look goes through
BATCH: Final = 200  # statements, and shipments, of them that it looks into
_DAY_MS: Final = 24 * 3_600_000
SHIPMENTS: Final = "shipments"
STATEMENTS: Final = "statements"
_UNSURE: Final = frozenset(("unknown", "label-mismatch", "symbols-disagree", "scan-again"))


def raised_by(scan: Scan, told: Verdict, label: Label, who: Person, *, sure: bool) -> Alert | None:
    """The alert that a scan raises, by its row to be, its verdict and its label."""
    found = node()
    authority = found.reader.authority()
    world = found.reader.world()
    acted, parties = _standing(found, world, authority, scan.item)
    lot_known = not label.lot or world.lot(label.gtin, label.lot) is not None
    seen = ScanSeen(
        scan.ms, scan.site, scan.item, scan.purpose, told.codes, scan.reading, scan.source,
        sure=sure, acted_ms=acted, mismatch=_differs(told.claims), lot_known=lot_known,
        lot=label.lot, own_party=who.party in parties,
    )  # fmt: skip
    history = [
        _seen(one, own_party=_party_of(authority, one.site) in parties)
        for one in found.desk.scans_of(scan.item, HISTORY)
    ]
    return raise_for_scan(seen, history, grace_ms=authority.policy.repeat_grace * 1000)


def _standing(
    found: Node, world: World, authority: Authority, item: str
) -> tuple[int, frozenset[str]]:
    """When the newest statement about an item landed, and the parties that it is with, or goes to."""
    row = world.row(item)
    if row is None:
        return -1, frozenset()
    newest = world.newest(row)
    root = world.outermost(row)
    sites = {root.site}
    if root.status == IN_TRANSIT and (shipment := world.shipment(root.shipment)):
        sites.add(shipment.to_site)
    parties = frozenset(_party_of(authority, gln) for gln in sites) - {""}
    return landed(found.store, [newest]).get(newest, -1), parties


def _party_of(authority: Authority, gln: str) -> str:
    site = authority.site(gln)
    return site.party if site else ""


def _differs(claims: tuple[Claim, ...]) -> tuple[str, ...]:
    return tuple(claim.name for claim in claims if claim.agrees is False)


def _seen(scan: Scan, *, own_party: bool) -> ScanSeen:
    """An earlier scan by its row, and by whether the pack is with the scanning party now."""
    codes = tuple(scan.codes.split())
    return ScanSeen(
        scan.ms, scan.site, scan.item, scan.purpose, codes, scan.reading, scan.source,
        misread="scan-again" in codes, sure=bool(scan.alert) or _UNSURE.isdisjoint(codes),
        own_party=own_party,
    )  # fmt: skip


def fold(found: Node, alert: Alert, seen: Seen | None = None) -> int:
    """Put an alert into its case; the case's number."""
    record = found.reader.authority().product(gtin_of(alert.item)) if alert.item else None
    return found.desk.cases.fold(alert, record.product.holder if record else "", seen)


def case_of_pack(item: str, who: Person) -> Case | None:
    """The newest case about a pack at a person's site."""
    return node().desk.cases.of_item(who.site, item) if item else None


def refused(error: Refused, submission: Submission, refusal: Envelope | None) -> None:
    """Raise what a refused statement raises, with the operator's signed word on it as evidence."""
    body = submission.statement.body
    if not isinstance(body, Event):
        return
    found = node()
    world = found.reader.world_of(one.id for one in submission.items[: MOST_ITEMS + 1])
    items = [
        one.id
        for one in submission.items[: MOST_ITEMS + 1]
        # What the site did itself is told on its screen: no second place is in it.
        if not ((row := world.row(one.id)) and row.site == body.read_point and body.op != "undo")
    ]
    seen = _seen_of(submission.statement, body, found.clock(), items)
    evidence = Seen(refusal=bytes(refusal) if refusal else b"")
    for alert in raise_for_refusal(error.code, seen):
        fold(found, alert, evidence)


def repeated(submission: Submission, already: dict[str, int], ms: int) -> None:
    """Raise what an act raises that had been done here before, to some items at some time (ms)."""
    body = submission.statement.body
    if not already or not isinstance(body, Event):
        return
    found, items = node(), tuple(already.items())
    seen = _seen_of(submission.statement, body, ms, [])._replace(repeated=items)
    grace = found.reader.authority().policy.repeat_grace * 1000
    for alert in raise_for_statement(seen, grace_ms=grace):
        fold(found, alert)


def _seen_of(statement: Statement, body: Event, ms: int, items: list[str]) -> StatementSeen:
    many = len(items) > MOST_ITEMS
    return StatementSeen(
        statement.id, ms, body.op, body.read_point, body.reason or "",
        () if many else tuple(items), many=many,
    )  # fmt: skip


def look(found: Node) -> int:
    """Look for what is new since the last look, and pass on what is late; how many alerts are new.

    Looks through at most REACH entries: what is further on is for the next look. Scans that the
    policy keeps no longer are deleted on the way.
    """
    with found.reader.snapshot():
        n = _look_at_statements(found) + _look_at_shipments(found)
        kept_days = max(1, found.reader.authority().policy.scan_retention)
    found.desk.cases.pass_on_late(found.clock())  # what is only found now may be late already
    found.desk.forget_scans(found.clock() - kept_days * _DAY_MS)
    return n


def _look_at_statements(found: Node) -> int:
    """Fold the alerts of what has landed; how many are new."""
    cases, head = found.desk.cases, found.reader.head()
    start = cases.mark(STATEMENTS)
    end = min(head.size, start + REACH)
    if start >= end:
        return 0
    authority = found.reader.authority(head.size)
    suspended = {one.gln for one in authority.parties() if one.suspended >= 0}
    suspended |= {one.gln for one in authority.sites() if one.suspended >= 0}
    watched = to_look_into(found.store, start, end, suspended, BATCH)
    grace = authority.policy.repeat_grace * 1000
    alerts: list[Alert] = []
    for one in watched:
        seen = _logged(found, authority, one)
        if seen is not None:
            alerts += raise_for_statement(seen, grace_ms=grace)
    reached = watched[-1].ref.index + 1 if len(watched) == BATCH else end
    # Before the mark moves: a look that dies is looked again.
    n = sum(_is_new(found, alert) for alert in alerts)
    cases.set_mark(STATEMENTS, reached, start)
    return n


def _is_new(found: Node, alert: Alert) -> bool:
    """Fold what a statement raised; whether it was not folded before."""
    new = found.desk.cases.known(alert) is None
    if new:
        fold(found, alert)
    return new


def _logged(found: Node, authority: Authority, watched: Watched) -> StatementSeen | None:
    """An act with what its rules need; None where its content was erased."""
    ref = watched.ref
    try:
        statement = Statement.of(Envelope.parse(found.reader.logged(ref.index).envelope))
    except LookupError:
        return None
    assert isinstance(statement.body, Event)  # only events are acts
    if ref.op == "enrol" and not ref.observed:
        few, items = True, enrolled_away(found.reader, ref, MOST_ITEMS)
    else:
        few = content.count(found.store, ref.id) <= MOST_ITEMS
        items = [one.id for one in content.items(found.store, ref.id)] if few else []
    index = ref.index if watched.shipment is None else watched.shipment
    shipment = found.reader.world().shipment(index)
    sides = (shipment.site, shipment.to_site) if shipment else ("", "")
    actor = [ref.site, ref.by]
    if ref.op == "receive" and shipment:
        actor += [shipment.site, shipment.party]
    return _seen_of(statement, statement.body, ref.ms, items)._replace(
        many=not few,
        over=watched.over,
        shipment=shipment.id if shipment else "",
        sender=sides[0],
        receiver=sides[1],
        observed=ref.observed,
        suspended=next((one for one in actor if _was_suspended(authority, one, ref.index)), ""),
    )


def _was_suspended(authority: Authority, gln: str, at: int) -> bool:
    record: Any = authority.party(gln, at) or authority.site(gln, at)
    return record is not None and record.suspended >= 0


def _look_at_shipments(found: Node) -> int:
    """Fold the alerts of late shipments, from where the last look ended, round and round."""
    cases, head = found.desk.cases, found.reader.head()
    start = cases.mark(SHIPMENTS)
    authority, now = found.reader.authority(head.size), found.clock()
    lines = shipments.open_after(found.store, start - 1, REACH, BATCH)
    n = 0
    for line in lines:
        one, due = line.shipment, due_ms(authority, line.shipment, line.lots)
        if now > due and line.open > line.refused + line.short:
            n += _is_new(found, raise_for_overdue(one.id, one.site, one.to_site, due))
    end = lines[-1].shipment.index + 1 if len(lines) == BATCH else start + REACH
    cases.set_mark(SHIPMENTS, end if end < head.size else 0, start)
    return n


def waiting_for(who: Person) -> int:
    """How many open cases wait for a person's site, or for its party."""
    found = node()
    look(found)
    cases = found.desk.cases
    n = cases.count(SITE, who.site, "") + cases.count(HOLDER, "", who.party)
    if who.party == found.reader.authority().gln:
        n += cases.count(AUTHORITY, "", "")
    return n
