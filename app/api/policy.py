"""A policy tried before it is signed: what it changes, and what it would have refused."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, jsonify
from flask_babel import gettext as _

from app import governance, policies
from app.bodies import body
from app.node import node
from app.present import act_words
from ledger.errors import Malformed

blueprint = Blueprint("policy_api", __name__)


@blueprint.post("/api/policy/trials")
def create() -> Response:
    """`{"policy", "replaces", "days"}`: differences, warnings, what the log would say, a dry run."""
    who, found = governance.of_authority(), node()
    current_app.extensions["limits"].count("trial", found.settings.per_minute)
    told: Any = body()
    days = told.get("days", 30)
    if not isinstance(days, int) or isinstance(days, bool) or not 1 <= days <= policies.MAX_DAYS:
        raise Malformed(_("the dry run covers 1 to %(n)s days", n=policies.MAX_DAYS))
    wanted = policies.proposed(who, told.get("policy"), told.get("replaces"))
    current = found.reader.authority().policy
    tried = policies.tried(wanted.policy, days)
    return jsonify({
        "changes": [one._asdict() for one in policies.changes(current, wanted.policy)],
        "warnings": policies.warnings(current, wanted.policy),
        "objection": policies.objection(wanted),
        "judged": tried.judged,
        "since": tried.since_ms,
        "whole": tried.whole,
        "refused": tried.refused,
        "groups": [
            {
                "code": one.code, "rule": policies.rule_words(one.code), "act": act_words(one.op),
                "count": one.n, "examples": one.examples,
            }
            for one in tried.groups
        ],
    })  # fmt: skip
