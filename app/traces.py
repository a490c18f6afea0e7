"""A trace as its viewer may see it: what it is of, the flows between two days at a place, and their sum.

An authority sees all. A party sees of a trace the statements that it may see whole by the log's own
rule (`Reader.concerned`): what it sent, what was sent to it, and what was said of that.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Final, NamedTuple
from urllib.parse import quote

from flask import abort, request
from flask_babel import gettext as _

from app import consignments
from app.goods import product_name
from app.node import node
from app.present import site_words
from app.scanning import here_and_now
from ledger.errors import Malformed
from ledger.rules.authority import Authority
from ledger.rules.moves import MAKES
from ledger.rules.state import LotKey
from ledger.rules.trace import SENT, Flow, Way, flows, ways
from ledger.statement import gs1
from ledger.statement.gs1 import Label, is_gln, parse_scan
from ledger.statement.submission import Statement
from ledger.store import shipments, traces
from ledger.store.desk import Person
from ledger.store.traces import TooMuch, Traced

KINDS: Final = ("lot", "pack", "container", "shipment", "party", "site")
BOTH, BACKWARD, FORWARD = "both", "backward", "forward"
DAY_MS: Final = 24 * 3_600_000
_ID: Final = re.compile(r"[0-9a-f]{64}")
_DIGITS: Final = re.compile(r"[0-9]+")


class Subject(NamedTuple):
    """What a trace is of. `name` is as its address has it, `words` as people say it."""

    kind: str
    name: str
    words: str

    @property
    def path(self) -> str:
        """Where its page is."""
        return f"/traces/{self.kind}/{quote(self.name)}"


class Filter(NamedTuple):
    """Of what days (both included), of what site, which way."""

    start: date | None = None
    end: date | None = None
    site: str = ""
    way: str = BOTH

    @property
    def start_ms(self) -> int:
        """When the first day begins, in ms since the epoch."""
        return _midnight(self.start) if self.start else 0

    @property
    def end_ms(self) -> int:
        """When the last day has ended."""
        return _midnight(self.end + timedelta(days=1)) if self.end else 1 << 60

    @property
    def query(self) -> dict[str, str]:
        """As an address has it."""
        told = {
            "from": self.start.isoformat() if self.start else "",
            "to": self.end.isoformat() if self.end else "",
            "site": self.site,
            "way": self.way if self.way != BOTH else "",
        }
        return {name: value for name, value in told.items() if value}


@dataclass(frozen=True)
class Trace:
    """What a viewer is shown.

    `whole` says that nothing was left out for want of a right, `left_out` how many flows the filter
    took away. `packs` names the packs that were looked at one by one, if they were.
    """

    subject: Subject
    wanted: Filter
    flows: list[Flow]
    stages: dict[LotKey, int]
    whole: bool
    left_out: int
    erased: bool
    packs: frozenset[str]

    def stage(self, lot: LotKey) -> int:
        """How many repackings a lot is away from what was asked for."""
        return self.stages.get(lot, 0)

    @cached_property
    def ways(self) -> list[Way]:
        """The flows in sum."""
        return ways(self.flows, self.stage)

    @cached_property
    def sites(self) -> list[str]:
        """The sites that its flows touch."""
        found = dict.fromkeys(place for flow in self.flows for place in (flow.start, flow.end))
        return [place for place in found if is_gln(place)]


def find(text: str, who: Person) -> Subject:
    """What somebody wrote into the box. Raises Malformed; ends in 404 for what it cannot name."""
    text = text.strip()
    if _ID.fullmatch(text):
        return _shipment(text, who)
    if _DIGITS.fullmatch(text) and len(text) == 18:
        return subject("container", text, who)
    if is_gln(text):
        authority = node().reader.authority()
        return subject("party" if authority.party(text) else "site", text, who)
    parts = text.split()
    if len(parts) == 2 and _DIGITS.fullmatch(parts[0]) and len(parts[0]) in (8, 12, 13, 14):
        return subject("lot", f"{parts[0].zfill(14)}/{parts[1]}", who)
    try:
        label = parse_scan(text, year=here_and_now().year)
    except Malformed:
        if re.fullmatch(r"[A-Za-z0-9-]{1,20}", text):
            return _lot_numbered(text, who) or _shipment(text.upper(), who)
        raise
    return _of_label(label, who)


def _lot_numbered(text: str, who: Person) -> Subject | None:
    """The lot of a number that is no shipment's, for an authority: which products have one is others'."""
    store = node().store
    if who.party != node().reader.authority().gln or traces.numbered(store, text.upper()):
        return None
    gtins = traces.products_of(store, text)
    if len(gtins) > 1:
        abort(409, _("Several products have a lot of this number: write the GTIN before it."))
    return subject("lot", f"{gtins[0]}/{text}", who) if gtins else None


def _of_label(label: Label, who: Person) -> Subject:
    if label.sscc:
        return subject("container", label.sscc, who)
    if label.gtin and label.serial:
        return subject("pack", f"{label.gtin}/{label.serial}", who)
    if label.gtin and label.lot:
        return subject("lot", f"{label.gtin}/{label.lot}", who)
    if label.gln:
        authority = node().reader.authority()
        return subject("party" if authority.party(label.gln) else "site", label.gln, who)
    raise Malformed("it names no pack, lot, container, shipment or place")


def subject(kind: str, name: str, who: Person) -> Subject:
    """What an address names. Raises Malformed; ends in 404 for a kind that is none."""
    authority = node().reader.authority()
    if kind == "lot":
        gtin, lot = _gtin_and(name)
        words = _("lot %(lot)s of %(product)s", lot=gs1.check_lot(lot),
                  product=product_name(authority, gtin) or gtin)  # fmt: skip
    elif kind == "pack":
        gtin, serial = _gtin_and(name)
        gs1.sgtin(gtin, serial)
        words = _("pack %(serial)s of %(product)s", serial=serial,
                  product=product_name(authority, gtin) or gtin)  # fmt: skip
    elif kind == "container":
        gs1.sscc(name)
        words = _("container %(sscc)s", sscc=name)
    elif kind == "shipment":
        return _shipment(name, who)
    elif kind in ("party", "site"):
        if not is_gln(name):
            raise Malformed(f"{name[:40]!r} is no GLN of 13 digits with its check digit")
        party = authority.party(name)
        words = party.name if kind == "party" and party else site_words(authority, name)
    else:
        abort(404, _("A trace is of a lot, pack, container, shipment, party or site."))
    return Subject(kind, name, words)


def _shipment(name: str, who: Person) -> Subject:
    if who.party == node().reader.authority().gln and not _ID.fullmatch(name):
        found = traces.numbered(node().store, name)
    else:
        found = consignments.named(name, who)
    if not found:
        abort(404, _("No shipment %(name)s is on record.", name=name[:64]))
    [one, *others] = found
    if others:
        abort(409, _("Several shipments have this number: open the one that is meant first."))
    return Subject("shipment", one.id, _("shipment %(number)s", number=one.number))


def _gtin_and(name: str) -> tuple[str, str]:
    gtin, slash, rest = name.partition("/")
    if not slash or len(gtin) != 14 or not gtin.isascii() or not gtin.isdigit():
        raise Malformed("it is named by a GTIN of 14 digits, a slash, and its lot or serial number")
    return gtin, rest


def read_filter() -> Filter:
    """The filter of this request's address. Raises Malformed."""
    way, site = request.args.get("way", "") or BOTH, request.args.get("site", "").strip()
    if way not in (BOTH, BACKWARD, FORWARD):
        raise Malformed("a trace goes both ways, backward or forward")
    if site and not is_gln(site):
        raise Malformed(f"{site[:40]!r} is no GLN of 13 digits with its check digit")
    start, end = _day("from"), _day("to")
    if start and end and start > end:
        raise Malformed("the last day comes before the first")
    return Filter(start, end, site, way)


