"""`python -m scanner`: pictures, cameras or text to verdicts, one line per pack.

Exit status: 0 every verdict is OK; 1 at least one is Hold or Do not supply, or a label's print is
suspected to be a copy; 2 something could not be checked, read or told, or there is no verdict at all; 3
the log showed two histories.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from getpass import getpass
from pathlib import Path
from typing import Final, cast

import httpx

from ledger.errors import LedgerError, Malformed
from ledger.remote import MAX_LIST
from ledger.rules.reasons import HOLD, NOT_CHECKED, OK
from ledger.statement import keyfile
from ledger.statement.gs1 import is_gln
from ledger.statement.sealed import MAX_FILE
from ledger.tlog.policy import Policy
from scanner import check, output, symbols
from scanner.arguments import parser
from scanner.camera import Camera, Settings, list_cameras
from scanner.fingerprint.match import CANNOT_TELL
from scanner.history import PublicLog
from scanner.kept import Kept
from scanner.prints import Outcome, Prints
from scanner.prints_online import ByService
from scanner.prints_sealed import BySealed
from scanner.session import STILL_S, ByBundles, ByLog, Judge, Session, exit_status, open_list
from scanner.sources import Bytes, Sighting, open_source
from scanner.votes import Votes
from scanner.window import Window

NOWHERE: Final = "none"
_BELL: Final = "\a"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; answers the exit status."""
    output.ready()
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["fingerprint"]:
        return _fingerprint(words[1:])
    options = parser().parse_intermixed_args(words)
    try:
        return _start(options)
    except output.Unheard as unheard:
        return _unheard(unheard)
    except KeyboardInterrupt:
        return _refuse("Ended before all was done.")


def _start(options: argparse.Namespace) -> int:
    if options.list_cameras:
        output.tell_cameras(list_cameras(), as_json=options.json)
        return 0
    if not options.input and options.camera is None and not options.wedge:
        return _refuse(
            "Give a picture or a label's text, --camera 0 or --wedge; --help shows more."
        )
    if options.read:
        return _read(options)
    if not options.trust or not (options.log or options.bundle):
        return _refuse(
            "Give --trust FILE, and either --bundle FILE or --log URL; --help shows examples."
        )
    try:
        session, prints = _session(options)
        live = options.camera is not None and not options.headless
        window = Window(f"camera {options.camera}") if live else None
    except LedgerError as error:
        return _refuse(str(error))
    try:
        return _run(options, session, window, prints)
    finally:
        if window is not None:
            window.close()
        if prints is not None:
            prints.close()


def _fingerprint(words: Sequence[str]) -> int:
    from scanner.fingerprint import command

    try:
        return command.main(words)
    except output.Unheard as unheard:
        return _unheard(unheard)


def _refuse(words: str) -> int:
    output.note(words)
    return 2


def _unheard(unheard: output.Unheard) -> int:
    return _refuse(f"The verdicts cannot be written: {unheard}.") if str(unheard) else 2


def _clock() -> datetime:
    return datetime.now().astimezone()


def _run(
    options: argparse.Namespace, session: Session, window: Window | None, prints: Prints | None
) -> int:
    words: set[str] = set()
    split = False
    shown = _Shown(options, window, words)
    with closing(_sightings(options)) as sightings:
        try:
            for sighting in sightings:
                if sighting.notice:
                    output.note(sighting.notice)
                if window is not None and sighting.notice:
                    window.say(sighting.notice)
                for told in session.look(sighting):
                    words.add(told.verdict.word)
                    split = split or told.split
                    output.tell(told, as_json=options.json)
                    _beep(options, told.verdict.word)
                    if window is not None:
                        window.tell(told)
                    if prints is not None:
                        shown.outcomes(prints.told(sighting, told))
                if prints is not None:
                    shown.outcomes(prints.see(sighting))
                    shown.advice(prints.advice)
                if window is not None and not window.show(sighting.picture):
                    break
            if prints is not None:
                shown.outcomes(prints.end())
        except KeyboardInterrupt:
            pass  # how a live run ends
        except output.Unheard as unheard:
            _unheard(unheard)
            words.add(NOT_CHECKED)
    if not words:
        return _refuse("Nothing was read, so there is no verdict.")
    return exit_status(words, split=split)


