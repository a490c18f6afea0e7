"""/containers: what is in which; one container, to unpack it; a new one, to pack it; its label."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, render_template, request

from app import containers
from app.commissioning import MOST_UNITS, prefixes_of
from app.lots import DENSITIES, read_dpi
from app.me import me
from app.node import node
from app.session import signed_in

blueprint = Blueprint("container_pages", __name__)
PAGE: Final = 50  # containers of one page
MOST: Final = 300  # items inside that are named


@blueprint.get("/containers")
def index() -> str:
    """The site's outermost containers by SSCC; found by a part of it."""
    who = signed_in()
    after = containers.read_after(request.args.get("after", ""))
    like = containers.read_digits(request.args.get("q", ""))
    with node().reader.snapshot():
        lines = containers.at_site(who, PAGE + 1, after, like)
    more = lines[PAGE - 1].sscc if len(lines) > PAGE else ""
    return render_template(
        "containers/index.html", lines=lines[:PAGE], more=more, after=after, q=like
    )


@blueprint.get("/containers/new")
def new() -> str:
    """Number new containers and pack them, or pack more into one (`into`)."""
    who = signed_in()
    into = request.args.get("into", "")
    with node().reader.snapshot():
        shown = containers.show(into, who, 0) if into else None
    told = me() or {}
    may = set(told.get("operations", ()))
    return render_template(
        "containers/new.html", prefixes=prefixes_of(node().reader.authority(), who.party),
        into=shown, most=MOST_UNITS, may="pack" in may and (bool(into) or "commission" in may),
    )  # fmt: skip


@blueprint.get("/containers/<sscc>")
def show(sscc: str) -> str:
    """One container: what it holds, what it is in; unpacked whole or in part."""
    who = signed_in()
    with node().reader.snapshot():
        shown = containers.show(sscc, who, MOST)
    may = "unpack" in (me() or {}).get("operations", ())
    return render_template("containers/show.html", shown=shown, may=may)


@blueprint.get("/containers/<sscc>/label")
def label(sscc: str) -> str:
    """Its label to print."""
    who = signed_in()
    dpi = read_dpi(request.args.get("dpi", ""))
    with node().reader.snapshot():
        shown = containers.show(sscc, who, 0)
    return render_template(
        "containers/label.html", line=shown.line, dpi=dpi, densities=sorted({*DENSITIES, dpi}),
        scale=dpi / 96,
    )  # fmt: skip