def _day(name: str) -> date | None:
    text = request.args.get(name, "").strip()
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        raise Malformed(f"a day is YYYY-MM-DD, not {text[:20]!r}") from error
    if not 1970 <= found.year < 9999:
        raise Malformed("a day is of the years 1970 to 9998")
    return found


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)


def trace(about: Subject, wanted: Filter, who: Person) -> Trace:
    """Trace it for somebody. Ends in 404 where there is nothing that they may see, or nothing at all."""
    found = node()
    with found.reader.snapshot():
        authority = found.reader.authority()
        try:
            traced, packs, pivot = _traced(about, wanted, authority, who)
        except TooMuch as error:
            if who.party != authority.gln and about.kind != "shipment":
                abort(404, _nothing(about))  # of others' goods not even that they are many
            raise Malformed(str(error)) from error
        all_flows = flows(traced.acts, traced.shipments)
        for flow in all_flows if traced.lacking else ():
            words = traced.lacking.get((flow.index, flow.key), {}) if flow.open else {}
            flow.short, flow.refused = words.get("short", 0), words.get("refused", 0)
        whole = who.party == authority.gln
        seen = all_flows if whole else _seen(authority, traced, all_flows, who)
        period = about.kind in ("party", "site") and (wanted.start or wanted.end)
        if not seen and not period:
            abort(404, _nothing(about))
        erased = traces.erased(found.store)
    own = _backward(about, pivot, traced, authority)
    shown = seen if wanted == Filter() else [flow for flow in seen if _fits(flow, wanted, own)]
    stages = {
        lot: traced.stage(lot) for lot in {flow.key for flow in seen}
    }  # no lot that was left out
    return Trace(about, wanted, shown, stages, whole, len(seen) - len(shown), erased,
                 frozenset(packs))  # fmt: skip


