"""Labels of a practice log: drawn with their mark, read back with it, refused by a real log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ledger.errors import Malformed
from ledger.rules.reasons import NOT_CHECKED, OK
from ledger.statement import gs1
from ledger.store.publish import trust_file
from scanner.__main__ import main
from scanner.check import read_label
from scanner.label import PrintedLabel, confirm, render, to_png
from scanner.logistic import render_unit
from scanner.symbols import read
from tests.scanner import pictures
from tests.scanner.test_check import side_by_side
from tests.world import Chain, PracticeChain

LABEL = PrintedLabel("09521101000016", "L/1", date(2028, 1, 31), "A-1", practice=True)
SSCC = "095211010000000016"


def seen(picture: Any) -> Any:
    return read(np.asarray(picture, dtype=np.uint8))


@pytest.mark.parametrize("dpi", [203, 300, 600])
def test_both_codes_of_a_practice_label_carry_the_mark(dpi: int) -> None:
    symbols = seen(render(LABEL, dpi=dpi, datamatrix=True))
    assert {one.symbology: one.text for one in symbols} == {
        "]Q1": "https://id.gs1.org/01/09521101000016/10/L%2F1/21/A-1?17=280131&99=PRACTICE",
        "]d2": "010952110100001621A-1\x1d1728013110L/1\x1d99PRACTICE",
    }
    for some in (symbols, symbols[:1], symbols[1:]):
        label = read_label(some, 2026).label
        assert (label.practice, label.lot, label.serial) == (True, "L/1", "A-1")


def test_a_person_sees_that_it_is_a_practice_label() -> None:
    assert render(LABEL).size != render(replace(LABEL, practice=False)).size


def test_a_label_that_lost_its_mark_is_not_handed_out() -> None:
    with pytest.raises(Malformed, match="cannot be read back"):
        confirm(render(replace(LABEL, practice=False)), LABEL)
    with pytest.raises(Malformed, match="cannot be read back"):
        confirm(render(LABEL), replace(LABEL, practice=False))


def test_the_mark_counts_on_whichever_code_it_stands() -> None:
    plain = replace(LABEL, practice=False)
    more = "(01)09521101000016(21)A-1(10)L/1(17)280131(11)260131(240)X"
    for page in (
        side_by_side(pictures.qr(LABEL.link, 5), pictures.gs1_datamatrix(more, 8)),
        side_by_side(pictures.qr(plain.link, 5), pictures.gs1_datamatrix(f"{more}(99)PRACTICE", 8)),
    ):
        symbols = read(page)
        assert len(symbols) == 2
        assert read_label(symbols, 2026).label.practice


def test_a_containers_label_carries_the_mark_too() -> None:
    digits = SSCC[:17] + gs1.check_digit(SSCC[:17])
    label = read_label(seen(render_unit(digits, [], practice=True)), 2026).label
    assert (label.sscc, label.practice) == (digits, True)
    assert not read_label(seen(render_unit(digits, [])), 2026).label.practice


@pytest.fixture(params=[Chain, PracticeChain], ids=["real log", "practice log"])
def counter(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Chain]:
    """A pharmacy of either log that holds a pack, with its proof and trust file, at the log's time."""
    chain = request.param(tmp_path)

    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.fromtimestamp(chain.now / 1000, tz or UTC)

    monkeypatch.setattr("scanner.__main__.datetime", Clock)
    packs = chain.commission("L1", 1)
    chain.hand_over(chain.maker, packs, chain.pharmacy)
    (tmp_path / "trust.txt").write_bytes(trust_file(chain.store))
    bundle = chain.answers.bundle(packs, chain.pharmacy.site)
    (tmp_path / "packs.json").write_bytes(bundle.to_gzip())
    yield chain
    chain.store.close()


@pytest.mark.parametrize("marked", [True, False])
def test_a_laptop_tells_by_the_trust_file_alone_whose_label_it_is(
    counter: Chain, marked: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serial = gs1.parse_item_id(counter.pack_ids("L1", 1)[0]).serial
    label = PrintedLabel(counter.gtin, "L1", date(2028, 1, 31), serial, practice=marked)
    (tmp_path / "label.png").write_bytes(to_png(render(label)))
    own = marked == isinstance(counter, PracticeChain)
    code = "practice-label" if marked else "not-practice-label"
    for what in (str(tmp_path / "label.png"), label.link, "]d2" + label.elements):
        trust = ("--trust", str(tmp_path / "trust.txt"), "--json")
        status = main([what, "--bundle", str(tmp_path / "packs.json"), *trust])
        told = json.loads(capsys.readouterr().out)
        assert told["verdict"] == (OK if own else NOT_CHECKED)
        assert status == (0 if own else 2)
        assert own or [reason["code"] for reason in told["reasons"]] == [code]
        assert not told["alert"]


def test_whose_label_it_is_needs_no_proof_of_that_pack(
    counter: Chain, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    marked = not isinstance(counter, PracticeChain)
    label = PrintedLabel(counter.gtin, "L9", date(2028, 1, 31), "ELSEWHERE", practice=marked)
    trust = ("--trust", str(tmp_path / "trust.txt"), "--json")
    for proof in (("--bundle", str(tmp_path / "packs.json")), ("--log", "http://127.0.0.1:9")):
        assert main([label.link, *proof, *trust]) == 2
        [reason] = json.loads(capsys.readouterr().out)["reasons"]
        assert reason["code"] == ("practice-label" if marked else "not-practice-label")
