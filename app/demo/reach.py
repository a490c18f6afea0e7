"""How the sites of the simulated world are reached, and what they were told by its last day.

Addresses end in `.example` and lead nowhere; phone numbers are of the range that Ofcom keeps free for
fiction. Mail is kept in the world's folder.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from flask_babel import force_locale

from app import create_app, notices, sending
from app.config import Settings
from app.demo.cast import Cast
from app.language import LANGUAGES
from app.node import node
from ledger.store.contacts import Contact
from ledger.store.desk import Desk

_ROLES: Final = {
    "authority": "Recall desk", "manufacturer": "Qualified person", "pharmacy": "Pharmacist in charge",
    "repackager": "Qualified person", "wholesaler": "Responsible person",
}  # fmt: skip
_NO_MAIL: Final = "pharmacy-7"  # can only be called
_NOTHING: Final = "pharmacy-8"  # told nobody how it is reached
_CHINESE: Final = "pharmacy-9"


def keep_contacts(desk: Desk, cast: Cast, now: int) -> None:
    """Keep a contact of every site but one."""
    for number, member in enumerate([cast.authority, *cast.members]):
        if member.label == _NOTHING:
            continue
        desk.contacts.keep(
            Contact(
                member.site,
                _ROLES[member.role],
                "" if member.label == _NO_MAIL else f"recalls@{member.label}.example",
                f"+441632960{number:03d}",
                language="zh-Hans" if member.label == _CHINESE else "en",
                ms=now,
            )
        )


def tell(folder: Path, now: int) -> None:
    """One round of notices, as `packtrace notify` makes them.

    In a thread of its own: whoever makes the world may run an event loop, in which no other one runs.
    """
    with ThreadPoolExecutor(max_workers=1) as one:
        one.submit(_tell, folder, now).result()


def _tell(folder: Path, now: int) -> None:
    app = create_app(Settings(log=folder, clock=lambda: now))
    with app.app_context(), force_locale(LANGUAGES["en"][0]):
        notices.make()
        sending.send()
        node().desk.close()
        node().store.close()
