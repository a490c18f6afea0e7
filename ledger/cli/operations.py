"""One command per operation on packs: build, sign, submit.

Items are given as labels say them: Digital Links, element strings, GTIN and serial, SSCC. What
travels between sites is in `shipping`.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click

from ledger.build import sign_event
from ledger.cli.draft import deliver, draft_option
from ledger.cli.keys import read_about
from ledger.cli.target import (
    Folder,
    Web,
    echo,
    json_option,
    key_option,
    load_key,
    log_option,
    now_ms,
    open_target,
)
from ledger.errors import Malformed, Refused
from ledger.statement.events import parse_date
from ledger.statement.forms import AFTER_THE_FACT, QUARANTINE_REASONS
from ledger.statement.gs1 import parse_scan
from ledger.statement.submission import Submission

Fields = Callable[[Folder | Web, str], dict[str, Any]]  # what an operation needs beyond its items
PACK: Final = "'(01)09521101000016(21)EX260100000'"


def item_ids(given: Sequence[str], file: Path | None) -> list[str]:
    """Canonical ids of items given as arguments, lines of a file, or lines of stdin ("-").

    Raises Malformed, naming the line that is no single item.
    """
    texts = [text for text in given if text != "-"]
    if "-" in given:
        texts += sys.stdin.read().split("\n")
    if file is not None:
        texts += _lines(file)
    found: dict[str, None] = {}
    for text in filter(None, (text.strip() for text in texts)):
        item = _item_id(text)
        if item in found:
            raise Refused("items-mismatch", f"{item} is listed twice; list each item once")
        found[item] = None
    return list(found)


def _item_id(text: str) -> str:
    label = parse_scan(text, year=datetime.now().astimezone().year)
    if not label.id:
        raise Malformed(f"{text[:80]!r} names no single item: give GTIN and serial, or SSCC")
    return label.id


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise Malformed(f"{file} cannot be read as text: {error}") from error


Sign = Callable[..., Submission]  # an operation, ids, and what it needs beyond them


def signer(target: Folder | Web, options: dict[str, Any]) -> tuple[Sign, str]:
    """What signs events by the keys of `event_options`, each unsealed once; and for which party."""
    key_paths: Sequence[Path] = options["key_paths"]
    about = read_about(key_paths[0])
    if not about.party:
        raise Malformed(f"{key_paths[0]} belongs to no party; sign with a party's key")
    here = options["site"] or _only_site(target, about.id)
    seeds = [load_key(path) for path in key_paths]

    def sign(op: str, ids: Sequence[str], **more: Any) -> Submission:
        return sign_event(
            op,
            seeds,
            log=target.origin,
            by=about.party,
            site=here,
            time_ms=now_ms(),
            time_offset=_offset(),
            nonce=secrets.token_bytes(16),
            secret=secrets.token_bytes(32),
            ids=ids,
            **more,
        )

    return sign, about.party


def submit_event(
    op: str, ids: Sequence[str], options: dict[str, Any], fields: Fields = lambda _t, _b: {}
) -> None:
    """Build, sign and submit an event, and print the receipt.

    `options` are those of `event_options`; `fields` gives what the operation needs beyond items,
    for the target and the acting party: the fields of `Event`, `over`, `missing`, `extras`.
    """
    target = open_target(options["where"])
    sign, party = signer(target, options)
    more = fields(target, party)
    if options["late"]:
        more["declared"] = AFTER_THE_FACT
    submission = sign(op, ids, **more)
    deliver(target, submission, options["draft"], options["as_json"], f"{op}: {len(ids)} item(s)")


def _only_site(target: Folder | Web, keyid: str) -> str:
    if isinstance(target, Folder):
        key = target.reader.authority().keys.get(keyid)
        sites = sorted(key.sites) if key else []
    else:
        sites = list(target.get(f"/api/keys/{keyid}")["sites"])
    if len(sites) != 1:
        raise Malformed("the key is bound to no single site; name one with --site GLN")
    return str(sites[0])


def _offset() -> str:
    text = datetime.now().astimezone().strftime("%z")
    return f"{text[:3]}:{text[3:5]}"


def event_options(command: Callable[..., None]) -> Callable[..., None]:
    """The items, and the options that every operation has."""
    for option in (
        json_option,
        log_option,
        draft_option,
        click.option(
            "--after-the-fact", "late", is_flag=True,
            help="It happened before and is recorded now; if it breaks a rule, as an observation.",
        ),
        click.option("--site", metavar="GLN", help="Where; by default the key's only site."),
        key_option,
        click.option("--file", "file", type=click.Path(path_type=Path), help="Items, one a line."),
        click.argument("items", nargs=-1, metavar="ITEM..."),
    ):  # fmt: skip
        command = option(command)
    return command


def named(items: Iterable[str], options: dict[str, Any]) -> list[str]:
    """The ids of the items on the command line and in --file."""
    return item_ids(list(items), options["file"])


def _simple(op: str, words: str, example: str, name: str = "") -> click.Command:
    """A command for an operation that needs nothing but its items."""
    name = name or op.replace("_", "-")

    @click.command(name, help=f"{words}\n\n\b\nExample:\n  packtrace {name} {example}")
    @event_options
    def command(items: tuple[str, ...], **options: Any) -> None:
        submit_event(op, named(items, options), options)

    return command


_prints_option = click.option(
    "--prints", type=click.Path(path_type=Path),
    help="Fingerprints of labels, as `enrol --prints` wrote them; names the packs where nothing else does.",
)  # fmt: skip


@click.command()
@click.option("--lot", help="Lot number, for packs.")
@click.option("--expiry", metavar="YYYY-MM-DD", help="Expiry date, for packs.")
@_prints_option
@event_options
def commission(
    items: tuple[str, ...], lot: str | None, expiry: str | None, prints: Path | None, **options: Any
) -> None:
    """Bring packs of one lot, or logistic units, onto the record.

    \b
    Examples:
      packtrace commission --key line.key --lot EX2601 --expiry 2028-01-31 --file serials.txt
      packtrace commission --key line.key --lot EX2601 --expiry 2028-01-31 --prints prints.tsv
    """
    fields: dict[str, Any] = {}
    if (lot is None) != (expiry is None):
        raise Malformed("packs have both --lot and --expiry, logistic units neither")
    if lot is not None and expiry is not None:
        fields = {"lot": lot, "expiry": parse_date(expiry, "--expiry")}
    ids, extras = _with_prints(named(items, options), prints)
    submit_event("commission", ids, options, lambda _t, _b: fields | extras)


def _with_prints(ids: list[str], prints: Path | None) -> tuple[list[str], dict[str, Any]]:
    """The packs, and the fingerprints that come with them: of those named, or else all."""
    if prints is None:
        return ids, {}
    extras = read_prints(prints)
    ids = ids or list(extras)
    if strangers := extras.keys() - set(ids):
        raise Malformed(f"{prints} has the fingerprint of {min(strangers)}, which is not named")
    return ids, {"extras": extras}


@click.command()
@click.option(
    "--from", "inputs", multiple=True, required=True, metavar="ID",
    help="The check-out whose packs go in; repeat for several.",
)  # fmt: skip
@click.option("--lot", required=True, help="Lot number of the new packs.")
@click.option("--expiry", required=True, metavar="YYYY-MM-DD", help="Not later than what goes in.")
@_prints_option
@event_options
def repack(
    items: tuple[str, ...], inputs: tuple[str, ...], lot: str, expiry: str, prints: Path | None,
    **options: Any,
) -> None:  # fmt: skip
    """Bring packs onto the record that were made of packs checked out before.

    \b
    Example:
      packtrace repack --key line.key --from 4564b1…13 --lot RP1 --expiry 2028-01-31 --file new.txt
    """
    fields = {
        "inputs": tuple(sorted(inputs)), "lot": lot, "expiry": parse_date(expiry, "--expiry")
    }  # fmt: skip
    ids, extras = _with_prints(named(items, options), prints)
    submit_event("repack", ids, options, lambda _t, _b: fields | extras)


def _container(op: str, words: str, example: str) -> click.Command:
    @click.command(op, help=f"{words}\n\n\b\nExample:\n  packtrace {op} {example}")
    @click.argument("container", metavar="SSCC")
    @event_options
    def command(container: str, items: tuple[str, ...], **options: Any) -> None:
        parent = item_ids([container], None)[0]
        submit_event(op, named(items, options), options, lambda _t, _b: {"parent": parent})

    return command


@click.command()
@click.option("--of", "undoes", required=True, metavar="ID", help="The statement to undo.")
@event_options
def undo(items: tuple[str, ...], undoes: str, **options: Any) -> None:
    """Take back what was not handed out: a supply, a sample, an export, a check-out.

    \b
    Example:
      packtrace undo --key counter.key --of 4564b1…13 '(01)09521101000016(21)EX260100000'
    """
    submit_event("undo", named(items, options), options, lambda _t, _b: {"undoes": undoes})


@click.command()
@click.option("--reason", type=click.Choice(QUARANTINE_REASONS), required=True, help="Why.")
@event_options
def quarantine(items: tuple[str, ...], reason: str, **options: Any) -> None:
    """Put items on hold.

    \b
    Example:
      packtrace quarantine --key counter.key --reason damaged '(01)09521101000016(21)EX260100000'
    """
    submit_event("quarantine", named(items, options), options, lambda _t, _b: {"reason": reason})


@click.command()
@click.option("--reason", required=True, metavar="CODE", help="The verdict's code.")
@event_options
def inspect(items: tuple[str, ...], reason: str, **options: Any) -> None:
    """Record what a scan showed; it changes nothing.

    \b
    Example:
      packtrace inspect --key counter.key --reason other-holder '(01)09521101000016(21)EX260100000'
    """
    submit_event("inspect", named(items, options), options, lambda _t, _b: {"reason": reason})


def read_prints(file: Path) -> dict[str, bytes]:
    """The commitments of a file, one pack a line: the pack, a tab, 64 hex digits.

    Of two lines about a pack the last counts. Raises Malformed, naming the line.
    """
    found = {}
    for line in filter(None, _lines(file)):
        text, _, digits = line.rpartition("\t")
        try:
            made = bytes.fromhex(digits)
        except ValueError:
            made = b""
        if len(digits) != 2 * len(made) or len(made) != 32:
            raise Malformed(f"{line[:80]!r} is not a pack, a tab and 64 hex digits")
        found[_item_id(text)] = made
    return found


def enrol_prints(prints: Path, options: dict[str, Any]) -> None:
    """Commit to the fingerprints in a file."""
    extras = read_prints(prints)
    submit_event("enrol", list(extras), options, lambda _t, _b: {"extras": extras})


@click.command()
@click.option(
    "--prints", required=True, type=click.Path(path_type=Path),
    help="One pack a line: the pack, a tab, its fingerprint's commitment (64 hex digits).",
)  # fmt: skip
@event_options
def enrol(items: tuple[str, ...], prints: Path, **options: Any) -> None:
    """Commit to the fingerprints of packs' labels.

    \b
    Example:
      packtrace enrol --key line.key --prints prints.tsv
    """
    if items or options["file"]:
        raise Malformed("the packs are those of --prints; name no others")
    enrol_prints(prints, options)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@log_option
@json_option
def submit(file: Path, where: str, as_json: bool) -> None:
    """Submit a statement that was built and signed elsewhere; `-` reads it from stdin.

    The file holds one JSON object with `envelope`, and for an event `items` and `secret`.

    \b
    Example:
      packtrace submit statement.json --log http://localhost:8000
    """
    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise Malformed(f"{file} cannot be read: {error.strerror}") from error
    told = open_target(where).submit(Submission.parse(data))
    echo(as_json, told, f"statement {told['id']}, entry {told['index']}")


COMMANDS = (
    commission,
    _container("pack", "Pack items into a container (SSCC).", f"--key line.key 095211010000000016 {PACK}"),
    _container(
        "unpack", "Unpack items from a container; all of it when none is named.",
        "--key dock.key 095211010000000016",
    ),
    _simple("supply", "Supply packs to a patient; nothing of the patient is recorded.",
            f"--key counter.key {PACK}"),
    _simple("open", "Supply a part of a pack; later parts need no statement.",
            f"--key counter.key {PACK}"),
    _simple("sample", "Take items out for testing.", f"--key line.key {PACK}"),
    _simple("free_sample", "Give packs out as free samples.", f"--key line.key {PACK}"),
    _simple("export", "Send items out of the market.", f"--key dock.key {PACK}", "export-goods"),
    _simple("lost", "Report items lost; the sender does while they are in transit.",
            f"--key dock.key {PACK}"),
    _simple("found", "Report lost items found; they come back on hold.", f"--key dock.key {PACK}"),
    _simple("stolen", "Report items stolen.", f"--key dock.key {PACK}"),
    _simple("destroyed", "Record that items were destroyed; two people sign.",
            f"--key dock.key --key colleague.key {PACK}"),
    _simple("check_out", "Take packs out of stock to repack them.", f"--key line.key {PACK}"),
    repack,
    undo,
    quarantine,
    _simple("release", "Release items from the hold that you set.", f"--key counter.key {PACK}"),
    _simple("transfer", "Take over the ownership of items; the old owner's key signs too.",
            f"--key buyer.key --key seller.key {PACK}"),
    enrol,
    inspect,
    submit,
)  # fmt: skip
