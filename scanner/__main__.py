"""`python -m scanner`: pictures or typed text to verdicts, one line per pack.

Exit status: 0 every verdict is OK; 1 at least one is Hold or Do not supply; 2 something could not be
checked or read.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import datetime
from getpass import getpass
from pathlib import Path
from typing import Final

from ledger.errors import LedgerError, Malformed
from ledger.proof import clock_words
from ledger.remote import LIMITS, ProvenList, verify_list
from ledger.rules.verdict import HOLD, NOT_CHECKED, OK, PURPOSES, Verdict, verdict
from ledger.statement import keyfile
from ledger.statement.gs1 import Label, is_gln, parse_scan
from ledger.tlog.policy import Policy
from scanner import check, frames, symbols

_SYMBOLS: Final = {OK: "✓", HOLD: "!", NOT_CHECKED: "?"}
_EXAMPLES: Final = """examples:
  python -m scanner --read photo.jpg
  python -m scanner photo.jpg --bundle pack.packtrace.json --trust trust.txt
  python -m scanner photo.jpg --bundle proofs/ --status list.packtrace.json --trust trust.txt
  python -m scanner var/demo/labels/good.png --log http://localhost:8000 --trust var/demo/trust.txt
exit status: 0 all OK, 1 at least one Hold or Do not supply, 2 something could not be checked"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; answers the exit status."""
    options = _parser().parse_args(arguments)
    if options.read:
        return _read(options.input)
    if not options.trust or bool(options.log) == bool(options.bundle):
        print(
            "Give --trust FILE, and either --bundle FILE or --log URL; --help shows examples.",
            file=sys.stderr,
        )
        return 2
    now = datetime.now().astimezone()
    try:
        trust = Policy.parse(_bytes(options.trust))
        judge = _judge(options, trust, now)
    except LedgerError as error:
        print(f"{error}", file=sys.stderr)
        return 2
    words = []
    for given in options.input:
        found = _one(given, judge, options.purpose, now)
        words.append(found.word)
        _print(given, found, judge.told_offline(found), as_json=options.json)
    if NOT_CHECKED in words:
        return 2
    return 0 if all(word == OK for word in words) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scanner",
        description="Check medicine packs by their label, every proof verified here.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "input", nargs="+", metavar="IMAGE|TEXT", help="picture file, or a label's text"
    )
    parser.add_argument("--read", action="store_true", help="only decode: one JSON line a symbol")
    parser.add_argument(
        "--bundle", metavar="FILE|FOLDER", help="proof bundle, or a folder of them: check offline"
    )
    parser.add_argument(
        "--status", metavar="FILE", help="status list: what is held or recalled, to check offline"
    )
    parser.add_argument(
        "--site", metavar="GLN", help="where you are: no proof for another site counts"
    )
    parser.add_argument("--log", metavar="URL", help="web address of the log to ask")
    parser.add_argument("--key", metavar="FILE", help="key file to sign in with at --log")
    parser.add_argument("--trust", metavar="FILE", help="trust file with the log's key")
    parser.add_argument("--purpose", choices=PURPOSES, default="check", help="why you ask")
    parser.add_argument("--json", action="store_true", help="one JSON object a pack")
    return parser


