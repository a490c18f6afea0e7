"""The story: a pack from factory to patient, its label scanned after each step, offline and online.

commission → pack → ship → receive → unpack → ship → receive → supply
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from app import create_app
from app.config import Settings, wall_clock
from ledger.rules.reasons import DO_NOT_SUPPLY, HOLD, NOT_CHECKED, OK
from ledger.statement import gs1, keyfile
from ledger.store.publish import trust_file
from scanner.label import PrintedLabel, render, to_png
from tests.app.conftest import give_keys
from tests.nodes import serving
from tests.world import Chain, Member


@dataclass
class Counter:
    """A running server, the label's picture, and who may scan it."""

    chain: Chain
    url: str
    folder: Path
    item: str = ""

    def print_label(self, item: str) -> None:
        """Draw the pack's label, as the packaging line does."""
        self.item = item
        found = gs1.parse_item_id(item)
        lot = self.chain.reader.lot(found.gtin, "L1")
        assert lot is not None
        picture = render(PrintedLabel(found.gtin, "L1", lot.expiry, found.serial))
        (self.folder / "label.png").write_bytes(to_png(picture))

    def scan(self, who: Member, purpose: str) -> tuple[str, str]:
        """Scan the picture offline by a bundle, and online; both must say the same.

        Answers the word and the first reason's code.
        """
        bundle = self.folder / "pack.packtrace.json"
        bundle.write_bytes(self.chain.answers.bundle([self.item], who.site).to_gzip())
        key = self.folder / f"{who.name}.key"
        key.write_bytes(keyfile.plain(who.key, label="station", party=who.gln))
        offline = self.run("--bundle", str(bundle), purpose=purpose)
        online = self.run("--log", self.url, "--key", str(key), purpose=purpose)
        assert offline == online
        return online

    def run(self, *arguments: str, purpose: str) -> tuple[str, str]:
        command = [
            sys.executable, "-m", "scanner", str(self.folder / "label.png"), *arguments,
            "--trust", str(self.folder / "trust.txt"), "--purpose", purpose, "--json",
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        told = json.loads(done.stdout)
        assert (
            done.returncode == {OK: 0, HOLD: 1, DO_NOT_SUPPLY: 1, NOT_CHECKED: 2}[told["verdict"]]
        ), done.stderr
        return told["verdict"], told["reasons"][0]["code"]


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    """A log and its web server, on this machine's clock."""
    chain = Chain(tmp_path)
    chain.now = wall_clock() - 3_600_000
    give_keys(chain)
    (tmp_path / "trust.txt").write_bytes(trust_file(chain.store))
    app = create_app(Settings(log=tmp_path, secure=False))
    with serving(app) as url:
        yield Counter(chain, url, tmp_path)
    chain.store.close()


def test_a_pack_from_the_factory_to_the_patient(counter: Counter) -> None:
    chain = counter.chain
    maker, wholesaler, pharmacy, stranger = (
        chain.maker,
        chain.wholesaler,
        chain.pharmacy,
        chain.pharmacy2,
    )

    packs = chain.commission("L1", 3)
    counter.print_label(packs[0])
    assert counter.scan(maker, "check") == (OK, "in-stock")
    assert counter.scan(pharmacy, "dispense") == (HOLD, "other-holder")

    case = chain.unit(maker, 1)
    chain.pack(maker, packs, case)
    assert counter.scan(maker, "check") == (OK, "in-stock")

    first = chain.ship(maker, [case], wholesaler)
    assert counter.scan(wholesaler, "receive") == (OK, "announced")
    assert counter.scan(wholesaler, "check") == (HOLD, "in-transit")
    assert counter.scan(stranger, "dispense") == (HOLD, "other-holder")

    chain.receive(wholesaler, first, [case])
    assert counter.scan(wholesaler, "check") == (OK, "in-stock")
    assert counter.scan(maker, "check") == (HOLD, "other-holder")

    chain.unpack(wholesaler, case)
    assert counter.scan(wholesaler, "check") == (OK, "in-stock")

    second = chain.ship(wholesaler, [packs[0]], pharmacy)
    assert counter.scan(pharmacy, "dispense") == (HOLD, "in-transit")
    assert counter.scan(pharmacy, "receive") == (OK, "announced")

    chain.receive(pharmacy, second, [packs[0]])
    assert counter.scan(pharmacy, "dispense") == (OK, "in-stock")
    assert counter.scan(stranger, "dispense") == (HOLD, "other-holder")

    chain.supply(pharmacy, [packs[0]])
    assert counter.scan(pharmacy, "dispense") == (HOLD, "supplied-here")
    # A copy of the label turns up elsewhere.
    assert counter.scan(stranger, "dispense") == (DO_NOT_SUPPLY, "supplied-elsewhere")


def test_a_stranger_cannot_tell_an_unknown_serial_from_a_wrong_label(counter: Counter) -> None:
    """No oracle for live serials: both answer alike."""
    [pack] = counter.chain.commission("L1", 1)
    told = []
    for item, expiry in [(gs1.sgtin(counter.chain.gtin, "NONE"), 2028), (pack, 2027)]:
        found = gs1.parse_item_id(item)
        label = PrintedLabel(found.gtin, "L1", date(expiry, 1, 31), found.serial)
        (counter.folder / "label.png").write_bytes(to_png(render(label)))
        told.append(counter.run("--log", counter.url, purpose="check"))
    assert told == [(NOT_CHECKED, "not-confirmed")] * 2
