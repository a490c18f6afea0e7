"""POST /api/scans: a label's text, its picture, or a live camera's frame, to a verdict."""

from __future__ import annotations

from contextlib import closing
from typing import Final

import msgspec
from flask import Blueprint, Response, request
from flask_babel import gettext as _

from app.bodies import typed
from app.looking import MAX_PICTURE, has_content
from app.scanning import (
    Told,
    check_purpose,
    check_source,
    scan_frame,
    scan_picture,
    scan_text,
    told_json,
)
from ledger.errors import Malformed

blueprint = Blueprint("scans", __name__)
MAX_TEXT_BODY: Final = 64 * 1024  # bytes of a request
MAX_PICTURE_BODY: Final = MAX_PICTURE + 64 * 1024


class _Text(msgspec.Struct, frozen=True):
    """A scan that is a text; half a character (a lone surrogate) is none, and is refused."""

    text: str
    purpose: str = ""
    source: str = ""


_decoder: Final = msgspec.json.Decoder(_Text)


@blueprint.post("/api/scans")
def create() -> Response:
    """`{"text", "purpose"?, "source"?}` as JSON, or multipart `image` (and `purpose`; of a camera `stream`, `held`)."""
    if request.mimetype == "multipart/form-data":
        request.max_content_length = MAX_PICTURE_BODY
        return _answer(_picture())
    form = 'a scan is {"text": …, "purpose"?: …, "source"?: …} or a picture'
    said = typed(_decoder, MAX_TEXT_BODY, form)
    return _answer(scan_text(said.text, check_purpose(said.purpose), check_source(said.source)))


def _answer(told: Told) -> Response:
    # Counters ask for verdicts all day: this takes a quarter of the time of Flask's own encoder.
    return Response(msgspec.json.encode(told_json(told)), mimetype="application/json")


def _picture() -> Told:
    upload = request.files.get("image")
    if upload is None:
        raise Malformed("send the picture as the part named image")
    purpose = check_purpose(request.form.get("purpose", ""))
    with closing(upload):  # a large one lies in a file without a name
        if not has_content(upload):
            raise Malformed(_("the picture is empty"))
        if request.form.get("stream", "") == "1":
            return scan_frame(upload.stream, purpose, request.form.get("held", ""))
        return scan_picture(upload.stream, purpose)
