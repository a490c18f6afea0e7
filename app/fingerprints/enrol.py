"""Enrolment at a station: frames of a label to a template that is kept, and the commitment to sign."""

from __future__ import annotations

import secrets
from typing import IO, Any, Final, NoReturn

from flask import abort
from flask_babel import gettext as _

from app.enrolling.check import against
from app.fingerprints.frames import WAIT_LOOK_S, show, turn
from app.fingerprints.matching import check_number, count, forget
from app.fingerprints.words import reason_words
from app.node import Node, node
from app.scanning import here_and_now
from ledger.errors import Malformed, Refused
from ledger.rules.making import enrols_any
from ledger.rules.rights import check_key
from ledger.statement.gs1 import pack_id_of, parse_scan
from ledger.store.desk import Person
from ledger.store.looks import DAY_MS, Access
from scanner.fingerprint.enrol import EnrolmentRefused, enrol
from scanner.fingerprint.session import Session
from scanner.fingerprint.template import SALT, SEED, Template

ENROLMENTS_A_MINUTE: Final = 60  # of a key
LEAST_FRAMES: Final = 3
MOST_UNSIGNED: Final = 5  # templates of a pack beside the one that counts
UNSIGNED_DAYS: Final = 7  # that they are kept at least


def enrol_frames(uploads: list[IO[bytes]], who: Person) -> dict[str, Any]:
    """Make a pack's template of a camera's frames, and keep it.

    It counts once a signed `enrol` statement with its commitment is on the log. Ends in 403 for whoever
    neither holds nor packs the product, or has a key that does not list enrolments. Raises Malformed, Refused.
    """
    count("enrol", ENROLMENTS_A_MINUTE, who)
    found = node()
    authority = found.reader.authority()
    if not enrols_any(authority, who.party):
        _abort_not_its_maker()
    check_key(authority, who.keyid, "enrol", found.clock())
    check_number(uploads, LEAST_FRAMES)
    if found.fingerprints is None:
        raise Refused("read-only", _("this node keeps no fingerprints; enrol at the one that does"))
    with turn(WAIT_LOOK_S, who.party):
        session = Session(secrets.token_bytes(SEED))
        shown = show(session, uploads)
        # What no template is made of anyway is not asked about its pack.
        template = _template(session)
    item = pack_id_of(session.text)
    if not item:
        raise Malformed(_("the code in the picture names no single pack"))
    _check(found, item, session.text, who)
    if found.desk.looks.any_seen(shown.digests):
        raise Malformed(_("these pictures were shown here before; take new ones"))
    salt, now = secrets.token_bytes(SALT), found.clock()
    _make_room(found, item, now)
    made = template.commitment(salt)
    found.fingerprints.put(item, made, bytes(template), salt, now)
    found.desk.looks.see(shown.digests, now)
    found.desk.looks.add_access(Access(now, item, who.site, who.party, who.keyid, "enrol"))
    forget(found)
    return {
        "item": item,
        "commitment": made.hex(),
        "px_per_mm": round(template.px_per_mm, 1),
        "focus": round(template.focus, 3),
        "frames": template.frames,
        "before": found.reader.fingerprint(item) is not None,
    }


def _template(session: Session) -> Template:
    """What a session saw. Raises Malformed, in the words of a person's language."""
    try:
        made = enrol(session)
        if session.frames < LEAST_FRAMES:
            raise EnrolmentRefused([*session.turned_away, "few-frames"])
        if session.still:
            raise EnrolmentRefused(["still-image"])
    except EnrolmentRefused as refused:
        raise Malformed(" ".join(reason_words(one) for one in refused.reasons)) from refused
    return made


def _check(found: Node, item: str, text: str, who: Person) -> None:
    """Turn away what would be another label's print, or whose statement the log would refuse."""
    label = parse_scan(text, year=here_and_now().year)
    for code, words in against(found.reader, who.party, item, label.lot, label.expiry):
        if code == "not-your-product":
            _abort_not_its_maker()
        if code == "unknown-item":
            raise Refused(code, _("commission this pack before its label is enrolled"))
        if code == "wrong-state":
            raise Refused(code, words)
        raise Malformed(_("Lot or expiry on the label are not those on record"))


def _make_room(found: Node, item: str, now: int) -> None:
    """Forget a pack's templates that nobody signed for within the days; ends in 429 where many wait for it."""
    assert found.fingerprints is not None
    enrolled = found.reader.fingerprint(item)
    counts = enrolled.commitment if enrolled is not None else b""
    if found.fingerprints.prune(item, counts, now - UNSIGNED_DAYS * DAY_MS) >= MOST_UNSIGNED:
        abort(429, _("This label was enrolled too often. Sign for one of these enrolments."))


def _abort_not_its_maker() -> NoReturn:
    abort(403, _("Labels are enrolled by the product's holder and those that pack it."))
