"""A statement as it is handed in: its envelope, what it says, and what it keeps from the log.

Knows the body of `POST /api/statements` (statement.md 10). Whether the statement may stand is left
to `ledger.rules`; what the items commit to, to `items`.
"""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Final

import msgspec

from ledger.errors import Malformed, Refused
from ledger.statement import dsse, gs1
from ledger.statement.dsse import Envelope
from ledger.statement.events import Commitment, Event, parse_event
from ledger.statement.governance import Governance, Hold, Recall, parse_governance
from ledger.statement.items import Item, Tree, missing_secret, over_secret

LISTS: Final = ("items", "over", "missing")
MAX_LINE: Final = 64 * 1024 * 1024  # a submission with its items, in bytes


class Statement(msgspec.Struct, frozen=True, gc=False):
    """A parsed envelope that claims to be a statement: signatures are not yet checked."""

    envelope: Envelope
    body: Event | Governance

    @property
    def id(self) -> str:
        """SHA-256 of the DSSE pre-authentication encoding, hex: the same however signed."""
        return self.envelope.id

    @property
    def by(self) -> str:
        """GLN of the acting party."""
        return self.body.by

    @classmethod
    def of(cls, envelope: Envelope) -> Statement:
        """Read an envelope's payload.

        Raises Malformed when the payload has not the form of its type, Refused `wrong-type` when
        its type is no statement's (a log-in, a status, an unknown one).
        """
        if envelope.payload_type == dsse.EVENT:
            return cls(envelope, parse_event(envelope.payload))
        if envelope.payload_type == dsse.GOVERNANCE:
            return cls(envelope, parse_governance(envelope.payload))
        raise Refused("wrong-type", f"{envelope.payload_type} is not a statement's payload type")

    @classmethod
    def parse(cls, data: bytes) -> Statement:
        """Read canonical envelope bytes; errors as `of` and `Envelope.parse`."""
        return cls.of(Envelope.parse(data))


