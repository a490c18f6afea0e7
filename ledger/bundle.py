"""The proof bundle's form, `*.packtrace.json`: one canonical JSON, gzipped on the way (statement.md 9).

Pure. What a bundle proves is left to `proof`, which statements it discloses to `disclose`.
"""

from __future__ import annotations

import gzip
import io
import zlib
from base64 import b64encode
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from ledger.errors import Malformed
from ledger.statement import dsse, gs1
from ledger.statement.dsse import Envelope
from ledger.statement.items import ItemPath

MAX_BUNDLE: Final = 1 << 20  # bytes of inflated JSON
_GZIP: Final = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Entry:
    """One statement of a bundle with its place in the log and the items of it that are shown."""

    envelope: Envelope
    index: int
    ms: int
    path: tuple[bytes, ...]
    items: tuple[ItemPath, ...] = ()


@dataclass(frozen=True, slots=True)
class Bundle:
    """Statements about some items, each proven under one checkpoint, and the operator's status.

    RFC 8785 JSON: `{"checkpoint": note, "hashes": [base64], "statements": [...], "status": envelope,
    "v": 1}`; each hash stands once, in the order in which the text first uses it; an envelope's
    payload is the JSON object itself. At most 1 MiB.
    """

    checkpoint: bytes
    entries: tuple[Entry, ...]
    status: Envelope | None  # a bundle that was robbed of it can be read, but not used

    def to_json(self) -> bytes:
        """The bundle's canonical JSON."""
        hashes: dict[bytes, int] = {}

        def place(path: tuple[bytes, ...]) -> list[int]:
            return [hashes.setdefault(node, len(hashes)) for node in path]

        statements = []
        for entry in self.entries:
            shown: dict[str, Any] = {
                "envelope": _open_envelope(entry.envelope),
                "index": entry.index,
                "ms": entry.ms,
            }
            if entry.items:
                shown["items"] = [
                    {
                        "extra": item.extra.hex(),
                        "id": item.id,
                        "index": item.index,
                        "path": place(item.path),
                        "salt": item.salt.hex(),
                    }
                    for item in entry.items
                ]
            shown["path"] = place(entry.path)
            statements.append(shown)
        form = {
            "checkpoint": self.checkpoint.decode(),
            "hashes": [b64encode(node).decode() for node in hashes],
            "statements": statements,
            "v": 1,
        }
        if self.status is not None:
            form["status"] = _open_envelope(self.status)
        return dsse.canonical(form)

    def to_gzip(self) -> bytes:
        """The bundle as it travels and is kept: gzip of its JSON, the same bytes each time."""
        return gzip.compress(self.to_json(), mtime=0)

    @classmethod
    def parse(cls, data: bytes, most: int = MAX_BUNDLE) -> Bundle:
        """Read a bundle, gzipped or not, of at most so many bytes of JSON.

        Raises Malformed for whatever is not the one canonical form, or is over the size limit.
        """
        raw = _inflate(data, most) if data[:2] == _GZIP else data
        if len(raw) > most:
            raise Malformed(f"a bundle is at most {most} bytes of JSON")
        try:
            form = _decoder.decode(raw)
            bundle = _read(form, most)
        except (msgspec.MsgspecError, ValueError, IndexError, RecursionError) as error:
            raise Malformed(f"not a proof bundle: {error}") from error
        if bundle.to_json() != raw:
            raise Malformed("not the bundle's canonical form: it was changed after it was made")
        return bundle


class _ItemForm(msgspec.Struct, forbid_unknown_fields=True):
    extra: str
    id: str
    index: int
    path: list[int]
    salt: str


class _EntryForm(msgspec.Struct, forbid_unknown_fields=True):
    envelope: dict[str, Any]
    index: int
    ms: int
    path: list[int]
    items: list[_ItemForm] = []


class _BundleForm(msgspec.Struct, forbid_unknown_fields=True):
    checkpoint: str
    hashes: list[str]
    statements: list[_EntryForm]
    v: int
    status: dict[str, Any] | None = None


_decoder: Final = msgspec.json.Decoder(_BundleForm)


def _inflate(data: bytes, most: int) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            return file.read(most + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise Malformed(f"the bundle's gzip is damaged or cut off: {error}") from error


def _open_envelope(envelope: Envelope) -> dict[str, Any]:
    form: dict[str, Any] = msgspec.json.decode(bytes(envelope))
    form["payload"] = msgspec.json.decode(envelope.payload)
    return form


def _close_envelope(form: dict[str, Any], most: int = dsse.MAX_ENVELOPE) -> Envelope:
    payload = dsse.canonical(form.get("payload"))
    return Envelope.parse(dsse.canonical({**form, "payload": b64encode(payload).decode()}), most)


def _item_id(text: str) -> str:
    gs1.parse_item_id(text)
    return text


def _read(form: _BundleForm, most: int) -> Bundle:
    if form.v != 1:
        raise Malformed(f"bundle version {form.v} is not known; this program reads version 1")
    hashes = [dsse.base64_bytes(text, 32, "a hash") for text in form.hashes]

    def path(places: list[int]) -> tuple[bytes, ...]:
        if any(place < 0 for place in places):
            raise Malformed("a path names a hash below the first")
        return tuple(hashes[place] for place in places)

    entries = []
    for entry in form.statements:
        if not (0 <= entry.index <= dsse.MAX_INTEGER and 0 <= entry.ms <= dsse.MAX_INTEGER):
            raise Malformed("index and ms of a statement are from 0 to below 2^53")
        items = tuple(
            ItemPath(
                _item_id(item.id),
                dsse.hex_bytes(item.extra, 32, "extra") if item.extra else b"",
                dsse.hex_bytes(item.salt, 16, "a salt"),
                item.index,
                path(item.path),
            )
            for item in entry.items
        )
        entries.append(
            Entry(_close_envelope(entry.envelope), entry.index, entry.ms, path(entry.path), items)
        )
    # What the operator signs is never logged, so the log's limit is none of its own.
    status = _close_envelope(form.status, 2 * most) if form.status is not None else None
    return Bundle(form.checkpoint.encode(), tuple(entries), status)
