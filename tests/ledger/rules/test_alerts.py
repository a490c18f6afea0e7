"""Which scans and statements raise an alert, and which never do; what becomes of a case by the clock."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import Malformed, Refused
from ledger.rules import casework, reasons
from ledger.rules.alerts import (
    AHEAD_MS,
    BY_CODE,
    CAUSES,
    RULES,
    Alert,
    ScanSeen,
    raise_for_scan,
    us_reason,
)
from ledger.rules.alerts_statements import (
    MOST_ITEMS,
    StatementSeen,
    raise_for_overdue,
    raise_for_refusal,
    raise_for_statement,
)
from ledger.rules.casework import AUTHORITY, HOLDER, SITE
from ledger.rules.clones import LEAST_TRAVEL_MS, MOST_A_DAY, occasions
from ledger.rules.verdict import PURPOSES

DOCS = Path(__file__).resolve().parents[3] / "docs" / "alerts.md"
HERE, THERE, THIRD = "9521113000107", "9521114000106", "9521115000105"
PACK = "https://id.gs1.org/01/09521111000013/21/S1"
MINUTE, HOUR = 60_000, 3_600_000
DAY = 24 * HOUR
NOW = 1_800_000_000_000
GRACE = 10 * MINUTE


def scan(*codes: str, ms: int = NOW, site: str = HERE, **changes: Any) -> ScanSeen:
    """A pack's scan at the counter by a scanner, read rightly."""
    fields = {"item": PACK, "purpose": "dispense", "source": "wedge", "acted_ms": NOW - 30 * DAY}
    return ScanSeen(ms=ms, site=site, codes=codes or ("in-stock",), **{**fields, **changes})


def alert_of(one: ScanSeen, *history: ScanSeen) -> Alert | None:
    return raise_for_scan(one, history, grace_ms=GRACE)


def rule_of(one: ScanSeen, *history: ScanSeen) -> str:
    found = alert_of(one, *history)
    return found.rule if found else ""


ANY_SCAN = st.builds(
    ScanSeen,
    ms=st.integers(NOW - 40 * DAY, NOW),
    site=st.sampled_from([HERE, THERE, THIRD, ""]),
    item=st.sampled_from([PACK, ""]),
    purpose=st.sampled_from(PURPOSES),
    codes=st.lists(
        st.sampled_from([*reasons.CODES, "copy-suspected", "excursion"]), max_size=4
    ).map(tuple),
    source=st.sampled_from(["camera", "wedge", "typed", ""]),
    misread=st.booleans(),
    sure=st.booleans(),
    acted_ms=st.integers(-1, NOW),
    mismatch=st.sets(st.sampled_from(["lot", "expiry", "product"])).map(lambda s: tuple(sorted(s))),
    lot_known=st.booleans(),
    lot=st.sampled_from(["", "L7"]),
    own_party=st.booleans(),
    place=st.none() | st.tuples(st.floats(-90, 90), st.floats(-180, 180)),
)


@pytest.mark.parametrize("code", sorted(BY_CODE))
@settings(max_examples=20)
@given(st.lists(ANY_SCAN, max_size=8))
def test_what_a_scanners_fault_explains_and_what_is_unsure_raises_nothing(
    code: str, history: list[ScanSeen]
) -> None:
    one = scan(code)
    assert alert_of(one, *history) is not None
    assert alert_of(one._replace(misread=True), *history) is None
    assert alert_of(one._replace(sure=False), *history) is None
    assert alert_of(one._replace(site=""), *history) is None  # a stranger's


@given(ANY_SCAN, st.lists(ANY_SCAN, max_size=8), st.randoms())
def test_an_alert_is_about_the_scan_and_does_not_hang_on_the_order_of_what_came_before(
    one: ScanSeen, history: list[ScanSeen], chance: Any
) -> None:
    found = alert_of(one, *history)
    shuffled = list(history)
    chance.shuffle(shuffled)
    again = alert_of(one, *shuffled)
    assert (found and (found.rule, found.also)) == (again and (again.rule, again.also))
    if found is not None:
        assert found.site == one.site
        assert found.subject == one.item or (found.eu == "A2" and one.lot)
        assert one.site
        assert one.item
        assert found.rule in RULES
        assert found.cause in CAUSES
        places = [list(RULES).index(rule) for rule in (found.rule, *found.also)]
        assert places == sorted(set(places))


