"""POST /api/fingerprint/…: what a frame is worth, whether a label is the enrolled print, enrolment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import IO, Any, Final

from flask import Blueprint, Response, jsonify, request
from flask_babel import gettext as _

from app.fingerprints.enrol import enrol_frames
from app.fingerprints.frames import GATE, MAX_FRAME, MOST_FRAMES, Gate
from app.fingerprints.matching import look, measure, outcome_json
from app.session import signed_in
from ledger.errors import Malformed

blueprint = Blueprint("fingerprints", __name__)
_REST: Final = 64 * 1024  # bytes of a body beside its pictures


@blueprint.record_once
def _prepare(state: Any) -> None:
    state.app.extensions[GATE] = Gate()


@blueprint.post("/api/fingerprint/measure")
def measure_frame() -> Response:
    """Whether one frame, multipart `frame`, is good enough; nothing is compared."""
    who = signed_in()
    with _uploads("frame", 1) as uploads:
        if len(uploads) != 1:
            raise Malformed(_("send one picture as the part named frame"))
        return jsonify(measure(uploads[0], who))


@blueprint.post("/api/fingerprint/match")
def match_frames() -> Response:
    """Multipart `item`, `device` and 1 to 5 `frames`: the pack's label against its template."""
    who = signed_in()
    with _uploads("frames", MOST_FRAMES) as uploads:
        told = look(request.form.get("item", ""), request.form.get("device", ""), uploads, who)
    return jsonify(outcome_json(told))


@blueprint.post("/api/fingerprint/enrol")
def enrol_label() -> Response:
    """Multipart 3 to 5 `frames` of a label: its template is kept, and its commitment answered."""
    who = signed_in()
    with _uploads("frames", MOST_FRAMES) as uploads:
        return jsonify(enrol_frames(uploads, who))


@contextmanager
def _uploads(name: str, most: int) -> Iterator[list[IO[bytes]]]:
    """The pictures of a request; large ones lie in files without a name until the end."""
    request.max_content_length = most * MAX_FRAME + _REST
    if request.mimetype != "multipart/form-data":
        raise Malformed(_("send pictures as multipart/form-data"))
    with ExitStack() as stack:
        yield [stack.enter_context(closing(one)).stream for one in request.files.getlist(name)]
