"""/today: what a site scanned and signed on a day, and what of it can still be undone."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any, Final, NamedTuple

from flask import Blueprint, abort, render_template, request
from flask_babel import gettext as _

from app.acts import is_late
from app.node import node
from app.present import marked, op_words
from app.scanning import here_and_now
from app.session import signed_in
from ledger.rules.authority import Authority
from ledger.rules.operations import SUPPLIES
from ledger.rules.state import Ref
from ledger.statement.gs1 import parse_item_id
from ledger.store.acts import SiteAct, acts_of

blueprint = Blueprint("today", __name__)
ACTS: Final = 60  # statements that one page shows
SCANS: Final = 100
_DAY: Final = timedelta(days=1)
_ALL: Final = 1 << 62  # above any index


class PackLine(NamedTuple):
    """A pack or container of a statement, as a person knows it."""

    product: str
    gtin: str
    serial: str
    sscc: str


class ActLine(NamedTuple):
    """A statement of the day. `undo` names what an undo may still name, `late` that none may."""

    ref: Ref
    words: str
    packs: list[PackLine]
    n: int
    signers: list[str]
    undo: list[str]
    late: bool


@blueprint.get("/today")
def index() -> str:
    """Statements and scans of a day, by the node's calendar; `?day=` names another one."""
    who, found = signed_in(), node()
    now = here_and_now()
    day = _day(request.args.get("day", ""), now.date())
    before = _before(request.args.get("before", ""))
    start, end = (_ms(one, now) for one in (day, day + _DAY))
    with found.reader.snapshot():
        authority = found.reader.authority()
        acts = acts_of(found.reader, who.site, start, end, ACTS, before)
        names = found.desk.people.names(who.site)
        lines = [_act_line(act, authority, names, found.clock()) for act in acts]
    scans = found.desk.scans(who.site, SCANS, start, end)
    return render_template(
        "today/index.html",
        day=day,
        today=now.date(),
        eve=day - _DAY,
        morrow=day + _DAY,
        older=acts[-1].ref.index if len(acts) == ACTS else None,
        acts=lines,
        scans=[(one, marked(one.verdict), _pack_line(one.item, authority)) for one in scans],
        supplied=sum(line.n for line in lines if line.ref.op in SUPPLIES),
        alerts=sum(one.alert for one in scans),
        whole=len(acts) < ACTS and len(scans) < SCANS and before == _ALL,
        hours=authority.policy.undo_hours,
        undos=[{"id": line.ref.id, "items": line.undo} for line in lines if line.undo],
    )


def _day(text: str, today: date) -> date:
    try:
        day = date.fromisoformat(text) if text else today
        return day if date.min < day < date.max else today
    except ValueError:
        abort(400, _("A day is written YYYY-MM-DD."))


def _before(text: str) -> int:
    if not text:
        return _ALL
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        abort(400, _("`before` is the index of an entry."))
    return int(text)


def _ms(day: date, now: datetime) -> int:
    return int(datetime.combine(day, time(), now.tzinfo).timestamp() * 1000)


def _act_line(act: SiteAct, authority: Authority, names: dict[str, str], now: int) -> ActLine:
    late = bool(act.undoable) and is_late(authority, act.ref, now)
    fixed = act.ref.op == "export" and not authority.policy.export_undo
    return ActLine(
        act.ref,
        op_words(act.ref.op),
        [line for item in act.items if (line := _pack_line(item, authority))],
        act.n,
        [_signer(authority, keyid, names) for keyid in act.keyids],
        [] if late or fixed else list(act.undoable),
        late,
    )


def _signer(authority: Authority, keyid: str, names: dict[str, str]) -> str:
    """A key of the site as its people know it: staff number and name, else its use."""
    key = authority.keys.get(keyid)
    if key is None:
        return f"{keyid[:16]}…"
    return " ".join(part for part in (key.staff, names.get(key.staff, "")) if part) or key.use


def _pack_line(item: str, authority: Authority) -> PackLine | None:
    if not item:
        return None
    found = parse_item_id(item)
    record: Any = authority.product(found.gtin) if found.gtin else None
    return PackLine(record.product.name if record else "", found.gtin, found.serial, found.sscc)
