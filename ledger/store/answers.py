"""What the operator answers about packs: signed statuses, refusals, and bundles (statement.md 6, 9).

Reads the tables through `queries`, decides by the pure part, signs with the status key. Who may ask
for which site is left to the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import Any, Final

from ledger.bundle import Bundle
from ledger.disclose import Disclosure, Logged, Seen, Sources, build, disclose, see
from ledger.errors import Refused
from ledger.proof import clock_words
from ledger.rules.authority import Authority, Mark
from ledger.rules.marks import ON_HOLD, RECALLED, WITHDRAWN
from ledger.rules.verdict import State, standing
from ledger.rules.world import World
from ledger.statement import dsse
from ledger.statement.dsse import Envelope
from ledger.statement.gs1 import gtin_of
from ledger.statement.parts import is_practice, time_text
from ledger.statement.status import ItemStatus, Refusal, Status, build_refusal, build_status
from ledger.statement.statuslist import Listed, RevokedKey, StatusList, build_status_list
from ledger.statement.submission import Statement
from ledger.statement.webhook import sign_webhook
from ledger.store.append import Log
from ledger.store.batch import Receipt
from ledger.store.publish import Head, newest
from ledger.store.queries import Reader

LIST_MS: Final = 60_000  # for so long, those who ask for a status list get the same


class Answers:
    """The operator's signed word over one store; `clock` gives ms since the epoch."""

    def __init__(self, reader: Reader, status_seed: bytes, clock: Callable[[], int]) -> None:
        self._reader = reader
        self._seed = status_seed
        self._clock = clock
        self._list: tuple[object, Bundle] | None = None  # the last one made, and for what

    def state(self, item: str, site: str) -> State:
        """An item's state now, seen from `site` (GLN; "" is a stranger): what a bundle would prove."""
        with self._reader.snapshot():
            return self._state(item, site)

    def _state(self, item: str, site: str) -> State:
        reader = self._reader
        head = newest(reader.store)
        if head is None:
            raise LookupError("the log is empty")
        authority, world, ms = reader.authority(head.size), reader.world(), self._now(head)
        found = standing(world, authority, item, site, ms)
        row = world.row(item)
        lot = world.lot(gtin_of(item), row.lot) if row is not None and row.lot else None
        record = authority.product(gtin_of(item))
        since, gap = -1, False
        if row is not None and not reader.is_erased(row):
            sources = self._sources(head, authority, world)
            try:
                seen = see(sources, item, site)
            except LookupError:  # of a container's earlier life, erased since
                seen = Seen((), gap=True)
            gap = seen.gap
            # An authority is shown all: there the newest is the row's own.
            since = sources.logged(seen.newest if seen.newest >= 0 else world.newest(row)).ms
        return State(
            id=item,
            state=found.state,
            reason=found.reason,
            marks=found.marks,
            lot=lot.lot if lot else "",
            expiry=lot.expiry if lot else None,
            product=record.product.name if record and row is not None else "",
            since_ms=since,
            gap=gap,
            site=site,
            as_of_ms=ms,
            max_age_s=authority.policy.max_age,
            practice=is_practice(authority.origin),
        )

    def bundle(self, items: Sequence[str], site: str) -> Bundle:
        """The proof bundle about `items` for `site` (GLN; "" is a stranger), as of now.

        Raises LookupError where what happened to an item was erased after its retention.
        """
        with self._reader.snapshot():
            return self._bundle(items, site)

    def _bundle(self, items: Sequence[str], site: str) -> Bundle:
        reader = self._reader
        head = reader.head()
        authority, world = reader.authority(head.size), reader.world()
        for item in items:
            row = world.row(item)
            if row is not None and reader.is_erased(row):
                raise LookupError(f"{item} has left the chain, and its history was erased since")
        sources = self._sources(head, authority, world)
        chosen = disclose(sources, items, site)
        ms = self._now(head)
        statuses = []
        for item in sorted(set(items)):
            found = standing(world, authority, item, site, ms)
            last = sources.logged(found.last).statement.id if found.last >= 0 else None
            statuses.append(
                ItemStatus(
                    id=item,
                    last=last,
                    reason=found.reason or None,
                    reasons=list(found.marks),
                    state=found.state,
                )
            )
        status = Status(
            for_=site,
            gap=chosen.gap,
            id=[sources.logged(index).statement.id for index in chosen.indexes],
            items=statuses,
            log=authority.origin,
            root=head.root.hex(),
            size=head.size,
            time=clock_words(ms),
        )
        envelope = dsse.sign(dsse.STATUS, build_status(status), [self._seed])
        return build(sources, chosen, head.note, envelope)

    def status_list(self, valid_s: int | None = None) -> Bundle:
        """All that is blocked, as of now, for places without a line; proven like a bundle.

        `valid_s` is for how long it may be used, by default the policy's maxAge.
        """
        with self._reader.snapshot():
            reader = self._reader
            head = reader.head()
            authority, ms = reader.authority(head.size), self._now(head)
            key = (head.note, valid_s, ms // LIST_MS)
            if self._list is not None and self._list[0] == key:
                return self._list[1]
            lines: dict[str, list[Listed]] = {RECALLED: [], WITHDRAWN: [], ON_HOLD: []}
            for mark in sorted(authority.marks.values(), key=lambda m: m.index):
                if mark.code != ON_HOLD or mark.ended < 0:
                    lines[mark.code] += self._listed(mark)
            suspended = {party.gln for party in authority.parties() if party.suspended >= 0}
            suspended |= {site.gln for site in authority.sites() if site.suspended >= 0}
            keys = [
                RevokedKey(
                    index=key.revoked,
                    keyid=key.id,
                    since=time_text(authority.suspects[key.id].since_ms)
                    if key.id in authority.suspects
                    else None,
                )
                for key in sorted(authority.keys.values(), key=lambda k: k.id)
                if key.revoked >= 0
            ]
            listed = StatusList(
                held=lines[ON_HOLD],
                keys=keys,
                log=authority.origin,
                recalled=lines[RECALLED],
                root=head.root.hex(),
                size=head.size,
                suspended=sorted(suspended),
                time=clock_words(ms),
                until=clock_words(ms + 1000 * (valid_s or authority.policy.max_age)),
                withdrawn=lines[WITHDRAWN],
            )
            envelope = dsse.sign(dsse.STATUS_LIST, build_status_list(listed), [self._seed])
            genesis = Disclosure((0,), {}, gap=False)
            made = build(
                self._sources(head, authority, reader.world()), genesis, head.note, envelope
            )
            self._list = (key, made)
            return made

    def _listed(self, mark: Mark) -> list[Listed]:
        """A mark's line, and one for each product that its packs were repacked into."""
        reader = self._reader
        lots, some = mark.lots, None if mark.scope_is_lots else True
        if some:
            ids = reader.items(mark.index) if mark.listed else ()
            if mark.statement:
                ids = reader.items(reader.index_of(mark.statement))
            rows = (reader.world().row(item.id) for item in ids)
            lots = frozenset(row.lot for row in rows if row is not None)
        by_gtin: dict[str, set[str]] = {}
        for gtin, lot in reader.repacked_from(mark.gtin, lots):
            by_gtin.setdefault(gtin, set()).add(lot)
        own = Listed(
            gtin=mark.gtin, index=mark.index, lots=None if lots is None else sorted(lots) or None,
            some=some,
        )  # fmt: skip
        return [own] + [
            Listed(gtin=gtin, index=mark.index, lots=sorted(made), some=some)
            for gtin, made in sorted(by_gtin.items())
        ]

    def webhook(self, message_id: str, seconds: int, body: bytes) -> dict[str, str]:
        """The headers that sign what is posted to a site's program."""
        return sign_webhook(self._seed, message_id, seconds, body)

    def refusal(self, refused: Refused, statement_id: str) -> Envelope:
        """The operator's signed word that a statement was refused, and why."""
        head = self._reader.head()
        refusal = Refusal(
            code=refused.code,
            id=statement_id,
            log=self._reader.origin,
            # What was in the way may not have been there later, so the size is that of the decision.
            size=refused.size if refused.size >= 0 else head.size,
            time=clock_words(self._now(head)),
        )
        return dsse.sign(dsse.REFUSAL, build_refusal(refusal), [self._seed])

    def _now(self, head: Head) -> int:
        """The clock, but never before the newest landing: a status is not older than its log."""
        return max(self._clock(), head.ms)

    def _sources(self, head: Head, authority: Authority, world: World) -> Sources:
        reader = self._reader

        @cache
        def logged(index: int) -> Logged:
            found = reader.logged(index)
            return Logged(found.index, found.ms, _parsed(found.envelope))

        return Sources(
            authority=authority,
            logged=logged,
            history=cache(lambda item: reader.history(item, world)),
            item_path=reader.item_path,
            list_of=cache(reader.list_of),
            index_of=reader.index_of,
            inclusion=lambda index: reader.inclusion(index, head.size),
        )


@lru_cache(1024)
def _parsed(envelope: bytes) -> Statement:
    """A statement; the packs of one lot ask for the same one again and again."""
    return Statement.parse(envelope)


def receipt_json(log: Log, receipt: Receipt) -> dict[str, Any]:
    """A receipt as `POST /api/statements` answers it (statement.md 10)."""
    told: dict[str, Any] = {
        "id": receipt.id,
        "index": receipt.index,
        "ms": receipt.ms,
        "proof": [dsse.base64_text(node) for node in log.proof(receipt)],
        "checkpoint": receipt.checkpoint.decode(),
    }
    if receipt.already:
        told["already"] = receipt.already
    return told
