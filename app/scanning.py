"""A text, a picture or a camera's frame to what a person is told; each scan is a desk row.

The way of a scan: read (`looking`) -> judge by the log -> where the log does not confirm it, ask the
scanner-fault filter -> record. What it looks like is left to `present` and the pages.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b
from typing import IO, Any, Final
from urllib.parse import urlencode

from flask import current_app, request

from app.acts import shipment_of, supplied_of
from app.alert_words import decided_words
from app.alerts import case_of_pack, fold, raised_by
from app.fingerprints.asked import asked
from app.limits import Limits
from app.looking import Looks, Seen
from app.node import answers, node
from app.phrases import reasons_said, said
from app.present import marked
from app.session import cookie_name, person
from app.slips import read_number
from ledger.errors import Malformed
from ledger.proof import clock_words
from ledger.rules.alerts import COPY_SUSPECTED, Alert
from ledger.rules.casework import GIVE_OUT, ILLEGITIMATE, holds_copy
from ledger.rules.verdict import PURPOSES, Verdict, also, judge, verdict
from ledger.statement.gs1 import MAX_TEXT, Label
from ledger.store.alike import spelt_alike
from ledger.store.cases import Case
from ledger.store.cases import Seen as CaseSeen
from ledger.store.desk import Scan
from scanner.check import Reading, judged
from scanner.faults import CAMERA, SOURCES, TYPED, Explanation, explain, parse_reading
from scanner.settle import AGAIN_MS, LOOK_MS, alerts, confirms, reads_right, settle

LOOKS: Final = "looks"
NO_SITE: Final = ""
LINK: Final = ""  # the source of a link that was followed: nothing read it wrongly


@dataclass(frozen=True, slots=True)
class Told:
    """What one scan leads to.

    `again` is there where the reading looks like a scanner's fault. `held` says that the reading may
    be held against the pack; `alert`, that the pack itself is in question. `case` is the number of
    the site's newest case about it, `decision` what was decided there; `print` whether its label's
    print is asked for, where a template of it is kept. `seen` is there for pictures.
    """

    verdict: Verdict
    label: Label | None = None
    text: str = ""
    again: Explanation | None = None
    held: bool = False
    alert: bool = False
    case: int | None = None
    decision: str = ""
    print: dict[str, Any] | None = None
    seen: Seen | None = None

    @property
    def sure(self) -> bool:
        """Whether this one reading may be shown: the log confirms all that it says."""
        return confirms(self.verdict)


def here_and_now() -> datetime:
    """The node's clock in its own time zone, by which expiry dates are judged."""
    return datetime.fromtimestamp(node().clock() / 1000).astimezone()


def check_purpose(text: str) -> str:
    """A purpose by its name, "check" by default. Raises Malformed."""
    if (text or "check") not in PURPOSES:
        raise Malformed(f"a purpose is one of {', '.join(PURPOSES)}, not {text[:40]!r}")
    return text or "check"


def check_source(text: str) -> str:
    """What a text was read by, "typed" by default. Raises Malformed."""
    if (text or TYPED) not in SOURCES:
        raise Malformed(f"a source is one of {', '.join(SOURCES)}, not {text[:40]!r}")
    return text or TYPED


def scan_text(text: str, purpose: str, source: str = LINK) -> Told:
    """Judge what was typed, pasted, sent by a scanner or followed as a link; records the scan."""
    _count()
    return _record(_judge_text(text, purpose, source), purpose, source)


def scan_picture(upload: IO[bytes], purpose: str) -> Told:
    """Judge a picture that somebody chose; records the scan."""
    _count()
    try:
        seen = _looks().still(upload, here_and_now().year)
    except Malformed as error:
        return _record(Told(verdict({"unreadable": str(error)}, purpose)), purpose, CAMERA)
    return _record(_judge_seen(seen, purpose), purpose, CAMERA)


def scan_frame(upload: IO[bytes], purpose: str, held: str = "") -> Told:
    """Judge a live camera's frame; records the scan once for as long as a pack stays in view.

    `held` is the reading that the camera's page has in view: a frame that reads the same goes on
    from that look, however long ago its last one was. Raises Malformed for what is no frame.
    """
    who, limits = person(), _limits()
    most = node().settings.frames_per_minute
    limits.count("frame", most, by=request.cookies[cookie_name()] if who else "")
    seen = _looks().frame(upload, here_and_now().year)
    if seen.reading is None:
        return _judge_seen(seen, purpose)
    text = seen.reading.text
    counted = _count(once=_digest(text))
    gap = AGAIN_MS if text == held else LOOK_MS
    # Before it is judged: a look that goes on is no second reading.
    goes_on = who and node().desk.look_again(who.site, _digest(text), node().clock(), gap)
    told = _judge_seen(seen, purpose)
    if goes_on or not (who or counted):
        return _with_case(told, _raised(told, _row(told, purpose, CAMERA)))
    return _record(told, purpose, CAMERA)


