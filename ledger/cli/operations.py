"""One command per operation on packs: build, sign, submit.

Items are given as labels say them: Digital Links, element strings, GTIN and serial, SSCC.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from ledger.build import sign_event
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
from ledger.proof import clock_words
from ledger.statement.events import parse_date
from ledger.statement.forms import QUARANTINE_REASONS
from ledger.statement.gs1 import parse_scan
from ledger.statement.submission import Submission


def item_ids(given: Sequence[str], file: Path | None) -> list[str]:
    """Canonical ids of items given as arguments, lines of a file, or lines of stdin ("-").

    Raises Malformed, naming the line that is no single item.
    """
    texts = [text for text in given if text != "-"]
    if "-" in given:
        texts += sys.stdin.read().split("\n")
    if file is not None:
        try:
            texts += file.read_text("utf-8").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise Malformed(f"{file} cannot be read as text: {error}") from error
    found: dict[str, None] = {}
    for text in filter(None, (text.strip() for text in texts)):
        label = parse_scan(text, year=datetime.now().astimezone().year)
        if not label.id:
            raise Malformed(f"{text[:80]!r} names no single item: give GTIN and serial, or SSCC")
        if label.id in found:
            raise Refused("items-mismatch", f"{label.id} is listed twice; list each item once")
        found[label.id] = None
    return list(found)


def submit_event(
    op: str,
    where: str,
    key_paths: Sequence[Path],
    site: str | None,
    ids: Sequence[str],
    as_json: bool,
    fields: Callable[[Folder | Web, str], dict[str, Any]] = lambda _target, _by: {},
) -> None:
    """Build, sign and submit an event, and print the receipt.

    `fields` gives what the operation needs beyond items, for the target and the acting party.
    """
    target = open_target(where)
    about = read_about(key_paths[0])
    if not about.party:
        raise Malformed(f"{key_paths[0]} belongs to no party; sign with a party's key")
    here = site or _only_site(target, about.id)
    submission = sign_event(
        op,
        [load_key(path) for path in key_paths],
        log=target.origin,
        by=about.party,
        site=here,
        time_ms=now_ms(),
        time_offset=_offset(),
        nonce=secrets.token_bytes(16),
        secret=secrets.token_bytes(32),
        ids=ids,
        **fields(target, about.party),
    )
    told = target.submit(submission)
    words = f"{op}: {len(ids)} item(s), statement {told['id']}, entry {told['index']}"
    already = told.get("already", {})
    words += "".join(
        f"\n  {item} was already done here at {clock_words(ms)}" for item, ms in already.items()
    )
    echo(as_json, told, words)


def _only_site(target: Folder | Web, keyid: str) -> str:
    if isinstance(target, Folder):
        key = target.reader.authority().keys.get(keyid)
        sites = sorted(key.sites) if key else []
    else:
        sites = list(target.get(f"/api/keys/{keyid}")["sites"])
    if len(sites) != 1:
        raise Malformed("the key is bound to no single site; name one with --site GLN")
    return str(sites[0])


def _party_of(target: Folder | Web, site: str) -> str:
    if isinstance(target, Folder):
        record = target.reader.authority().site(site)
        if record is None:
            raise Refused("unknown-site", f"site {site} is not on record")
        return record.party
    return str(target.get(f"/api/sites/{site}")["party"])


def _offset() -> str:
    text = datetime.now().astimezone().strftime("%z")
    return f"{text[:3]}:{text[3:5]}"


def _event_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options that every operation has."""
    for option in (
        json_option,
        log_option,
        click.option("--site", metavar="GLN", help="Where; by default the key's only site."),
        key_option,
        click.option("--file", "file", type=click.Path(path_type=Path), help="Items, one a line."),
    ):
        command = option(command)
    return command


_items_argument = click.argument("items", nargs=-1, metavar="ITEM...")


def _simple(op: str, words: str, example: str) -> click.Command:
    """A command for an operation that needs nothing but its items."""

    @click.command(op, help=f"{words}\n\n\b\nExample:\n  packtrace {op} {example}")
    @_items_argument
    @_event_options
    def command(
        items: tuple[str, ...], file: Path | None, key_paths: tuple[Path, ...], site: str | None,
        where: str, as_json: bool,
    ) -> None:  # fmt: skip
        submit_event(op, where, key_paths, site, item_ids(items, file), as_json)

    return command


@click.command()
@_items_argument
@click.option("--lot", help="Lot number, for packs.")
@click.option("--expiry", metavar="YYYY-MM-DD", help="Expiry date, for packs.")
@_event_options
def commission(
    items: tuple[str, ...], lot: str | None, expiry: str | None, file: Path | None,
    key_paths: tuple[Path, ...], site: str | None, where: str, as_json: bool,
) -> None:  # fmt: skip
    """Bring packs of one lot, or logistic units, onto the record.

    \b
    Example:
      packtrace commission --key line.key --lot EX2601 --expiry 2028-01-31 --file serials.txt
    """
    fields: dict[str, Any] = {}
    if (lot is None) != (expiry is None):
        raise Malformed("packs have both --lot and --expiry, logistic units neither")
    if lot is not None and expiry is not None:
        fields = {"lot": lot, "expiry": parse_date(expiry, "--expiry")}
    ids = item_ids(items, file)
    submit_event("commission", where, key_paths, site, ids, as_json, lambda _t, _b: fields)