def _nothing(about: Subject) -> str:
    return _("No %(what)s is on record here that you may trace.", what=about.words)


def _traced(
    about: Subject, wanted: Filter, authority: Authority, who: Person
) -> tuple[Traced, set[str], int]:
    """Its moves, the packs looked at one by one, and the index that parts backward from forward."""
    store = node().store
    if about.kind == "lot":
        gtin, lot = _gtin_and(about.name)
        record = node().reader.lot(gtin, lot)
        return traces.of_lot(store, gtin, lot), set(), record.index if record else 0
    if about.kind in ("party", "site"):
        sites = [about.name]
        if about.kind == "party":
            sites = [one.gln for one in authority.sites(about.name)]
        return traces.of_sites(store, sites, wanted.start_ms, wanted.end_ms), set(), 0
    if about.kind == "shipment":
        one = shipments.by_id(store, about.name)
        assert one is not None  # it was named before
        packs, pivot = traces.sent_in(store, one), one.index
    elif about.kind == "container":
        item = gs1.sscc(about.name)
        known = _known(authority, traces.about_container(store, item), who)
        packs = traces.inside(store, item, known[-1]) if known else set()
        pivot = traces.first_packed(store, item)
    else:
        gtin, serial = _gtin_and(about.name)
        packs, pivot = {gs1.sgtin(gtin, serial)}, 0
    return traces.of_packs(store, packs), packs, pivot


def _known(authority: Authority, indexes: list[int], who: Person) -> list[int]:
    """Those of some statements that somebody may see whole."""
    if who.party == authority.gln:
        return indexes
    return [index for index in indexes if _concerned(authority, index, who)]


def _concerned(authority: Authority, index: int, who: Person) -> bool:
    reader = node().reader
    try:
        statement = Statement.parse(reader.logged(index).envelope)
    except LookupError:
        return False  # erased after its retention
    return who.party in reader.concerned(authority, statement)


def _seen(authority: Authority, traced: Traced, found: list[Flow], who: Person) -> list[Flow]:
    """The flows that a party may see; of what was made of goods, or went into them, only where it
    repacked: which packs became which is the repackager's to tell."""
    seen = [flow for flow in found if _may_see(authority, flow, who)]
    if any(flow.op == "repack" for flow in seen):
        return seen
    return [flow for flow in seen if not traced.stage(flow.key)]


def _may_see(authority: Authority, flow: Flow, who: Person) -> bool:
    sites = [authority.site(place) for place in (flow.start, flow.end) if is_gln(place)]
    if flow.kind != SENT:
        sites = []
    if flow.by != who.party and not any(site and site.party == who.party for site in sites):
        return False  # it concerns nobody but its two sides
    return _concerned(authority, flow.index, who)


def _backward(
    about: Subject, pivot: int, traced: Traced, authority: Authority
) -> Callable[[Flow], bool]:
    """Tells whether a flow led to what is traced, or away from it."""
    if about.kind in ("party", "site"):
        own = {about.name, *(one.gln for one in authority.sites(about.name))}
        return lambda flow: flow.end in own and flow.op not in MAKES
    return lambda flow: flow.index < pivot or traced.stage(flow.key) < 0


def _fits(flow: Flow, wanted: Filter, backward: Callable[[Flow], bool]) -> bool:
    if not wanted.start_ms <= flow.ms < wanted.end_ms:
        return False
    if wanted.site and wanted.site not in (flow.start, flow.end):
        return False
    return wanted.way == BOTH or backward(flow) == (wanted.way == BACKWARD)
