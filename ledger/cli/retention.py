"""The command that erases content after its retention."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from ledger.cli.target import echo, json_option, log_option, open_folder
from ledger.statement.events import parse_date
from ledger.store.forget import forget as forget_content


@click.command()
@click.option(
    "--before", required=True, metavar="YYYY-MM-DD", help="Erase what landed before this day (UTC)."
)
@click.option("--yes", is_flag=True, help="Erase without asking; for programs.")
@log_option
@json_option
def forget(before: str, yes: bool, where: str, as_json: bool) -> None:
    """Erase the content of old statements about goods that have left the chain.

    The log, its hashes and every other proof stand; of the goods the last state stays. It cannot
    be undone, and reaches this database alone: not the parties' own books, nor backups.

    \b
    Example:
      packtrace forget --before 2020-11-25
    """
    folder = open_folder(where)
    day = parse_date(before, "--before")
    if not yes:
        click.confirm(f"Erase content from before {day} in {where} for ever?", abort=True, err=True)
    before_ms = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)
    done = forget_content(folder.store, folder.status_seed(), before_ms)
    told = {"erased": len(done.indexes), "stayed": done.stayed}
    echo(
        as_json, told,
        f"{told['erased']} statements erased; {told['stayed']} older ones stay, for goods still in trade",
    )  # fmt: skip


COMMANDS = (forget,)
