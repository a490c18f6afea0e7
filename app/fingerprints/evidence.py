"""What is known of the print on a pack's label, for who looks into it: the authority, the product's holder.

Enrolments and inspections are the log's, looks the desk's. The holder learns of another party's site its
role and country alone, as in cases. No template is shown here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from flask import abort
from flask_babel import format_decimal
from flask_babel import gettext as _

from app import cases
from app.alert_words import rule_words
from app.fingerprints import plot as drawn
from app.fingerprints.words import CODES, reason_words, verdict_mark, verdict_words
from app.goods import product_name, site_name
from app.node import Node, node
from app.phrases import reason_said
from app.present import Mark, marked, op_words, role_words, signer_words
from ledger.errors import Malformed
from ledger.rules.authority import Authority
from ledger.rules.making import enrols_any
from ledger.rules.reasons import reason, word_of
from ledger.statement.dsse import Envelope
from ledger.statement.events import Event
from ledger.statement.gs1 import Label
from ledger.statement.submission import Statement
from ledger.store.acts import enrolled_at, judged
from ledger.store.desk import Person
from ledger.store.enrolled import Enrolled
from ledger.store.fingerprints import Fingerprints
from ledger.store.looks import Access, Look
from ledger.store.watch import is_away
from scanner.fingerprint.limits import EXTRACTOR, LIMITS, Limits
from scanner.fingerprint.match import LEAST_LOG10, false_match_log10
from scanner.fingerprint.measured import MEASURED

MOST: Final = 200  # of each kind of statement about a pack, and of look, that are shown
_MADE: Final = frozenset({"commission", "repack", "enrol"})
_VERDICTS: Final = {code: verdict for verdict, code in CODES.items()}


class Enrolment(NamedTuple):
    """A statement that binds a print to a pack; `holds` where none after it does.

    `away` says that the pack was elsewhere, "" where it was not: it may be an exchanged print.
    """

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody calls
    ms: int
    words: str
    place: str
    signers: list[str]
    commitment: str
    holds: bool
    away: str


class Inspection(NamedTuple):
    """A statement of what somebody saw of a print.

    `index` is -1 and `signers` empty where who signed is not this side's to know. `fits`: it names the
    commitment that holds. `looked`: a look of that site came to the same; anybody may sign anything.
    """

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody calls
    ms: int
    place: str
    signers: list[str]
    mark: Mark
    words: str
    commitment: str
    fits: bool
    looked: bool


class Seen(NamedTuple):
    """A look at a print, as the service judged it; `case` is a number, 0 for none.

    `seldom` says how many other prints there are to one that scores so well, "" where nothing is said.
    """

    number: int
    look: Look
    place: str
    device: str
    mark: Mark
    word: str
    reasons: list[str]
    seldom: str
    case: int


class Evidence(NamedTuple):
    """All of a pack's page; `kept` says whether this node holds the template that the log commits to.

    `spoilt` are looks that compared nothing and found nothing that does not belong; `unshown` and
    `unsaid` say how many looks and inspections there are beside those that are shown.
    """

    label: Label
    product: str
    enrolments: list[Enrolment]
    inspections: list[Inspection]
    unsaid: int
    looks: list[Seen]
    spoilt: list[Seen]
    unshown: int
    accesses: list[tuple[Access, str]]
    kept: bool
    erased: bool
    plot: drawn.Plot
    limits: Limits
    bound: float  # of other prints that could be accepted without our having seen one


def may_see(who: Person | None, gtin: str) -> bool:
    """Whether somebody looks into prints of a product: its holder, and the authority."""
    if who is None:
        return False
    authority = node().reader.authority()
    record = authority.product(gtin)
    return who.party == authority.gln or (record is not None and record.product.holder == who.party)


def enrols(who: Person) -> bool:
    """Whether a party may enrol labels of any product: it holds one, or packs one."""
    return enrols_any(node().reader.authority(), who.party)


def evidence_of(label: Label, who: Person) -> Evidence:
    """What is known of a pack's print. Ends in 403 for whoever neither holds the product nor is the authority."""
    if not may_see(who, label.gtin):
        abort(
            403,
            _(
                "What is known of a label's print is shown to the product's holder and to authorities."
            ),
        )
    found = node()
    found.desk.cases.pass_on_late(found.clock())  # by then a case is this side's to see
    with found.reader.snapshot():
        authority = found.reader.authority()
        reading = _Reading(found, authority, who, label.id)
        enrolled = found.reader.fingerprint(label.id)
        enrolments, inspections = reading.statements(enrolled)
        looks, spoilt = reading.looks()
    store, limits = found.fingerprints, LIMITS[EXTRACTOR]
    return Evidence(
        label, product_name(authority, label.gtin), enrolments, inspections, reading.unsaid,
        looks, spoilt, found.desk.looks.number_of(label.id) - len(looks) - len(spoilt),
        [(one, reading.place(one.site)) for one in found.desk.looks.accesses(label.id, MOST)],
        store is not None and _is_kept(store, label.id, enrolled), reading.erased,
        drawn.draw(
            MEASURED[EXTRACTOR], limits,
            [(one.number, one.look.score) for one in looks if one.look.score is not None],
        ),
        limits, 3 / limits.tested,
    )  # fmt: skip


