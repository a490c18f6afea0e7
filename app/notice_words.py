"""What a notice of a hold or recall says, in the language of who reads it; and the same for programs.

What is in it stands in the clear on the log, but for lots that a site has to look for and that the
statement does not name. Packs, and how many there are, stay out of it, for mail is read on its way:
they are shown to the site once it has signed in.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _lazy

from app.goods import product_name, site_name
from app.node import node
from app.present import moment
from app.recall_words import KINDS, STATUSES
from ledger.rules.authority import SiteRecord
from ledger.rules.state import LotKey
from ledger.statement.governance import LiftHold, Recall, RecallClose
from ledger.statement.parts import Scope, time_text
from ledger.store.recalls import Case

HOLD: Final = "hold"
HOME: Final = "http://localhost:8000"  # of a simulated world that was not served yet
SERVED: Final = "served-at.txt"  # in a simulated world's folder: where it was served last
_DEPTHS: Final = {
    "wholesale": _lazy("down to wholesalers"),
    "pharmacy": _lazy("down to pharmacies and hospitals"),
    "patient": _lazy("down to patients"),
}


class Told(NamedTuple):
    """A notice: its subject, its text, and the same for programs."""

    subject: str
    words: str
    data: dict[str, Any]


def kind_of(case: Case) -> str:
    """`recall`, `withdrawal` or `hold`."""
    return case.body.kind if isinstance(case.body, Recall) else HOLD


def kind_words(case: Case) -> str:
    """What it is, in words."""
    return str(KINDS[kind_of(case)])


def depth_words(depth: str) -> str:
    """How far down a recall reaches, in words."""
    return str(_DEPTHS.get(depth) or depth)


def status_words(status: str) -> str:
    """Whether it goes on, or how it ended, in words."""
    return str(STATUSES[status][0])


def ending_words(case: Case) -> str:
    """How a hold or recall ended, in words; "" while it goes on."""
    if case.ending is None:
        return ""
    body = case.ending.body
    if isinstance(body, LiftHold):
        return _("The hold is lifted: %(reason)s.", reason=body.reason)
    return _("The recall's case is closed: %(outcome)s.", outcome=body.outcome)


def scope_words(scope: Scope) -> str:
    """Which packs of the product it is about, in words."""
    if scope.lots:
        return _(", ").join(scope.lots)
    if scope.items is not None:
        return _("single packs, listed in the statement")
    if scope.statement is not None:
        return _("the packs of one commissioning")
    return _("all lots")


def who_words(gln: str) -> str:
    """A party by name and number."""
    party = node().reader.authority().party(gln)
    return f"{party.name} (GLN {gln})" if party else f"GLN {gln}"


def facts(case: Case) -> list[tuple[str, str]]:
    """What the log says of a hold or recall in the clear, each with its name."""
    body, authority = case.body, node().reader.authority()
    record = authority.product(body.scope.gtin)
    product = product_name(authority, body.scope.gtin) or _("not registered")
    form = f", {record.product.form}, {record.product.pack_size}" if record else ""
    found = [
        (_("Product"), f"{product}{form}"),
        (_("GTIN"), body.scope.gtin),
        (_("Lots"), scope_words(body.scope)),
        (_("Reason"), body.reason),
        (_("By"), who_words(body.by)),
        (_("Since"), moment(case.ms)),
    ]
    if isinstance(body, Recall):
        found.insert(0, (_("Class"), str(body.recall_class)))
        found.append((_("How far"), depth_words(body.depth)))
        found.append((_("Answer by"), moment(case.deadline_ms)))
    else:
        found.append((_("Looked at again by"), body.review_by))
    return found


def also(case: Case, lots: Iterable[LotKey]) -> list[LotKey]:
    """Of some lots those that the statement does not name: repacked, or of single packs."""
    scope = case.body.scope
    whole = scope.items is None and scope.statement is None
    return [
        (gtin, lot)
        for gtin, lot in lots
        if not (whole and gtin == scope.gtin and (scope.lots is None or lot in scope.lots))
    ]


def also_words(lots: Iterable[LotKey]) -> str:
    """Some lots, each with its product."""
    authority = node().reader.authority()
    return _(", ").join(
        _("lot %(lot)s of %(product)s", lot=lot, product=product_name(authority, gtin) or gtin)
        for gtin, lot in lots
    )


def title_of(case: Case) -> str:
    """A hold or recall in one line: what, and of what."""
    body = case.body
    names = {
        "kind": kind_words(case),
        "product": product_name(node().reader.authority(), body.scope.gtin) or body.scope.gtin,
        "lots": scope_words(body.scope),
    }
    if isinstance(body, Recall):
        return _("%(kind)s, class %(n)s: %(product)s, %(lots)s", n=body.recall_class, **names)
    return _("%(kind)s: %(product)s, %(lots)s", **names)


def address() -> str:
    """This node's own address, "" where it was told none."""
    settings = node().settings
    if settings.url or not node().simulated:
        return settings.url
    try:
        return (settings.log / SERVED).read_text()
    except OSError:
        return HOME


