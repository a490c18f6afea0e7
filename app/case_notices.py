"""Tells each side that cases wait for it: all new ones in one message, so that nobody drowns in them.

What a case is about stays on its page. A site's home page counts what waits for it anyhow.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from flask_babel import force_locale, ngettext
from flask_babel import gettext as _

from app import alerts
from app.goods import site_name
from app.language import LANGUAGES
from app.node import node
from app.notice_words import Told, address, marked, opening
from app.present import moment
from ledger.rules.authority import SiteRecord
from ledger.rules.casework import AUTHORITY, HOLDER
from ledger.statement.parts import time_text
from ledger.store.case_turns import Turn
from ledger.store.notices import EMAIL, WEBHOOK, Notice

_ABOUT: Final = "cases of a "  # and the level: what the outbox has instead of a statement's id


def make() -> int:
    """Put into the outbox whom to tell of new cases; how many notices are new."""
    found = node()
    alerts.look(found)
    now = found.clock()
    notices = [one for turn in found.desk.case_turns.all() for one in _of(turn, now)]
    return found.desk.notices.make(notices)


def _of(turn: Turn, now: int) -> Iterator[Notice]:
    contacts = node().desk.contacts
    for site in _sites(turn):
        contact = contacts.of(site.gln)
        for channel, reached in ((EMAIL, contact.email), (WEBHOOK, contact.webhook)):
            if not reached:
                continue
            with force_locale(LANGUAGES[contact.language][0]):
                told = _told(turn, site, now)
            yield Notice(
                f"{_ABOUT}{turn.level}", site.gln, channel, turn.came, now, told.subject,
                told.words, json.dumps(told.data, sort_keys=True), contact.language, due=now,
            )  # fmt: skip


def _sites(turn: Turn) -> list[SiteRecord]:
    authority = node().reader.authority()
    if turn.level == HOLDER:
        return authority.sites(turn.whose)
    if turn.level == AUTHORITY:
        return authority.sites(authority.gln)
    site = authority.site(turn.whose)
    return [site] if site else []


def _told(turn: Turn, site: SiteRecord, now: int) -> Told:
    name = site_name(node().reader.authority(), site.gln)
    subject = ngettext("%(num)s case waits for you", "%(num)s cases wait for you", turn.waiting)
    lines = [*opening(), f"{name} (GLN {site.gln})", ""]
    lines += [
        ngettext(
            "%(num)s case waits for you: a scan or a statement does not add up.",
            "%(num)s cases wait for you: scans or statements do not add up.",
            turn.waiting,
        ),
        _("Most have a plain cause. The first is to be looked into by %(time)s; then it goes on.",
          time=moment(turn.due)),
    ]  # fmt: skip
    if address():
        lines += ["", _("Here: %(link)s", link=f"{address()}/alerts")]
    data = {
        "type": "cases.waiting", "timestamp": time_text(now),
        "data": {
            "log": node().origin, "site": site.gln, "level": turn.level, "waiting": turn.waiting,
            "due": time_text(turn.due), "simulated": node().simulated, "link": "/alerts",
        },
    }  # fmt: skip
    return Told(marked(subject), "\n".join(lines) + "\n", data)
