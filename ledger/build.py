"""Builds and signs submissions: from what a person means to the exact bytes, in one place.

Pure: keys, time, nonce and secret are arguments. Whether the log takes it is the log's business.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ledger.statement import dsse
from ledger.statement.events import Commitment, Event, build_event
from ledger.statement.forms import FORMS, NOT_HANDED_OUT
from ledger.statement.governance import Governance, build_governance
from ledger.statement.items import Item, Tree
from ledger.statement.parts import ItemsScope
from ledger.statement.submission import Statement, Submission, list_secret


def sign_event(
    op: str,
    seeds: Iterable[bytes],
    *,
    log: str,
    by: str,
    site: str,
    time_ms: int,
    nonce: bytes,
    secret: bytes,
    ids: Iterable[str] = (),
    over: Iterable[str] = (),
    missing: Iterable[str] = (),
    extras: Mapping[str, bytes] | None = None,
    time_offset: str = "+00:00",
    **fields: Any,
) -> Submission:
    """A signed event about `ids`, ready to submit.

    `by` and `site` are GLNs, `nonce` has 16 and `secret` 32 fresh random bytes, `extras` gives 32
    bytes for some ids. `fields` are those of `Event` that the operation's form has; reason and
    declaration are filled in where the form allows only one. Raises Malformed, and Refused
    `items-mismatch` for an id given twice.
    """
    lists = {
        "items": tuple(sorted(Item(item, (extras or {}).get(item, b"")) for item in ids)),
        "over": tuple(sorted(Item(item) for item in over)),
        "missing": tuple(sorted(Item(item) for item in missing)),
    }
    committed: dict[str, Any] = {
        name: _commit(name, items, secret) for name, items in lists.items() if items
    }
    form = FORMS.get(op)
    if form is not None and len(form.reasons) == 1:
        fields.setdefault("reason", form.reasons[0])
    if op == "undo":
        fields.setdefault("declared", NOT_HANDED_OUT)
    event = Event(
        op=op,
        by=by,
        log=log,
        nonce=nonce.hex(),
        time_ms=time_ms,
        time_offset=time_offset,
        read_point=site,
        **committed,
        **fields,
    )
    envelope = dsse.sign(dsse.EVENT, build_event(event), seeds)
    return Submission(Statement(envelope, event), **lists, secret=secret if committed else b"")


def _commit(name: str, items: Iterable[Item], secret: bytes) -> Commitment:
    tree = Tree.build(tuple(items), list_secret(name, secret))
    return Commitment(tree.depth, tree.root)


def list_scope(ids: Iterable[str], secret: bytes) -> ItemsScope:
    """The scope of a hold or recall of these packs alone; sign it with the same ids and secret."""
    commitment = _commit("items", [Item(item) for item in ids], secret)
    return ItemsScope(depth=commitment.depth, root=commitment.root.hex())


def sign_governance(
    body: Governance, seeds: Iterable[bytes], ids: Iterable[str] = (), secret: bytes = b""
) -> Submission:
    """A signed governance statement, ready to submit; `ids` are those of its scope's list.

    Raises Malformed.
    """
    envelope = dsse.sign(dsse.GOVERNANCE, build_governance(body), seeds)
    items = tuple(sorted(Item(item) for item in ids))
    return Submission(Statement(envelope, body), items, secret=secret if items else b"")
