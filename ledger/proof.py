"""Verifies a proof bundle without any server, by a trust file alone (statement.md 9).

Pure. The bundle's form is `bundle`'s business, what its statements lead to for a site `chain`'s, what
a person is told `rules.verdict`'s.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import combinations
from typing import Final, NoReturn, TypeAlias

from ledger import chain
from ledger.bundle import Bundle, Entry
from ledger.chain import Shown
from ledger.errors import BadProof, BadSignature, Malformed, Refused
from ledger.rules import governing, marks, rights
from ledger.rules.authority import Authority
from ledger.rules.custody import decide
from ledger.rules.making import check_product, check_units, may_enrol
from ledger.rules.state import Named, Ref
from ledger.rules.verdict import State, standing
from ledger.rules.world import World
from ledger.statement import dsse
from ledger.statement.events import Event
from ledger.statement.forms import AFTER_THE_FACT
from ledger.statement.governance import Genesis
from ledger.statement.gs1 import gtin_of
from ledger.statement.parts import is_practice
from ledger.statement.status import ItemStatus, Status, parse_status
from ledger.statement.submission import LISTS, Statement, commitments
from ledger.tlog import merkle
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.policy import Policy, Verified

_Replayed: TypeAlias = tuple[dict[str, chain.Path], frozenset[int]]  # with what was observed
_ENROLS: Final = frozenset({"commission", "repack", "enrol"})
_READINGS: Final = 6  # statements after the fact that are read either way, the newest ones


@dataclass(frozen=True, slots=True)
class Proven:
    """What a bundle proves: each item's state as of the status, and all that was checked for it.

    `observed` are statements, by index, that broke a rule and changed nothing; the authority's bundle
    alone discloses any.
    """

    checkpoint: Checkpoint
    verified: Verified
    status: Status
    states: Mapping[str, State]
    entries: tuple[Entry, ...]
    statements: tuple[Statement, ...]
    authority: Authority
    observed: frozenset[int] = frozenset()

    def commitment(self, item: str) -> bytes:
        """The commitment to the fingerprint of an item's label, b"" where none is shown.

        That of the newest commissioning, repacking or enrolment: a pack that was repacked without one
        has none, whatever its label had before.
        """
        found = b""
        for entry, statement in zip(self.entries, self.statements, strict=True):
            if entry.index in self.observed:
                continue
            if isinstance(statement.body, Event) and statement.body.op in _ENROLS:
                found = next((i.extra for i in entry.items if i.id == item), found)
        return found

    @property
    def witnessed(self) -> bool:
        """Whether a witness of the trust file vouches for the view's age."""
        return bool(self.verified.cosigned)

    @property
    def as_of_ms(self) -> int:
        """Age of the view: the newest cosignature of a listed witness, else the operator's word."""
        if self.verified.cosigned:
            return max(self.verified.cosigned.values()) * 1000
        return self.status.time_ms


@dataclass(slots=True)
class _Fold:
    """What the statements read so far establish."""

    authority: Authority = field(default_factory=Authority)
    statements: list[Statement] = field(default_factory=list)
    events: list[Shown] = field(default_factory=list)
    governance: list[tuple[int, Statement]] = field(default_factory=list)
    # Of events, by index:
    signers: dict[int, frozenset[str]] = field(default_factory=dict)
    keyids: dict[int, tuple[str, ...]] = field(default_factory=dict)


def verify(bundle: Bundle, trust: Policy) -> Proven:
    """Verify a bundle by a trust file alone; no clock is read, age decides the verdict.

    Raises Malformed when it cannot be used here (unreadable, another log, a part missing), and
    BadSignature or BadProof when it is refuted.
    """
    verified, fold = _open(bundle, trust)
    checkpoint = verified.checkpoint
    status = _open_status(bundle, fold.authority, checkpoint)
    if status.id != [statement.id for statement in fold.statements]:
        raise BadProof("the status is about other statements than those shown")
    site = fold.authority.site(status.for_) if status.for_ else None
    if status.for_ and site is None:
        raise Malformed(f"the bundle does not show site {status.for_}, which it was made for")
    for_authority = site is not None and site.party == fold.authority.gln
    proven = Proven(
        checkpoint, verified, status, {}, bundle.entries, tuple(fold.statements), fold.authority
    )
    if for_authority:
        paths, observed = _replay(fold, status)
        proven = replace(proven, observed=observed)
    else:
        paths = {item.id: chain.follow(item.id, fold.events) for item in status.items}
        for item in status.items:
            _agree(paths[item.id], item, status)
    if status.gap != any(path.gap for path in paths.values()):
        raise BadProof("the status hides, or invents, hand-offs in between")
    states = {item.id: _state(item, paths[item.id], proven) for item in status.items}
    return replace(proven, states=states)


