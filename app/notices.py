"""Whom a hold or recall concerns, and what each site has to be told now: once, then as a reminder.

A site is told when it has packs, or packs are on their way to it, be it at once or weeks later. Who
has not answered is reminded when half of its time is over, at the deadline, and each day after it.
What is said is `notice_words`' business, carrying it `sending`'s.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from flask import current_app
from flask_babel import force_locale

from app import notice_words
from app.language import LANGUAGES
from app.node import node
from app.notice_words import Told
from ledger.rules.authority import SiteRecord
from ledger.rules.marks import ON_HOLD
from ledger.rules.state import LotKey
from ledger.statement.governance import Recall
from ledger.store import recalls
from ledger.store.contacts import Contact
from ledger.store.notices import EMAIL, PAGE, SENT, WAITING, WEBHOOK, Notice
from ledger.store.recall_board import Board, Boards
from ledger.store.recall_counts import HOLD, STOCK, TRANSIT
from ledger.store.recalls import Case

DAY_MS: Final = 24 * 3_600_000
PATIENT: Final = "patient"  # how far down a recall reaches
_GIVEN_OUT: Final = ("supplied", "opened")
_BOARDS: Final = "recall boards"


class Concerned(NamedTuple):
    """A site that a hold or recall concerns: packs there, on their way to it, and given out there.

    `lots` (GTIN, lot number) are those that its packs are of.
    """

    here: int = 0
    coming: int = 0
    given_out: int = 0
    lots: tuple[LotKey, ...] = ()


def boards() -> Boards:
    """The boards of this node, as far as they were counted."""
    found = current_app.extensions.setdefault(_BOARDS, Boards(node().store))
    assert isinstance(found, Boards)
    return found


def board_of(case: Case) -> Board:
    """Where its packs are now; the caller holds a snapshot."""
    return boards().board(case.mark)


def concerned(case: Case) -> dict[str, Concerned]:
    """The sites that a hold or recall concerns now, by GLN.

    Where it reaches patients, so do those that gave packs out and have none left.
    """
    found: dict[str, list[int]] = {}
    lots: dict[str, set[LotKey]] = {}
    patients = isinstance(case.body, Recall) and case.body.depth == PATIENT
    for spot, tally in board_of(case).tallies.items():
        if spot.state in (STOCK, HOLD):
            site, place = spot.site, 0
        elif spot.state == TRANSIT:
            site, place = spot.to_site, 1
        elif spot.state in _GIVEN_OUT and patients:
            site, place = spot.site, 2
        else:
            continue
        found.setdefault(site, [0, 0, 0])[place] += tally.packs
        lots.setdefault(site, set()).add((spot.gtin, spot.lot))
    return {
        site: Concerned(*counts, tuple(sorted(lots[site])))
        for site, counts in sorted(found.items())
    }


class HeldBack(NamedTuple):
    """A hold on packs at a site or on their way to it, in one line, with how many."""

    case: Case
    title: str
    here: int
    coming: int


def holds_at(site: str) -> list[HeldBack]:
    """The holds in force that concern a site, newest first."""
    found, held = node(), []
    with found.reader.snapshot():
        authority = found.reader.authority()
        in_force = [
            one.id for one in authority.marks.values() if one.code == ON_HOLD and one.ended < 0
        ]
        for case in recalls.cases(found.store, authority, in_force):
            if one := concerned(case).get(site):
                title = notice_words.title_of(case)
                held.append(HeldBack(case, title, one.here, one.coming))
    return held


def silent(case: Case) -> list[str]:
    """The sites that a recall concerns and that have not answered it, by GLN; none for a hold."""
    if case.is_hold:
        return []
    answers = recalls.answered(node().store, case.id)
    return [site for site in concerned(case) if site not in answers]


def round_of(first_ms: int, deadline_ms: int, now: int) -> int:
    """Which round is due for a site that was first told at a moment and has not answered.

    0 is the notice itself. 1 at half of the time that it had; 2 at the deadline, then one a day. Who
    was told after the deadline is reminded a day later.
    """
    if first_ms >= deadline_ms:
        return max(0, (now - first_ms) // DAY_MS)
    if now >= deadline_ms:
        return 2 + (now - deadline_ms) // DAY_MS
    return int(now >= first_ms + (deadline_ms - first_ms) // 2)


def make() -> int:
    """Put into the outbox what has to be told now; how many notices are new."""
    found, now = node(), node().clock()
    notices: list[Notice] = []
    with found.reader.snapshot():
        for case in recalls.cases(found.store, found.reader.authority()):
            notices += _ended(case, now) if case.ending else _opened(case, now)
    return found.desk.notices.make(notices)


def _opened(case: Case, now: int) -> Iterator[Notice]:
    first, rounds = node().desk.notices.first(case.id), _rounds(case.id)
    concern, quiet = concerned(case), set(silent(case))
    for site, contact in _sites(concern):
        number = 0
        if site.gln in quiet:
            number = round_of(first.get(site.gln, now), case.deadline_ms, now)
        lots = concern[site.gln].lots
        yield from _by_each(case.id, site, contact, number, rounds, case, now, lots)


def _ended(case: Case, now: int) -> Iterator[Notice]:
    """Who was told of it is told that it is over."""
    assert case.ending is not None
    told = node().desk.notices.first(case.id)
    rounds = _rounds(case.ending.id) if told else {}
    for site, contact in _sites(told):
        yield from _by_each(case.ending.id, site, contact, 0, rounds, case, now)


def _by_each(
    about: str, site: SiteRecord, contact: Contact, number: int, rounds: dict[tuple[str, str], int],
    case: Case, now: int, lots: tuple[LotKey, ...] = (),
) -> Iterator[Notice]:  # fmt: skip
    """A notice by each channel that reaches a site and has not brought this round yet."""
    channels = [PAGE, *([EMAIL] if contact.email else []), *([WEBHOOK] if contact.webhook else [])]
    todo = [one for one in channels if rounds.get((site.gln, one), -1) < number]
    if not todo:
        return
    told = _told(case, site, contact, number, lots)
    for channel in todo:
        yield Notice(
            about, site.gln, channel, number, now, told.subject, told.words,
            json.dumps(told.data, ensure_ascii=False, sort_keys=True), contact.language,
            SENT if channel == PAGE else WAITING, due=now,
        )  # fmt: skip


def _told(
    case: Case, site: SiteRecord, contact: Contact, number: int, lots: tuple[LotKey, ...]
) -> Told:
    with force_locale(LANGUAGES[contact.language][0]):
        if case.ending:
            return notice_words.ended(case, site)
        return notice_words.notice(case, site, number, lots)


def _rounds(about: str) -> dict[tuple[str, str], int]:
    """The newest round that was made about a statement, by site and channel."""
    found: dict[tuple[str, str], int] = {}
    for one in node().desk.notices.about(about):
        key = (one.site, one.channel)
        found[key] = max(found.get(key, -1), one.round)
    return found


def _sites(glns: Iterable[str]) -> Iterator[tuple[SiteRecord, Contact]]:
    authority = node().reader.authority()
    for gln, contact in node().desk.contacts.among(glns).items():
        if site := authority.site(gln):
            yield site, contact