@dataclass(slots=True)
class _Shown:
    """Where looks at labels' prints are told, and what of them counts for the exit status."""

    options: argparse.Namespace
    window: Window | None
    words: set[str]
    advised: str = ""

    def outcomes(self, found: Iterable[Outcome]) -> None:
        """Tell outcomes; one that somebody asked for and that cannot be told is one not checked."""
        for one in found:
            output.tell_print(one, as_json=self.options.json)
            if one.verdict != CANNOT_TELL or self.options.fingerprint:
                self.words.add(one.word)
            if one.word == HOLD:
                _beep(self.options, HOLD)
            if self.window is not None:
                self.window.tell_print(one)
                if one.notice:
                    self.window.say(one.notice)

    def advice(self, words: str) -> None:
        """Tell what to do now: in the window as it changes, else each new kind of it once."""
        if self.window is not None:
            self.window.advise(words)
        elif self.options.camera is not None and words.partition(":")[0] != self.advised:
            self.advised = words.partition(":")[0]
            if words:
                output.note(words)


def _beep(options: argparse.Namespace, word: str) -> None:
    """One bell for OK, three for all else; only where somebody stands before a terminal."""
    live = options.camera is not None or options.wedge
    if live and not options.quiet and sys.stderr is not None and sys.stderr.isatty():
        print(_BELL if word == OK else 3 * _BELL, end="", file=sys.stderr, flush=True)


def _sightings(options: argparse.Namespace) -> Generator[Sighting]:
    camera = None
    if options.camera is not None:
        width, height = options.size or (0, 0)
        settings = Settings(width, height, options.focus, options.exposure)
        camera = Camera(options.camera, settings, wait_s=options.wait)
    stdin = None if sys.stdin is None else cast(Bytes, sys.stdin.buffer)
    return open_source(
        options.input, camera=camera, stdin=stdin, wedge=options.wedge, prefix=options.prefix,
        suffix=options.suffix, paths_only=options.read,
    )  # fmt: skip


def _read(options: argparse.Namespace) -> int:
    """Decode only; a stream's symbols once they are agreed."""
    status, any_read = 0, False
    votes: dict[str, Votes] = {}
    silent: set[str] = set()  # streams that have shown no symbol yet
    for sighting in _sightings(options):
        name, frame, any_read = sighting.name, sighting.frame, True
        if sighting.notice:
            output.note(sighting.notice)
        if sighting.stream and name not in votes:
            votes[name] = Votes()
            silent.add(name)
        if sighting.problem or sighting.text is not None:
            output.tell_symbols(name, (), sighting.problem or "this is a text, not a picture")
            status = 2
        elif sighting.stream and frame is not None:
            if agreed := votes[name].add(symbols.read(frame)):
                silent.discard(name)
                output.tell_symbols(name, agreed)
        elif frame is not None:
            output.tell_symbols(name, symbols.read(frame, budget_s=STILL_S))
        elif sighting.ends and name in silent:
            output.tell_symbols(name, ())
        if sighting.ends:
            votes.pop(name, None)
    return status if any_read else _refuse("Nothing was there to be read.")


