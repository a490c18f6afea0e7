"""`python -m scanner fingerprint`: enrol a printed label from pictures, and hold others against it."""

from __future__ import annotations

import argparse
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ledger.errors import LedgerError, Malformed
from scanner import output
from scanner.arguments import Parser
from scanner.fingerprint.enrol import enrol
from scanner.fingerprint.match import COPY_SUSPECTED, GENUINE_MATCH, Match, match
from scanner.fingerprint.session import MODULE_MM, Rules, Session
from scanner.fingerprint.template import SEED, Template
from scanner.fingerprint.wording import REASONS, VERDICTS
from scanner.frames import read_file

_MOST: Final = 1_000_000  # bytes that are read of a template; none is so long
_STATUS: Final = {GENUINE_MATCH: 0, COPY_SUSPECTED: 1}
_EXAMPLES: Final = """examples:
  python -m scanner fingerprint enrol first.png second.png third.png -o pack.afp
  python -m scanner fingerprint match pack.afp photo.jpg
  python -m scanner fingerprint match pack.afp one.jpg two.jpg --module-mm 0.5 --json
exit status: 0 enrolled, or no contradiction found; 1 copy suspected; 2 cannot tell, or refused"""


def main(arguments: Sequence[str]) -> int:
    """Run `fingerprint`'s command line; answers the exit status."""
    options = _parser().parse_args(arguments)
    try:
        if options.act == "enrol":
            return _enrol(options)
        return _match(options)
    except LedgerError as error:
        output.note(str(error))
        return 2


def _parser() -> argparse.ArgumentParser:
    made = Parser(
        prog="python -m scanner fingerprint",
        description="Tell a printed label from copies of it, by the raggedness of its print.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    acts = made.add_subparsers(dest="act", required=True, metavar="enrol|match")
    one = acts.add_parser("enrol", help="pictures of one label to a template")
    one.add_argument("images", nargs="+", metavar="IMAGE", help="pictures of the label")
    one.add_argument("-o", "--out", required=True, metavar="FILE", help="the template to write")
    two = acts.add_parser("match", help="hold pictures of a label against a template")
    two.add_argument("template", metavar="TEMPLATE", help="what enrol wrote")
    two.add_argument("images", nargs="+", metavar="IMAGE", help="pictures of one label")
    for each in (one, two):
        each.add_argument("--json", action="store_true", help="one JSON object")
        each.add_argument(
            "--module-mm", type=_millimetres, default=MODULE_MM, metavar="MM",
            help="side of a printed module, to tell the resolution (default %(default)g)",
        )  # fmt: skip
    return made


def _millimetres(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.05 <= value <= 10:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no module's side such as 0.42")
    return value


def _look(session: Session, images: Sequence[str]) -> None:
    for name in images:
        try:
            frame = read_file(Path(name))
        except LedgerError as error:
            session.turned_away.append("unreadable")
            output.note(str(error))
            continue
        for reason in session.add(frame).reasons:
            output.note(f"{name}: {REASONS[reason]}")


def _enrol(options: argparse.Namespace) -> int:
    seed = secrets.token_bytes(SEED)
    session = Session(seed, module_mm=options.module_mm, rules=Rules.FILES)
    _look(session, options.images)
    template = enrol(session)
    path = Path(options.out)
    try:
        # Whoever has a template can make what matches it.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(bytes(template))
    except OSError as error:
        raise Malformed(f"{path} cannot be written: {error.strerror}") from error
    told = {
        "template": str(path), "text": session.text, "frames": template.frames,
        "px_per_mm": round(template.px_per_mm, 1), "focus": round(template.focus, 3),
    }  # fmt: skip
    if options.json:
        output.say(told)
    else:
        seen = f"{template.frames} picture(s) at {template.px_per_mm:.0f} pixels/mm"
        output.tell_lines([f"Enrolled from {seen}: {session.text}"])
    return 0


def _match(options: argparse.Namespace) -> int:
    path = Path(options.template)
    try:
        with path.open("rb") as file:
            data = file.read(_MOST)
    except (OSError, ValueError) as error:
        raise Malformed(f"{path} cannot be read: {error}") from error
    template = Template.parse(data)
    session = Session(
        template.seed, template.design, module_mm=options.module_mm, rules=Rules.FILES
    )
    _look(session, options.images)
    found = match(template, session)
    if options.json:
        output.say(_object(found))
    else:
        output.tell_lines(_words(found))
    return _STATUS.get(found.verdict, 2)


def _object(found: Match) -> dict[str, object]:
    tail = found.false_match_log10
    return {
        "score": None if found.score is None else round(found.score, 4),
        "verdict": found.verdict,
        "reasons": list(found.reasons),
        "frames": found.frames,
        "px_per_mm": round(found.px_per_mm, 1),
        "false_match_log10": None if tail is None else round(tail, 2),
    }


def _words(found: Match) -> list[str]:
    told = [VERDICTS[found.verdict]]
    told += [f"  {REASONS[one]}" for one in found.reasons]
    if found.score is not None and found.false_match_log10 is not None:
        bound = 100 * (found.tested_bound or 0)
        told.append(
            f"  score {found.score:.2f} (0 the same print, .5 unrelated), {found.frames} picture(s), "
            f"{found.px_per_mm:.0f} pixels/mm; another print of this code by chance: "
            f"10^{found.false_match_log10:.1f} by model, under {bound:.1f} % by test"
        )
    return told
