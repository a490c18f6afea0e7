"""A packaging line for tests: SIMULATED pictures of labels, and `packtrace enrol` as a person runs it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from click.testing import CliRunner

from app.cli import main
from ledger.cli.target import now_ms
from ledger.statement import gs1, keyfile
from scanner.frames import Frame, read_image
from scanner.label import PrintedLabel
from scanner.simulated import station
from scanner.simulated.camera import STATION, Camera, shot
from tests.app.conftest import give_keys
from tests.world import Chain, Member

EXPIRY = date(2028, 1, 31)
LOT = "L1"
PASSPHRASE = "line three, hall two"  # the tests' own


@cache
def picture(
    item: str, number: int, *, lot: str = LOT, seed: int = 1, camera: Camera = STATION
) -> bytes:
    """A picture of a pack's label as a PNG file; another seed is another print of the same code."""
    found = gs1.parse_item_id(item)
    paper = station.print_of(PrintedLabel(found.gtin, lot, EXPIRY, found.serial), seed)
    return station.to_png(shot(paper, camera, 100 * seed + number))


def frames(item: str, count: int, **of: Any) -> list[Frame]:
    """The same, as a look at it gets them."""
    return [read_image(picture(item, number, **of)) for number in range(count)]


def jpeg(data: bytes) -> bytes:
    """A picture as a camera's MJPEG has it."""
    done, made = cv2.imencode(".jpg", read_image(data), [cv2.IMWRITE_JPEG_QUALITY, 97])
    assert done
    return made.tobytes()


def empty(side: int = 700) -> bytes:
    """A picture of the line without a pack."""
    return station.to_png(np.full((side, side), 168, np.uint8))


def photograph(folder: Path, items: Iterable[str], count: int = 3, **of: Any) -> Path:
    """A folder of pictures, some of each pack."""
    folder.mkdir(exist_ok=True)
    for place, item in enumerate(items):
        for number in range(count):
            (folder / f"{place:03d}-{number}.png").write_bytes(picture(item, number, **of))
    return folder


@dataclass(frozen=True)
class Ran:
    """What a run left: its exit code, its lines, and what it noted."""

    code: int
    lines: list[dict[str, Any]]
    notes: str

    def of(self, outcome: str) -> list[dict[str, Any]]:
        """The lines of an outcome."""
        return [line for line in self.lines if line.get("outcome") == outcome]

    @property
    def commitments(self) -> dict[str, bytes]:
        """Those of the packs that it enrolled."""
        return {line["item"]: bytes.fromhex(line["commitment"]) for line in self.of("enrolled")}

    @property
    def codes(self) -> dict[str, list[str]]:
        """Why not, by the file or pack."""
        return {
            line["item"] or Path(line["input"]).name: [one["code"] for one in line["reasons"]]
            for line in self.of("refused")
        }


class Line:
    """A manufacturer's line: a key, a log in a folder, a store."""

    def __init__(self, chain: Chain) -> None:
        give_keys(chain)
        chain.now = now_ms()  # the clock that commands have
        self.chain = chain
        self.log = chain.folder
        self.store = chain.folder / "fingerprints"
        self.key = self.key_of(chain.maker)

    def key_of(self, who: Member) -> Path:
        """A key file of a member."""
        path = self.log / f"{who.name}.key"
        path.write_bytes(keyfile.plain(who.key, label="line", party=who.gln))
        return path

    def options(self, *words: object) -> list[str]:
        """What makes it sign for the maker, on one core."""
        given = ["--key", self.key, "--log", self.log, "--jobs", 1, "--json", *words]
        return [str(word) for word in given]

    def enrol(self, *words: object, stdin: bytes | None = None) -> Ran:
        """Run it with statements."""
        return run("enrol", *self.options(*words), stdin=stdin)

    def fingerprint(self, item: str) -> bytes:
        """What the log has of a pack, b"" for nothing."""
        found = self.chain.reader.fingerprint(item)
        return found.commitment if found else b""


def run(*words: object, stdin: bytes | None = None, passphrase: str = PASSPHRASE) -> Ran:
    """Run `packtrace` in this process."""
    env = {"PACKTRACE_PASSPHRASE": passphrase}
    done = CliRunner().invoke(main, [str(word) for word in words], input=stdin, env=env)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    told: Sequence[str] = done.stdout.splitlines()
    return Ran(done.exit_code, [json.loads(one) for one in told if one[:1] == "{"], done.stderr)