def answer_link(case: Case) -> str:
    """Where a site answers a recall, or reads of a hold."""
    return f"{address()}/recalls/{case.id}"


def steps_of(case: Case) -> list[str]:
    """What a site that has packs of it does, in its order."""
    if case.is_hold:
        return [_("Put the packs aside and do not give them out until the hold is lifted.")]
    return [
        _("Put the packs aside at once. Do not give them out and do not send them on."),
        _("Count what is there, what is on its way, and what was given out."),
        _("Answer by %(time)s, also if you hold none: one press.", time=moment(case.deadline_ms)),
    ]


def notice(case: Case, site: SiteRecord, number: int, lots: Iterable[LotKey] = ()) -> Told:
    """What a site that has packs of a hold or recall is told; `number` is 0, then that of a reminder."""
    subject = title_of(case)
    if number:
        subject = _("Reminder: %(what)s", what=subject)
    head = _("By the log, packs of it are or were at your site, or are on their way to you.")
    if number:
        head = _("Your site has not answered yet.") + "\n" + head
    more, data = also(case, lots), _data(case, site, number)
    if more:
        head += "\n" + _("Look also for %(lots)s.", lots=also_words(more))
        data["data"]["also"] = [{"gtin": gtin, "lot": lot} for gtin, lot in more]
    return Told(marked(subject), _text(case, site, head, steps_of(case)), data)


def ended(case: Case, site: SiteRecord) -> Told:
    """What a site that was told of a hold or recall is told at its end."""
    assert case.ending is not None
    body, title = case.ending.body, title_of(case)
    if isinstance(body, LiftHold):
        subject = _("Lifted: %(what)s", what=title)
        steps = [_("Packs that nothing else holds back may go on.")]
    else:
        subject = _("Closed: %(what)s", what=title)
        steps = [_("Its packs stay recalled for ever: they may never be given out.")]
    words = _text(case, site, ending_words(case), steps)
    return Told(marked(subject), words, _data(case, site, 0))


def marked(subject: str) -> str:
    """A subject that cannot be taken for real where it is not."""
    if node().practice:
        return _("PRACTICE: %(what)s", what=subject)
    return _("SIMULATED: %(what)s", what=subject) if node().simulated else subject


def opening() -> list[str]:
    """The first lines of a message, where it must not be taken for real."""
    if node().practice:
        return [_("PRACTICE: nothing here is a medicine."), ""]
    if node().simulated:
        return [_("SIMULATED: every party, product and pack here is made up."), ""]
    return []


def _text(case: Case, site: SiteRecord, head: str, steps: list[str]) -> str:
    authority = node().reader.authority()
    lines = opening()
    lines += [f"{site_name(authority, site.gln)} (GLN {site.gln})", "", head, ""]
    lines += [f"{name}: {value}" for name, value in [(kind_words(case), ""), *facts(case)] if value]
    lines += ["", *(f"{n}. {step}" for n, step in enumerate(steps, 1)), ""]
    if address():
        lines += [_("Here: %(link)s", link=answer_link(case))]
        lines += [
            _(
                "The signed statement on the log: %(link)s",
                link=f"{address()}/log/{case.mark.index}",
            )
        ]
    lines += [_("Statement %(id)s", id=case.id), ""]
    lines += [
        _(
            "This message asks for no password and has no attachment. If in doubt, open your own bookmark of the log instead of its links."
        )
    ]
    return "\n".join(lines) + "\n"


def _data(case: Case, site: SiteRecord, number: int) -> dict[str, Any]:
    body, end = case.body, case.ending
    what = kind_of(case)
    told: dict[str, Any] = {
        "log": node().origin, "statement": case.id, "index": case.mark.index, "kind": what,
        "site": site.gln, "by": body.by, "gtin": body.scope.gtin, "reason": body.reason,
        "status": case.status, "simulated": node().simulated, "reminder": number,
        "link": f"/recalls/{case.id}",
    }  # fmt: skip
    if body.scope.lots:
        told["lots"] = body.scope.lots
    if isinstance(body, Recall):
        told |= {"class": body.recall_class, "depth": body.depth, "deadline": body.deadline}
    else:
        told["reviewBy"] = body.review_by
    event = "ended" if end else "reminder" if number else "opened"
    if end:
        told |= {"ended": time_text(end.ms), "ending": end.id}
        word = end.body
        told["outcome"] = word.outcome if isinstance(word, RecallClose) else word.reason
    return {
        "type": f"{what}.{event}",
        "timestamp": time_text(end.ms if end else case.ms),
        "data": told,
    }