def _bytes(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise Malformed(f"{path} cannot be read: {error.strerror}") from error


class _Judge:
    """How labels are judged in this run: by one bundle, or by a log's web address."""

    def __init__(self, trust: Policy, now: datetime, options: argparse.Namespace) -> None:
        self.trust, self.now, self.purpose = trust, now, options.purpose
        self.site: str | None = options.site
        self.bundle = b""
        self.shelf: check.Shelf | None = None
        self.listed: ProvenList | None = None
        self.online: check.Online | None = None

    def __call__(self, label: Label) -> Verdict:
        if self.online is not None:
            return self.online.verdict(label, self.trust, self.now, self.purpose, self.site)
        data = self.shelf.bundle(label.id) if self.shelf is not None else self.bundle
        if data is None:
            return verdict({"not-in-proof": ""}, self.purpose)
        return check.by_bundle(
            label, data, self.trust, self.now, self.purpose, self.listed, self.site
        )

    def told_offline(self, found: Verdict) -> dict[str, object]:
        """As of when an offline verdict is, and what no offline proof can show."""
        if self.online is not None:
            return {}
        state, listed = found.state, self.listed.listed if self.listed else None
        return {
            "for_site": state.site if state else None,
            "proof_as_of": clock_words(state.as_of_ms) if state and state.as_of_ms > 0 else None,
            "list_as_of": listed.time if listed else None,
            "not_shown": list(LIMITS),
        }


def _judge(options: argparse.Namespace, trust: Policy, now: datetime) -> _Judge:
    if options.site is not None and not is_gln(options.site):
        raise Malformed(f"{options.site[:40]!r} is no GLN: give the 13 digits of your site")
    judge = _Judge(trust, now, options)
    if options.status:
        judge.listed = _status_list(options.status, trust, now)
    if options.bundle and Path(options.bundle).is_dir():
        files = sorted(p for p in Path(options.bundle).iterdir() if ".packtrace.json" in p.name)
        judge.shelf = check.Shelf((_bytes(str(path)) for path in files), judge.site)
        if not len(judge.shelf):
            raise Malformed(f"{options.bundle} holds no proof bundle (*.packtrace.json)")
        return judge
    if options.bundle:
        judge.bundle = _bytes(options.bundle)
        return judge
    judge.online = check.Online(options.log)
    if options.key:
        data = _bytes(options.key)
        about = keyfile.describe(data)
        passphrase = getpass(f"Passphrase of {options.key}: ").encode() if about.encrypted else b""
        seed = keyfile.unseal(data, passphrase)
        judge.online.sign_in(about.party, seed, int(now.timestamp() * 1000))
    return judge


def _status_list(path: str, trust: Policy, now: datetime) -> ProvenList:
    try:
        return verify_list(_bytes(path), trust, int(now.timestamp() * 1000))
    except LedgerError as error:
        raise type(error)(f"{path}: {error}") from error


def _one(given: str, judge: _Judge, purpose: str, now: datetime) -> Verdict:
    try:
        path = Path(given)
        is_file = len(given) < 1024 and "\0" not in given and path.is_file()
    except OSError:
        is_file = False
    try:
        if is_file:
            found = symbols.read(frames.read_file(path))
            if not found:
                return verdict({"unreadable": "no code in the picture"}, purpose)
            label = check.read_label(found, now.year).label
        else:
            label = parse_scan(given, year=now.year)
    except Malformed as error:
        return verdict({"not-our-label": str(error)}, purpose)
    if not label.id:
        return verdict({"not-our-label": "it names no single pack"}, purpose)
    return judge(label)


def _print(given: str, found: Verdict, offline: dict[str, object], *, as_json: bool) -> None:
    state = found.state
    if as_json:
        line = {
            "input": given,
            "verdict": found.word,
            "purpose": found.purpose,
            "id": state.id if state else None,
            "product": state.product if state else None,
            "lot": state.lot if state else None,
            "expiry": state.expiry.isoformat() if state and state.expiry else None,
            "state": state.state if state else None,
            "as_of": state.as_of_ms if state else None,
            "reasons": [reason._asdict() for reason in found.reasons],
            **offline,
        }
        print(json.dumps(line, ensure_ascii=False))
        return
    print(f"{_SYMBOLS.get(found.word, '✕')} {found.word}  {state.id if state else given[:120]!s}")
    for reason in found.reasons:
        print(f"    {reason.words} {reason.next}")
    if offline:
        print(
            f"    Checked offline{_for_site(offline)}: the proof is as of "
            f"{offline['proof_as_of'] or 'unknown'}, ",
            end="",
        )
        print(
            f"the status list {'as of ' + str(offline['list_as_of']) if offline['list_as_of'] else 'missing'}."
        )
        print(f"    It cannot show: {'; '.join(LIMITS)}.")


def _for_site(offline: dict[str, object]) -> str:
    return f" for site {offline['for_site']}" if offline["for_site"] else ""


def _read(inputs: Sequence[str]) -> int:
    """Decode only: a JSON line a symbol, `"text": null` for a picture without one."""
    status = 0
    for given in inputs:
        line: dict[str, object] = {"file": given, "format": None, "text": None, "corners": None}
        try:
            found = symbols.read(frames.read_file(Path(given)))
        except Malformed as error:
            print(json.dumps({**line, "error": str(error)}, ensure_ascii=False))
            status = 2
            continue
        for symbol in found:
            told = {"format": symbol.format, "text": symbol.text, "corners": symbol.corners}
            print(json.dumps({**line, **told}, ensure_ascii=False))
        if not found:
            print(json.dumps(line))
    return status


if __name__ == "__main__":
    sys.exit(main())
