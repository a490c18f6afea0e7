"""/policy: the policy in plain words, its history and differences; /policy/new: propose another."""

from __future__ import annotations

import msgspec
from flask import Blueprint, abort, render_template, request
from flask_babel import gettext as _

from app import governance, policies, session
from app.node import node
from ledger.statement.parts import OPERATIONS, ROLES

blueprint = Blueprint("policy", __name__)


@blueprint.get("/policy")
def index() -> str:
    """The policy in force, and every one before; `?old=` and `?new=` name two to be compared."""
    who = session.signed_in()
    found = policies.versions()
    wanted = {name: request.args.get(name, "") for name in ("old", "new")}
    chosen = {name: _version(found, text) for name, text in wanted.items()}
    old, new = chosen["old"], chosen["new"]
    return render_template(
        "policy/index.html", versions=found, words=policies.said_in_words(found[0].policy),
        old=old, new=new, changes=policies.changes(old.policy, new.policy) if old and new else [],
        authority=governance.is_authority(who),
    )  # fmt: skip


def _version(found: list[policies.Version], text: str) -> policies.Version | None:
    if not text:
        return None
    for one in found:
        if str(one.index) == text:
            return one
    abort(404, _("No policy was set by entry %(number)s.", number=text[:20]))


@blueprint.get("/policy/new")
def new() -> str:
    """Another policy, as a form that a script reads."""
    who = governance.of_authority()
    authority = node().reader.authority()
    policy = authority.policy
    return render_template(
        "policy/new.html", admin=session.is_administrator(who), policy=policy,
        fields=[(one, policies.number_of(policy, one.name)) for one in policies.FIELDS],
        policies=policies, roles=sorted(ROLES), operations=sorted(OPERATIONS),
        told={"policy": msgspec.to_builtins(policy), "replaces": authority.policy_id},
    )  # fmt: skip
