"""Commands for whoever runs a log: init, check, rebuild, export."""

from __future__ import annotations

import secrets
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from ledger.build import sign_governance
from ledger.cli.keys import write_key
from ledger.cli.target import echo, json_option, log_option, now_ms, open_folder
from ledger.errors import Malformed
from ledger.statement.governance import Genesis, build_governance
from ledger.statement.parts import (
    AuthorityParty,
    Policy,
    See,
    check_origin,
    gln,
    is_practice,
    time_text,
)
from ledger.store import publish, views
from ledger.store.append import Log
from ledger.store.check import check as check_store
from ledger.store.database import Store, meta, set_meta
from ledger.store.opening import holds_log, open_store
from ledger.tlog.ed25519 import public_of
from ledger.tlog.note import SigningKey, VerifierKey
from ledger.tlog.tiles import tiles_of

AUTHORITY_KEYS = 3
# custody.md 3: whoever holds packs moves them, and makes them safe when something goes wrong.
_HOLDER = {
    "close_short", "commission", "destroyed", "found", "inspect", "lost", "pack", "quarantine",
    "recall_return", "receive", "refuse", "release", "return", "sample", "ship", "stolen",
    "to_destruction", "transfer", "undo", "unpack", "void",
}  # fmt: skip
DEFAULT_ROLES: dict[str, list[str]] = {
    "auditor": [],
    "authority": sorted({"inspect", "quarantine", "receive", "release", "stolen"}),
    "carrier": ["inspect"],
    "manufacturer": sorted(_HOLDER | {"enrol", "export", "free_sample"}),
    "pharmacy": sorted(_HOLDER | {"open", "supply"}),
    "repackager": sorted(_HOLDER | {"check_out", "enrol", "repack"}),
    "wholesaler": sorted(_HOLDER | {"export", "free_sample"}),
}


def default_policy() -> Policy:
    """The policy that `init` starts a log with; the authority can replace it by a statement."""
    return Policy(
        backdate=7 * 24 * 3600,
        dispute_days=5,
        export_undo=False,
        max_age=24 * 3600,
        products={},
        repeat_grace=600,
        roles=DEFAULT_ROLES,
        scan_retention=30,
        see=See(down=1, up=1),
        sensitive=[],
        supply_by={},
        threshold=2,
        undo_hours=240,
    )


def make_genesis(
    origin: str, authority: AuthorityParty, seeds: dict[str, bytes], now_ms: int
) -> Genesis:
    """The body of a log's entry 0, under the default policy.

    `seeds` holds those of `log`, `status` and the authority's keys `authority-1` and on. Raises
    Malformed for a bad origin, GLN, name or country.
    """
    genesis = Genesis(
        authority=authority,
        by=authority.gln,
        keys=sorted(_public(seeds[name]) for name in _authority_keys(seeds)),
        log=check_origin(origin),
        log_key=_public(seeds["log"]),
        nonce=secrets.token_hex(16),
        policy=default_policy(),
        status_key=_public(seeds["status"]),
        time=time_text(now_ms),
    )
    build_governance(genesis)
    return genesis


def refuse_second_log(folder: Path) -> None:
    """Raises Malformed when the folder holds a log already."""
    if holds_log(folder):
        raise Malformed(f"{folder} holds a log already; name another folder")


def found_log(
    folder: Path,
    genesis: Genesis,
    seeds: dict[str, bytes],
    clock: Callable[[], int],
    *,
    simulated: bool,
    url: str = "",
) -> tuple[Store, Log]:
    """Make a log with its genesis as entry 0. Raises Malformed when the folder holds one already."""
    refuse_second_log(folder)
    log_key = SigningKey(genesis.log, seeds["log"])
    store = open_store(folder, create=True, url=url)
    set_meta(store, "origin", genesis.log)
    set_meta(store, "vkey", str(log_key.verifier))
    set_meta(store, "simulated", "1" if simulated else "")
    log = Log(store, log_key, seeds["status"], clock)
    log.submit(sign_governance(genesis, [seeds[name] for name in _authority_keys(seeds)]))
    (folder / "trust.txt").write_bytes(publish.trust_file(store))
    return store, log


def _authority_keys(seeds: dict[str, bytes]) -> list[str]:
    return [name for name in seeds if name.startswith("authority-")]