def _bytes(path: str, most: int = MAX_LIST) -> bytes:
    try:
        with Path(path).open("rb") as file:
            data = file.read(most + 1)  # a device has no end
    except OSError as error:
        raise Malformed(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise Malformed(f"no file can have this name: {path}") from error
    if len(data) > most:
        raise Malformed(f"{path} is over {most} bytes: it is none of a log's files")
    return data


def _session(options: argparse.Namespace) -> tuple[Session, Prints | None]:
    """What this run judges by, packs and their labels' prints. Raises LedgerError."""
    if (options.fingerprint or options.fingerprints) and not options.key:
        raise Malformed("to look at labels' prints, give --key FILE: your site's key file")
    if options.fingerprints and not options.bundle:
        raise Malformed("--fingerprints is for --bundle: online, the log looks at labels' prints")
    if options.fingerprint and options.bundle and not options.fingerprints:
        raise Malformed("with --bundle, give --fingerprints FILE to look at labels' prints")
    if options.site is not None and not is_gln(options.site):
        raise Malformed(f"{options.site[:40]!r} is no GLN: give the 13 digits of your site")
    trust = Policy.parse(_bytes(options.trust))
    kept = Kept(_folder(options), trust)
    listed, note = None, b""
    if options.status:
        try:
            listed, note = open_list(_bytes(options.status), trust, _clock())
        except LedgerError as error:
            raise type(error)(f"{options.status}: {error}") from error
    log = client = None
    if options.log:
        client = httpx.Client(timeout=check.TIMEOUT, follow_redirects=False)
        log = PublicLog(options.log, client)
    judge: Judge
    matcher: ByService | BySealed | None = None
    if options.bundle:
        bundles = _bundles(options)
        judge = ByBundles(trust, bundles, listed, options.site)
        if options.fingerprints:
            _, seed = _open_key(options.key)
            matcher = BySealed(_sealed(options.fingerprints), seed, bundles, trust)
    else:
        online = check.Online(options.log, client)
        if options.key:
            party, seed = _open_key(options.key)
            online.sign_in(party, seed, int(_clock().timestamp() * 1000))
            matcher = ByService(online)
        judge = ByLog(trust, online, options.site, repairs=bool(options.key))
    session = Session(
        judge, kept, _clock, purpose=options.purpose, source=options.source or "", listed=listed,
        list_note=note, log=log,
    )  # fmt: skip
    if matcher is None:
        return session, None
    live = f"camera {options.camera}" if options.camera is not None else ""
    return session, Prints(matcher, always=options.fingerprint, live=live)


def _folder(options: argparse.Namespace) -> Path | None:
    if options.keep == NOWHERE:
        return None
    return Path(options.keep or f"{options.trust}.seen")


def _bundles(options: argparse.Namespace) -> bytes | check.Shelf:
    folder = Path(options.bundle)
    try:
        if not folder.is_dir():
            return _bytes(options.bundle)
        named = sorted(path for path in folder.iterdir() if ".packtrace.json" in path.name)
        files = [path for path in named if path.is_file()]  # a pipe would be waited for
    except OSError as error:
        raise Malformed(f"{folder} cannot be read: {error.strerror}") from error
    shelf = check.Shelf((_bytes(str(path)) for path in files), options.site)
    if not len(shelf):
        raise Malformed(f"{folder} holds no proof bundle (*.packtrace.json)")
    return shelf


def _sealed(name: str) -> Iterator[bytes]:
    """A file of sealed fingerprints, or all in a folder."""
    path = Path(name)
    try:
        files = [str(one) for one in sorted(path.iterdir())] if path.is_dir() else [name]
    except OSError as error:
        raise Malformed(f"{path} cannot be read: {error.strerror}") from error
    if path.is_dir():
        files = [one for one in files if ".fingerprints.json" in one and Path(one).is_file()]
    if not files:
        raise Malformed(f"{path} holds no fingerprints (*.fingerprints.json)")
    for one in files:
        yield _bytes(one, MAX_FILE)


def _open_key(path: str) -> tuple[str, bytes]:
    """A key file's party and seed."""
    data = _bytes(path)
    about = keyfile.describe(data)
    return about.party, keyfile.unseal(data, _passphrase(path) if about.encrypted else b"")


def _passphrase(path: str) -> bytes:
    try:
        return getpass(f"Passphrase of {output.shown(path)}: ").encode()
    except (EOFError, AttributeError) as error:  # no terminal; the second with no standard input
        raise Malformed(f"{path} has a passphrase: start the scanner in a terminal") from error


if __name__ == "__main__":
    sys.exit(main())
