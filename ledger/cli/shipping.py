"""Commands for what travels between sites: sent, sent back, called back, turned away, received."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import click

from ledger.cli.operations import PACK, event_options, item_ids, named, submit_event
from ledger.cli.target import Folder, Web, open_target
from ledger.errors import Malformed, Refused


def _party_of(target: Folder | Web, site: str) -> str:
    if isinstance(target, Folder):
        record = target.reader.authority().site(site)
        if record is None:
            raise Refused("unknown-site", f"site {site} is not on record")
        return record.party
    return str(target.get(f"/api/sites/{site}")["party"])


def _sending(op: str, words: str, example: str) -> click.Command:
    name = op.replace("_", "-")

    @click.command(name, help=f"{words}\n\n\b\nExample:\n  packtrace {name} {example}")
    @click.option("--to", "to_site", required=True, metavar="GLN", help="The receiving site.")
    @click.option(
        "--to-owner", metavar="GLN", help="Owner on receipt; by default the site's party."
    )
    @click.option("--owner", metavar="GLN", help="Owner now; by default the acting party.")
    @click.option("--number", help="Tracking number; made if not given.")
    @event_options
    def command(
        items: tuple[str, ...], to_site: str, to_owner: str | None, owner: str | None,
        number: str | None, **options: Any,
    ) -> None:  # fmt: skip
        def fields(target: Folder | Web, by: str) -> dict[str, Any]:
            return {
                "source_party": owner or by,
                "dest_party": to_owner or _party_of(target, to_site),
                "dest_site": to_site,
                "number": number or secrets.token_hex(5).upper(),
            }

        submit_event(op, named(items, options), options, fields)

    return command


def _of_shipment(op: str, words: str, example: str) -> click.Command:
    name = op.replace("_", "-")

    @click.command(name, help=f"{words}\n\n\b\nExample:\n  packtrace {name} {example}")
    @click.option("--shipment", required=True, metavar="ID", help="The ship statement's id.")
    @event_options
    def command(items: tuple[str, ...], shipment: str, **options: Any) -> None:
        ids = named(items, options) or _announced(options["where"], shipment)
        submit_event(op, ids, options, lambda _t, _b: {"shipment": shipment})

    return command


@click.command()
@click.option("--shipment", required=True, metavar="ID", help="The ship statement's id.")
@click.option("--over", multiple=True, metavar="ITEM", help="Found too much; repeat for several.")
@click.option(
    "--missing", multiple=True, metavar="ITEM",
    help="Lacks inside a container that is received; repeat for several.",
)  # fmt: skip
@click.option("--over-file", type=click.Path(path_type=Path), help="What was too much, one a line.")
@click.option("--missing-file", type=click.Path(path_type=Path), help="What lacks, one a line.")
@event_options
def receive(
    items: tuple[str, ...], shipment: str, over: tuple[str, ...], missing: tuple[str, ...],
    over_file: Path | None, missing_file: Path | None, **options: Any,
) -> None:  # fmt: skip
    """Receive a shipment; all of it when no item is named.

    \b
    Example:
      packtrace receive --key dock.key --shipment 4564b1…13
    """
    ids = named(items, options) or _announced(options["where"], shipment)
    fields = {
        "shipment": shipment,
        "over": item_ids(over, over_file),
        "missing": item_ids(missing, missing_file),
    }
    submit_event("receive", ids, options, lambda _t, _b: dict(fields))


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


_BACK = f"--key dock.key --to 9521201000107 {PACK}"
COMMANDS = (
    _sending(
        "ship", "Send items to another site; the statement's id is what the receiver names.",
        "--key dock.key --to 9521301000106 --number DA-1 00095211010000000016",
    ),
    _sending("return", "Send items back to where they came from.", _BACK),
    _sending("recall_return", "Send recalled items back.", _BACK),
    _sending("to_destruction", "Send items to a licensed destroyer.", _BACK),
    receive,
    _of_shipment(
        "refuse", "Turn a delivery away, or some of it; it goes back to the sender.",
        "--key dock.key --shipment 4564b1…13",
    ),
    _of_shipment(
        "close_short", "Say that items of a shipment did not arrive.",
        f"--key dock.key --shipment 4564b1…13 {PACK}",
    ),
    _of_shipment(
        "void", "Call back a shipment, or some of it: before any receipt, or what was closed short.",
        "--key dock.key --shipment 4564b1…13",
    ),
)  # fmt: skip
