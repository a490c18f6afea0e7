"""/traces: one box for whatever is to be traced; then graph, map, timeline and table of its flows."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, request

from app import places, traces
from app.node import node
from app.session import signed_in
from app.trace_view import view

blueprint = Blueprint("trace_pages", __name__)


@blueprint.get("/traces")
def index() -> str | Response:
    """The box; `q` goes on to what it names."""
    who = signed_in()
    text = request.args.get("q", "").strip()
    if text:
        back = redirect(traces.find(text[:4096], who).path, 303)
        assert isinstance(back, Response)
        return back
    whole = who.party == node().reader.authority().gln
    return render_template("traces/index.html", authority=whole)


@blueprint.post("/traces/places")
def put_place() -> Response:
    """Write down where a site lies, for the map; by an authority, or by the site itself."""
    places.put(request.form, signed_in())
    back = redirect("/traces#places", 303)
    assert isinstance(back, Response)
    return back


@blueprint.get("/traces/<kind>/<path:name>")
def show(kind: str, name: str) -> str:
    """A trace, between two days, at a site, one way or both."""
    who = signed_in()
    about = traces.subject(kind, name, who)
    shown = view(traces.trace(about, traces.read_filter(), who))
    return render_template("traces/show.html", view=shown, trace=shown.trace)