class _ItemJson(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    id: str
    extra: str = ""


class _SubmissionJson(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    envelope: msgspec.Raw
    items: list[_ItemJson] | None = None
    over: list[_ItemJson] | None = None
    missing: list[_ItemJson] | None = None
    secret: str | None = None


_decoder: Final = msgspec.json.Decoder(_SubmissionJson)
_encoder: Final = msgspec.json.Encoder()


class Submission(msgspec.Struct, frozen=True, gc=False):
    """`{"envelope", "items"?, "over"?, "missing"?, "secret"?}`: what a submitter sends.

    `items`, `over`, `missing` are sorted by id, ids unique; `secret` is 32 bytes or empty.
    """

    statement: Statement
    items: tuple[Item, ...] = ()
    over: tuple[Item, ...] = ()
    missing: tuple[Item, ...] = ()
    secret: bytes = b""

    @classmethod
    def parse(cls, data: bytes) -> Submission:
        """Read a submission's JSON.

        The envelope inside is taken in its canonical form, however it was spaced on the way. Raises
        Malformed, and Refused `items-mismatch` for items that are not listed as they must be.
        """
        if len(data) > MAX_LINE:
            raise Malformed(f"a submission is at most {MAX_LINE} bytes, this one has {len(data)}")
        try:
            raw = _decoder.decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Malformed(
                'a submission is {"envelope", "items"?, "over"?, "missing"?, "secret"?}: '
                f"{error}; send that JSON object"
            ) from error
        return cls(
            Statement.of(_envelope(bytes(raw.envelope))),
            _items(raw.items, "items"),
            _items(raw.over, "over"),
            _items(raw.missing, "missing"),
            _secret(raw.secret),
        )

    def joined(self, other: Submission) -> Submission:
        """This submission with the signatures of another one of the same statement, too.

        Raises Malformed for more than an envelope holds.
        """
        mine = self.statement.envelope
        theirs = other.statement.envelope
        if mine.id != theirs.id:
            raise Malformed("only signatures of the same statement are put together")
        lines = {line.keyid: line for line in (*theirs.signatures, *mine.signatures)}
        if len(lines) > dsse.MAX_SIGNATURES:
            raise Malformed(f"an envelope has 1 to {dsse.MAX_SIGNATURES} signatures")
        ordered = tuple(lines[keyid] for keyid in sorted(lines))
        whole = Envelope(mine.payload, mine.payload_type, ordered)
        return msgspec.structs.replace(self, statement=Statement(whole, self.statement.body))

    def __bytes__(self) -> bytes:
        lists = {
            name: [_ItemJson(item.id, item.extra.hex()) for item in items]
            for name in LISTS
            if (items := getattr(self, name))
        }
        return _encoder.encode(
            {
                "envelope": msgspec.Raw(bytes(self.statement.envelope)),
                **lists,
                **({"secret": self.secret.hex()} if self.secret else {}),
            }
        )


def _envelope(raw: bytes) -> Envelope:
    try:
        return Envelope.parse(raw)
    except Malformed:
        # A client's JSON library may space or order the outer object as it likes; only what would
        # then differ from the canonical bytes in meaning (a key given twice) is refused.
        if len(raw) > 2 * dsse.MAX_ENVELOPE:
            raise
    try:
        canonical = dsse.canonical(json.loads(raw, object_pairs_hook=_no_twice))
    except (ValueError, TypeError, RecursionError, msgspec.MsgspecError) as error:
        raise Malformed(f"the envelope cannot be read: {error}") from error
    return Envelope.parse(canonical)


def _no_twice(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _items(raw: list[_ItemJson] | None, name: str) -> tuple[Item, ...]:
    if raw is None:
        return ()
    items = tuple(Item(_item_id(item.id), _extra(item.extra)) for item in raw)
    for before, after in pairwise(items):
        if before.id >= after.id:
            why = "stands twice" if before.id == after.id else "is out of order"
            raise Refused(
                "items-mismatch", f"{after.id} {why} in {name}: list each id once, sorted"
            )
    return items


def _item_id(text: str) -> str:
    gs1.parse_item_id(text)  # one pack has one identifier, or it could be there twice
    return text


def _extra(text: str) -> bytes:
    return dsse.hex_bytes(text, 32, "an item's extra") if text else b""


def _secret(text: str | None) -> bytes:
    return b"" if text is None else dsse.hex_bytes(text, 32, "the secret")


def commitments(body: Event | Governance) -> dict[str, Commitment]:
    """What a statement commits to, by the name of the list: items, over, missing."""
    if isinstance(body, Event):
        found = {"items": body.items, "over": body.over, "missing": body.missing}
        return {name: commitment for name, commitment in found.items() if commitment is not None}
    if isinstance(body, Hold | Recall) and body.scope.items is not None:
        listed = body.scope.items
        return {"items": Commitment(listed.depth, bytes.fromhex(listed.root))}
    return {}


def list_secret(name: str, secret: bytes) -> bytes:
    """The secret of one of a statement's lists (statement.md 4)."""
    if name == "over":
        return over_secret(secret)
    return missing_secret(secret) if name == "missing" else secret


def fit_items(submission: Submission) -> dict[str, Tree]:
    """The trees over the lists sent, which are exactly those committed to.

    Raises Refused `items-mismatch` when they are not.
    """
    committed = commitments(submission.statement.body)
    trees: dict[str, Tree] = {}
    for name in LISTS:
        items, commitment = getattr(submission, name), committed.get(name)
        if (commitment is None) != (not items):
            raise Refused("items-mismatch", f"the statement and the list of {name} do not fit")
        if commitment is not None:
            if len(submission.secret) != 32:
                raise Refused("items-mismatch", "the secret of the items is missing")
            tree = Tree.build(items, list_secret(name, submission.secret))
            if (tree.depth, tree.root) != (commitment.depth, commitment.root):
                raise Refused("items-mismatch", f"the {name} sent lead to another root")
            trees[name] = tree
    if submission.secret and not committed:
        raise Refused("items-mismatch", "the statement commits to no items; send no secret")
    return trees
