"""Letters and the phone list of a hold or recall: for whoever no message reaches.

A site prints its own letter. Who sees the holders on a recall's board (its authority, and the
product's holder) prints those of all sites, and sees how each is reached and what it was sent: it
is they who go after the silent.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from flask import abort
from flask_babel import gettext as _

from app import contacts, notices
from app.contacts import Listed
from app.node import node
from app.notices import Concerned
from app.present import moment
from app.recalls import HOLDERS, WHOLE, sight_of
from app.session import is_administrator
from ledger.store.desk import Person
from ledger.store.notices import EMAIL, FAILED, PAGE, SENT, Notice
from ledger.store.recalls import Case

SILENT: Final = "silent"  # instead of a site: all that have not answered
MOST: Final = 500  # letters of one print


class Letter(NamedTuple):
    """A letter to a site: how it is reached, and what the log shows there."""

    to: Listed
    packs: Concerned


class Silent(NamedTuple):
    """A site that has not answered: what lies there, since when it was told, what it was sent."""

    to: Listed
    packs: Concerned
    told: int  # ms; 0 for not yet
    sent: list[str]  # by each way, in words


def goes_after(case: Case, who: Person) -> bool:
    """Whether somebody goes after the sites that a hold or recall concerns: who sees its holders."""
    return sight_of(case, who) in (WHOLE, HOLDERS)


def letters(case: Case, who: Person, site: str) -> list[Letter]:
    """The letter to a site, "" for one's own, or to all SILENT ones. Ends in 404 for others."""
    with node().reader.snapshot():
        packs = notices.concerned(case)
        wanted = [site or who.site]
        if site == SILENT and goes_after(case, who):
            wanted = notices.silent(case)
        elif not _may_print(case, who, wanted[0], packs):
            abort(404, _("This hold or recall concerns no such site that you may write to."))
    found = contacts.of_sites(wanted[:MOST])
    return [Letter(one, packs.get(one.site.gln, Concerned())) for one in found]


def _may_print(case: Case, who: Person, site: str, packs: dict[str, Concerned]) -> bool:
    if site == who.site:
        return True
    record = node().reader.authority().site(site)
    if record is None:
        return False
    own = record.party == who.party and is_administrator(who)
    return own or (goes_after(case, who) and site in packs)


def phone_list(case: Case, who: Person) -> list[Silent]:
    """The sites that have not answered a recall. Ends in 403 for who does not go after them."""
    if not goes_after(case, who):
        abort(
            403, _("Only the product's holder and the authority see who has not answered a recall.")
        )
    with node().reader.snapshot():
        packs, quiet = notices.concerned(case), notices.silent(case)
    told: dict[str, list[Notice]] = {}
    for one in node().desk.notices.about(case.id):
        told.setdefault(one.site, []).append(one)
    found = []
    for listed in contacts.of_sites(quiet):
        gln = listed.site.gln
        some = told.get(gln, [])
        first = min((one.ms for one in some), default=0)
        newest = {one.channel: one for one in some}  # by round, so that the last stays
        sent = [_became(one) for name, one in newest.items() if name != PAGE]
        found.append(Silent(listed, packs[gln], first, sent))
    return sorted(found, key=lambda one: (one.to.party.casefold(), one.to.site.name.casefold()))


def _became(notice: Notice) -> str:
    """What became of a notice, in words."""
    way = _("e-mail") if notice.channel == EMAIL else _("webhook")
    if notice.state == SENT:
        return _("%(way)s sent %(time)s", way=way, time=moment(notice.due))
    if notice.state == FAILED:
        return _("%(way)s given up: %(why)s", way=way, why=notice.error)
    return _("%(way)s waits. %(why)s", way=way, why=notice.error)