@given(ANY_SCAN, st.lists(ANY_SCAN, max_size=8))
def test_strangers_and_typed_texts_make_no_pattern(one: ScanSeen, history: list[ScanSeen]) -> None:
    """Whoever types a serial number, or checks it without an account, accuses nobody's stock."""
    calm = one._replace(codes=("in-stock",))
    elsewhere = [h._replace(site="") for h in history]
    elsewhere += [h._replace(source="typed") for h in history]
    assert alert_of(calm, *elsewhere) is None


def test_every_code_of_an_alert_is_one_that_a_verdict_can_have() -> None:
    # A fingerprint's and a sensor's outcome come from elsewhere, see custody.md 5.
    assert set(BY_CODE) - set(reasons.CODES) <= {"copy-suspected", "excursion"}
    assert {rule for rule, _cause in BY_CODE.values()} <= set(RULES)
    assert {cause for _rule, cause in BY_CODE.values()} <= set(CAUSES)


@pytest.mark.parametrize(
    ("codes", "changes", "rule", "eu", "us"),
    [
        (("unknown",), {"acted_ms": -1}, "unknown-serial", "A3", "No_match_GTIN_Serial"),
        (("unknown",), {"lot_known": False}, "unknown-serial", "A2", "No_match_GTIN_Serial"),
        (("label-mismatch",), {"mismatch": ("lot",)}, "label-mismatch", "A68", "No_match_GTIN_Serial_Lot"),
        (("label-mismatch",), {"mismatch": ("expiry",)}, "label-mismatch", "A52", "No_match_GTIN_Serial_Expiry"),
        (("label-mismatch",), {"mismatch": ("lot", "expiry")}, "label-mismatch", "A68", "No_match_GTIN_Serial_Lot_Expiry"),
        (("supplied-elsewhere",), {}, "already-dispensed", "A7", "Not_for_re-distribution"),
        (("stolen",), {}, "stolen", "A7", "Not_for_re-distribution"),
        (("inactive",), {}, "already-inactive", "A7", "Not_for_re-distribution"),
        (("other-holder",), {}, "wrong-holder", "", "Not_for_re-distribution"),
        (("copy-suspected", "in-stock"), {}, "copy-suspected", "", "No_reason_provided"),
        (("excursion", "in-stock"), {}, "excursion", "", "Manufacturer_policy"),
        (("suspended", "in-transit"), {}, "suspended-moving", "", "Not_for_re-distribution"),
    ],
    ids=str,
)  # fmt: skip
def test_each_contradiction_raises_its_rule_with_the_codes_of_the_other_systems(
    codes: tuple[str, ...], changes: dict[str, Any], rule: str, eu: str, us: str
) -> None:
    found = alert_of(scan(*codes, **changes))
    assert found is not None
    assert (found.rule, found.eu, found.us) == (rule, eu, us)


@pytest.mark.parametrize("code", ["in-stock", "already-here", "announced", "expired", "recalled"])
def test_what_is_no_contradiction_raises_nothing(code: str) -> None:
    """A recalled or expired pack is held back by its verdict, and nobody has to look into it."""
    assert alert_of(scan(code)) is None


