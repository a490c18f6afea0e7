"""Documents of lots and shipments: the files beside the log, and on the desk what they are about.

desk: backed up, never rebuilt, never on the log. The log holds a commitment to each document's
SHA-256, by which its file is named here and under which it is sealed; no name that somebody gave it
is ever a path. What the log says of it is in its statement; until that has landed it is its party's.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

import peewee

from ledger.errors import Malformed
from ledger.store.content import seal, unseal

FOLDER: Final = "documents"
PIECE: Final = 1 << 20  # bytes that are sealed together
_SEALED: Final = PIECE + 40  # with nonce and tag
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS document (party TEXT NOT NULL, sha256 TEXT NOT NULL, about TEXT NOT NULL,
  media_type TEXT NOT NULL, title TEXT NOT NULL, size BIGINT NOT NULL, ms BIGINT NOT NULL,
  statement TEXT NOT NULL DEFAULT '', PRIMARY KEY (party, sha256, about));
CREATE INDEX IF NOT EXISTS document_about ON document (about);
CREATE INDEX IF NOT EXISTS document_file ON document (sha256);
CREATE INDEX IF NOT EXISTS document_statement ON document (statement)
"""


class TooLarge(Malformed):
    """A file is larger than is kept."""


class Document(NamedTuple):
    """A file that a party keeps about a lot or a shipment; `statement` is "" until one has landed."""

    party: str
    sha256: str  # hex
    about: str
    media_type: str
    title: str
    size: int  # bytes
    ms: int
    statement: str = ""


class Documents:
    """The documents of one node. Threads may share it."""

    def __init__(self, database: peewee.SqliteDatabase, folder: Path, key: bytes) -> None:
        self._database = database
        self._folder = folder / FOLDER
        self._key = key

    def keep(self, document: Document, pieces: Iterable[bytes], most: int) -> Document:
        """Keep a file as it comes in; answers what is known of it, with its size.

        Raises Malformed when its bytes have another SHA-256, TooLarge beyond `most` bytes: then
        nothing is kept.
        """
        size = self._write(document.sha256, pieces, most)
        made = document._replace(size=size)
        # A title may be corrected until the document is on the log.
        sql = (
            f"INSERT INTO document ({', '.join(Document._fields)}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (party, sha256, about) DO UPDATE SET media_type = excluded.media_type, "
            "title = excluded.title, ms = excluded.ms WHERE document.statement = ''"
        )
        self._database.execute_sql(sql, made)
        return made

    def sign(self, party: str, digest: str, about: str, statement: str) -> bool:
        """Note the statement by which a party put a document on the log; whether there is such a one."""
        sql = "UPDATE document SET statement = ? WHERE party = ? AND sha256 = ? AND about = ?"
        changed = self._database.execute_sql(sql, (statement, party, digest, about)).rowcount
        return bool(changed)

    def drop(self, party: str, digest: str, about: str) -> bool:
        """Forget a document that never came onto the log, with its file; whether there was one."""
        sql = "DELETE FROM document WHERE party = ? AND sha256 = ? AND about = ? AND statement = ''"
        with self._database.atomic("IMMEDIATE"):
            dropped = self._database.execute_sql(sql, (party, digest, about)).rowcount
            others = self._rows("sha256 = ?", digest)
        if dropped and not others:
            with suppress(FileNotFoundError):
                self._path(digest).unlink()
        return bool(dropped)

    def of(self, about: str) -> list[Document]:
        """What is kept about a lot or a shipment, newest first."""
        return self._rows("about = ?", about)

    def of_party(self, party: str, most: int) -> list[Document]:
        """A party's own, newest first."""
        return self._rows("party = ?", party)[:most]

    def signed(self, statement: str) -> Document | None:
        """The document that a statement put on the log."""
        found = self._rows("statement = ?", statement) if statement else []
        return found[0] if found else None

    def counts(self, party: str) -> dict[str, int]:
        """How many documents a party keeps about what."""
        sql = "SELECT about, COUNT(*) FROM document WHERE party = ? GROUP BY about"
        return dict(self._database.execute_sql(sql, (party,)).fetchall())

    def size(self, party: str) -> int:
        """How many bytes a party keeps."""
        sql = "SELECT COALESCE(SUM(size), 0) FROM document WHERE party = ?"
        return int(self._database.execute_sql(sql, (party,)).fetchone()[0])

    def _rows(self, where: str, value: str) -> list[Document]:
        columns = ", ".join(Document._fields)
        sql = f"SELECT {columns} FROM document WHERE {where} ORDER BY ms DESC, sha256"
        return [Document(*row) for row in self._database.execute_sql(sql, (value,)).fetchall()]

    # Files

    def read(self, digest: str) -> Iterator[bytes]:
        """A file's bytes, piece by piece, once they were all found to be those that were kept.

        Raises LookupError when there is none, Malformed when it was altered.
        """
        whole = sha256()
        for piece in self._pieces(digest):
            whole.update(piece)
        if whole.hexdigest() != digest:
            raise Malformed(f"file {digest} is not the one that was kept")
        return self._pieces(digest)

    def _path(self, digest: str) -> Path:
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
            raise Malformed("a file is named by its SHA-256 in hex")
        return self._folder / digest[:2] / digest

    def _write(self, digest: str, pieces: Iterable[bytes], most: int) -> int:
        path = self._path(digest)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = path.with_name(f".{secrets.token_hex(16)}")
        whole, size = sha256(), 0
        try:
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                for number, piece in enumerate(_even(pieces)):
                    whole.update(piece)
                    size += len(piece)
                    if size > most:
                        raise TooLarge(f"a document has at most {most} bytes")
                    file.write(seal(self._key, _place(digest, number), piece))
                file.flush()
                os.fsync(file.fileno())
            if whole.hexdigest() != digest:
                raise Malformed("the file that came in has another SHA-256; send it again")
            new.replace(path)
        finally:
            new.unlink(missing_ok=True)
        return size

    def _pieces(self, digest: str) -> Iterator[bytes]:
        try:
            file = self._path(digest).open("rb")
        except FileNotFoundError as error:
            raise LookupError(f"no file {digest} is kept here") from error
        with file:
            for number, sealed in enumerate(iter(lambda: file.read(_SEALED), b"")):
                yield unseal(self._key, _place(digest, number), sealed)


def _place(digest: str, number: int) -> bytes:
    return f"document {digest} {number}".encode()


def _even(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of one length, the last one shorter."""
    held = b""
    for piece in pieces:
        held += piece
        while len(held) >= PIECE:
            yield held[:PIECE]
            held = held[PIECE:]
    if held:
        yield held