def _public(seed: bytes) -> str:
    return b64encode(public_of(seed)).decode()


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--origin", required=True, help="The log's name: a domain and path, without https://."
)
@click.option("--authority", required=True, metavar="GLN", help="The authority's GLN.")
@click.option("--name", required=True, help="The authority's name.")
@click.option("--country", required=True, metavar="XX", help="ISO 3166 code.")
@click.option(
    "--practice",
    is_flag=True,
    help="A practice log, beside the real one: its origin ends in /practice.",
)
@click.option("--plain", is_flag=True, help="Do not seal the key files: for demonstrations only.")
@click.option(
    "--database", "url", default="", metavar="URL",
    help="A postgresql:// address for the tables; by default an SQLite file in the folder.",
)  # fmt: skip
@json_option
def init(
    folder: Path, origin: str, authority: str, name: str, country: str, practice: bool,
    plain: bool, url: str, as_json: bool,
) -> None:  # fmt: skip
    """Make a log: its keys, three authority keys (two must sign), its genesis, its trust file.

    Keep keys/authority-3.key away from this machine, for the day one of the others is lost.

    \b
    Example:
      packtrace init my-log --origin log.example/be --authority 9521000000001 --name Agency --country BE
    """
    gln(authority, "--authority")
    if "://" in origin:
        raise Malformed("--origin is a name, not an address: leave https:// away")
    if is_practice(origin) != practice:
        raise Malformed(
            "--origin of a practice log, and of no other, ends in /practice: so everybody can tell"
        )
    party = AuthorityParty(country=country, gln=authority, name=name)
    names = ["log", "status", *(f"authority-{n}" for n in range(1, AUTHORITY_KEYS + 1))]
    seeds = {label: secrets.token_bytes(32) for label in names}
    genesis = make_genesis(origin, party, seeds, now_ms())
    refuse_second_log(folder)
    # Keys first: a log whose keys could not be kept could never be written to.
    for label, seed in seeds.items():
        owner = "" if label in ("log", "status") else authority
        path = folder / "keys" / f"{label}.key"
        write_key(path, seed, label=label, party=owner, sealed=not plain)
    store, _ = found_log(folder, genesis, seeds, now_ms, simulated=False, url=url)
    told = {"folder": str(folder), "origin": origin, "vkey": meta(store, "vkey")}
    echo(as_json, told, f"{folder}: log {origin} is ready\n{told['vkey']}")


@contextmanager
def progress(label: str, length: int) -> Iterator[Callable[[int], None]]:
    """A bar on stderr where a person watches."""
    with click.progressbar(
        length=length, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as bar:
        yield lambda number: bar.update(number + 1 - bar.pos)


@click.command()
@log_option
@json_option
@click.pass_context
def check(context: click.Context, where: str, as_json: bool) -> None:
    """Re-verify a log from its bytes up, and name the first thing that is wrong. Exit 1 if any.

    \b
    Example:
      packtrace check --log var/demo
    """
    store = open_folder(where).store
    size = publish.published_size(store)
    with progress("checking", size) as done:
        found = check_store(store, VerifierKey.parse(meta(store, "vkey")), done)
    if found is None:
        echo(as_json, {"ok": True, "size": size}, f"{size} entries: all is as it was signed")
        return
    told = {"ok": False, "table": found.table, "row": found.row, "error": found.words}
    echo(as_json, told, f"wrong: {found}")
    context.exit(1)


@click.command()
@log_option
@json_option
def rebuild(where: str, as_json: bool) -> None:
    """Drop the query tables and fold them anew from the log.

    \b
    Example:
      packtrace rebuild --log var/demo
    """
    store = open_folder(where).store
    size = publish.published_size(store)
    with progress("rebuilding", size) as done:
        views.rebuild(store, done)
    echo(as_json, {"size": size}, f"rebuilt from {size} entries")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@log_option
@json_option
def export(folder: Path, where: str, as_json: bool) -> None:
    """Write the public log (checkpoint, tile/, log.vkey, trust.txt) for any static file server.

    \b
    Example:
      packtrace export mirror/
    """
    store = open_folder(where).store
    with progress("exporting", sum(1 for _ in tiles_of(publish.published_size(store)))) as done:
        size = publish.export(store, folder, done)
    echo(as_json, {"folder": str(folder), "size": size}, f"{folder}: {size} entries")


COMMANDS = (init, check, rebuild, export)
