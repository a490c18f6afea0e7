"""One pack whose label's print is enrolled, and what came of two looks at it; all prints are SIMULATED.

The line enrolls it when its lot is made. Later its pharmacy looks, and finds no contradiction; then
another pharmacy gets a pack whose label was copied from it. Pictures of both labels lie in `labels/print`.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Final

from flask_babel import force_locale

from app import create_app
from app.config import Settings
from app.demo.cast import DRUGS, Member
from app.demo.world import World
from app.fingerprints import matching
from app.fingerprints.words import CODES
from app.language import LANGUAGES
from app.node import node
from ledger.statement import gs1
from ledger.statement.dsse import key_id
from ledger.store.desk import Person
from ledger.store.fingerprints import FOLDER, Fingerprints
from ledger.tlog.ed25519 import public_of
from scanner.fingerprint.match import COPY_SUSPECTED, GENUINE_MATCH
from scanner.fingerprint.template import SALT, SEED
from scanner.frames import Frame
from scanner.label import PrintedLabel
from scanner.simulated import station
from scanner.simulated.camera import PHONE
from scanner.simulated.paper import Raster, replayed

LOT: Final = "EX2601"  # whose first case goes to pharmacy 1
_PACK: Final = 14
_GENUINE, _COPY = 1, 2  # pieces of paper
_COPIED_DPI: Final = 600  # what the forger scans and prints by
_SHOWN: Final = 3  # pictures of a look
_DEVICE: Final = "simulated phone"


@dataclass
class Printed:
    """The pack and its label on paper; what was seen of it when (ms) by whom."""

    item: str
    paper: Raster | None = None
    copy: Raster | None = None
    commitment: bytes = b""
    looks: list[tuple[int, Member, str]] = field(default_factory=list)


def plan(world: World) -> Printed:
    """Keep the pack out of daily trade; have it enrolled on its first day, and seen in the last week."""
    made = Printed(world.serials(DRUGS[0], LOT, _PACK + 1)[_PACK])
    world.stock.aside.add(made.item)
    first, second = world.cast.pharmacies[:2]
    for day, act in (
        (1, partial(_enrol, world, made)),
        (37, partial(_inspect, world, made, first, GENUINE_MATCH)),
        (39, partial(_inspect, world, made, second, COPY_SUSPECTED)),
    ):
        world.on(day, act)
    return made


def _enrol(world: World, made: Printed) -> None:
    """The line takes pictures of the label, keeps the template and signs its commitment."""
    found = gs1.parse_item_id(made.item)
    label = PrintedLabel(found.gtin, LOT, world.expiry[LOT], found.serial)
    made.paper = station.print_of(label, _GENUINE)
    made.copy = replayed(made.paper, _COPIED_DPI, _COPY)
    template = station.enrolled(made.paper, secrets.token_bytes(SEED), first=0)
    salt = secrets.token_bytes(SALT)
    made.commitment = template.commitment(salt)
    store = Fingerprints.make(world.folder / FOLDER, b"", plain=True)
    store.put(made.item, made.commitment, bytes(template), salt, world.now)
    store.close()
    maker = world.cast.member(DRUGS[0].maker)
    statement = world.act("enrol", maker, [made.item], extras={made.item: made.commitment})
    world.stories["print"] = {"packs": [made.item], "lot": LOT, "statement": statement}


def _inspect(world: World, made: Printed, member: Member, verdict: str) -> None:
    """A pharmacist signs what the look showed."""
    made.looks.append((world.now, member, verdict))
    seen = world.act(
        "inspect", member, [made.item], reason=CODES[verdict],
        extras={made.item: made.commitment},
    )  # fmt: skip
    world.stories["print"] |= {verdict: {"site": member.site, "inspection": seen}}


def use(world: World, made: Printed) -> None:
    """Look at the prints through the matching service, and leave pictures for a visitor to do the same.

    Others have closed the log by then.
    """
    genuine, copy = made.paper, made.copy
    assert genuine is not None
    assert copy is not None
    clock = [0]
    app = create_app(Settings(log=world.folder, clock=lambda: clock[0]))
    with app.app_context(), force_locale(LANGUAGES["en"][0]):
        for number, (ms, member, verdict) in enumerate(made.looks):
            clock[0] = ms
            paper = genuine if verdict == GENUINE_MATCH else copy
            frames = station.photographed(paper, _SHOWN, 100 * (number + 1), PHONE)
            who = Person(member.gln, member.site, key_id(public_of(member.seeds["station"])))
            told = matching.look(made.item, _DEVICE, _uploads(frames), who)
            assert told.done.verdict == verdict, told.done
        found = node()
        assert found.fingerprints is not None  # made when the pack was enrolled
        found.fingerprints.close()
        found.desk.close()
        found.store.close()
    folder = world.folder / "labels" / "print"
    folder.mkdir()
    _draw(folder, "genuine", station.photographed(genuine, _SHOWN, 1000))
    _draw(folder, "copy", station.photographed(copy, _SHOWN, 2000))


def _uploads(frames: Sequence[Frame]) -> list[BytesIO]:
    return [BytesIO(station.to_png(frame)) for frame in frames]


def _draw(folder: Path, name: str, frames: Sequence[Frame]) -> None:
    for number, frame in enumerate(frames, 1):
        (folder / f"{name}-{number}.png").write_bytes(station.to_png(frame))