def _count(once: str = "") -> bool:
    settings = node().settings
    most = settings.per_minute if person() else settings.stranger_per_minute
    return _limits().count("scan", most, once=once)


def _limits() -> Limits:
    found: Limits = current_app.extensions["limits"]
    return found


def _looks() -> Looks:
    found: Looks = current_app.extensions[LOOKS]
    return found


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _judge_seen(seen: Seen, purpose: str) -> Told:
    if seen.reading is None:
        code = "not-our-label" if seen.symbols else "unreadable"
        return Told(verdict({code: seen.why}, purpose), seen=seen)
    told = _filtered(seen.reading, purpose, CAMERA)
    return replace(told, seen=seen)


def _judge_text(text: str, purpose: str, source: str) -> Told:
    try:
        label = parse_reading(text, source, here_and_now().year)
    except Malformed as error:
        told = Told(verdict({"not-our-label": str(error)}, purpose), None, text)
        asked = source and person() and len(text) <= MAX_TEXT
        return _explained(told, purpose, source) if asked else told
    return _filtered(Reading(label, text), purpose, source)


def _filtered(reading: Reading, purpose: str, source: str) -> Told:
    """The verdict on a reading; the fault filter is asked where the log does not confirm it."""
    told = Told(judged(_judge(reading.label, purpose), reading), reading.label, reading.text)
    if person() is None:  # no alert of a stranger's, and no repair: it would tell live serials
        return told
    if reading.contradiction:
        return replace(told, held=alerts(told.verdict, repeated=_read_before(reading.text)))
    if reads_right(told.verdict) or not source:
        return replace(told, held=alerts(told.verdict, repeated=False))
    return _explained(told, purpose, source)


def _explained(told: Told, purpose: str, source: str) -> Told:
    """What the fault filter makes of a reading that the log does not confirm."""

    def judged_as(label: Label) -> Verdict:
        return _judge(label, purpose)

    def confirmed(label: Label) -> bool:
        return confirms(judged_as(label))

    def alike(gtin: str, serial: str) -> list[str]:
        return spelt_alike(node().store, gtin, serial)

    found = explain(told.text, source, confirmed, year=here_and_now().year, alike=alike)
    before = _read_before(told.text)
    done = settle(told.verdict, told.label, found, judged_as, before=before)
    return replace(told, verdict=done.verdict, label=done.label, again=done.again, held=done.alert)


def _read_before(text: str) -> bool:
    """Whether the site had this very reading in an earlier look, not long ago."""
    who, found = person(), node()
    if who is None:
        return False
    now = found.clock()
    return found.desk.read_between(who.site, _digest(text), now - AGAIN_MS, now - LOOK_MS)


def _judge(label: Label, purpose: str) -> Verdict:
    if not label.id:
        return verdict({"not-our-label": "it names no single pack"}, purpose)
    who = person()
    state = answers().state(label.id, who.site if who else NO_SITE)
    return judge(state, label, here_and_now(), purpose, witnessed=False)


def _record(told: Told, purpose: str, source: str) -> Told:
    """Keep the scan; what it raises goes into a case."""
    row = _row(told, purpose, source)
    alert = _raised(told, row)
    node().desk.add_scan(row._replace(alert=int(alert is not None)))
    if alert is None:
        return _with_case(told, alert)
    number = fold(node(), alert, CaseSeen(row.purpose, row.verdict, row.reading, row.source))
    return _with_case(told, alert, node().desk.cases.case(number))


def _row(told: Told, purpose: str, source: str) -> Scan:
    who = person()
    item = told.label.id if told.label else ""
    # Of what a stranger read, nothing is kept that could be held against a later reading.
    site, digest = (who.site, _digest(told.text)) if who else (NO_SITE, "")
    codes = " ".join(told.verdict.codes)
    return Scan(
        node().clock(), site, item, purpose, told.verdict.word, codes, digest, 0, source
    )  # fmt: skip


