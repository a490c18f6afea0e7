"""Commands for holds, recalls and their answers, and for documents."""

from __future__ import annotations

import hashlib
import mimetypes
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from ledger.build import list_scope
from ledger.cli.governing import governance_options, submit_governance
from ledger.cli.operations import item_ids
from ledger.errors import Malformed
from ledger.statement.governance import (
    Document,
    Hold,
    LiftHold,
    Recall,
    RecallAnswer,
    RecallClose,
)
from ledger.statement.parts import Counts, Open, Scope


def _scope_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option("--reason", required=True, help="Why, in words."),
        click.option(
            "--items", "file", type=click.Path(path_type=Path), help="Only these packs, one a line."
        ),
        click.option("--commissioning", metavar="ID", help="Only the packs of this statement."),
        click.option("--lot", "lots", multiple=True, help="Only this lot; repeat for several."),
        click.argument("gtin"),
    ):
        command = option(command)
    return command


def _scope(
    gtin: str, lots: Sequence[str], commissioning: str | None, file: Path | None
) -> tuple[Scope, list[str], bytes]:
    """A scope, and where it lists packs their ids and the secret that blinds them."""
    if sum(map(bool, (lots, commissioning, file))) > 1:
        raise Malformed("name lots, or a commissioning, or packs: one of them, or none for all")
    if file is None:
        return Scope(gtin=gtin, lots=sorted(lots) or None, statement=commissioning), [], b""
    ids, secret = item_ids([], file), secrets.token_bytes(32)
    return Scope(gtin=gtin, items=list_scope(ids, secret)), ids, secret


@click.command()
@_scope_options
@click.option(
    "--review-by", required=True, metavar="YYYY-MM-DD", help="When it is looked at again."
)
@governance_options
def hold(
    gtin: str, lots: tuple[str, ...], commissioning: str | None, file: Path | None, reason: str,
    review_by: str, **options: Any,
) -> None:  # fmt: skip
    """Put a product, or some lots or packs of it, on hold; by its holder or the authority.

    \b
    Example:
      packtrace hold 09521101000016 --lot EX2601 --reason 'colour complaints' \\
        --review-by 2026-12-01 --key qa.key
    """
    scope, ids, secret = _scope(gtin, lots, commissioning, file)
    submit_governance(
        options,
        lambda common: Hold(reason=reason, review_by=review_by, scope=scope, **common),
        ids=ids,
        secret=secret,
    )


@click.command("lift-hold")
@click.argument("hold_id", metavar="ID")
@click.option("--reason", required=True, help="Why, in words.")
@governance_options
def lift_hold(hold_id: str, reason: str, **options: Any) -> None:
    """Lift a hold; by who set it, or the authority.

    \b
    Example:
      packtrace lift-hold 4564b1…13 --reason 'tests passed' --key qa.key
    """
    submit_governance(options, lambda common: LiftHold(hold_id=hold_id, reason=reason, **common))


@click.command()
@_scope_options
@click.option(
    "--kind", type=click.Choice(["recall", "withdrawal"]), default="recall", show_default=True,
    help="A withdrawal is of a product for good.",
)  # fmt: skip
@click.option(
    "--class", "recall_class", type=click.IntRange(1, 3), required=True, help="1 is worst."
)
@click.option(
    "--depth", type=click.Choice(["wholesale", "pharmacy", "patient"]), required=True,
    help="How far down the chain it goes.",
)  # fmt: skip
@click.option(
    "--deadline", required=True, metavar="YYYY-MM-DDThh:mm:ssZ", help="Until when sites answer."
)
@governance_options
def recall(
    gtin: str, lots: tuple[str, ...], commissioning: str | None, file: Path | None, reason: str,
    kind: str, recall_class: int, depth: str, deadline: str, **options: Any,
) -> None:  # fmt: skip
    """Recall a product, or some lots or packs of it; its mark is never lifted.

    \b
    Example:
      packtrace recall 09521101000016 --lot EX2601 --class 2 --depth pharmacy \\
        --deadline 2026-12-01T12:00:00Z --reason 'particles' --key qa.key
    """
    scope, ids, secret = _scope(gtin, lots, commissioning, file)

    def make(common: dict[str, Any]) -> Recall:
        return Recall(
            deadline=deadline, depth=depth, kind=kind, reason=reason, recall_class=recall_class,
            scope=scope, **common,
        )  # fmt: skip

    submit_governance(options, make, ids=ids, secret=secret)


def _count_options(command: Callable[..., None]) -> Callable[..., None]:
    for name, words in (
        ("held", "Packs found and held."),
        ("quarantined", "Packs put in quarantine."),
        ("returned", "Packs sent back."),
        ("destroyed", "Packs destroyed."),
    ):
        command = click.option(
            f"--{name}", type=click.IntRange(min=0), default=0, show_default=True, help=words
        )(command)
    return command


@click.command("recall-answer")
@click.argument("recall_id", metavar="ID")
@click.option("--site", required=True, metavar="GLN", help="The site that answers.")
@_count_options
@governance_options
def recall_answer(
    recall_id: str, site: str, held: int, quarantined: int, returned: int, destroyed: int,
    **options: Any,
) -> None:  # fmt: skip
    """Answer a recall for a site: how many packs of it were found; none if no number is given.

    \b
    Example:
      packtrace recall-answer 4564b1…13 --site 9521301000106 --quarantined 4 --key counter.key
    """
    counts = Counts(
        destroyed=destroyed, held=held, none=int(not held + quarantined + returned + destroyed),
        quarantined=quarantined, returned=returned,
    )  # fmt: skip
    submit_governance(
        options,
        lambda common: RecallAnswer(counts=counts, recall_id=recall_id, site=site, **common),
    )


@click.command("recall-close")
@click.argument("recall_id", metavar="ID")
@click.option("--outcome", required=True, help="What came of it, in words.")
@click.option(
    "--open", "quantities", multiple=True, nargs=2, type=(click.IntRange(min=1), str),
    metavar="COUNT REASON", help="Packs that stay open, and why; repeat for several.",
)  # fmt: skip
@governance_options
def recall_close(
    recall_id: str, outcome: str, quantities: tuple[tuple[int, str], ...], **options: Any
) -> None:
    """Close a recall's case; the mark on its packs stays.

    \b
    Example:
      packtrace recall-close 4564b1…13 --outcome 'all answered' --open 3 'patient level' --key qa.key
    """
    left = [Open(count=count, reason=reason) for count, reason in quantities]
    submit_governance(
        options,
        lambda common: RecallClose(open=left, outcome=outcome, recall_id=recall_id, **common),
    )


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--about", required=True, help="What it is about: a statement's id, a GTIN, a site.")
@click.option("--title", required=True, help="Its title.")
@click.option("--media-type", help="By default told from the file's name.")
@governance_options
def document(file: Path, about: str, title: str, media_type: str | None, **options: Any) -> None:
    """Record a document by its SHA-256; the log holds neither it nor its title.

    \b
    Example:
      packtrace document certificate.pdf --about 09521101000016 --title 'GMP certificate' --key qa.key
    """
    try:
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise Malformed(f"{file} cannot be read: {error.strerror}") from error
    kind = media_type or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    submit_governance(
        options,
        lambda common: Document(about=about, media_type=kind, sha256=digest, title=title, **common),
    )


COMMANDS = (hold, lift_hold, recall, recall_answer, recall_close, document)
