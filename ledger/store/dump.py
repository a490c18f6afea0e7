"""A PostgreSQL log's tables in one file and back, by PostgreSQL's own pg_dump and pg_restore."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ledger.errors import Malformed


def dump(url: str, snapshot: str, target: Path) -> None:
    """Write a database as one open transaction sees it, which exported `snapshot`."""
    with _address(url, target.parent) as address:
        _run("pg_dump", "--format=custom", f"--snapshot={snapshot}", f"--file={target}",
             f"--dbname={address}")  # fmt: skip


def load(source: Path, url: str) -> None:
    """Fill an empty database, whole or not at all."""
    with _address(url, source.parent) as address:
        _run("pg_restore", "--exit-on-error", "--single-transaction", "--no-owner",
             "--no-privileges", f"--dbname={address}", str(source))  # fmt: skip


@contextmanager
def _address(url: str, folder: Path) -> Iterator[str]:
    """A database's address for a command line, which others on this machine can read: no password."""
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error as error:
        raise Malformed("the database's address is no postgresql:// address") from error
    password = parts.pop("password", None)
    if password is None:
        yield make_conninfo("", **parts)
        return
    path = folder / ".pgpass"
    written = str(password).replace("\\", "\\\\").replace(":", "\\:")
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"*:*:*:*:{written}\n")
    try:
        yield make_conninfo("", **{**parts, "passfile": str(path.absolute())})
    finally:
        path.unlink()


def _run(program: str, *words: str) -> None:
    found = shutil.which(program)
    if found is None:
        raise Malformed(
            f"{program} is not on this machine: install PostgreSQL's client programs "
            "(postgresql-client), of the server's version or newer"
        )
    done = subprocess.run(  # noqa: S603  # a list of words, no shell
        [found, "--no-password", *words], stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().split("\n")[0]
        raise Malformed(f"{program} failed: {said}")