def _raised(told: Told, row: Scan) -> Alert | None:
    """The alert of a scan: none of a reading that a fault explains, and none of a stranger's."""
    who = person()
    if who is None or told.again is not None or told.label is None or not row.item:
        return None
    sure = told.held or confirms(told.verdict)
    return raised_by(row, told.verdict, told.label, who, sure=sure)


def _with_case(told: Told, alert: Alert | None, case: Case | None = None) -> Told:
    """What somebody is told of the pack in hand: that it is in question, and what was decided."""
    who = person()
    if case is None and who and told.label and told.again is None:
        case = case_of_pack(told.label.id, who)
    told = replace(told, alert=alert is not None, print=_print(told, case))
    if case is None:
        return told
    return _copy_suspected(replace(told, case=case.number, decision=case.decision))


def _print(told: Told, case: Case | None) -> dict[str, Any] | None:
    """Whether the pack's print is asked for, of a reading that is the pack's."""
    who, label = person(), told.label
    if who is None or label is None or told.again is not None or not label.id:
        return None
    return asked(label.id, told.verdict.codes, case, who)


def _copy_suspected(told: Told) -> Told:
    """Until it may be given out, a pack whose print was not the enrolled one is not OK at its site.

    An inspection changes nothing on the log, so that the log's verdict says nothing of it.
    """
    who = person()
    if who is None or told.label is None:
        return told
    copies = node().desk.cases.of_copies(who.site, told.label.id)
    # The newest counts; yet no later one takes back what was found to be illegitimate.
    some = [*copies[:1], *(one for one in copies[1:] if one.closing == ILLEGITIMATE)]
    holds = [one for one in some if holds_copy(one.status, one.decision, one.closing)]
    if not holds:
        return told
    decision = "" if holds[0].decision == GIVE_OUT else holds[0].decision
    found = also(told.verdict, COPY_SUSPECTED)
    return replace(told, verdict=found, case=holds[0].number, decision=decision)


def told_json(told: Told) -> dict[str, Any]:
    """A scan as the JSON interface tells it; a stranger learns no state beyond its words."""
    found, label = told.verdict, told.label
    state = found.state if found.state is not None and found.state.site else None
    return {
        "verdict": found.word,
        "word": said(found.word),
        "purpose": found.purpose,
        "site": who.site if (who := person()) else None,
        "mark": marked(found.word)._asdict(),
        "reasons": [reason._asdict() for reason in reasons_said(found)],
        "label": label.said if label else None,
        "claims": [claim._asdict() for claim in found.claims],
        "state": state.state if state else None,
        "product": state.product if state else None,
        "as_of": clock_words(found.state.as_of_ms) if found.state else None,
        "reading": told.text or None,
        "sure": told.sure,
        "alert": told.alert,
        "case": told.case,
        "decision": told.decision or None,
        "decided": decided_words(told.decision),
        "again": told.again.said if told.again else None,
        "links": links(told),
        "shipment": shipment_of(state) if state else None,
        "supplied": supplied_of(state) if state else None,
        "bag": bag_of(told),
        "fingerprint": told.print,
        **(_seen_json(told.seen) if told.seen else {}),
    }


def bag_of(told: Told) -> str | None:
    """The number of the bag whose slip was scanned, for who may have bags."""
    if person() is None or told.label is not None:
        return None
    texts = [told.text, *(one.text for one in told.seen.symbols)] if told.seen else [told.text]
    return next((number for text in texts if (number := read_number(text))), None)


def _seen_json(seen: Seen) -> dict[str, Any]:
    return {
        "width": seen.width,
        "height": seen.height,
        "symbols": [{"format": one.format, "corners": one.corners} for one in seen.symbols],
    }


def links(told: Told) -> dict[str, str | None]:
    """Where the proof and the timeline are, for who may see them."""
    label, who = told.label, person()
    if told.again is not None or label is None or not (label.gtin and label.serial):
        return {"proof": None, "pack": None}
    place = f"{label.gtin}/{label.id.rpartition('/')[2]}"  # where the serial is escaped already
    query = urlencode(
        {
            name: value
            for name, value in (("lot", label.lot), ("expiry", label.value("17")))
            if value
        }
    )
    proof = f"/api/packs/{place}/bundle{'?' if query else ''}{query}"
    return {
        "proof": proof if who or told.sure else None,
        "pack": f"/packs/{place}" if who else None,
    }
