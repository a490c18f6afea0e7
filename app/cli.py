"""The console script `packtrace`: the ledger's commands, and labels, enrol, scan, serve, demo."""

from __future__ import annotations

import socket
import sys
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

import click

from app.enrolling.command import enrol
from app.notifying import notify
from ledger.cli import main
from ledger.cli.target import echo, json_option, log_option, open_folder
from ledger.errors import LedgerError, Malformed
from ledger.statement import gs1
from ledger.statement.events import parse_date

main.add_command(notify)
main.add_command(enrol)  # the ledger's own knows no pictures
LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_port_option = click.option(
    "--port", type=click.IntRange(1, 65535), envvar="PORT", default=8000, show_default=True
)


@main.command()
@click.argument("gtin")
@click.argument("lot")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=Path("labels"), show_default=True
)
@click.option(
    "--dpi",
    type=click.Choice(["203", "300", "600", "1200"]),
    default="300",
    show_default=True,
    help="Dots an inch of the printer.",
)
@click.option(
    "--datamatrix",
    is_flag=True,
    help="Beside the QR code a GS1 DataMatrix, as packs in the EU have.",
)
@click.option(
    "--fingerprint",
    is_flag=True,
    help="Framed, to be enrolled once printed, with a line to check the size; 600 or 1200 dpi.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["png", "zpl"]),
    default="png",
    show_default=True,
    help="Pictures, or what a label printer is sent.",
)
@log_option
@json_option
def labels(
    gtin: str, lot: str, output: Path, dpi: str, datamatrix: bool, fingerprint: bool, form: str,
    where: str, as_json: bool,
) -> None:  # fmt: skip
    """Draw the labels of a lot's packs, one file a pack; each is read back before it is written.

    \b
    Examples:
      packtrace labels 09521101000016 EX2601 -o labels/
      packtrace labels 09521101000016 EX2601 --datamatrix --dpi 600
      packtrace labels 09521101000016 EX2601 --fingerprint --dpi 600
      packtrace labels 09521101000016 EX2601 --dpi 203 --format zpl -o labels/
      cat labels/*.zpl | nc printer.example 9100
    """
    from scanner.label import PrintedLabel, render, to_png
    from scanner.zpl import to_zpl

    reader = open_folder(where).reader
    record = reader.lot(gtin, lot)
    if record is None:
        raise Malformed(f"lot {lot} of {gtin} was never commissioned on this log")
    ids = reader.packs_of_lot(gtin, lot)
    output.mkdir(parents=True, exist_ok=True)
    dots = int(dpi)
    with click.progressbar(
        ids, label="drawing", file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as progress:
        for item in progress:
            serial = gs1.parse_item_id(item).serial
            label = PrintedLabel(gtin, lot, record.expiry, serial, reader.practice)
            picture = render(label, dpi=dots, datamatrix=datamatrix, fingerprint=fingerprint)
            data = to_zpl(picture).encode() if form == "zpl" else to_png(picture, dpi=dots)
            # The id's escapes keep a serial's / out of file names, and two serials apart; ~ is no
            # character of a serial, and unlike % safe in shells and addresses.
            name = item.rpartition("/")[2].replace("%", "~")
            (output / f"{gtin}-{name}.{form}").write_bytes(data)
    told = {"folder": str(output), "labels": len(ids)}
    echo(as_json, told, f"{output}: {len(ids)} labels")


@main.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def scan(context: click.Context, arguments: tuple[str, ...]) -> None:
    """Check packs by picture or text: the same as `python -m scanner`.

    \b
    Example:
      packtrace scan photo.png --bundle pack.packtrace.json --trust trust.txt
    """
    from scanner.__main__ import main as scanner_main

    context.exit(scanner_main(arguments))


def check_port(host: str, port: int) -> None:
    """Refuse a port that is taken. Raises Malformed, saying what to do."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Malformed(
                f"port {port} cannot be used ({error.strerror}); choose another: make demo PORT=8001"
            ) from error


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@_port_option
@click.option(
    "--log",
    "where",
    type=click.Path(path_type=Path),
    envvar="PACKTRACE_LOG",
    default=Path("var/demo"),
    show_default=True,
)
@click.option(
    "--workers", type=click.IntRange(1, 64), show_default="one a core, up to 4",
    help="Processes that share the work.",
)  # fmt: skip
def serve(host: str, port: int, where: Path, workers: int | None) -> None:
    """Serve a log's pages and JSON.

    \b
    Example:
      packtrace serve --log var/demo --port 8000
    """
    from dataclasses import replace

    from app import create_app
    from app.config import Settings
    from app.serve import default_workers
    from app.serve import serve as run
    from ledger.store.opening import open_store

    try:
        settings = Settings.from_environ()
    except ValueError as error:
        raise Malformed(str(error)) from error
    check_port(host, port)
    with suppress(LedgerError):  # what is wrong with the log, the pages say
        open_store(where).close()  # brought up to date once, before several processes open it
    local = host in LOOPBACK
    # Behind a proxy the line to the browser is its own, whatever the address here.
    secure = settings.secure and (not local or settings.proxies > 0)
    settings = replace(settings, log=where, secure=secure)
    click.echo(f"http://{'localhost' if local else host}:{port}", err=True)
    run(lambda: create_app(settings), host, port, workers or default_workers())


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="A loopback address.")
@_port_option
@click.option(
    "--folder", type=click.Path(path_type=Path), default=Path("var/demo"), show_default=True
)
@click.option("--data-only", is_flag=True, help="Make the world, do not serve it.")
@click.option("--reset", is_flag=True, help="Throw the world away first.")
@click.option("--today", envvar="DEMO_TODAY", metavar="YYYY-MM-DD", help="The world's last day.")
@click.pass_context
def demo(
    context: click.Context, host: str, port: int, folder: Path, data_only: bool, reset: bool,
    today: str | None,
) -> None:  # fmt: skip
    """Make a SIMULATED supply chain, and serve it, with `packtrace notify` beside the server.

    \b
    Example:
      packtrace demo --port 8001
    """
    from app.demo import make, served_at, throw_away
    from app.sending import OUTBOX
    from app.serve import start_beside
    from ledger.store.opening import holds_log

    if host not in LOOPBACK:
        raise Malformed("the demo signs anybody in by one press: it is served on loopback alone")
    if not data_only:
        check_port(host, port)
    url = f"http://localhost:{port}"
    if reset:
        throw_away(folder)
    if holds_log(folder):
        click.echo(
            f"SIMULATED world in {folder} is kept; `make demo-reset` starts afresh", err=True
        )
    else:
        day = parse_date(today, "--today") if today else datetime.now().astimezone().date()
        made = make(folder, day, fixed=today is not None, url=url)
        click.echo(f"SIMULATED world made in {folder}: {made}", err=True)
    if not data_only:
        served_at(folder, url)
        start_beside("notify", "--log", str(folder), "--every", "1")
        click.echo(
            f"SIMULATED mail is sent each minute, to files in {folder / OUTBOX}: "
            "`packtrace notify` runs beside the server and stops with it",
            err=True,
        )
        context.invoke(serve, host=host, port=port, where=folder)


__all__ = ["main"]
