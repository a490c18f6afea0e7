"""`packtrace enrol`: labels' fingerprints at the packaging line, from pictures to the log.

The pictures' work is in `line`, what becomes of a pack in `packs`, of its template in `keep`; here
are the options, what is checked of a pack before, and what is printed.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import date, datetime
from io import FileIO
from pathlib import Path
from time import monotonic
from typing import Any, Final, cast

import click

from app.enrolling.check import against
from app.enrolling.keep import Lines, Statements, Way, keep
from app.enrolling.line import Asking, Line
from app.enrolling.packs import ENROLLED, REFUSED, Reason, Told
from app.enrolling.shots import Bytes, shots
from ledger.cli.draft import draft_option
from ledger.cli.keys import read_about
from ledger.cli.operations import enrol_prints, signer
from ledger.cli.target import Folder, log_option, now_ms, open_target, passphrase
from ledger.errors import BadSignature, Malformed
from ledger.rules.rights import check_key
from ledger.statement import gs1, keyfile
from ledger.store.fingerprints import FOLDER, KEY, Fingerprints
from ledger.store.opening import holds_log
from scanner import output
from scanner.camera import Camera, Settings, size_of
from scanner.fingerprint.limits import EXTRACTOR, LIMITS
from scanner.fingerprint.session import MODULE_MM

IDLE_S: Final = 60.0  # a line that stands still hands on what it has
_FRAMES: Final = LIMITS[EXTRACTOR].most_frames
_SIGNS: Final = {ENROLLED: "✓", REFUSED: "✕"}


@dataclass(slots=True)
class _Run:
    """What a run prints and counts."""

    as_json: bool
    unheard: bool = False
    counts: dict[str, int] = field(default_factory=lambda: {ENROLLED: 0, REFUSED: 0})

    def tell(self, told: Told | str, made: bytes = b"") -> None:
        """Print what became of a pack or picture, or a sentence about the run."""
        if isinstance(told, str):
            output.note(told)
            return
        if told.outcome in self.counts:
            self.counts[told.outcome] += 1
        if self.as_json:
            output.say(_object(told, made))
        else:
            output.tell_lines([_words(told)])


def _object(told: Told, made: bytes) -> dict[str, Any]:
    line: dict[str, Any] = {
        "outcome": told.outcome,
        "item": told.item or None,
        "input": told.name,
        "reasons": [reason._asdict() for reason in told.reasons],
    }
    if told.judged is not None:
        line |= {
            "commitment": made.hex(),
            "frames": told.judged.frames,
            "px_per_mm": round(told.judged.px_per_mm, 1),
            "focus": round(told.judged.focus, 3),
        }
    return line


def _words(told: Told) -> str:
    if told.judged is not None:
        seen = f"{told.judged.frames} picture(s), {told.judged.px_per_mm:.0f} pixels/mm"
        return f"{_SIGNS[ENROLLED]} enrolled  {told.item}: {seen}"
    sign = _SIGNS.get(told.outcome, " ")
    about = f"{told.item} ({told.name})" if told.item else told.name
    return f"{sign} {told.outcome}  {about}: {' '.join(one.words for one in told.reasons)}"


@dataclass(frozen=True, slots=True)
class _Checks:
    """What must be so of a pack before its pictures are looked at.

    With `folder`, a log on this machine, for which `party` signs, the log is asked; else the store alone.
    """

    store: Fingerprints
    gtin: str
    lot: str
    again: bool
    folder: Folder | None
    party: str

    def __call__(self, item: str, lot: str, expiry: date | None) -> tuple[Reason, ...]:
        """The reasons against a pack, by lot and expiry of its label: "" and None where its code says none."""
        return tuple(self._reasons(item, lot, expiry))

    def _reasons(self, item: str, lot: str, expiry: date | None) -> Iterator[Reason]:
        gtin = gs1.gtin_of(item)
        if self.gtin and gtin != self.gtin:
            yield Reason("wrong-product", f"It is of {gtin}, not of {self.gtin}.")
        if self.folder is not None:
            reader = self.folder.reader
            found = against(reader, self.party, item, lot, expiry)
            yield from found
            row = reader.world().row(item)
            lot = row.lot if row is not None and not found else self.lot
        if self.lot and lot != self.lot:
            of = f"of lot {lot}" if lot else "of no lot that its code names"
            yield Reason("wrong-lot", f"It is {of}, not of {self.lot}.")
        if not self.again and self._has(item):
            words = "It was enrolled before. Give --again to relabelled packs alone."
            yield Reason("enrolled-before", words)

    def _has(self, item: str) -> bool:
        if self.folder is not None:
            return self.folder.reader.fingerprint(item) is not None
        return self.store.has(item)


def _finite(_context: click.Context, _option: click.Parameter, value: float | None) -> float | None:
    if value is not None and not math.isfinite(value):
        raise click.BadParameter(f"{value} is no number such as 0.42.")
    return value


@click.command("enrol")
@click.argument("inputs", nargs=-1, metavar="[PICTURE|VIDEO|FOLDER|-]...")
@click.option(
    "--camera",
    type=click.IntRange(0, 99),  # OpenCV takes the hundreds for the name of a driver
    metavar="N",
    help="Number of a camera; --list-cameras of `scan` shows them.",
)
@click.option("--size", metavar="WxH", help="Pixels to ask of the camera, as 3840x2160.")
@click.option(
    "--focus",
    type=float,
    callback=_finite,
    help="The camera's focus, in its own units; turns autofocus off.",
)
@click.option("--exposure", type=float, callback=_finite, help="Likewise its exposure.")
@click.option(
    "--store",
    "folder",
    type=click.Path(path_type=Path),
    envvar="PACKTRACE_FINGERPRINTS",
    help="Folder of templates, made where there is none; by default that in the log's folder.",
)
@click.option(
    "--plain", is_flag=True, help="Do not seal a new store's key: for demonstrations only."
)
@click.option(
    "--prints",
    type=click.Path(path_type=Path),
    help="File for `commission --prints` instead of statements; without pictures, what to submit.",
)
@click.option(
    "--key",
    "key_paths",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Key file to sign `enrol` statements with; repeat it for more signatures.",
)
@click.option("--site", metavar="GLN", help="Where; by default the key's only site.")
@click.option(
    "--batch",
    type=click.IntRange(1, 100_000),
    default=1000,
    show_default=True,
    help="Packs in one statement.",
)
@click.option("--gtin", help="Refuse packs of other products.")
@click.option("--lot", help="Refuse packs of other lots.")
@click.option(
    "--again", is_flag=True, help="Enrol packs that were enrolled before: they are relabelled."
)
@click.option(
    "--frames",
    type=click.IntRange(1, _FRAMES),
    default=3,
    show_default=True,
    help="Good pictures that a pack must have.",
)
@click.option(
    "--module-mm",
    type=click.FloatRange(0.05, 10),
    callback=_finite,
    default=MODULE_MM,
    show_default=True,
    help="Side of a printed module, to tell the resolution.",
)
@click.option("--jobs", type=click.IntRange(1, 256), help="Cores to work on; by default all.")
@click.option(
    "--after-the-fact", "late", is_flag=True, help="With --prints alone: as other commands."
)
@draft_option
@log_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.pass_context
def enrol(context: click.Context, /, inputs: tuple[str, ...], **options: Any) -> None:
    """Enrol the fingerprints of packs' labels, each pack known by the code in its pictures.

    Templates go to an encrypted store, commitments to the log, or into a file for the commissioning.
    `-` reads pictures from standard input, back to back: JPEG, as MJPEG has them, or PNG. Without
    pictures, the commitments in --prints are submitted.

    \b
    Examples:
      packtrace enrol --camera 0 --size 3840x2160 --key line.key --lot EX2601
      packtrace enrol pictures/ --store prints/ --prints prints.tsv --json
      ffmpeg -i rtsp://camera.example/line -f image2pipe -c:v png - | packtrace enrol - --key line.key
      packtrace enrol --key line.key --prints prints.tsv
    """
    looks = inputs or options["camera"] is not None
    if not looks:
        if options["prints"] is None or not options["key_paths"]:
            raise Malformed(
                "give pictures or --camera; or --prints with --key, to submit that file"
            )
        enrol_prints(options["prints"], options)
        return
    if options["late"] or options["draft"]:
        raise Malformed("--draft and --after-the-fact are for a file of --prints, not for pictures")
    if (options["prints"] is None) == (not options["key_paths"]):
        raise Malformed(
            "give either --key, for statements, or --prints, for a file to commission by"
        )
    context.exit(_enrol(inputs, options))


def _enrol(inputs: tuple[str, ...], options: dict[str, Any]) -> int:
    gtin = options["gtin"] or ""
    if gtin and not gs1.is_gtin(gtin):
        raise Malformed(f"--gtin {gtin[:40]!r} is no GTIN of 14 digits")
    camera = _camera(options)
    run = _Run(options["as_json"])
    with ExitStack() as stack:
        store = stack.enter_context(closing(_store(options)))
        way, checks = _way(store, gtin, options, run)
        if checks.folder is not None:
            stack.callback(checks.folder.store.close)
        stack.enter_context(store.enrolling(way.recover))
        year = datetime.now().astimezone().year
        asking = Asking(options["frames"], options["module_mm"], year, checks)
        jobs = options["jobs"] or os.cpu_count() or 1
        pictures = shots(inputs, camera=camera, stdin=_standard_input())
        line = stack.enter_context(Line(pictures, asking, jobs))
        began = monotonic()
        try:
            _work(line, run, store, way)
        finally:
            way.hand_on()
        seconds = monotonic() - began
        return _sum_up(run, line.pictures, len(store.due()), seconds)


def _standard_input() -> Bytes | None:
    """Standard input, unbuffered: no lock of a buffer is held by the thread that waits for it."""
    if sys.stdin is None:
        return None
    try:
        return FileIO(sys.stdin.fileno(), closefd=False)
    except OSError:  # whoever runs it within a process of theirs gives no file
        return cast(Bytes, sys.stdin.buffer)


def _work(line: Line, run: _Run, store: Fingerprints, way: Way) -> None:
    """Keep what the line enrols, until there are no more pictures or somebody presses Ctrl+C."""

    def take(told: Told) -> None:
        made = b""
        if told.judged is not None:
            made = keep(store, way, told.item, told.judged.template)
        run.tell(told, made)

    newest = monotonic()
    try:
        for told in line.run():
            if isinstance(told, Told):
                take(told)
                newest = monotonic()
            elif told is not None:
                run.tell(told)
            elif monotonic() - newest > IDLE_S:
                way.hand_on()
                newest = monotonic()
    except (KeyboardInterrupt, output.Unheard) as ended:
        # How a live run ends; or nobody reads any more what is refused.
        run.unheard = isinstance(ended, output.Unheard)
        for told in line.finish():
            take(told)


def _sum_up(run: _Run, pictures: int, due: int, seconds: float) -> int:
    enrolled, refused = run.counts[ENROLLED], run.counts[REFUSED]
    rate = round(enrolled / seconds * 3600) if seconds else 0
    if run.as_json:
        output.say(
            {"outcome": "done", "enrolled": enrolled, "refused": refused, "pictures": pictures,
             "due": due, "seconds": round(seconds, 2), "packs_an_hour": rate}
        )  # fmt: skip
    else:
        words = f"{enrolled} enrolled, {refused} refused, of {pictures} pictures in {seconds:.1f} s"
        output.tell_lines([f"{words} ({rate} packs an hour)"])
    if due:
        output.note(f"{due} commitments are kept and not handed on; the next run does")
    if not pictures or run.unheard:
        return 2
    return 1 if refused or due else 0 if enrolled else 2


def _way(store: Fingerprints, gtin: str, options: dict[str, Any], run: _Run) -> tuple[Way, _Checks]:
    lot, again = options["lot"] or "", options["again"]
    if options["prints"] is not None:
        return Lines(store, options["prints"]), _Checks(store, gtin, lot, again, None, "")
    target = open_target(options["where"])
    sign, party = signer(target, options)
    folder = target if isinstance(target, Folder) else None
    if folder is not None:
        # A key that may not enrol is told of before thousands of packs wait for it.
        keyid = read_about(options["key_paths"][0]).id
        check_key(folder.reader.authority(), keyid, "enrol", now_ms())
    way = Statements(store, target, sign, options["batch"], run.tell)
    return way, _Checks(store, gtin, lot, again, folder, party)


def _store(options: dict[str, Any]) -> Fingerprints:
    """The store to write to, made where there is none."""
    folder, where = options["folder"], options["where"]
    if folder is None:
        if where.startswith(("http://", "https://")) or not holds_log(Path(where)):
            raise Malformed("name the folder of templates by --store")
        folder = Path(where) / FOLDER
    path = folder / KEY
    if not path.exists():
        word = b"" if options["plain"] else passphrase(f"New passphrase for {path}", confirm=True)
        if options["folder"] is None and not options["plain"]:
            _check_node_opens(Path(where), word)
        return Fingerprints.make(folder, word, plain=options["plain"])
    word = passphrase(f"Passphrase of {path}") if read_about(path).encrypted else b""
    return Fingerprints.open(folder, word)


def _check_node_opens(log: Path, word: bytes) -> None:
    """Refuse to put beside a log what its node, which has one passphrase for all, could not open."""
    path = log / "keys" / "log.key"
    try:
        keyfile.unseal(path.read_bytes(), word)
    except OSError:
        return  # whoever enrols here is not who runs the node
    except BadSignature as error:
        raise Malformed(
            f"the node of this log has another passphrase than that, as {path} says, and would not start "
            "with a store that it cannot open: give the node's, or name another folder by --store"
        ) from error


def _camera(options: dict[str, Any]) -> Camera | None:
    if options["camera"] is None:
        return None
    size = size_of(options["size"]) if options["size"] else (0, 0)
    return Camera(options["camera"], Settings(*size, options["focus"], options["exposure"]))
