"""Templates for places without a line: those of a lot in a site's stock, sealed for one key.

Only where the policy lets sites hold them, only of packs that the site has now, only to the key that
is signed in; each pack handed out is written down first. What such a file is worth to a thief is
told in docs/offline-fingerprint.md.
"""

from __future__ import annotations

import logging
from typing import Final

from flask import abort, current_app
from flask_babel import gettext as _

from app.fingerprints.kept import fitting
from app.node import Node, node
from ledger.errors import Malformed, Refused
from ledger.proof import clock_words
from ledger.rules.rights import check_key
from ledger.statement.sealed import MOST, VERSION, SealedFile, SealedTemplate, seal
from ledger.store.book_stock import packs_of_lots
from ledger.store.desk import Person
from ledger.store.looks import DAY_MS, Access

A_MINUTE: Final = 10  # files of a key
A_DAY: Final = 5  # times that a pack's template is handed to a site
SEALED: Final = "sealed"  # as accesses name it
_log = logging.getLogger("packtrace")


def sealed_file(gtin: str, lot: str, who: Person) -> SealedFile:
    """The sealed templates of a lot's packs in a site's stock.

    Ends in 403 where the policy keeps templates at home or the key does not list `inspect`, 404 where there is none, 429 when they were
    handed out too often. Raises Malformed for a lot with too many packs.
    """
    found = node()
    current_app.extensions["limits"].count("fingerprint sealed", A_MINUTE, by=who.keyid)
    authority = found.reader.authority()
    if not authority.policy.templates_offline:
        abort(
            403,
            _("The authority's policy lets no site hold fingerprints. Look at them with a line."),
        )
    key = authority.public(who.keyid)
    if not isinstance(key, bytes):
        raise Refused("not-entitled", _("sign in by the key file that shall open the fingerprints"))
    check_key(authority, who.keyid, "inspect", found.clock())
    packs = _packs(found, gtin, lot, who.site)
    sealed = [one for item in packs if (one := _sealed(found, item, key)) is not None]
    if not sealed:
        abort(404, _("No pack of this lot in your stock has a fingerprint here."))
    _write_down(found, [one.item for one in sealed], who)
    return SealedFile(
        keyid=who.keyid, log=found.origin, site=who.site, templates=sealed,
        time=clock_words(found.clock()), v=VERSION,
    )  # fmt: skip


def _packs(found: Node, gtin: str, lot: str, site: str) -> list[str]:
    """The packs of a lot in a site's stock, by id."""
    with found.reader.snapshot():
        world = found.reader.world()
        packs = packs_of_lots(found.store, world, site, [(gtin, lot)])[gtin, lot]
    if len(packs) > MOST:
        raise Malformed(
            _(
                "you have %(n)s packs of this lot; a file holds %(most)s. Look at them with a line.",
                n=len(packs), most=MOST,
            )
        )  # fmt: skip
    return sorted(packs)


def _sealed(found: Node, item: str, key: bytes) -> SealedTemplate | None:
    """A pack's template, sealed; None where none is kept here that fits the log."""
    enrolled, store = found.reader.fingerprint(item), found.fingerprints
    if enrolled is None or store is None or not store.has(item):
        return None
    try:
        kept = fitting(store, item, enrolled)
    except Malformed as error:
        # No pack's name in a program's log: the entry says which it is to who may know.
        _log.error("the template of entry %s is handed to nobody: %s", enrolled.index, error)
        return None
    return seal(item, enrolled.commitment, kept.template, kept.salt, key)


def _write_down(found: Node, items: list[str], who: Person) -> None:
    """Every access, before anything leaves; ends in 429 for a pack that was handed out too often."""
    now = found.clock()
    rows = [Access(now, item, who.site, who.party, who.keyid, SEALED) for item in items]
    if not found.desk.looks.add_counted_accesses(rows, DAY_MS, A_DAY):
        abort(
            429,
            _("These fingerprints were handed to your site %(n)s times today; no more now.", n=A_DAY),
        )  # fmt: skip
