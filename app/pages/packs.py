"""/packs/<gtin>/<serial>: a pack's timeline as the viewer's site may see it, with its proof.

The page shows what the pack's bundle proves, verified as anybody can verify the download.
"""

from __future__ import annotations

import json

from flask import Blueprint, render_template

from app.api.packs import label_of
from app.node import answers, node
from app.present import line_of
from app.session import acting, signed_in
from ledger.errors import BadProof, BadSignature, Refused
from ledger.proof import verify
from ledger.statement.events import Event

blueprint = Blueprint("pack_pages", __name__)


@blueprint.get("/packs/<gtin>/<path:serial>")
def show(gtin: str, serial: str) -> str:
    """State, timeline newest first, each statement in words and raw; the proof in words and raw."""
    who = signed_in()
    label = label_of(gtin, serial)
    bundle = answers().bundle([label.id], who.site)
    try:
        proven = verify(bundle, node().trust)
    except (BadProof, BadSignature) as error:
        raise Refused("read-only", f"this log's own proof does not verify: {error}") from error
    authority = node().reader.authority()
    lines = [
        line_of(authority, entry, statement.body)
        for entry, statement in zip(proven.entries, proven.statements, strict=True)
        if isinstance(statement.body, Event)
    ]
    return render_template(
        "packs/show.html", label=label, state=proven.states[label.id], lines=lines[::-1],
        proven=proven, signatures=sum(len(entry.envelope.signatures) for entry in proven.entries),
        checkpoint=bundle.checkpoint.decode(),
        raw=json.dumps(json.loads(bundle.to_json()), indent=1), acting=acting(),
    )  # fmt: skip
