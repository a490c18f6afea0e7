"""Cases on the desk: folded however many processes raise them, passed on by the clock, closed once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.errors import Refused
from ledger.rules.alerts import RULES, Alert
from ledger.rules.casework import AUTHORITY, CLOSED, HOLDER, NOTICE_MS, OPEN, SITE, due_ms
from ledger.store.cases import EXPLAINED_MS, MOST_EVIDENCE, MOST_OPEN, Case, Seen, Step
from ledger.store.desk import Desk

NOW = 1_800_000_000_000
SHOP, OTHER, MAKER = "9521113000107", "9521114000106", "9521111000000"
PACK = "https://id.gs1.org/01/09521111000013/21/S1"
KEY = bytes(32)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path, KEY)
    yield made
    made.close()


def alert(rule: str = "already-dispensed", **changes: Any) -> Alert:
    fields = {"site": SHOP, "subject": PACK, "ms": NOW, "cause": "copied-label", "item": PACK}
    return Alert(rule, **{**fields, **changes})


def step(did: str, ms: int = NOW + 1, detail: str = "") -> Step:
    return Step(ms, did, detail, "party", SHOP, "k" * 64, "7")


def case_of(desk: Desk, number: int) -> Case:
    found = desk.cases.case(number)
    assert found is not None
    return found


def test_alerts_of_one_pack_at_one_site_are_one_case_named_by_the_worst(desk: Desk) -> None:
    first = desk.cases.fold(alert("wrong-holder", cause="diversion"), MAKER)
    seen = Seen("dispense", "Do not supply", "digest", "wedge")
    assert desk.cases.fold(alert(ms=NOW + 5, eu="A7"), MAKER, seen) == first
    assert desk.cases.fold(alert("too-many-scans", ms=NOW + 6), MAKER) == first
    case = case_of(desk, first)
    assert (case.rule, case.cause, case.eu, case.alerts) == (
        "already-dispensed",
        "copied-label",
        "A7",
        3,
    )
    assert (case.opened, case.newest) == (NOW, NOW + 6)
    assert [one.rule for one in desk.cases.evidence(first)] == [
        "wrong-holder", "already-dispensed", "too-many-scans",
    ]  # fmt: skip
    assert desk.cases.evidence(first)[1].read_by == "wedge"
    assert desk.cases.fold(alert(site=OTHER), MAKER) != first  # another site's is its own


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(list(RULES)), st.sampled_from([SHOP, OTHER]), st.integers(0, 3)), min_size=1, max_size=12))  # fmt: skip
def test_whatever_the_order_there_is_one_case_a_site_and_subject(
    tmp_path_factory: pytest.TempPathFactory, raised: list[tuple[str, str, int]]
) -> None:
    desk = Desk(tmp_path_factory.mktemp("desk"), KEY)
    try:
        numbers: dict[tuple[str, str], set[int]] = {}
        for rule, site, n in raised:
            subject = f"{PACK}{n}"
            number = desk.cases.fold(alert(rule, site=site, subject=subject, item=subject), "")
            numbers.setdefault((site, subject), set()).add(number)
        assert all(len(found) == 1 for found in numbers.values())
        cases = [case_of(desk, number) for found in numbers.values() for number in found]
        assert sum(case.alerts for case in cases) == len(raised)
        for case in cases:
            of_it = [
                r for r, site, n in raised if (site, f"{PACK}{n}") == (case.site, case.subject)
            ]
            assert case.rule == min(of_it, key=list(RULES).index)
    finally:
        desk.close()


def test_threads_that_raise_at_once_fold_into_one_case(tmp_path: Path) -> None:
    desk, ready, numbers = Desk(tmp_path, KEY), Barrier(8), []

    def raise_it(n: int) -> None:
        ready.wait()
        numbers.append(desk.cases.fold(alert(ms=NOW + n), MAKER))
        desk.close()

    threads = [Thread(target=raise_it, args=(n,)) for n in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(numbers) == 8
    assert len(set(numbers)) == 1
    assert case_of(desk, numbers[0]).alerts == 8
    desk.close()


_PROCESS = """
import sys
from pathlib import Path
from ledger.rules.alerts import Alert
from ledger.store.desk import Desk
desk = Desk(Path(sys.argv[1]), bytes(32))
sys.stdin.readline()
for n in range(40):
    subject = f"S{n}"
    alert = Alert("short", "9521113000107", subject, 1_800_000_000_000, "lost-on-the-way",
                  source=f"{n:064x}")
    desk.cases.fold(alert, "")
    mark = desk.cases.mark("statements")
    desk.cases.set_mark("statements", n + 1, n)
