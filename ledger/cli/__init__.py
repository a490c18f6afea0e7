"""The command line `packtrace`: build, sign, submit; trace, prove, verify; check, rebuild, export.

Speaks to a log in a folder or over HTTP. The web server, camera and drawing are added by `app.cli`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

import click
import httpx

from ledger.cli import (
    auditing,
    backup,
    draft,
    following,
    governing,
    keys,
    operations,
    reading,
    recalls,
    retention,
    sealed,
    shipping,
    upkeep,
)
from ledger.cli.target import echo
from ledger.errors import BadProof, BadSignature, LedgerError, Refused

EXIT_CODES = "Exit codes: 0 done or proven, 1 refused or refuted, 2 the input cannot be used."


class Group(click.Group):
    """Commands whose errors become one sentence (or one JSON object) and an exit code."""

    def main(self, args: Sequence[str] | None = None, **extra: Any) -> Any:  # type: ignore[override]  # fewer ways to call it
        """Run, and map every error that a person can cause to words."""
        words = list(sys.argv[1:] if args is None else args)
        standalone = extra.pop("standalone_mode", True)
        try:
            code = super().main(args=words, standalone_mode=False, **extra) or 0
        except click.exceptions.Exit as done:
            code = done.exit_code
        except click.Abort:
            click.echo("Stopped.", err=True)
            code = 2
        except click.ClickException as error:
            error.show()
            code = 2
        except LedgerError as error:
            code = _tell(error, as_json="--json" in words)
        except (OSError, httpx.HTTPError) as error:
            click.echo(f"{error}", err=True)
            code = 2
        if standalone:
            sys.exit(code)
        return code


def _tell(error: LedgerError, *, as_json: bool) -> int:
    refused = isinstance(error, Refused)
    if as_json:
        told: dict[str, Any] = {"error": str(error), "code": _code(error)}
        if isinstance(error, Refused):
            told |= {"rule": error.rule, "advice": error.advice, "evidence": error.evidence}
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        click.echo(f"{error}", err=True)
        if isinstance(error, Refused):
            click.echo(f"{error.rule} {error.advice}", err=True)
    return 1 if refused or isinstance(error, BadSignature | BadProof) else 2


def _code(error: LedgerError) -> str:
    if isinstance(error, Refused):
        return error.code
    return {BadSignature: "bad-signature", BadProof: "bad-proof"}.get(type(error), "malformed")


@click.group(cls=Group, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="packtrace")
def main() -> None:
    """Record and prove who has which medicine pack.

    \b
    Example, on the simulated world that `make demo-data` makes:
      packtrace trace 'https://id.gs1.org/01/09521101000016/21/EX260100000'
    """


for _module in (
    keys,
    governing,
    recalls,
    operations,
    shipping,
    draft,
    reading,
    following,
    sealed,
    auditing,
    retention,
    upkeep,
    backup,
):
    for _command in _module.COMMANDS:
        main.add_command(_command)

__all__ = ["Group", "echo", "main"]
