"""Documents: the file comes in, is put on the log by a signed statement, and is handed out whole.

A file is streamed to disk under its SHA-256 and handed out as an attachment, never shown here.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from flask import Blueprint, Response, abort, current_app, jsonify, request
from flask_babel import gettext as _

from app import documents
from app.bodies import typed
from app.node import node
from app.session import signed_in
from ledger.errors import Malformed
from ledger.store.documents import PIECE, TooLarge

blueprint = Blueprint("documents", __name__)
MAX_BODY: Final = 4_096  # bytes of a request that is no file
_HASH: Final = re.compile(r"[0-9a-f]{64}")
# What a file may be handed out as; everything else is just bytes. The ending is of its name.
_TYPES: Final = {
    "application/pdf": ".pdf", "image/png": ".png", "image/jpeg": ".jpg", "text/csv": ".csv",
    "text/plain": ".txt",
}  # fmt: skip


class _Signed(msgspec.Struct, frozen=True):
    about: str
    statement: str


_decoder: Final = msgspec.json.Decoder(_Signed)


@blueprint.put("/api/documents/<digest>")
def keep(digest: str) -> tuple[Response, int]:
    """Keep a file (the body) whose SHA-256 this is: `?about=…&title=…&type=…`. 201, not on the log yet."""
    who = signed_in()
    current_app.extensions["limits"].count("uploads", node().settings.per_minute)
    _check_hash(digest)
    request.max_content_length = documents.MOST_BYTES
    if (request.content_length or 0) > documents.MOST_BYTES:
        _too_large()
    about, title, kind = (request.args.get(name, "") for name in ("about", "title", "type"))
    made = documents.described(about, title, kind, digest, who)
    try:
        kept = node().desk.documents.keep(made, _body(), documents.MOST_BYTES)
    except TooLarge:
        _too_large()
    return jsonify({"sha256": digest, "size": kept.size, "about": about}), 201


def _body() -> Iterator[bytes]:
    return iter(lambda: request.stream.read(PIECE // 4), b"")


def _too_large() -> None:
    abort(
        413, _("A document has at most %(n)s MiB. Nothing was kept.", n=documents.MOST_BYTES >> 20)
    )


def _check_hash(digest: str) -> None:
    if not _HASH.fullmatch(digest):
        raise Malformed("a file is named by its SHA-256, 64 lower-case hex digits")


@blueprint.post("/api/documents/<digest>/statement")
def sign(digest: str) -> Response:
    """Say by which statement the file came onto the log: `{"about", "statement"}`."""
    who, told = (
        signed_in(),
        typed(_decoder, MAX_BODY, 'the request is {"about": …, "statement": …}'),
    )
    _check_hash(digest)
    documents.confirm(digest, told.about, told.statement, who)
    if not node().desk.documents.sign(who.party, digest, told.about, told.statement):
        abort(404, _("This file is not kept here. Send it again."))
    return jsonify({"statement": told.statement})


@blueprint.delete("/api/documents/<digest>")
def drop(digest: str) -> Response:
    """Take back a file of the party that never came onto the log: `?about=…`."""
    who = signed_in()
    _check_hash(digest)
    if not node().desk.documents.drop(who.party, digest, request.args.get("about", "")):
        abort(404, _("There is no such file, or it is on the log: what was recorded stays."))
    return jsonify({"dropped": True})


@blueprint.get("/api/documents")
def index() -> Response:
    """What is kept about a lot or a shipment: `?about=…`, `&through=` a shipment that brought the lot."""
    who = signed_in()
    found = documents.of(request.args.get("about", ""), who, request.args.get("through", ""))
    told = [{**one.document._asdict(), "partyName": one.party} for one in found]
    return jsonify({"documents": told})


@blueprint.get("/api/documents/<statement>")
def show(statement: str) -> Response:
    """A document's statement with its proof, for whoever may read the document."""
    documents.one_of(statement, signed_in(), request.args.get("through", ""))
    reader = node().reader
    with reader.snapshot():
        try:
            logged = reader.find(statement)
        except LookupError as error:
            abort(404, str(error))
        told: dict[str, Any] = {"id": logged.id, "ms": logged.ms, **reader.evidence(logged.index)}
    return jsonify({**told, "envelope": json.loads(logged.envelope)})


@blueprint.get("/api/documents/<statement>/file")
def file(statement: str) -> Response:
    """The file, once its bytes were found to be those on the log; else 410."""
    who = signed_in()
    current_app.extensions["limits"].count("documents", node().settings.per_minute)
    found = documents.one_of(statement, who, request.args.get("through", ""))
    if documents.statement_of(statement).sha256 != found.sha256:
        abort(410, _("What is kept here is not what the log says. Ask its sender for it."))
    try:
        pieces = node().desk.documents.read(found.sha256)
    except (LookupError, Malformed):
        abort(
            410,
            _(
                "This file was lost or altered here, so it is not handed out. Ask its sender for it."
            ),
        )
    known = found.media_type in _TYPES
    answer = Response(pieces, mimetype=found.media_type if known else "application/octet-stream")
    answer.headers["Content-Disposition"] = (
        f'attachment; filename="{_name(found.title)}{_TYPES.get(found.media_type, "")}"'
    )
    answer.headers["Content-Length"] = str(found.size)
    # RFC 9530
    answer.headers["Repr-Digest"] = f"sha-256=:{b64encode(bytes.fromhex(found.sha256)).decode()}:"
    return answer


def _name(title: str) -> str:
    """A title as a file's name: letters, digits, dashes; nothing that leads elsewhere."""
    return re.sub(r"[^A-Za-z0-9-]+", "_", title).strip("_")[:60] or "document"
