"""The one file of a backup: a tar whose last member names all others by their SHA-256.

What belongs into it is left to `backup`, what is made of it to `recover`. Only what a log's folder
may hold is read out of one, each under its own name: no member leads anywhere else.
"""

from __future__ import annotations

import io
import os
import re
import tarfile
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import IO, Final

import msgspec

from ledger.errors import Malformed

FORMAT: Final = 1
LIST: Final = "backup.json"
DUMP: Final = "ledger.pgdump"  # a PostgreSQL log's tables, as pg_dump writes them
_MEMBER: Final = re.compile(
    r"checkpoint|trust\.txt|ledger\.sqlite|ledger\.pgdump|desk\.sqlite"
    r"|fingerprints/fingerprints\.(?:sqlite|key)"
    r"|documents/([0-9a-f]{2})/\1[0-9a-f]{62}|keys/[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
)
_LIST_BYTES: Final = 1 << 28
_PIECE: Final = 1 << 20


class About(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a backup says of itself: of which log, of how many entries, when, and its files' hashes.

    {"format":1,"log":"log.example/be","size":41,"time":"…","vkey":"log.example/be+…","files":{…}}
    """

    format: int
    log: str
    size: int
    time: str
    vkey: str
    files: dict[str, str]


class _Hashed:
    """A file that is hashed as it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.whole = sha256()

    def read(self, size: int = -1) -> bytes:
        """As a file's."""
        piece = self._file.read(size)
        self.whole.update(piece)
        return piece


def write(path: Path, members: Iterable[tuple[str, IO[bytes]]], about: About) -> About:
    """Write a new file, readable by its owner alone, and durably; answers `about` with its files.

    Raises Malformed for a name that `read` would not take.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for name, content in members:
                if not _MEMBER.fullmatch(name):
                    raise Malformed(f"{name!r} has no place in a backup; move it elsewhere")
                hashed = _Hashed(content)
                tar.addfile(_header(name, os.fstat(content.fileno()).st_size), hashed)
                about.files[name] = hashed.whole.hexdigest()
            told = msgspec.json.encode(about)
            tar.addfile(_header(LIST, len(told)), io.BytesIO(told))
        file.flush()
        os.fsync(file.fileno())
    return about


def _header(name: str, size: int) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.size, header.mode = size, 0o600
    return header


def read(path: Path, into: Path) -> About:
    """Unpack a backup into an empty folder. Raises Malformed for what is not one, whole and unaltered."""
    try:
        with tarfile.open(path, "r:") as tar:
            found, told = _unpack(tar, path, into)
    except (tarfile.TarError, ValueError, OverflowError, EOFError) as error:
        raise Malformed(f"{path} is no whole backup: {error}") from error
    try:
        about = msgspec.json.decode(told, type=About)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed(f"{path} is no whole backup: its {LIST} is {told[:40]!r}") from error
    if about.format != FORMAT:
        raise Malformed(f"{path} is a backup of format {about.format}; this program reads {FORMAT}")
    for name in sorted(found.keys() | about.files.keys()):
        if found.get(name) != about.files.get(name):
            raise Malformed(f"{path} was altered: {name} is not what was backed up")
    return about


def _unpack(tar: tarfile.TarFile, path: Path, into: Path) -> tuple[dict[str, str], bytes]:
    found: dict[str, str] = {}
    for member in tar:
        name = member.name
        file = (
            tar.extractfile(member) if member.type in (tarfile.REGTYPE, tarfile.AREGTYPE) else None
        )
        if file is None or member.sparse is not None or member.size < 0:
            raise Malformed(f"{path} is no backup: {name!r} is no plain file")
        if name == LIST and member.size <= _LIST_BYTES:
            return found, file.read()  # what follows the list is in no backup
        if name in found or not _MEMBER.fullmatch(name):
            raise Malformed(f"{path} is no backup: {name!r} has no place in one")
        found[name] = _keep(file, into / name)
    raise Malformed(f"{path} is no whole backup: its end is missing")


def _keep(file: IO[bytes], target: Path) -> str:
    """Write a member where it belongs; answers its SHA-256."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    hashed = _Hashed(file)
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as new:
        while piece := hashed.read(_PIECE):
            new.write(piece)
        new.flush()
        os.fsync(new.fileno())
    return hashed.whole.hexdigest()
