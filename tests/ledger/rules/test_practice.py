"""A practice log and a real one never judge each other's labels, whatever else they say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import Malformed
from ledger.proof import verify
from ledger.rules.reasons import NOT_CHECKED, OK
from ledger.rules.verdict import PURPOSES, State, Verdict, judge
from ledger.statement.gs1 import parse_scan, sgtin
from ledger.statement.parts import is_practice
from tests.world import Chain, PracticeChain

GTIN: Final = "09521101000016"
NOW: Final = datetime(2026, 11, 24, 12, tzinfo=UTC)
MARKED: Final = "(99)PRACTICE"
STATES: Final = (
    "unknown", "active", "here", "to_here", "supplied_here", "supplied", "in_transit", "other", "inactive",
)  # fmt: skip
SITE: Final = "9521301000106"


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[PracticeChain]:
    """The small supply chain on a practice log."""
    made = PracticeChain(tmp_path / "practice")
    yield made
    made.store.close()


def told_of(chain: Chain, mark: str = "") -> list[Verdict]:
    """Of a pack in the pharmacy's stock: by the log, by a proof of it, and to a stranger."""
    packs = chain.commission("L1", 1)
    chain.hand_over(chain.maker, packs, chain.pharmacy)
    now = datetime.fromtimestamp(chain.now / 1000, UTC)
    serial = packs[0].rpartition("/")[2]
    label = parse_scan(f"(01){chain.gtin}(10)L1(17)280131(21){serial}{mark}")
    site = chain.pharmacy.site
    proven = verify(chain.answers.bundle(packs, site), chain.trust)
    states = [
        chain.answers.state(packs[0], site),
        proven.states[packs[0]],
        chain.answers.state(packs[0], ""),
    ]
    return [judge(state, label, now, "check", witnessed=True) for state in states]


def test_a_practice_label_is_no_medicine_to_a_real_log(chain: Chain) -> None:
    for told in told_of(chain, MARKED):
        assert (told.word, told.codes) == (NOT_CHECKED, ("practice-label",))
        assert told.reasons[0].words == "This is a label of a practice log, not a medicine."
        assert told.state is None, "nothing of the real pack of that serial is told"


def test_a_real_label_is_none_of_a_practice_log(practice: PracticeChain) -> None:
    for told in told_of(practice):
        assert (told.word, told.codes) == (NOT_CHECKED, ("not-practice-label",))


def test_each_log_judges_its_own_labels(chain: Chain, practice: PracticeChain) -> None:
    assert {told.word for told in told_of(chain)} == {OK}
    assert {told.word for told in told_of(practice, MARKED)} == {OK}


@given(
    state=st.sampled_from(STATES), site=st.sampled_from(("", SITE)), purpose=st.sampled_from(PURPOSES),
    gap=st.booleans(), witnessed=st.booleans(), practice=st.booleans(), whole=st.booleans(),
)  # fmt: skip
def test_no_label_of_the_other_kind_is_ever_ok(
    state: str, site: str, purpose: str, gap: bool, witnessed: bool, practice: bool, whole: bool
) -> None:
    said = f"(01){GTIN}(21)A1" + "(10)L1(17)280131" * whole
    now = State(
        sgtin(GTIN, "A1"), state, lot="L1", expiry=date(2028, 1, 31), gap=gap, site=site,
        as_of_ms=int(NOW.timestamp() * 1000), practice=practice,
    )  # fmt: skip
    other = parse_scan(said + ("" if practice else MARKED))
    told = judge(now, other, NOW, purpose, witnessed=witnessed)
    assert told.word == NOT_CHECKED
    # The same label is judged as ever where the log is of its own kind.
    own = judge(replace(now, practice=not practice), other, NOW, purpose, witnessed=witnessed)
    assert {"practice-label", "not-practice-label"}.isdisjoint(own.codes)


@pytest.mark.parametrize(
    "text",
    [
        f"https://id.gs1.org/01/{GTIN}/10/L1/21/A1?17=280131&99=PRACTICE",
        f"https://node.example/01/{GTIN}/21/A1?99=PRACTICE",
        f"]d201{GTIN}21A1\x1d1728013110L1\x1d99PRACTICE",
        f"(01){GTIN}(21)A1(99)PRACTICE",
        f"(01){GTIN}(21)A1(99)practice",
        f"INTERNAL PRACTICE GTIN {GTIN} SN A1 LOT L1 EXP 2028-01-31",
    ],
)
def test_the_mark_is_read_in_every_form_of_a_label(text: str) -> None:
    assert parse_scan(text).practice


@pytest.mark.parametrize("mark", ["", "(99)PRACTICE1", "(99)PRACTICES", "(98)PRACTICE", "(91)X"])
def test_what_companies_keep_in_such_fields_otherwise_is_no_mark(mark: str) -> None:
    assert not parse_scan(f"(01){GTIN}(21)A1{mark}").practice


def test_the_mark_is_never_outvoted_by_another_value() -> None:
    with pytest.raises(Malformed):
        parse_scan(f"(01){GTIN}(21)A1(99)PRACTICE(99)X")


@pytest.mark.parametrize(
    ("origin", "practice"),
    [
        ("log.example/be/practice", True),
        ("log.example/practice", True),
        ("log.example/be", False),
        ("log.example/practices", False),
        ("log.example/practice/be", False),
        ("practice", False),
    ],
)
def test_a_log_is_a_practice_log_by_its_name(origin: str, practice: bool) -> None:
    assert is_practice(origin) is practice
