"""POST /api/scans: a label's text, or its picture, to a verdict."""

from __future__ import annotations

import json

from flask import Blueprint, Response, jsonify, request

from app.scanning import check_purpose, scan, verdict_json
from ledger.errors import Malformed

blueprint = Blueprint("scans", __name__)


@blueprint.post("/api/scans")
def create() -> Response:
    """`{"text", "purpose"?}` as JSON, or a picture as multipart `image` (and `purpose`)."""
    if request.mimetype == "multipart/form-data":
        upload = request.files.get("image")
        if upload is None:
            raise Malformed("send the picture as the part named image")
        purpose = check_purpose(request.form.get("purpose", ""))
        picture = upload.read()
        if not picture:
            raise Malformed("the picture is empty")
        return jsonify(verdict_json(*scan(picture=picture, purpose=purpose)))
    try:
        told = json.loads(request.get_data(cache=False))
        text, purpose = told["text"], told.get("purpose", "")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Malformed('a scan is {"text": …, "purpose"?: …} or a picture') from error
    if not isinstance(text, str) or not isinstance(purpose, str):
        raise Malformed("text and purpose are strings")
    return jsonify(verdict_json(*scan(text=text, purpose=check_purpose(purpose))))