def _open(bundle: Bundle, trust: Policy) -> tuple[Verified, _Fold]:
    """Check the checkpoint, and of each statement its place, its signatures and its right."""
    verified = trust.open_checkpoint(bundle.checkpoint)
    checkpoint = verified.checkpoint
    if not bundle.entries or bundle.entries[0].index != 0:
        raise Malformed("the bundle does not show the log's genesis")
    fold = _Fold()
    last = -1
    for entry in bundle.entries:
        if entry.index <= last:
            raise BadProof("the statements are not in the log's order")
        last = entry.index
        _include(entry, checkpoint)
        _admit(fold, entry)
    if fold.authority.log_key != verified.log_key.public:
        raise BadProof("genesis names another log key than the trust file")
    return verified, fold


def open_governance(bundle: Bundle, trust: Policy) -> tuple[Verified, Authority]:
    """The checkpoint of a bundle, and the authority that its governance shows; errors as `verify`."""
    verified, fold = _open(bundle, trust)
    return verified, fold.authority


def _include(entry: Entry, checkpoint: Checkpoint) -> None:
    leaf = merkle.leaf_hash(dsse.entry_of(entry.envelope, entry.ms))
    merkle.verify_inclusion(entry.index, checkpoint.size, leaf, entry.path, checkpoint.root)


def _admit(fold: _Fold, entry: Entry) -> None:
    """Check signatures, rights and items of one statement by what was shown before it."""
    try:
        statement = Statement.of(entry.envelope)
        body = statement.body
        if not fold.statements and not isinstance(body, Genesis):
            raise BadProof("entry 0 is not a genesis")
        if fold.statements and body.log != fold.authority.origin:
            raise BadProof(f"statement {entry.index} names another log")
        rights.verify(fold.authority, statement)
        if isinstance(body, Event):
            rights.check_signers(fold.authority, statement, entry.ms)
            fold.signers[entry.index] = rights.signers(fold.authority, statement)
            fold.keyids[entry.index] = tuple(s.keyid for s in statement.envelope.signatures)
            if body.op in ("commission", "repack"):
                _check_commission(fold.authority, body.by, entry)
            elif body.op == "enrol":
                _check_enrolment(fold.authority, body.by, entry)
        else:
            governing.check_rights(fold.authority, statement, entry.ms)
            if entry.items:
                raise BadProof("a governance statement has no items")
            fold.authority.apply(statement, entry.index)
            fold.governance.append((entry.index, statement))
    except Refused as refused:
        raise BadProof(f"statement {entry.index} had no right to stand: {refused}") from refused
    fold.statements.append(statement)
    if isinstance(body, Event):
        fold.events.append(_shown(entry, statement.id, body))


def _shown(entry: Entry, statement_id: str, event: Event) -> Shown:
    """The event with the ids shown of it, each in the list that its path leads to."""
    lists: dict[str, list[str]] = {name: [] for name in LISTS}
    committed = commitments(event)
    for item in entry.items:
        for name, commitment in committed.items():
            if item.root() == commitment.root:
                item.verify(commitment.depth, commitment.root)
                lists[name].append(item.id)
                break
        else:
            raise BadProof(f"statement {entry.index} does not commit to {item.id}")
    ids, over, missing = (tuple(lists[name]) for name in LISTS)
    return Shown(entry.index, entry.ms, statement_id, event, ids, over, missing)


def _check_commission(authority: Authority, by: str, entry: Entry) -> None:
    for item in entry.items:
        if gtin := gtin_of(item.id):
            check_product(authority, by, gtin)
        else:
            check_units(authority, by, [item.id])


def _check_enrolment(authority: Authority, by: str, entry: Entry) -> None:
    for item in entry.items:
        if not may_enrol(authority, by, item.id):
            raise BadProof(f"statement {entry.index}: {by} may not enrol the label of {item.id}")


def _open_status(bundle: Bundle, authority: Authority, checkpoint: Checkpoint) -> Status:
    status = parse_status(status_payload(bundle, authority, dsse.STATUS, "a status"))
    check_head(status.log, status.size, status.root, authority, checkpoint)
    return status


def status_payload(bundle: Bundle, authority: Authority, kind: str, what: str) -> bytes:
    """What the operator signed beside the statements. Raises Malformed, BadSignature."""
    envelope = bundle.status
    if envelope is None:
        raise Malformed(f"the file has no {what.removeprefix('a ')}: fetch a fresh one")
    if envelope.payload_type != kind:
        raise Malformed(f"this is not {what}: its envelope is {envelope.payload_type}")
    key = authority.status_key
    try:
        envelope.verify({dsse.key_id(key): key}.get)
    except Refused as error:
        raise BadSignature(f"{what} by another key than the log's status key") from error
    return envelope.payload


def check_head(
    log: str, size: int, root: str, authority: Authority, checkpoint: Checkpoint
) -> None:
    """Refuse an operator's word on another log or another tree. Raises BadProof."""
    if log != authority.origin:
        raise BadProof("the status names another log")
    if (size, bytes.fromhex(root)) != (checkpoint.size, checkpoint.root):
        raise BadProof("the status is about another checkpoint")


