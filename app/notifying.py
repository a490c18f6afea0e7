"""`packtrace notify`: tells sites of holds, recalls and cases, once or for as long as it runs."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import click
from flask import Flask
from flask_babel import force_locale

from ledger.cli.target import echo, json_option
from ledger.errors import Malformed
from ledger.store.database import FAILURES


@click.command()
@click.option(
    "--log",
    "where",
    type=click.Path(path_type=Path),
    envvar="PACKTRACE_LOG",
    default=Path("var/demo"),
    show_default=True,
)
@click.option("--once", is_flag=True, help="Tell what is due now, and end; so it does by itself.")
@click.option(
    "--every",
    type=click.IntRange(1, 24 * 60),
    metavar="MINUTES",
    help="Go on, and look again each time so many minutes have passed.",
)
@json_option
def notify(where: Path, once: bool, every: int | None, as_json: bool) -> None:
    """Tell each site of the holds, recalls and cases that concern it, and remind who is silent.

    \b
    Examples:
      packtrace notify --log var/demo --once
      PACKTRACE_SMTP=smtps://name:password@mail.example PACKTRACE_MAIL_FROM=log@mail.example \\
        packtrace notify --log log --every 5
    """
    from app import create_app
    from app.config import Settings
    from app.node import KEY, Node

    if once and every is not None:
        raise Malformed("--once or --every, not both")
    try:
        settings = replace(Settings.from_environ(), log=where)
    except ValueError as error:
        raise Malformed(str(error)) from error
    app = create_app(settings)
    node = app.extensions[KEY]
    if not isinstance(node, Node):
        raise node
    stop = threading.Event()
    try:
        while True:
            try:
                tell(app, as_json)
            except FAILURES as error:
                if every is None:
                    raise Malformed(f"the database cannot be read or written: {error}") from error
                click.echo(f"{error}; tried again in {every} minutes", err=True)
            if every is None or stop.wait(every * 60):
                return
    finally:
        node.desk.close()
        node.store.close()


def tell(app: Flask, as_json: bool) -> None:
    """One round: make what is due, send it, and say what became of it."""
    from app import case_notices, notices, sending
    from app.language import LANGUAGES
    from app.node import node

    with app.app_context(), force_locale(LANGUAGES["en"][0]):
        made = notices.make() + case_notices.make()
        sent = sending.send()
        left = node().desk.notices.waiting()
        mail, hooks = sending.mail_server(), node().answers is not None
        simulated = node().simulated
    told = {"made": made, "sent": sent.sent, "failed": sent.not_sent, "waiting": left}
    words = f"{made} notices made, {sent.sent} sent, {sent.not_sent} not sent, {left} wait"
    if mail.startswith("file:"):
        words += f"; mail is kept in {mail.removeprefix('file:')}"
        words += " (SIMULATED)" if simulated else ""
    if not mail:
        words += "; mail waits until PACKTRACE_SMTP names a mail server"
    if not hooks:
        words += "; webhooks wait for a node that holds the status key"
    echo(as_json, told, words)
