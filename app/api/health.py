"""Whether this process lives, and whether it has a log to answer from."""

from flask import Blueprint, Response, jsonify

from app.node import node

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    """The process answers."""
    return jsonify({"status": "ok"})


@blueprint.get("/readyz")
def readyz() -> Response:
    """The log can be read; else 503."""
    found = node()
    head = found.reader.head()
    return jsonify({"status": "ok", "origin": found.origin, "size": head.size})