def _is_kept(store: Fingerprints, item: str, enrolled: Enrolled | None) -> bool:
    """Whether there is a template that the log commits to; an altered row is none."""
    try:
        return enrolled is not None and store.find(item, enrolled.commitment) is not None
    except Malformed:
        return False


class _Reading:
    """One pack's records, as one person's side may read them."""

    def __init__(self, found: Node, authority: Authority, who: Person, item: str) -> None:
        self._found, self._authority, self._who, self._item = found, authority, who, item
        self._all = who.party == authority.gln
        self.unsaid = 0
        row = found.reader.world().row(item)
        self.erased = row is not None and found.reader.is_erased(row)

    def place(self, gln: str) -> str:
        """A site by name; to the product's holder another party's by its role and country."""
        if self._knows(gln):
            return site_name(self._authority, gln) or gln
        site = self._authority.site(gln)
        party = self._authority.party(site.party) if site else None
        if party is None:
            return ""
        roles = _(", ").join(role_words(role) for role in sorted(party.roles))
        return _("%(role)s in %(country)s", role=roles, country=party.country)

    def _knows(self, gln: str) -> bool:
        site = self._authority.site(gln)
        return self._all or (site is not None and site.party == self._who.party)

    def statements(self, enrolled: Enrolled | None) -> tuple[list[Enrolment], list[Inspection]]:
        """Enrolments and inspections about the print, newest first."""
        enrolments, inspections = [], []
        for index, ms, statement, keyids, extra in self._about_prints():
            event = statement.body
            assert isinstance(event, Event)
            signers = [signer_words(self._authority, keyid) for keyid in keyids]
            site = event.read_point
            if event.op in _MADE:
                if extra:
                    holds = enrolled is not None and enrolled.index == index
                    # Who makes and packs a product stands in its registration, for all to read.
                    place = site_name(self._authority, site) or site
                    reader = self._found.reader
                    away = event.op == "enrol" and is_away(reader, index, site, self._item)
                    enrolments.append(Enrolment(
                        index, ms, op_words(event.op), place, signers, extra.hex(), holds,
                        rule_words("enrolled-away") if away else "",
                    ))  # fmt: skip
                continue
            code, known = event.reason or "", self._knows(site)
            fits = enrolled is not None and enrolled.commitment == extra
            looked = self._found.desk.looks.came_to(
                self._item, site, _VERDICTS[code], extra.hex(), ms
            )
            inspections.append(Inspection(
                index if known else -1, ms, self.place(site), signers if known else [],
                marked(word_of(code)), reason_said(reason(code)).words, extra.hex(), fits, looked,
            ))  # fmt: skip
        return enrolments, inspections

    def _about_prints(self) -> Iterator[tuple[int, int, Statement, list[str], bytes]]:
        reader = self._found.reader
        seen = judged(reader, self._item, _VERDICTS, MOST)
        self.unsaid, self.erased = seen.left_out, self.erased or seen.erased
        for index in sorted((*enrolled_at(reader, self._item, MOST), *seen.indexes), reverse=True):
            try:
                logged = reader.logged(index)
                extra = reader.item_path(index, self._item).extra
            except LookupError:
                self.erased = True
                continue
            envelope = Envelope.parse(logged.envelope)
            statement = Statement.of(envelope)
            yield index, logged.ms, statement, [one.keyid for one in envelope.signatures], extra

    def looks(self) -> tuple[list[Seen], list[Seen]]:
        """The service's looks that tell something, and the others."""
        kept = self._found.desk.looks.of_item(self._item, MOST)
        return (
            self._seen([one for one in kept if one.counted or one.alarm]),
            self._seen([one for one in kept if not one.counted and not one.alarm]),
        )

    def _seen(self, rows: list[Look]) -> list[Seen]:
        """Looks, newest first; numbered from the oldest, as the plot names them."""
        limits = LIMITS[EXTRACTOR]
        return [
            Seen(
                len(rows) - place, row, self.place(row.site),
                row.device if self._knows(row.site) else "", verdict_mark(row.verdict),
                verdict_words(row.verdict), [reason_words(code) for code in row.reasons.split()],
                _seldom(row.score, limits), self._case(row.site),
            )
            for place, row in enumerate(rows)
        ]  # fmt: skip

    def _case(self, site: str) -> int:
        """The newest case of a site about the pack, where this person's side sees it."""
        case = self._found.desk.cases.of_item(site, self._item)
        return case.number if case and cases.side_of(case, self._who, self._authority) else 0


def _seldom(score: float | None, limits: Limits) -> str:
    """Of a score that a genuine print may have: its normal tail, as far as such a figure is shown."""
    if score is None or score > limits.genuine:
        return ""
    power = false_match_log10(score, limits.other_points, limits)
    exact = int(10.0**-power + 0.5)
    rounded = exact // 10 ** (len(str(exact)) - 1) * 10 ** (len(str(exact)) - 1)
    told = {"n": format_decimal(rounded)}
    if power <= LEAST_LOG10:
        return _("another print: less than 1 in %(n)s by the normal tail", **told)
    return _("another print: 1 in %(n)s by the normal tail", **told)