def _container(op: str, words: str, example: str) -> click.Command:
    @click.command(op, help=f"{words}\n\n\b\nExample:\n  packtrace {op} {example}")
    @click.argument("container", metavar="SSCC")
    @_items_argument
    @_event_options
    def command(
        container: str, items: tuple[str, ...], file: Path | None, key_paths: tuple[Path, ...],
        site: str | None, where: str, as_json: bool,
    ) -> None:  # fmt: skip
        parent = item_ids([container], None)[0]
        ids = item_ids(items, file)
        submit_event(op, where, key_paths, site, ids, as_json, lambda _t, _b: {"parent": parent})

    return command


@click.command()
@_items_argument
@click.option("--to", "to_site", required=True, metavar="GLN", help="The receiving site.")
@click.option("--to-owner", metavar="GLN", help="Owner on receipt; by default the site's party.")
@click.option("--owner", metavar="GLN", help="Owner now; by default the acting party.")
@click.option("--number", help="Tracking number; made if not given.")
@_event_options
def ship(
    items: tuple[str, ...], to_site: str, to_owner: str | None, owner: str | None,
    number: str | None, file: Path | None, key_paths: tuple[Path, ...], site: str | None,
    where: str, as_json: bool,
) -> None:  # fmt: skip
    """Send items to another site; the statement's id is what the receiver names.

    \b
    Example:
      packtrace ship --key dock.key --to 9521301000106 --number DA-1 00095211010000000016
    """

    def fields(target: Folder | Web, by: str) -> dict[str, Any]:
        return {
            "source_party": owner or by,
            "dest_party": to_owner or _party_of(target, to_site),
            "dest_site": to_site,
            "number": number or secrets.token_hex(5).upper(),
        }

    submit_event("ship", where, key_paths, site, item_ids(items, file), as_json, fields)


def _of_shipment(op: str, words: str, example: str) -> click.Command:
    @click.command(op, help=f"{words}\n\n\b\nExample:\n  packtrace {op} {example}")
    @_items_argument
    @click.option("--shipment", required=True, metavar="ID", help="The ship statement's id.")
    @_event_options
    def command(
        items: tuple[str, ...], shipment: str, file: Path | None, key_paths: tuple[Path, ...],
        site: str | None, where: str, as_json: bool,
    ) -> None:  # fmt: skip
        ids = item_ids(items, file) or _announced(where, shipment)
        fields = {"shipment": shipment}
        submit_event(op, where, key_paths, site, ids, as_json, lambda _t, _b: fields)

    return command


def _announced(where: str, shipment: str) -> list[str]:
    """All that a shipment named, where the log's folder is at hand."""
    target = open_target(where)
    if not isinstance(target, Folder):
        raise Malformed("over HTTP, list the items that arrived")
    try:
        found = target.reader.find(shipment)
    except LookupError as error:
        raise Refused("unknown-shipment", f"no shipment {shipment} is on the log") from error
    return [item.id for item in target.reader.items(found.index)]


@click.command()
@_items_argument
@click.option("--of", "undoes", required=True, metavar="ID", help="The statement to undo.")
@_event_options
def undo(
    items: tuple[str, ...], undoes: str, file: Path | None, key_paths: tuple[Path, ...],
    site: str | None, where: str, as_json: bool,
) -> None:  # fmt: skip
    """Take back a supply of packs that were not handed out.

    \b
    Example:
      packtrace undo --key counter.key --of 4564b1…13 '(01)09521101000016(21)EX260100000'
    """
    ids = item_ids(items, file)
    submit_event("undo", where, key_paths, site, ids, as_json, lambda _t, _b: {"undoes": undoes})


@click.command()
@_items_argument
@click.option("--reason", type=click.Choice(QUARANTINE_REASONS), required=True, help="Why.")
@_event_options
def quarantine(
    items: tuple[str, ...], reason: str, file: Path | None, key_paths: tuple[Path, ...],
    site: str | None, where: str, as_json: bool,
) -> None:  # fmt: skip
    """Put items on hold.

    \b
    Example:
      packtrace quarantine --key counter.key --reason damaged '(01)09521101000016(21)EX260100000'
    """
    ids = item_ids(items, file)
    submit_event(
        "quarantine", where, key_paths, site, ids, as_json, lambda _t, _b: {"reason": reason}
    )


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


_PACK = "'(01)09521101000016(21)EX260100000'"
COMMANDS = (
    commission,
    _container("pack", "Pack items into a container (SSCC).", f"--key line.key 095211010000000016 {_PACK}"),
    _container(
        "unpack", "Unpack items from a container; all of it when none is named.",
        "--key dock.key 095211010000000016",
    ),
    ship,
    _of_shipment(
        "receive", "Receive a shipment; all of it when no item is named.",
        "--key dock.key --shipment 4564b1…13",
    ),
    _of_shipment(
        "void", "Call back a shipment, or some of it, before any receipt.",
        "--key dock.key --shipment 4564b1…13",
    ),
    _simple("supply", "Supply packs to a patient; nothing of the patient is recorded.",
            f"--key counter.key {_PACK}"),
    undo,
    quarantine,
    _simple("release", "Release items from the hold that you set.", f"--key counter.key {_PACK}"),
    submit,
)  # fmt: skip