desk.close()
"""


def test_processes_that_look_at_the_same_statements_raise_each_once(tmp_path: Path) -> None:
    Desk(tmp_path, KEY).close()
    running = [
        subprocess.Popen([sys.executable, "-c", _PROCESS, str(tmp_path)], stdin=subprocess.PIPE)
        for _ in range(3)
    ]
    for one in running:
        assert one.stdin is not None
        one.stdin.write(b"go\n")
        one.stdin.close()
    assert [one.wait(120) for one in running] == [0, 0, 0]
    desk = Desk(tmp_path, KEY)
    cases = desk.cases.of_site(SHOP, OPEN, 100)
    assert sorted(case.alerts for case in cases) == [1] * 40
    assert desk.cases.mark("statements") == 40
    desk.close()


def test_whoever_scans_unknown_serials_all_day_fills_no_desk(desk: Desk) -> None:
    for n in range(MOST_OPEN + 300):
        subject = f"{PACK}{n}"
        desk.cases.fold(alert("unknown-serial", subject=subject, item=subject), MAKER)
    cases = desk.cases.of_site(SHOP, OPEN, 1_000)
    assert len(cases) == MOST_OPEN + 1
    [many] = [case for case in cases if case.alerts > 1]
    assert (many.alerts, many.item, many.holder) == (300, "", "")
    assert len(desk.cases.evidence(many.number)) == MOST_EVIDENCE
    # Other rules, and other sites, have their own cases all the while.
    stolen = desk.cases.fold(alert("stolen", subject="stolen"), MAKER)
    elsewhere = desk.cases.fold(alert("unknown-serial", site=OTHER), MAKER)
    assert many.number not in (stolen, elsewhere)


def test_a_case_that_nobody_closes_goes_on_by_the_clock(desk: Desk) -> None:
    number = desk.cases.fold(alert(), MAKER)
    assert desk.cases.pass_on_late(NOW + NOTICE_MS - 1) == 0
    assert (desk.cases.count(SITE, SHOP, ""), desk.cases.count(HOLDER, "", MAKER)) == (1, 0)
    assert desk.cases.pass_on_late(NOW + NOTICE_MS) == 1
    case = case_of(desk, number)
    assert (case.level, case.due) == (HOLDER, due_ms(HOLDER, NOW + NOTICE_MS))
    assert desk.cases.count(HOLDER, "", MAKER) == 1
    # Nobody looked for a month: it has gone on at the time it should have.
    desk.cases.pass_on_late(case.due + 30 * NOTICE_MS)
    assert case_of(desk, number).level == AUTHORITY
    steps = desk.cases.steps(number)
    assert [one.did for one in steps] == ["opened", "passed-on", "passed-on"]
    assert [one.ms for one in steps] == [NOW, NOW + NOTICE_MS, case.due]
    assert {one.keyid for one in steps} == {""}


def test_a_case_about_a_shipment_goes_straight_to_the_authority_and_so_does_a_suspension(
    desk: Desk,
) -> None:
    short = desk.cases.fold(alert("short", subject="s" * 64, item=""), "")
    moving = desk.cases.fold(alert("suspended-moving", subject=OTHER, item=""), "")
    assert case_of(desk, moving).level == AUTHORITY
    desk.cases.pass_on_late(NOW + NOTICE_MS)
    assert case_of(desk, short).level == AUTHORITY


def test_what_was_done_is_kept_and_a_closed_case_stays_closed(desk: Desk) -> None:
    number = desk.cases.fold(alert(), MAKER)
    desk.cases.take(number, step("taken"))
    desk.cases.decide(number, "keep-apart", step("decided", detail="keep-apart"))
    desk.cases.note(number, step("noted", detail="the label is crooked"))
    desk.cases.pass_on(number, step("passed-on", NOW + 2, "please look"))
    desk.cases.close(number, "procedure", "explained", step("closed", NOW + 3))
    case = case_of(desk, number)
    assert (case.status, case.root, case.closing, case.closed) == (
        CLOSED, "procedure", "explained", NOW + 3,
    )  # fmt: skip
    assert [(one.did, one.staff) for one in desk.cases.steps(number)] == [
        ("opened", ""), ("taken", "7"), ("decided", "7"), ("noted", "7"), ("passed-on", "7"),
        ("closed", "7"),
    ]  # fmt: skip
    for again in (
        lambda: desk.cases.close(number, "procedure", "explained", step("closed")),
        lambda: desk.cases.decide(number, "give-out", step("decided")),
        lambda: desk.cases.pass_on(number, step("passed-on")),
    ):
        with pytest.raises(Refused) as refused:
            again()
        assert refused.value.code == "wrong-state"
    assert case_of(desk, number) == case


def test_of_many_closed_cases_the_newest_are_found(desk: Desk) -> None:
    for n in range(8):
        at = NOW + n
        number = desk.cases.fold(alert(subject=f"{PACK}{n}", item=f"{PACK}{n}", ms=at), MAKER)
        desk.cases.pass_on(number, step("passed-on", at))
        desk.cases.close(number, "procedure", "explained", step("closed", at + 1))
    for found in (
        desk.cases.of_site(SHOP, CLOSED, 3),
        desk.cases.of_holder(MAKER, CLOSED, 3),
        desk.cases.beyond_sites(CLOSED, 3),
    ):
        assert [case.subject for case in found] == [f"{PACK}{n}" for n in (7, 6, 5)]


def test_two_who_close_a_case_at_once_are_told_apart(tmp_path: Path) -> None:
    desk, ready, outcomes = Desk(tmp_path, KEY), Barrier(2), []
    number = desk.cases.fold(alert(), MAKER)

    def close(root: str) -> None:
        ready.wait()
        try:
            desk.cases.close(number, root, "explained", step("closed"))
            outcomes.append(root)
        except Refused as error:
            outcomes.append(error.code)
        desk.close()

    threads = [Thread(target=close, args=(root,)) for root in ("procedure", "software")]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(outcomes)[-1] == "wrong-state"
    assert case_of(desk, number).root in outcomes
    desk.close()


def test_what_was_explained_is_not_asked_again_for_a_while(desk: Desk) -> None:
    number = desk.cases.fold(alert(), MAKER)
    desk.cases.close(number, "procedure", "explained", step("closed"))
    assert desk.cases.fold(alert(ms=NOW + 60_000), MAKER) == number
    assert (case_of(desk, number).status, case_of(desk, number).alerts) == (CLOSED, 2)
    # Something graver about the same pack is another matter, and so is the same after a month.
    assert desk.cases.fold(alert("stolen", ms=NOW + 60_000), MAKER) != number
    late = alert(subject=f"{PACK}2", item=f"{PACK}2")
    other = desk.cases.fold(late, MAKER)
    desk.cases.close(other, "not-found", "suspect", step("closed"))
    assert desk.cases.fold(late, MAKER) != other  # a suspicion that stays is no explanation
    assert desk.cases.fold(alert(ms=NOW + EXPLAINED_MS + 2, site=OTHER), MAKER) != number


def test_the_same_statement_is_folded_once_even_after_its_case_was_closed(desk: Desk) -> None:
    late = alert("overdue", subject="s" * 64, item="", source="s" * 64)
    number = desk.cases.fold(late, "")
    desk.cases.close(number, "late-statement", "settled", step("closed"))
    assert desk.cases.fold(late, "") == number
    assert case_of(desk, number).alerts == 1
    assert desk.cases.known(late) == number


def test_a_look_at_a_copy_is_found_beneath_any_number_of_alerts(desk: Desk) -> None:
    for _ in range(MOST_EVIDENCE + 1):
        number = desk.cases.fold(alert(), MAKER)
    assert desk.cases.of_copies(SHOP, PACK) == []
    assert desk.cases.fold(alert("copy-suspected"), MAKER) == number
    assert [one.number for one in desk.cases.of_copies(SHOP, PACK)] == [number]
    assert desk.cases.of_copies(OTHER, PACK) == []


@pytest.mark.parametrize(
    ("rule", "ms", "source", "stands"),
    [("copy-suspected", NOW + 5, "", False), ("copy-suspected", NOW + 5, "s" * 64, False),
     ("copy-suspected", NOW, "s" * 64, True), ("label-mismatch", NOW + 5, "", True)],
)  # fmt: skip
def test_what_was_decided_stands_until_a_copy_is_suspected_after_it(
    rule: str, ms: int, source: str, stands: bool, desk: Desk
) -> None:
    """A signed finding that is read late, of a look before the decision, is none after it."""
    number = desk.cases.fold(alert(), MAKER)
    desk.cases.decide(number, "give-out", step("decided", NOW + 1))
    assert desk.cases.fold(alert(rule, ms=ms, source=source), MAKER) == number
    assert case_of(desk, number).decision == ("give-out" if stands else "")
