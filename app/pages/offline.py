"""/worker.js and what it keeps: pages that open while the server cannot be reached."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from flask import Blueprint, Response, current_app, jsonify, render_template, send_from_directory

blueprint = Blueprint("offline", __name__)
STATIC: Final = Path(__file__).resolve().parent.parent / "static"


@cache
def _files() -> tuple[Path, ...]:
    """What pages load, in order of name; it does not change while the app runs."""
    return tuple(sorted(path for path in STATIC.rglob("*.*") if path.is_file()))


@cache
def _version() -> str:
    digest = sha256()
    for path in _files():
        digest.update(path.name.encode() + sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


@blueprint.app_context_processor
def version() -> dict[str, Any]:
    """The version of what pages load, for the worker's address: another one is another worker."""
    return {"static_version": _version()}


@blueprint.get("/worker.js")
def worker() -> Response:
    """The worker, from the root: it may keep the pages below its own path alone."""
    answer = send_from_directory(STATIC, "worker.js", mimetype="text/javascript")
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@blueprint.get("/static-files.json")
def files() -> Response:
    """The addresses of what pages load, for the worker."""
    root = current_app.static_url_path
    return jsonify([f"{root}/{path.relative_to(STATIC).as_posix()}" for path in _files()])


@blueprint.get("/offline")
def lost() -> str:
    """What the worker shows instead of a page that it has not kept."""
    return render_template("offline/index.html")