def _agree(path: chain.Path, item: ItemStatus, status: Status) -> None:
    """The operator's word must be what the statements shown lead to, where they lead anywhere."""

    def refuted(words: str) -> NoReturn:
        raise BadProof(f"{item.id}: {words}")

    leads = path.seen_from(status.for_)
    if (item.state == "unknown") != (leads == "unknown"):
        refuted(f"the status says {item.state}, the statements shown say otherwise")
    if not status.for_:
        if item.state not in ("unknown", "active", "supplied", "inactive"):
            refuted(f"a stranger's status cannot say {item.state}")
        return
    if (item.last is None) != (item.state == "unknown"):
        refuted("the status names a last statement exactly for known items")
    if leads is None:
        if item.state not in chain.ELSEWHERE:
            refuted(f"the status says {item.state}, the statements shown left it elsewhere")
    elif item.state != leads:
        refuted(f"the status says {item.state}, the statements shown lead to {leads}")


def _replay(fold: _Fold, status: Status) -> _Replayed:
    """Run the whole custody fold over a bundle that discloses all, and hold the status to it.

    A statement made after the fact may have broken a rule by an item that is not shown. Whether it
    counted is the operator's word: one reading of them must lead to what the status says.
    """
    declared = [s.index for s in fold.events if s.event.declared == AFTER_THE_FACT][-_READINGS:]
    readings = [c for n in range(len(declared) + 1) for c in combinations(declared, n)]
    for observed in readings:
        try:
            return _replay_as(fold, status, frozenset(observed))
        except BadProof:
            if observed == readings[-1]:
                raise
    raise AssertionError("there is always a reading")


def _replay_as(fold: _Fold, status: Status, observed: frozenset[int]) -> _Replayed:
    world, authority, broke = World(partial=True), Authority(), set()
    rulings = deque(fold.governance)
    for shown in fold.events:
        event = shown.event
        while rulings and rulings[0][0] < shown.index:
            index, ruling = rulings.popleft()
            authority.apply(ruling, index)
        named = Named(
            shown.ids, shown.over, shown.missing, extras=True, signers=fold.signers[shown.index]
        )
        world.know_items(shown.index, named.all)
        try:
            changes = decide(
                world, authority, event, shown.id, named, shown.index, shown.ms,
                observed=shown.index in observed,
            )  # fmt: skip
        except Refused as refused:
            raise BadProof(f"statement {shown.index} breaks custody: {refused}") from refused
        ref = Ref(
            shown.index, shown.id, shown.ms, event.op, event.by, event.read_point, changes.observed
        )  # fmt: skip
        world.apply(changes, ref, event, fold.keyids[shown.index], named.all)
        if changes.observed:
            broke.add(shown.index)
    paths = {}
    for item in status.items:
        by_index = {shown.index: shown for shown in fold.events}
        _agree_with_world(world, fold.authority, item, status)
        row = world.row(item.id)
        if row is not None and by_index[world.newest(row)].id != item.last:
            raise BadProof(f"{item.id}: the status names another last statement than the fold")
        paths[item.id] = chain.Path(
            [item.id],
            commissioned=by_index[row.born] if row else None,
            newest=by_index[world.newest(row)] if row else None,
        )
    return paths, frozenset(broke)


def _agree_with_world(world: World, authority: Authority, item: ItemStatus, status: Status) -> None:
    found = standing(world, authority, item.id, status.for_, status.time_ms)
    if (found.state, found.reason) != (item.state, item.reason or ""):
        raise BadProof(f"{item.id}: the status says {item.state}, the fold {found.state}")
    row = world.row(item.id)
    held = row is not None and any(r.hold for r in (row, *world.chain(row)))
    if held and marks.ON_HOLD not in item.reasons:
        raise BadProof(f"{item.id}: the status hides its hold")


def _state(item: ItemStatus, path: chain.Path, proven: Proven) -> State:
    lot, expiry, product = "", None, ""
    if path.commissioned is not None:
        event = path.commissioned.event
        lot, expiry = event.lot or "", event.expiry
        record = proven.authority.product(gtin_of(item.id))
        product = record.product.name if record else ""
    return State(
        id=item.id,
        state=item.state,
        reason=item.reason or "",
        marks=tuple(item.reasons),
        lot=lot,
        expiry=expiry,
        product=product,
        since_ms=path.newest.ms if path.newest else -1,
        gap=path.gap,
        site=proven.status.for_,
        as_of_ms=proven.as_of_ms,
        max_age_s=proven.authority.policy.max_age,
        practice=is_practice(proven.status.log),
    )


def clock_words(ms: int) -> str:
    """A moment as people and JSON read it: RFC 3339 in UTC, whole seconds."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
