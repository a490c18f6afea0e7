"""Alerts and cases in words: rules, likely causes, whose turn, decisions, root causes, closing codes."""

from __future__ import annotations

from typing import Any, Final

from flask_babel import lazy_gettext as _

# Rule -> what it is, and what to do first.
RULES: Final[dict[str, tuple[Any, Any]]] = {
    "copy-suspected": (
        _("The label's print is not the one that was enrolled"),
        _("Keep the pack apart: potential suspect falsification."),
    ),
    "stolen": (
        _("A pack that was reported stolen"),
        _(
            "Keep the pack apart and tell who delivered it nothing before the authority has answered."
        ),
    ),
    "already-dispensed": (
        _("Already supplied, by the record"),
        _("Keep the pack apart: potential suspect falsification. Ask who delivered it."),
    ),
    "impossible-travel": (
        _("Read at two places within less time than the way takes"),
        _("Keep the pack apart: one of two packs with this serial number is a copy."),
    ),
    "two-places": (
        _("Read at two places without a hand-off between them"),
        _("Keep the pack apart: one of two packs with this serial number may be a copy."),
    ),
    "suspended-moving": (
        _("Stock of a suspended party is moving"),
        _("Stop it where it is, and ask the authority who takes it."),
    ),
    "unknown-serial": (
        _("A serial number that is not on record"),
        _("Keep the pack apart: potential suspect falsification. Ask the product's holder."),
    ),
    "label-mismatch": (
        _("Lot or expiry on the label are not those on record"),
        _(
            "Keep the pack apart: potential suspect falsification. Compare the label with the record."
        ),
    ),
    "wrong-holder": (
        _("A pack that another site has, by the record"),
        _("Keep the pack apart and find out by whom it came."),
    ),
    "already-inactive": (
        _("A pack that has left the chain, by the record"),
        _("Keep the pack apart and look at why it was taken out."),
    ),
    "refuted-proof": (
        _("A proof that does not show what it claims"),
        _("Keep the proof file for the authority."),
    ),
    "enrolled-away": (
        _("A label's print was enrolled for a pack that was elsewhere"),
        _("Ask who enrolled it, and compare the pack with the print enrolled before."),
    ),
    "template-mismatch": (
        _("The template kept of a label's print is not the one that the log commits to"),
        _("The pack is not in question. Find out what became of the template, and enrol it again."),
    ),
    "excursion": (
        _("Outside its storage temperature"),
        _("Keep the pack apart until somebody qualified has judged it."),
    ),
    "short": (
        _("Less arrived than was sent"),
        _("Count what is left at the sender, and ask the carrier."),
    ),
    "over": (
        _("More arrived than was sent"),
        _("Keep what is too much apart, and agree with the sender."),
    ),
    "overdue": (
        _("Under way for longer than it should be"),
        _("Ask the receiver and the carrier where it is."),
    ),
    "undo-refused": (
        _("A supply was to be undone that may not be"),
        _("Keep the pack apart: what was handed out does not come back into stock."),
    ),
    "too-many-scans": (
        _("Read more often than one pack is"),
        _("Find out whether it is one pack, and who reads it."),
    ),
}
CAUSES: Final = {
    "copied-label": _("a copied label: potential suspect falsification"),
    "invented-serial": _("an invented serial number: potential suspect falsification"),
    "altered-label": _("a wrong or altered label: potential suspect falsification"),
    "diversion": _("goods that left their way"),
    "theft": _("stolen goods"),
    "data-missing": _("the maker has not put the lot on record"),
    "late-statement": _("the goods were ahead of their statement"),
    "procedure": _("done twice, or in the wrong order"),
    "lost-on-the-way": _("lost or delayed on the way"),
    "wrong-count": _("a wrong count or a wrong pick"),
    "temperature": _("a break in the cold chain"),
    "suspension": _("a suspended party goes on trading"),
    "altered-template": _("a template that was altered, exchanged or lost"),
}
LEVELS: Final = {
    "site": _("the site"),
    "holder": _("the product's holder"),
    "authority": _("the authority"),
}
DECISIONS: Final = {
    "give-out": _("Give out"),
    "send-back": _("Send back"),
    "keep-apart": _("Keep apart"),
}
DECIDED: Final = {
    "give-out": _("Give it out, if nothing else speaks against it: the alert is settled."),
    "send-back": _("Send it back to who delivered it, and give it to nobody."),
    "keep-apart": _("Keep it apart, and give it to nobody."),
}
ROOTS: Final = {
    "scanner": _("scanner or keyboard settings"),
    "software": _("software"),
    "label-print": _("misprinted label"),
    "data-missing": _("data not on record, or late"),
    "procedure": _("procedure: done twice, too early or not at all"),
    "late-statement": _("statement later than the goods"),
    "misdelivery": _("delivered to the wrong place"),
    "count": _("wrong count or pick"),
    "loss": _("lost"),
    "theft": _("theft"),
    "diversion": _("diversion"),
    "temperature": _("temperature"),
    "suspension": _("trade of a suspended party"),
    "falsification": _("falsification"),
    "not-found": _("not found, see the note"),
}
CLOSINGS: Final = {
    "false-alert": _("False alert: nothing was wrong with the goods"),
    "explained": _("Explained: a slip, put right"),
    "settled": _("Settled between the parties"),
    "suspect": _("Suspicion stays: taken out of trade"),
    "illegitimate": _("Found illegitimate: notify the authority and the partners"),
}
STATUSES: Final = {"open": _("open"), "closed": _("closed")}
STEPS: Final = {
    "opened": _("Opened"),
    "passed-on": _("Passed on"),
    "taken": _("Taken on"),
    "decided": _("Decided about the pack"),
    "noted": _("Noted"),
    "closed": _("Closed"),
}


def decided_words(decision: str) -> str | None:
    """What was decided about a pack, for who has it in hand."""
    return str(DECIDED[decision]) if decision in DECIDED else None


def rule_words(rule: str) -> str:
    """A rule in words."""
    return str(RULES[rule][0]) if rule in RULES else rule


def rule_next(rule: str) -> str:
    """What to do first."""
    return str(RULES[rule][1]) if rule in RULES else ""


def words_of(words: dict[str, Any], code: str) -> str:
    """A code in the words of one of these tables, a code that is in none as it is."""
    return str(words.get(code, code))


def step_detail(did: str, detail: str) -> str:
    """What a step says beside what was done."""
    head, _space, rest = detail.partition(" ")
    if did == "opened":
        return rule_words(detail)
    if did == "passed-on":
        return ". ".join(filter(None, (words_of(LEVELS, head), rest)))
    if did == "decided":
        return ". ".join(filter(None, (words_of(DECISIONS, head), rest)))
    if did == "closed":
        closing, _space, note = rest.partition(" ")
        told = (words_of(ROOTS, head), words_of(CLOSINGS, closing), note)
        return ". ".join(filter(None, told))
    return detail