def test_the_same_place_again_is_a_slip_until_it_comes_again() -> None:
    supplied = NOW - 2 * HOUR
    again = scan("supplied-here", acted_ms=supplied)
    assert rule_of(scan("supplied-here", acted_ms=NOW - GRACE)) == ""  # within the grace
    assert rule_of(again) == ""  # told to the person
    assert rule_of(again, scan("supplied-here", ms=NOW - HOUR)) == "already-dispensed"
    # The same person trying twice is one occasion; a look at it is none.
    assert rule_of(again, scan("supplied-here", ms=NOW - GRACE // 2)) == ""
    assert rule_of(again, scan("supplied-here", ms=NOW - HOUR, purpose="check")) == ""
    # What was given out does not come with a delivery.
    found = alert_of(again._replace(purpose="receive"))
    assert found is not None
    assert (found.rule, found.cause) == ("already-dispensed", "copied-label")


@pytest.mark.parametrize(
    ("code", "rule"),
    [("supplied-elsewhere", "already-dispensed"), ("inactive", "already-inactive")],
)
def test_what_the_same_party_took_out_has_the_same_grace(code: str, rule: str) -> None:
    gone = scan(code, own_party=True)
    assert rule_of(gone) == ""
    assert rule_of(gone, gone._replace(ms=NOW - HOUR)) == rule
    assert rule_of(gone, gone._replace(ms=NOW - GRACE // 2)) == ""
    assert rule_of(gone._replace(purpose="receive")) == rule
    assert rule_of(gone._replace(own_party=False)) == rule


@pytest.mark.parametrize("code", ["unknown", "label-mismatch"])
def test_what_is_typed_counts_the_third_time_and_what_a_device_reads_at_once(code: str) -> None:
    typed = scan(code, source="typed", reading="r", acted_ms=-1)
    before = [typed._replace(ms=NOW - n * MINUTE) for n in (1, 2)]
    assert rule_of(typed, *before[:1]) == ""
    assert rule_of(typed, *before) != ""
    assert rule_of(typed, before[0], before[1]._replace(site=THERE)) == ""
    assert rule_of(typed._replace(source="wedge")) != ""
    assert rule_of(scan("supplied-elsewhere", source="typed")) == "already-dispensed"


def test_goods_may_be_ahead_of_their_statement_at_goods_in_but_not_at_the_counter() -> None:
    arrives = scan("other-holder", purpose="receive")
    assert rule_of(arrives) == ""
    assert rule_of(arrives, scan("other-holder", ms=NOW - AHEAD_MS, purpose="receive")) == (
        "wrong-holder"
    )
    assert rule_of(arrives, scan("other-holder", ms=NOW - MINUTE, purpose="receive")) == ""
    assert rule_of(scan("other-holder")) == "wrong-holder"
    assert rule_of(scan("other-holder", own_party=True)) == ""  # another shop of the same party


def test_one_pack_is_not_read_at_two_places_without_a_hand_off() -> None:
    there = scan("other-holder", ms=NOW - DAY, site=THERE)
    found = alert_of(scan("in-stock"), there)
    assert found is not None
    assert (found.rule, found.cause, found.other) == ("two-places", "copied-label", THERE)
    # It was handed on since: no wonder that it was elsewhere.
    assert rule_of(scan("in-stock", acted_ms=NOW - HOUR), there) == ""
    # Here, there, and here again.
    before = scan("other-holder", ms=NOW - 2 * DAY)
    assert rule_of(scan("other-holder"), there, before) == "two-places"
    assert rule_of(scan("other-holder"), there) == "wrong-holder"


def test_one_pack_does_not_travel_faster_than_an_airliner() -> None:
    near = scan("in-stock", ms=NOW - LEAST_TRAVEL_MS + 1, site=THERE)
    assert rule_of(scan("in-stock"), near) == "impossible-travel"
    assert rule_of(scan("in-stock", acted_ms=NOW - MINUTE), near) == ""  # handed on next door
    brussels, tokyo = (50.85, 4.35), (35.68, 139.69)  # 9,450 km: ten and a half hours
    for hours, rule in ((10, "impossible-travel"), (11, "")):
        start = scan("in-stock", ms=NOW - hours * HOUR, site=THERE, place=brussels)
        assert rule_of(scan("in-stock", acted_ms=NOW - MINUTE, place=tokyo), start) == rule


def test_too_many_scans_are_counted_by_occasion() -> None:
    def some(n: int, apart: int) -> list[ScanSeen]:
        return [scan("in-stock", ms=NOW - place * apart) for place in range(1, n + 1)]

    assert rule_of(scan("in-stock"), *some(MOST_A_DAY, HOUR)) == "too-many-scans"
    assert rule_of(scan("in-stock"), *some(MOST_A_DAY - 1, HOUR)) == ""
    assert rule_of(scan("in-stock"), *some(60, GRACE)) == ""  # one long look
    assert occasions([], GRACE) == 0


def test_a_pack_of_a_lot_that_nobody_knows_lacks_rather_its_data() -> None:
    for known, cause in ((True, "invented-serial"), (False, "data-missing")):
        found = alert_of(scan("unknown", lot_known=known, lot="L7", acted_ms=-1))
        assert found is not None
        assert found.cause == cause
        # Packs of one lot that is not on record are one case; invented numbers are one each.
        assert found.subject == (PACK if known else "lot 09521111000013 L7")


def test_us_reasons_name_what_differs() -> None:
    assert us_reason("label-mismatch", ()) == "No_reason_provided"
    assert us_reason("label-mismatch", ("expiry", "product")) == "No_match_GTIN_Serial_Expiry"


def test_the_documentation_has_every_rule_with_its_codes() -> None:
    text = DOCS.read_text()
    rows = re.findall(r"^\| `([a-z-]+)` \| .* \| (\S*) ?\| (\S*) ?\|$", text, re.MULTILINE)
    assert rows == [(rule, codes.eu, us_reason(rule, ("lot",))) for rule, codes in RULES.items()]
    closings = re.findall(r"^\| `([a-z-]+)` \| [^|]* \|$", text, re.MULTILINE)
    assert closings == list(casework.CLOSINGS)


# Statements


def said(op: str, **changes: Any) -> StatementSeen:
    return StatementSeen("a" * 64, NOW, op, HERE, **changes)


def raised(seen: StatementSeen) -> list[tuple[str, str, str, str]]:
    found = raise_for_statement(seen, grace_ms=GRACE)
    return [(one.rule, one.site, one.subject, one.other) for one in found]


def test_a_shipments_trouble_is_told_to_who_can_look_first_and_names_both_sides() -> None:
    sides = {"shipment": "s" * 64, "sender": THERE, "receiver": HERE}
    assert raised(said("close_short", **sides)) == [("short", THERE, "s" * 64, HERE)]
    assert raised(said("receive", over=True, **sides)) == [("over", HERE, "s" * 64, THERE)]
    assert raised(said("receive", **sides)) == []
    late = raise_for_overdue("s" * 64, THERE, HERE, NOW)
    assert (late.rule, late.site, late.other, late.source) == ("overdue", THERE, HERE, "s" * 64)


def test_inspections_observations_and_warm_goods_are_a_case_for_each_pack() -> None:
    packs = {"items": (PACK, PACK + "2")}
    assert [one[0] for one in raised(said("inspect", reason="supplied-elsewhere", **packs))] == [
        "already-dispensed", "already-dispensed",
    ]  # fmt: skip
    assert raised(said("inspect", reason="in-transit", **packs)) == []
    [first, _] = raised(said("supply", observed="already-inactive", **packs))
    assert first == ("already-dispensed", HERE, PACK, "")
    assert [one[0] for one in raised(said("quarantine", reason="temperature", **packs))] == [
        "excursion", "excursion",
    ]  # fmt: skip
    assert raised(said("quarantine", reason="damaged", **packs)) == []


def test_a_statement_about_many_packs_is_one_case() -> None:
    many = tuple(f"{PACK}{n}" for n in range(MOST_ITEMS + 1))
    assert raised(said("inspect", reason="unknown", items=many)) == [
        ("unknown-serial", HERE, "a" * 64, "")
    ]
    assert len(raised(said("inspect", reason="unknown", items=many[:-1]))) == MOST_ITEMS


def test_supplying_again_is_an_alert_after_the_grace_alone() -> None:
    assert raised(said("supply", repeated=((PACK, NOW - GRACE),))) == []
    assert raised(said("supply", repeated=((PACK, NOW - GRACE - 1),))) == [
        ("already-dispensed", HERE, PACK, "")
    ]


def test_a_suspended_partys_stock_that_moves_is_a_case_and_what_lies_still_is_none() -> None:
    assert raised(said("return", suspended=HERE, sender=HERE, receiver=THERE)) == [
        ("suspended-moving", HERE, HERE, THERE)
    ]
    assert raised(said("receive", suspended=THERE, sender=THERE, receiver=HERE)) == [
        ("suspended-moving", HERE, THERE, THERE)
    ]
    assert raised(said("quarantine", suspended=HERE, reason="damaged")) == []


@pytest.mark.parametrize(
    ("op", "code", "rule", "eu"),
    [
        ("undo", "undo-mismatch", "undo-refused", "A24"),
        ("undo", "undo-late", "undo-refused", "A24"),
        ("undo", "undo-other-site", "undo-refused", "A24"),
        ("supply", "already-inactive", "already-dispensed", "A7"),
        ("ship", "suspended", "suspended-moving", ""),
    ],
)
def test_a_refusal_that_tells_of_the_pack_is_an_alert(
    op: str, code: str, rule: str, eu: str
) -> None:
    [found] = raise_for_refusal(code, said(op, items=(PACK,)))
    assert (found.rule, found.eu, found.site) == (rule, eu, HERE)


@pytest.mark.parametrize("code", ["malformed", "not-entitled", "blocked-recalled", "wrong-state"])
def test_a_refusal_that_tells_of_the_statement_is_none(code: str) -> None:
    assert raise_for_refusal(code, said("supply", items=(PACK,))) == []


# The case


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def test_the_clock_is_24_hours_then_ten_business_days() -> None:
    assert casework.due_ms(SITE, at("2026-11-27T15:00")) == at("2026-11-28T15:00")
    # A Saturday counts from Monday on; ten business days are two weeks.
    assert casework.due_ms(HOLDER, at("2026-11-28T15:00")) == at("2026-12-14T15:00")
    assert casework.due_ms(AUTHORITY, at("2026-11-25T15:00")) == at("2026-12-09T15:00")


@given(st.integers(0, 4_000_000_000_000), st.integers(0, 30))
def test_business_days_end_on_one_and_none_is_shorter_than_a_day(ms: int, days: int) -> None:
    end = casework.business_days_after(ms, days)
    assert datetime.fromtimestamp(end / 1000, UTC).weekday() < 5
    assert days * DAY <= end - ms <= (days + 2 * (days // 5 + 2)) * DAY


def test_a_case_goes_on_to_the_holder_if_one_is_known_and_ends_with_the_authority() -> None:
    assert casework.next_level(SITE, holder=True) == HOLDER
    assert casework.next_level(SITE, holder=False) == AUTHORITY
    assert casework.next_level(HOLDER, holder=True) == AUTHORITY
    assert casework.next_level(AUTHORITY, holder=True) == ""


def test_a_case_begins_at_the_site_unless_the_site_is_in_question_or_can_know_nothing() -> None:
    for rule in RULES:
        first = casework.first_level(rule, holder=True)
        others = {
            "suspended-moving": AUTHORITY, "enrolled-away": AUTHORITY, "template-mismatch": HOLDER,
        }  # fmt: skip
        assert first == others.get(rule, SITE)
    assert casework.first_level("template-mismatch", holder=False) == AUTHORITY


@pytest.mark.parametrize(
    ("root", "closing", "note", "level", "code"),
    [
        ("", "explained", "", SITE, "unfit-closing"),  # without a cause
        ("guessed", "explained", "", SITE, "unfit-closing"),
        ("procedure", "", "", SITE, "unfit-closing"),
        ("not-found", "explained", "", SITE, "unfit-closing"),  # and not a word
        ("theft", "false-alert", "", AUTHORITY, "unfit-closing"),  # contradicts itself
        ("procedure", "illegitimate", "", AUTHORITY, "unfit-closing"),
        ("falsification", "illegitimate", "", SITE, "not-entitled"),  # not the site's to find
        ("diversion", "suspect", "", SITE, "not-entitled"),
    ],
)
def test_a_case_is_not_closed_without_a_cause_or_by_one_that_contradicts_its_code(
    root: str, closing: str, note: str, level: str, code: str
) -> None:
    with pytest.raises(Refused) as refused:
        casework.check_closing(root, closing, note, level)
    assert refused.value.code == code


@given(
    st.sampled_from(casework.ROOTS), st.sampled_from(casework.CLOSINGS), st.sampled_from(casework.LEVELS)
)  # fmt: skip
def test_a_grave_finding_is_never_closed_by_the_site(root: str, closing: str, level: str) -> None:
    try:
        casework.check_closing(root, closing, "as looked into", level)
    except Refused:
        return
    assert not (level == SITE and root in ("theft", "diversion", "falsification"))
    assert not (root == "falsification" and closing in ("false-alert", "explained"))


@given(st.text())
def test_a_note_is_one_printable_line_or_malformed(text: str) -> None:
    try:
        line = casework.check_note(text)
    except Malformed:
        return
    assert line.isprintable()
    assert len(line) <= casework.MOST_NOTE
    assert casework.check_note(line) == line


def test_a_decision_is_one_of_three() -> None:
    for word in casework.DECISIONS:
        assert casework.check_decision(word) == word
    with pytest.raises(Malformed):
        casework.check_decision("sell")
