"""The demo world: a SIMULATED supply chain, driven through the public write path like any client.

Every party, product and pack is made up, in GS1's demonstration range; the clock is simulated so
that six weeks pass in seconds. Keys lie unencrypted and say so.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path

from app.config import wall_clock
from app.demo import audited, incidents, labels, measures, places, prints, reach, tasks
from app.demo.cast import Member
from app.demo.weeks import live_six_weeks
from app.demo.world import World
from app.node import DEMO, DemoPerson
from app.notice_words import HOME, SERVED
from ledger.errors import Malformed
from ledger.store.database import DATABASE
from ledger.store.desk import Desk
from ledger.store.publish import published_size
from ledger.store.queries import Reader


def make(folder: Path, today: date, *, fixed: bool = False, url: str = HOME) -> str:
    """Make the simulated world in a folder; answers what was made, in words.

    `today` is its last day. When it is this machine's day and not `fixed`, the last hand-offs are
    minutes ago; else they end at 16:00 UTC of that day. `url` is where it will be served, for links
    in its mail. An unfinished world is thrown away.
    """
    end = int(datetime(today.year, today.month, today.day, 16, tzinfo=UTC).timestamp() * 1000)
    if not fixed and today == datetime.now().astimezone().date():
        end = wall_clock() - 60_000
    building = folder.with_name(f"{folder.name}.making")
    throw_away(building)
    world = World(building, end)
    world.found()
    for chapter in (labels, incidents, measures, tasks):
        chapter.plan(world)
    printed = prints.plan(world)
    live_six_weeks(world)
    tasks.send_today(world)
    expected = labels.use(world)
    world.land()
    labels.draw_labels(world, expected)
    told = {
        "simulated": True,
        "people": [asdict(person) for person in _people(world)],
        "stories": world.stories,
    }
    (building / DEMO).write_text(json.dumps(told, indent=1))
    counts, size = Reader(world.log.store).counts(), published_size(world.log.store)
    desk = Desk(building, world.log.store.key)
    places.place(desk, world.cast)
    reach.keep_contacts(desk, world.cast, end)
    desk.close()
    audited.last_night(world.log.store, building, world.cast, end)
    world.log.store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    world.log.store.close()
    prints.use(world, printed)
    served_at(building, url)
    reach.tell(building, end)
    throw_away(folder)
    building.rename(folder)  # whole, or not at all
    return f"{counts['packs']} packs of {len(world.expiry)} lots, {size} entries"


def served_at(folder: Path, url: str) -> None:
    """Keep where a world is served, for the links in what its sites are sent from now on."""
    (folder / SERVED).write_text(url)


def _people(world: World) -> list[DemoPerson]:
    """Whom a visitor can act as, one for each role."""
    cast = world.cast
    return [
        DemoPerson(
            role, f"at {member.name}", member.gln, member.site, _admins(world, member),
            *(("admin", staff) if staff else ()),
        )
        for role, member, staff in (
            ("pharmacist", cast.pharmacies[0], ""),
            ("distributor", cast.wholesalers[0], ""),
            # What an authority decides, two of its administrators sign.
            ("regulator", cast.authority, "R1"),
            ("second regulator", cast.authority, "R2"),
            ("manufacturer", cast.makers[0], ""),
            ("warehouse", cast.warehouse, ""),
            ("hospital", cast.hospital, ""),
            ("repackager", cast.repackager, ""),
        )
    ]  # fmt: skip


def _admins(world: World, member: Member) -> tuple[str, ...]:
    """The key files by which a member's administrator signs."""
    if member is world.cast.authority:
        return ("authority-1", "authority-2")
    return (f"{member.party_label}-admin",)


def throw_away(folder: Path) -> None:
    """Remove a simulated world. Raises Malformed for a folder that holds anything else."""
    if not folder.exists():
        return
    known = (folder / DEMO).exists() or folder.name.endswith(".making")
    if not known and ((folder / DATABASE).exists() or any(folder.iterdir())):
        raise Malformed(
            f"{folder} does not hold a simulated world; remove it by hand if you mean it"
        )
    shutil.rmtree(folder)
