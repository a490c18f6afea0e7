"""/demo: act as somebody of a SIMULATED world, with a key of one's own that a real statement joined.

Exists only where the log is marked simulated; the marks and the administrators' open key files are
made by `packtrace demo` alone, and no setting brings them about.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, jsonify, render_template
from flask_babel import gettext as _

from app import session
from app.api.people import invited
from app.bodies import body
from app.joining import invitation_of
from app.node import DemoPerson, node
from ledger.build import sign_governance
from ledger.errors import Refused
from ledger.statement import dsse, keyfile
from ledger.statement.dsse import Envelope
from ledger.statement.governance import KeyAdd
from ledger.statement.submission import Statement, Submission
from ledger.store.answers import receipt_json

blueprint = Blueprint("demo", __name__)


@blueprint.get("/demo")
def index() -> str:
    """Whom one can act as, one after the other or in several tabs."""
    found = node()
    _people()
    return render_template("demo/index.html", people=found.people, origin=found.origin)


def _people() -> tuple[DemoPerson, ...]:
    found = node()
    if not found.simulated or not found.people:
        abort(404, _("There is no simulated world here."))
    return found.people


def _person(role: Any) -> DemoPerson:
    for one in _people():
        if one.role == role:
            return one
    abort(404, _("There is nobody of this role to act as here."))


@blueprint.post("/demo/invitations")
def invite() -> tuple[Response, int]:
    """Invite a visitor to be somebody: a station of a site, or an administrator: `{"role"}`."""
    one, found = _person(body().get("role")), node()
    raw, text = session.new_token()
    told = {"site": one.site, "use": one.use, "staff": one.staff}
    now = found.clock()
    made = invitation_of(told, raw, found.reader.authority(), one.party, now)
    found.desk.people.invite(made, now)
    return jsonify({"path": f"/join/{text}"}), 201


@blueprint.post("/demo/approvals")
def approve() -> Response:
    """Approve a visitor's request as the simulated administrator: `{"token"}`."""
    told, found = body(), node()
    _people()
    token = told.get("token")
    invitation = invited(token if isinstance(token, str) else "")
    one = next((one for one in _people() if one.site == invitation.site), None)
    if one is None or not invitation.envelope:
        abort(404, _("Nobody asks to be approved here."))
    if found.log is None:
        raise Refused("read-only", "this node does not hold the log's key")
    envelope = Envelope.parse(invitation.envelope)
    add = Statement.of(envelope).body
    assert isinstance(add, KeyAdd)  # checked when it was kept
    approved = sign_governance(add, [_seed(name) for name in one.admins])
    lines = {
        line.keyid: line for e in (envelope, approved.statement.envelope) for line in e.signatures
    }
    ordered = tuple(lines[keyid] for keyid in sorted(lines))
    whole = Envelope(envelope.payload, dsse.GOVERNANCE, ordered)
    receipt = found.log.submit(Submission(Statement.of(whole)))
    return jsonify(receipt_json(found.log, receipt))


def _seed(name: str) -> bytes:
    """An administrator's key of the simulated world, which lies open in its folder."""
    return keyfile.unseal((node().settings.log / "keys" / f"{name}.key").read_bytes(), b"")
