"""Live checks: would an act on these items be accepted now, and if not, what is to be done?

A dry run of the ledger's own rule, one item at a time over one reading of the tables: there is no
second table of rules. What lies twice in a list, or is not what was ordered, is left to the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from flask_babel import gettext as _

from app.commissioning import number_unit
from app.goods import label_json, product_name
from app.node import node
from app.phrases import reason_said
from app.refusals import in_words
from app.scanning import here_and_now
from ledger.errors import Malformed, Refused
from ledger.rules import rights
from ledger.rules.authority import Authority
from ledger.rules.claims import compare
from ledger.rules.custody import decide
from ledger.rules.operations import OPERATIONS, RETURNS
from ledger.rules.reasons import reason
from ledger.rules.state import IN_TRANSIT, Changes, Named, Row
from ledger.rules.world import World
from ledger.statement import dsse
from ledger.statement.dsse import Envelope, Signature
from ledger.statement.events import Event
from ledger.statement.gs1 import Label, parse_item_id
from ledger.statement.submission import Statement
from ledger.store.desk import Person
from scanner.faults import REPAIRED, Explanation, explain, parse_reading

MOST: Final = 1_000  # items of one request
EXPLAINED: Final = 20  # readings of one request that the scanner-fault filter is asked about
_REPAIRS: Final = 64  # that it may hold against the log for each
CHECKED: Final = frozenset(OPERATIONS) - {"commission", "repack", "undo", "transfer", "enrol"}
_BY_SHIPMENT: Final = frozenset({"receive", "refuse", "close_short", "void"})
_ASKED: Final = "live check"  # in place of a tracking number, which has small letters nowhere


class Asked(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What `POST /api/checks` asks. GLNs, ids and statement ids as `Event` has them."""

    op: str
    items: list[str]
    source: str = ""
    to: str = ""
    number: str = ""
    shipment: str = ""
    parent: str = ""


@dataclass(frozen=True, slots=True)
class _Read:
    """One text of the request as it was read: a label, or why it is none."""

    text: str
    label: Label | None
    fault: str = ""
    repair: Explanation | None = None

    @property
    def id(self) -> str:
        return self.label.id if self.label else ""


def check(asked: Asked, who: Person) -> dict[str, Any]:
    """Say of the act itself and of each item whether it would be accepted now.

    Raises Malformed for what cannot be asked, Refused where the session's key or site has no right
    to the act at all.
    """
    if asked.op not in CHECKED:
        raise Malformed(f"{asked.op[:40]!r} is no act that can be checked item by item")
    if len(asked.items) > MOST:
        raise Malformed(_("at most %(n)s items are checked at a time", n=MOST))
    reader = node().reader
    with reader.snapshot():
        head = reader.head()
        year = here_and_now().year
        read = [_read(text, asked.source, year) for text in asked.items]
        world = reader.world_of(one.id for one in read if one.id)
        authority = reader.authority(head.size)
        if asked.op == "pack":  # a new container is numbered and packed in one press
            number_unit(world, authority, asked.parent, who, head.size)
        run = _Run(world, authority, asked, who, head.size, node().clock())
        run.entitle()
        told = run.told(_act(run))
        return {**told, "items": [run.item(one) for one in run.repaired(read, year)]}


def _act(run: _Run) -> Refused | None:
    try:
        run.decide(run.asked.number or _ASKED)
    except Refused as refused:
        return refused
    return None


def _read(text: str, source: str, year: int) -> _Read:
    try:
        label = parse_reading(text, source, year)
    except Malformed as error:
        return _Read(text, None, str(error))
    return _Read(text, label)


