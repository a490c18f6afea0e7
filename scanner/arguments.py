"""What can be asked of `python -m scanner`, and how it ends."""

from __future__ import annotations

import argparse
import math
import re
from typing import Final, NoReturn

from ledger.errors import Malformed
from ledger.rules.verdict import PURPOSES
from scanner.camera import WAIT_S, size_of
from scanner.faults import SOURCES
from scanner.output import clean

_EXAMPLES: Final = """examples:
  python -m scanner --read photo.jpg
  python -m scanner photo.jpg --bundle pack.packtrace.json --trust trust.txt
  python -m scanner photo.jpg --bundle proofs/ --status list.packtrace.json --trust trust.txt
  python -m scanner var/demo/labels/good.png --log http://localhost:8000 --trust var/demo/trust.txt
  python -m scanner --camera 0 --log http://localhost:8000 --trust var/demo/trust.txt
  python -m scanner --wedge --json --bundle proofs/ --trust trust.txt
  python -m scanner --camera 0 --fingerprint --key counter.key --log http://localhost:8000 --trust trust.txt
  python -m scanner --camera 0 --fingerprints lots/ --key counter.key --bundle proofs/ --trust trust.txt
  python -m scanner fingerprint --help
exit status: 0 all OK, 1 at least one Hold, Do not supply or suspected copy, 2 something could not be
  checked or read, 3 the log showed two histories; of several, the highest"""


class Parser(argparse.ArgumentParser):
    """Says what is wrong as a terminal may show it."""

    def error(self, message: str) -> NoReturn:
        """What is wrong may quote a file's name that the shell put in for a pattern."""
        super().error(clean(message))


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    made = Parser(
        prog="python -m scanner",
        description="Check medicine packs by their label, every proof verified here.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument(
        "input", nargs="*", metavar="IMAGE|VIDEO|FOLDER|TEXT|-",
        help="picture, video, folder of them, a label's text, or - for standard input",
    )  # fmt: skip
    made.add_argument("--read", action="store_true", help="only decode: one JSON line a symbol")
    made.add_argument("--json", action="store_true", help="one JSON object a pack")
    made.add_argument("--purpose", choices=PURPOSES, default="check", help="why you ask")
    _add_proofs(made.add_argument_group("what to check by"))
    _add_sources(made.add_argument_group("cameras and scanners"))
    return made


def _add_proofs(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--bundle", metavar="FILE|FOLDER", help="proof bundle, or a folder of them: check offline"
    )
    group.add_argument(
        "--status", metavar="FILE", help="status list: what is held or recalled, to check offline"
    )
    group.add_argument(
        "--site", metavar="GLN", help="where you are: no proof for another site counts"
    )
    group.add_argument(
        "--log", metavar="URL",
        help="web address of the log to ask; with --bundle, only whether its history is one",
    )  # fmt: skip
    group.add_argument(
        "--key", metavar="FILE", help="key file to sign in with at --log, or to open --fingerprints"
    )
    group.add_argument(
        "--fingerprint", action="store_true",
        help="look at the print of every pack's label, not only where the log asks for it",
    )  # fmt: skip
    group.add_argument(
        "--fingerprints", metavar="FILE|FOLDER",
        help="sealed fingerprints (packtrace fingerprints): look at labels' prints offline",
    )  # fmt: skip
    group.add_argument("--trust", metavar="FILE", help="trust file with the log's key")
    group.add_argument(
        "--keep", metavar="FOLDER|none",
        help="where the log's checkpoints that were seen are kept; by default the trust file's name "
        "with .seen behind it",
    )  # fmt: skip


def _add_sources(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--camera", type=_camera, metavar="N", help="a live camera, from 0")
    group.add_argument("--list-cameras", action="store_true", help="list the cameras, and end")
    group.add_argument("--size", type=_size, metavar="WxH", help="the camera's resolution")
    group.add_argument(
        "--focus", type=_number, metavar="F", help="fixed focus, in the camera's units"
    )
    group.add_argument("--exposure", type=_number, metavar="E", help="fixed exposure, likewise")
    group.add_argument(
        "--wait", type=_seconds, metavar="SECONDS", default=WAIT_S,
        help="how long to wait for a camera that is busy or away (default %(default)g)",
    )  # fmt: skip
    group.add_argument("--headless", action="store_true", help="no window for the live camera")
    group.add_argument("--quiet", action="store_true", help="no beep")
    group.add_argument(
        "--wedge", action="store_true",
        help="text comes from a keyboard-wedge scanner, by default on standard input",
    )  # fmt: skip
    group.add_argument("--prefix", default="", help="what the wedge scanner puts before a code")
    group.add_argument("--suffix", default="", help="what it puts behind, before Enter or Tab")
    group.add_argument("--source", choices=SOURCES, help="what read the codes, if not as it seems")


def _camera(text: str) -> int:
    # OpenCV takes the hundreds of a camera's number for the name of a driver.
    if not re.fullmatch(r"[0-9]{1,2}", text, re.ASCII):
        raise argparse.ArgumentTypeError(
            f"{text[:40]!r} is no camera's number, 0 to 99; --list-cameras shows them"
        )
    return int(text)


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no number such as 120")
    return number


def _size(text: str) -> tuple[int, int]:
    try:
        return size_of(text)
    except Malformed as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _seconds(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,3})?", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} are no seconds such as 30")
    return float(text)
