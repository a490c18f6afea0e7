"""/packs/<gtin>/<serial>: a pack's timeline as the viewer's site may see it, with its proof.

The page shows what the pack's bundle proves, verified as anybody can verify the download; so does
its certificate, the same on one sheet of paper.
"""

from __future__ import annotations

import json

from flask import Blueprint, render_template, request
from flask_babel import gettext as _

from app.api.packs import is_whole, label_of
from app.codes import qr_svg
from app.fingerprints.evidence import may_see
from app.node import answers, node
from app.pages import prints
from app.present import Line, line_of, marked
from app.scanning import here_and_now
from app.session import acting, signed_in
from ledger.bundle import Bundle
from ledger.errors import BadProof, BadSignature, Refused
from ledger.proof import Proven, verify
from ledger.rules.verdict import State, judge
from ledger.statement.events import Event
from ledger.statement.gs1 import PRACTICE, ROOT, Label

blueprint = Blueprint("pack_pages", __name__)


@blueprint.get("/packs/<gtin>/<path:serial>")
def show(gtin: str, serial: str) -> str:
    """State, timeline newest first, each statement in words and raw; the proof in words and raw."""
    if not is_whole(gtin, serial):
        if serial.endswith("/certificate"):
            return certificate(gtin, serial.removesuffix("/certificate"))
        if serial.endswith("/fingerprint"):
            return prints.show(gtin, serial.removesuffix("/fingerprint"))
    label, bundle, proven = _proven(gtin, serial)
    return render_template(
        "packs/show.html", label=label, state=proven.states[label.id], lines=_lines(proven),
        proven=proven, signatures=sum(len(entry.envelope.signatures) for entry in proven.entries),
        checkpoint=bundle.checkpoint.decode(),
        raw=json.dumps(json.loads(bundle.to_json()), indent=1), acting=acting(),
        looked_into=may_see(signed_in(), label.gtin),
    )  # fmt: skip


@blueprint.get("/packs/<gtin>/<path:serial>/certificate")
def certificate(gtin: str, serial: str) -> str:
    """The verdict as of now on one sheet: what was signed by whom, and a code to check it again."""
    whole = f"{serial}/certificate"
    if is_whole(gtin, whole):
        return show(gtin, whole)
    label, bundle, proven = _proven(gtin, serial)
    state = proven.states[label.id]
    told = judge(state, label, here_and_now(), "check", witnessed=proven.witnessed)
    link = _link(label, state)
    return render_template(
        "packs/certificate.html", label=label, state=state, told=told, mark=marked(told.word),
        lines=_lines(proven), link=link, code=qr_svg(link, _("Code to check this pack")),
        proven=proven, head=bundle.checkpoint.decode().split("\n"), acting=acting(),
    )  # fmt: skip


def _proven(gtin: str, serial: str) -> tuple[Label, Bundle, Proven]:
    """A pack's bundle for the session's site, verified as anybody can verify it."""
    who = signed_in()
    label = label_of(gtin, serial)
    bundle = answers().bundle([label.id], who.site)
    try:
        return label, bundle, verify(bundle, node().trust)
    except (BadProof, BadSignature) as error:
        raise Refused("read-only", f"this log's own proof does not verify: {error}") from error


def _lines(proven: Proven) -> list[Line]:
    """The events of a proof in words, newest first."""
    authority = node().reader.authority()
    return [
        line_of(authority, entry, statement.body)
        for entry, statement in zip(proven.entries, proven.statements, strict=True)
        if isinstance(statement.body, Event)
    ][::-1]


def _link(label: Label, state: State) -> str:
    """The pack's Digital Link at this host; with lot and expiry, so that a stranger can follow it."""
    elements = [("01", label.gtin), ("21", label.serial)]
    if state.lot and state.expiry:
        elements += [("10", state.lot), ("17", f"{state.expiry:%y%m%d}")]
    if label.practice:
        elements.append(PRACTICE)
    own = Label(tuple(elements)).digital_link
    return request.host_url.rstrip("/") + own.removeprefix(ROOT)