class _Run:
    """The dry runs of one request."""

    def __init__(
        self, world: World, authority: Authority, asked: Asked, who: Person, index: int, ms: int
    ) -> None:
        self.world, self.authority = world, authority
        self.asked, self.who, self.index, self.ms = asked, who, index, ms
        site = authority.site(asked.to)
        self.receiver = site.party if site else ""
        world.know_shipments((), (), {(who.party, _ASKED): False})

    def entitle(self) -> None:
        """Refuse whoever has no right to the act, whatever the items. Raises Malformed, Refused."""
        operation, asked = self._event(_ASKED), self.asked
        for name, wanted in (
            ("to", asked.op == "ship" or asked.op in RETURNS),
            ("shipment", asked.op in _BY_SHIPMENT),
            ("parent", asked.op in ("pack", "unpack")),
        ):
            if wanted and not getattr(asked, name):
                raise Malformed(f"to check {asked.op}, name {name!r}")
        if self.who.keyid:  # a simulated world signs people in without one
            unsigned = Envelope(b"", dsse.EVENT, (Signature(self.who.keyid, b""),))
            try:
                rights.check_signers(self.authority, Statement(unsigned, operation), self.ms)
            except Refused as refused:
                if refused.code != "threshold":  # a colleague signs it too, in the end
                    raise
        rights.check_standing(self.authority, asked.op, [self.who.party], self.who.site)

    def decide(self, number: str, item: str = "", owner: str = "") -> Changes:
        """What the act would do to one item, or to none. Raises Refused."""
        event = self._event(number, owner)
        named = Named([item] if item else [], signers=frozenset({self.who.party}))
        return decide(self.world, self.authority, event, "", named, self.index, self.ms)

    def _event(self, number: str, owner: str = "") -> Event:
        asked, party = self.asked, self.who.party
        owner = owner or party
        # Goods of others that stay within this party's own sites stay theirs.
        to_owner = owner if self.receiver == party else self.receiver
        ships = asked.op == "ship" or asked.op in RETURNS
        return Event(
            op=asked.op, by=party, log=self.authority.origin, nonce="", time_ms=self.ms,
            time_offset="+00:00", read_point=self.who.site, parent=asked.parent or None,
            shipment=asked.shipment or None, number=number if ships else None,
            source_party=owner if ships else None, dest_party=to_owner or party if ships else None,
            dest_site=asked.to if ships else None,
        )  # fmt: skip

    def repaired(self, read: Iterable[_Read], year: int) -> Iterator[_Read]:
        """The readings; those that the log does not confirm as the scanner-fault filter has them."""
        left = EXPLAINED if self.asked.source else 0
        for one in read:
            if left and not (one.label and (self._confirms(one.label) or _practice(one.label))):
                left -= 1
                found = explain(
                    one.text, self.asked.source, self._confirms, year=year, most=_REPAIRS
                )
                if found.outcome == REPAIRED:
                    one = _Read(one.text, one.label, one.fault, found)
            yield one

    def _confirms(self, label: Label) -> bool:
        row = self.world.row(label.id) if label.id else None
        return row is not None and not self._differs(label, row)

    def _differs(self, label: Label, row: Row) -> str:
        lot = self.world.lot(label.gtin, row.lot) if row.lot else None
        for claim in compare(label, row.id, row.lot, lot.expiry if lot else None):
            if claim.agrees is False:
                return _(
                    "The label says %(name)s %(label)s, the record says %(log)s.",
                    name=claim.name, label=claim.label, log=claim.log or "–",
                )  # fmt: skip
        return ""

    def item(self, one: _Read) -> dict[str, Any]:
        """What is told of one text."""
        told: dict[str, Any] = {"text": one.text, "id": one.id or None, "label": None}
        if one.repair is not None and one.repair.label is not None:
            offered = one.repair.label
            return {
                **told, **_no("scan-again", one.repair.words, _("Compare it with the pack, then scan again.")),
                "repaired": {**offered.said, "text": offered.ai_string},
            }  # fmt: skip
        if one.label is None or not one.id:
            words = _("This is not the code of one pack or container.")
            return {
                **told,
                **_no(
                    "malformed",
                    f"{words} {one.fault}".strip(),
                    _("Scan again, or take the line out."),
                ),
            }
        if _practice(one.label):
            found = reason_said(reason("practice-label"))
            return {**told, **_no(found.code, found.words, found.next)}
        row = self.world.row(one.id)
        if row is None:
            return {**told, **self.told(Refused("unknown-item", one.id))}
        told["label"] = self._label(one.label, row)
        if words := self._differs(one.label, row):
            return {
                **told,
                **_no("label-mismatch", words, _("Put the pack aside and ask who is responsible.")),
            }
        return {**told, **self._judged(row)}

    def _judged(self, row: Row) -> dict[str, Any]:
        around = list(self.world.chain(row))
        root = around[-1] if around else row
        told: dict[str, Any] = {}
        if self._concerns(root):
            told = {"owner": root.owner, "inside": root.id if around else None}
        # A delivery is booked in by its outermost items; what is inside comes along.
        named = root.id if self.asked.op in _BY_SHIPMENT else row.id
        try:
            changes = self.decide(_ASKED, named, root.owner)
        except Refused as refused:
            return {**told, **self.told(refused, root if told else None)}
        told |= {"ok": True, "code": None, "words": "", "next": ""}
        if row.id in changes.left:
            sscc = parse_item_id(row.parent).sscc
            told["words"] = _("It comes out of its container %(sscc)s by itself.", sscc=sscc)
        if named in changes.already:
            told["words"] = _("This has been done already; it changes nothing.")
        return told

    def told(self, refused: Refused | None, root: Row | None = None) -> dict[str, Any]:
        """An answer to the act or to one item: yes, or why not and what to do."""
        if refused is None:
            return {"ok": True, "code": None, "words": "", "next": ""}
        words, advice = in_words(refused)
        if refused.code == "in-transit" and root is not None:
            sent = self.world.shipment(root.shipment)
            if sent is not None:
                words = _("It is in shipment %(number)s already.", number=sent.number)
        return _no(refused.code, words, advice)

    def _concerns(self, root: Row) -> bool:
        """Whether an item is the asking site's to know about: it has it, or it is between both."""
        if self.who.site == root.site:
            return True
        sent = self.world.shipment(root.shipment) if root.status == IN_TRANSIT else None
        return sent is not None and self.who.party in (sent.party, sent.to_party)

    def _label(self, label: Label, row: Row) -> dict[str, Any]:
        """An item as it is named: where it is no concern of who asks, as its own label has it."""
        root = self.world.outermost(row)
        if self._concerns(root):
            return label_json(self.world, self.authority, row.id)
        return {
            "product": product_name(self.authority, label.gtin),
            **{name: value or "" for name, value in label.said.items() if name != "id"},
            "packs": 1,
        }


def _practice(label: Label) -> bool:
    """Whether a label is a practice log's and this log is none; an id says it of itself nowhere."""
    return label.practice and not node().practice


def _no(code: str, words: str, advice: str) -> dict[str, Any]:
    return {"ok": False, "code": code, "words": words, "next": advice}
