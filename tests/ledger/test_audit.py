"""An audit from outside finds each misdeed of a hostile operator, and nothing in an honest log.

The operator holds log key and status key: each forged log is exported anew, with tiles and a
checkpoint that fit it, properly signed.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ledger.audit import audit
from ledger.audit_kept import Evidence, Finding, Held, Kept
from ledger.build import sign_governance
from ledger.errors import BadProof, Refused
from ledger.statement import dsse
from ledger.statement.dsse import Envelope, entry_of
from ledger.statement.events import Event
from ledger.statement.parts import time_text
from ledger.statement.status import ItemStatus, Status, build_status, parse_status
from ledger.statement.submission import Statement, Submission
from ledger.store.loading import stored_lists
from ledger.store.publish import export
from ledger.tlog import merkle, tiles
from ledger.tlog.checkpoint import Checkpoint, cosign, open_checkpoint, sign_checkpoint
from ledger.tlog.note import COSIGNATURE, Note, SigningKey
from ledger.tlog.policy import Policy
from tests.ledger.store.test_append import lived_in
from tests.world import ORIGIN, Chain, Member, key_text, seed

Entries = list[bytes]
WITNESS = SigningKey("witness.example", seed("witness"), COSIGNATURE)


# What the operator serves


def entries_of(chain: Chain) -> Entries:
    return [chain.reader.entry(index) for index in range(chain.reader.head().size)]


def checkpoint_of(entries: Entries) -> Checkpoint:
    root = merkle.root_of([merkle.leaf_hash(entry) for entry in entries])
    return Checkpoint(ORIGIN, len(entries), root)


def signed(entries: Entries) -> bytes:
    """A checkpoint over these entries, by the log's own key."""
    return sign_checkpoint(checkpoint_of(entries), SigningKey(ORIGIN, seed("log")))


def serve(folder: Path, entries: Entries) -> Path:
    """Write a log into a folder, as `export` does; nothing in it tells that it was forged."""
    leaves = [merkle.leaf_hash(entry) for entry in entries]
    grown = tiles.new_tiles(0, leaves, lambda tile: pytest.fail(f"{tile} is not grown from"))
    for tile in tiles.tiles_of(len(entries)):
        start = tile.index * tiles.WIDTH
        content = (
            tiles.encode_entries(entries[start : start + tile.width])
            if tile.level == tiles.ENTRIES
            else grown[tile.level, tile.index]
        )
        path = folder / tile.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (folder / "checkpoint").write_bytes(signed(entries))
    return folder


def findings(folder: Path, trust: Policy, kept: Kept | None = None) -> list[Finding]:
    """The audit of what lies in a folder."""

    def read(tile: tiles.Tile) -> bytes:
        try:
            return (folder / tile.path).read_bytes()
        except FileNotFoundError as error:
            raise LookupError(tile.path) from error

    return list(audit((folder / "checkpoint").read_bytes(), read, trust, kept))


def statement_of(chain: Chain, index: int) -> Submission:
    """A statement as it was handed in."""
    envelope = Envelope.parse(chain.reader.logged(index).envelope)
    return stored_lists(chain.store, Statement.of(envelope))


def held_of(chain: Chain, index: int, *, receipt: bool = False) -> Held:
    """A statement as a party keeps it."""
    reader = chain.reader
    known = Held(statement_of(chain, index), index, reader.logged(index).ms)
    if not receipt:
        return known
    head = reader.head()
    return known._replace(path=tuple(reader.inclusion(index, head.size)), checkpoint=head.note)


def kept_by(chain: Chain, who: Member, *, receipts: bool = False) -> Kept:
    """All that a party signed, or was sent."""
    concern = []
    for index in range(chain.reader.head().size):
        body = statement_of(chain, index).statement.body
        if body.by == who.gln or (isinstance(body, Event) and body.dest_site == who.site):
            concern.append(held_of(chain, index, receipt=receipts))
    return Kept(statements=concern)


class Scene:
    """An honest log, what its parties keep of it, and an operator who serves another one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.chain = Chain(folder / "log")
        self.packs = self.chain.commission("L1", 3)
        self.shipped = self.chain.ship(self.chain.maker, self.packs, self.chain.wholesaler)
        self.received = self.chain.receive(self.chain.wholesaler, self.shipped, self.packs)
        self.sent = self.chain.ship(self.chain.wholesaler, self.packs[:2], self.chain.pharmacy)
        self.got = self.chain.receive(self.chain.pharmacy, self.sent, self.packs[:2])
        self.supplied = self.chain.supply(self.chain.pharmacy, self.packs[:1])
        self.entries = entries_of(self.chain)
        self.honest = tuple(self.entries)

    def statement(self, index: int) -> Submission:
        return statement_of(self.chain, index)

    def held(self, index: int, *, receipt: bool = False) -> Held:
        return held_of(self.chain, index, receipt=receipt)

    def kept_by(self, who: Member) -> Kept:
        return kept_by(self.chain, who)

    def index_of(self, kind: str) -> int:
        """Index of the first governance statement whose payload has a text in it."""
        for index in range(len(self.honest)):
            if kind.encode() in self.statement(index).statement.envelope.payload:
                return index
        raise LookupError(kind)

    def log(self, submission: Submission) -> int:
        """The operator logs what it likes, without asking the rules; answers the index."""
        self.chain.now += 1000
        self.entries.append(entry_of(submission.statement.envelope, self.chain.now))
        return len(self.entries) - 1

    def retime(self, index: int, ms: int) -> None:
        self.entries[index] = ms.to_bytes(8, "big") + self.entries[index][8:]

    def ms(self, index: int) -> int:
        return int.from_bytes(self.entries[index][:8], "big")

    def found(self, kept: Kept | None = None, trust: Policy | None = None) -> list[Finding]:
        folder = serve(self.folder / "served", self.entries)
        return findings(folder, trust or self.chain.trust, kept)

    def status(self, item: str, site: str, **changes: Any) -> Envelope:
        """The operator's status about an item, changed as it likes and signed."""
        true = self.chain.answers.bundle([item], site).status
        assert true is not None
        status = parse_status(true.payload)
        about = {k: changes.pop(k) for k in ("state", "last", "reason", "reasons") if k in changes}
        line = ItemStatus(**{**fields(status.items[0]), **about})
        forged = Status(**{**fields(status), "items": [line], **changes})
        return dsse.sign(dsse.STATUS, build_status(forged), [seed("status")])


def fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__struct_fields__}


@pytest.fixture
def scene(tmp_path: Path):
    """An honest log of some hand-offs."""
    made = Scene(tmp_path)
    yield made
    made.chain.store.close()


def codes(found: Sequence[Finding]) -> set[tuple[str, str]]:
    assert all(finding.words and str(finding) for finding in found)
    return {(finding.code, finding.place) for finding in found}


# An honest operator


def test_an_honest_log_gives_no_finding_to_anybody(chain: Chain) -> None:
    """All that a log has lived through, audited by each party with all it could have kept."""
    words, bundles, evidence = [], [], []
    members = [chain.authority, *chain.members]

    def ask(packs: Sequence[str]) -> None:
        for item in packs:
            for site in (*(who.site for who in members), ""):
                bundles.append(chain.answers.bundle([item], site))

    packs = lived_in(chain)
    ask(packs)
    new = chain.commission("L2", 2)
    ship = chain.ship(chain.maker, new, chain.wholesaler)
    ask(new)  # on its way
    chain.act("refuse", chain.wholesaler, new[:1], shipment=ship.id)
    chain.act("close_short", chain.wholesaler, new[1:], shipment=ship.id)
    ask(new)
    hold = chain.log.submit(chain.hold(chain.scope(lots=["L1"])))
    ask(packs[:2])
    with pytest.raises(Refused) as caught:
        chain.supply(chain.pharmacy, packs[:1])
    late = chain.event("supply", chain.pharmacy, packs[:1])
    words.append(chain.answers.refusal(caught.value, late.statement.id))
    shown = caught.value.evidence
    assert shown is not None
    evidence.append(evidence_of(shown))
    chain.log.submit(chain.lift(hold))
    chain.log.submit(late)  # refused once, and taken later
    chain.log.submit(chain.event("supply", chain.pharmacy, packs[:1]))  # once more: no change
    chain.log.submit(chain.event("inspect", chain.wholesaler, packs[:1], reason="unknown"))
    chain.log.submit(
        chain.event("supply", chain.pharmacy, packs[1:2], declared="after_the_fact")
    )  # not there: an observation
    recall = chain.log.submit(chain.recall_of(chain.scope(lots=["L1"])))
    chain.log.submit(chain.answer(chain.pharmacy, recall))
    chain.log.submit(chain.revoke(chain.pharmacy2, since=time_text(chain.now - 10_000)))
    chain.log.submit(chain.suspend(chain.wholesaler.site))
    ask(packs)
    words += [bundle.status for bundle in bundles if bundle.status is not None]
    checkpoints = [head.note for head in chain.reader.checkpoints()]
    folder = chain.folder / "exported"
    export(chain.store, folder)
    for who in members:
        for receipts in (False, True):
            kept = replace(
                kept_by(chain, who, receipts=receipts), words=words, bundles=bundles,
                checkpoints=checkpoints, evidence=evidence,
            )  # fmt: skip
            assert len(kept.statements) > 2
            assert not findings(folder, chain.trust, kept), who.name


def evidence_of(told: Any) -> Evidence:
    return Evidence(
        told["index"], b64decode(told["entry"]), [b64decode(n) for n in told["proof"]],
        told["checkpoint"].encode(),
    )  # fmt: skip


def test_an_honest_log_of_many_tiles_gives_no_finding(chain: Chain) -> None:
    notes = []
    for start in range(0, 300, 50):
        units = [chain.unit_id(chain.maker, number) for number in range(start, start + 50)]
        chain.log.append([chain.event("commission", chain.maker, [unit]) for unit in units])
        notes.append(chain.reader.head().note)
    folder = chain.folder / "served"
    export(chain.store, folder)
    assert (folder / "tile/1/000.p/1").exists()
    assert not findings(folder, chain.trust, Kept(checkpoints=notes))


# The ten misdeeds


def test_reordered_entries_are_found(scene: Scene) -> None:
    one, two = scene.sent.index, scene.got.index
    scene.entries[one], scene.entries[two] = scene.entries[two], scene.entries[one]
    assert codes(scene.found()) == {("time", f"entry {two}")}
    # Landing times put in order again: now it takes somebody who knows the statements.
    for index in (one, two):
        scene.retime(index, int.from_bytes(scene.honest[index][:8], "big"))
    assert not scene.found()
    kept = scene.kept_by(scene.chain.pharmacy)
    assert codes(scene.found(kept)) == {("moved", f"entry {one}"), ("moved", f"entry {two}")}


def test_an_altered_event_is_found(scene: Scene) -> None:
    index = scene.got.index
    scene.entries[index] = scene.entries[index][:8] + bytes(32)
    assert not scene.found(scene.kept_by(scene.chain.maker))
    kept = scene.kept_by(scene.chain.pharmacy)
    assert codes(scene.found(kept)) == {("left-out", f"entry {index}")}


def test_an_altered_governance_statement_is_found(scene: Scene) -> None:
    index = scene.index_of('"strength":"10 mg"')
    told = scene.statement(index).statement.envelope
    altered = replace(told, payload=told.payload.replace(b"10 mg", b"90 mg"))
    scene.entries[index] = entry_of(altered, scene.ms(index))
    assert codes(scene.found()) == {("bad-signature", f"entry {index}")}


def test_a_backdated_landing_is_found(scene: Scene) -> None:
    index = scene.supplied.index
    scene.retime(index, scene.ms(index - 1) - 1)
    assert codes(scene.found()) == {("time", f"entry {index}")}
    # No earlier than what landed before it: the party that was told another time finds it.
    scene.retime(index, scene.ms(index - 1))
    assert not scene.found()
    kept = scene.kept_by(scene.chain.pharmacy)
    assert codes(scene.found(kept)) == {("other-time", f"entry {index}")}


def test_a_hidden_key_is_found_by_who_is_sent_its_statement(scene: Scene) -> None:
    hidden = scene.index_of(key_text("wholesaler station"))
    scene.entries[hidden] = scene.entries[hidden][:8] + bytes(32)  # it might be an event
    assert not scene.found(scene.kept_by(scene.chain.maker))
    found = scene.found(scene.kept_by(scene.chain.pharmacy))
    assert codes(found) == {("unknown-key", f"entry {scene.sent.index}")}


def test_a_key_that_works_on_after_its_revocation_is_found(scene: Scene) -> None:
    chain = scene.chain
    scene.log(chain.revoke(chain.maker))
    seen = scene.log(chain.hold())  # governance, for all to see
    assert codes(scene.found()) == {("key-revoked", f"entry {seen}")}
    del scene.entries[seen]
    sent = chain.ship_event(chain.maker, chain.pack_ids("L2", 1), chain.wholesaler)
    index = scene.log(sent)
    assert not scene.found()
    kept = Kept(statements=[Held(sent, index, scene.ms(index))])
    assert codes(scene.found(kept)) == {("key-revoked", f"entry {index}")}


def test_a_false_status_is_found(scene: Scene) -> None:
    chain = scene.chain
    pack = scene.packs[1]
    kept = scene.kept_by(chain.pharmacy)
    here, stranger = chain.pharmacy.site, ""
    true = scene.status(pack, here)
    assert not scene.found(replace(kept, words=[true]))
    lies = [
        scene.status(pack, here, state="unknown", last=None),
        scene.status(pack, stranger, state="unknown"),
        scene.status(pack, here, state="supplied"),  # its last statement is the receipt here
        scene.status(pack, here, state="to_here", last=scene.sent.id),  # the receipt is left out
        scene.status(scene.packs[0], here, state="here", last=scene.got.id),  # the supply is
        scene.status(scene.packs[0], here, state="supplied"),
        scene.status(pack, chain.pharmacy2.site, state="here"),
    ]
    for lie in lies:
        assert codes(scene.found(replace(kept, words=[lie]))) == {("status", "kept word 0")}
        assert not scene.found(Kept(words=[lie])), "only who holds the statements can tell"


def test_a_status_about_an_earlier_size_is_held_to_that_size(scene: Scene) -> None:
    chain = scene.chain
    kept = scene.kept_by(chain.pharmacy)
    size = scene.got.index
    root = checkpoint_of(list(scene.honest[:size])).root.hex()
    honest = {"size": size, "root": root, "state": "to_here", "last": scene.sent.id}
    before = scene.status(scene.packs[1], chain.pharmacy.site, **honest)
    assert not scene.found(replace(kept, words=[before]))
    ahead = {**honest, "last": scene.got.id, "state": "here"}
    lie = scene.status(scene.packs[1], chain.pharmacy.site, **ahead)
    assert codes(scene.found(replace(kept, words=[lie]))) == {("status", "kept word 0")}


def test_a_status_that_hides_a_recall_is_found(scene: Scene) -> None:
    chain = scene.chain
    hold = chain.log.submit(chain.hold())
    chain.log.submit(chain.lift(hold))
    recall = chain.log.submit(chain.recall_of())
    of_lot = chain.log.submit(chain.recall_of(chain.scope(lots=["L1"]), kind="withdrawal"))
    scene.entries = entries_of(chain)
    assert recall.index < of_lot.index
    site, pack = chain.pharmacy.site, scene.packs[1]
    true = scene.status(pack, site)
    assert parse_status(true.payload).items[0].reasons == ["recalled", "withdrawn"]
    commissioned = Kept(statements=[scene.held(scene.shipped.index - 1)])
    assert not scene.found(replace(commissioned, words=[true]))
    lie = scene.status(pack, site, reasons=["withdrawn"])
    assert codes(scene.found(Kept(words=[lie]))) == {("status", "kept word 0")}
    # That a recall of its lot covers a pack, only those know who were shown its commissioning.
    lie = scene.status(pack, site, reasons=["recalled"])
    assert not scene.found(Kept(words=[lie]))
    found = scene.found(replace(commissioned, words=[lie]))
    assert codes(found) == {("status", "kept word 0")}


def test_a_pack_that_a_status_brings_back_from_destruction_is_found(scene: Scene) -> None:
    chain = scene.chain
    chain.log.submit(chain.key_add(chain.pharmacy, "second"))
    keys = [chain.pharmacy.key, seed("second")]
    act = chain.act("destroyed", chain.pharmacy, scene.packs[1:2], keys=keys)
    scene.entries = entries_of(chain)
    kept = Kept(statements=[scene.held(act.index)])
    assert not scene.found(replace(kept, words=[scene.status(scene.packs[1], "")]))
    lie = scene.status(scene.packs[1], "", state="active")
    assert codes(scene.found(replace(kept, words=[lie]))) == {("status", "kept word 0")}


@pytest.mark.parametrize("forks", [4, 0])
def test_a_split_view_is_found(scene: Scene, forks: int) -> None:
    """Two logs of one key that part ways, `forks` entries before the end of what is served."""
    other = list(scene.honest[: len(scene.honest) - forks])
    other[-1] = other[-1][:8] + bytes(32)
    seen = checkpoint_of(other)
    leaves = [merkle.leaf_hash(entry) for entry in scene.entries]
    grown = tiles.new_tiles(0, leaves, lambda tile: b"")
    read = tiles.hash_reader(len(leaves), lambda tile: grown[tile[:2]])
    path = merkle.consistency_path(seen.size, len(leaves), read)
    root = checkpoint_of(scene.entries).root
    with pytest.raises(BadProof):
        merkle.verify_consistency(seen.size, len(leaves), seen.root, root, path)
    assert not scene.found(Kept(checkpoints=[signed(scene.entries)]))
    found = scene.found(Kept(checkpoints=[signed(other)]))
    assert codes(found) == {("split-view", "kept checkpoint 0")}


def test_a_status_of_another_view_is_found(scene: Scene) -> None:
    word = scene.status(scene.packs[0], "", root=bytes(32).hex())
    assert codes(scene.found(Kept(words=[word]))) == {("split-view", "kept word 0")}


def test_an_acknowledged_statement_that_is_left_out_is_found(scene: Scene) -> None:
    index = scene.got.index
    receipt = scene.held(index, receipt=True)
    assert not scene.found(Kept(statements=[receipt]))
    del scene.entries[index]
    scene.log(scene.chain.event("inspect", scene.chain.maker, scene.packs, reason="unknown"))
    assert codes(scene.found(Kept(statements=[receipt]))) == {
        ("left-out", f"entry {index}"),
        ("broken-promise", "receipt of kept statement 0"),
        ("split-view", "receipt of kept statement 0"),
    }
    # Without a receipt it is the party's word alone, and the finding is another one.
    unsigned = Kept(statements=[receipt._replace(path=(), checkpoint=b"")])
    assert codes(scene.found(unsigned)) == {("left-out", f"entry {index}")}


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        (["maker admin"], "not-entitled"),
        (["authority 1"], "threshold"),
        (["log"], "unknown-key"),
        (["forged 1", "forged 2"], "unknown-key"),
    ],
)
def test_an_admission_without_the_authority_is_found(
    scene: Scene, keys: list[str], code: str
) -> None:
    chain = scene.chain
    friend = replace(chain.maker, name="friend", gln="9521115000002", site="9521115000101")
    true = chain.admit(replace(friend, prefix="9521115")).statement.body
    index = scene.log(sign_governance(true, [seed(key) for key in keys]))
    key = scene.log(chain.key_add(friend))
    # What the forged party does next has no right to stand either.
    assert codes(scene.found()) == {(code, f"entry {index}"), ("unknown-key", f"entry {key}")}


# More within its sight


def test_a_log_that_was_cut_off_is_found(scene: Scene) -> None:
    note = signed(scene.entries)
    word = scene.status(scene.packs[0], "")
    refusal = scene.chain.answers.refusal(Refused("unknown-item"), "0" * 64)
    del scene.entries[-1]
    last = scene.held(len(scene.entries))
    kept = Kept(statements=[last], checkpoints=[note], words=[word, refusal])
    assert codes(scene.found(kept)) == {
        ("cut-off", f"entry {len(scene.entries)}"),
        ("cut-off", "kept checkpoint 0"),
        ("cut-off", "kept word 0"),
        ("cut-off", "kept word 1"),
    }


def test_the_refusal_of_what_is_on_the_log_is_found(scene: Scene) -> None:
    answers = scene.chain.answers
    kept = scene.kept_by(scene.chain.pharmacy)
    lie = answers.refusal(Refused("not-named"), scene.got.id)
    assert codes(scene.found(replace(kept, words=[lie]))) == {("refusal", "kept word 0")}
    genesis = scene.statement(0).statement.id
    lie = answers.refusal(Refused("not-named"), genesis)
    assert codes(scene.found(Kept(words=[lie]))) == {("refusal", "kept word 0")}
    # Sent again with a broken signature, the same statement is refused by an honest operator too.
    again = answers.refusal(Refused("bad-signature"), scene.got.id)
    assert not scene.found(replace(kept, words=[again]))


def test_evidence_of_an_entry_that_the_log_has_not_is_found(scene: Scene) -> None:
    chain = scene.chain
    with pytest.raises(Refused) as caught:
        chain.supply(chain.pharmacy2, scene.packs[1:2])
    shown = evidence_of(caught.value.evidence)
    assert not scene.found(Kept(evidence=[shown]))
    scene.entries[shown.index] = scene.entries[shown.index][:8] + bytes(32)
    assert codes(scene.found(Kept(evidence=[shown]))) == {
        ("broken-promise", "kept evidence 0"), ("split-view", "kept evidence 0"),
    }  # fmt: skip


def test_a_bundle_that_refutes_itself_is_found(scene: Scene) -> None:
    chain = scene.chain
    bundle = chain.answers.bundle(scene.packs[1:2], chain.pharmacy.site)
    assert not scene.found(Kept(bundles=[bundle]))
    lie = replace(bundle, status=scene.status(scene.packs[1], chain.pharmacy.site, state="other"))
    assert codes(scene.found(Kept(bundles=[lie]))) == {("bundle", "kept bundle 0")}


def test_a_bundle_of_another_log_is_found_statement_by_statement(scene: Scene) -> None:
    bundle = scene.chain.answers.bundle(scene.packs[1:2], scene.chain.pharmacy.site)
    index = scene.got.index
    scene.entries[index] = scene.entries[index][:8] + bytes(32)
    assert codes(scene.found(Kept(bundles=[bundle]))) == {
        ("left-out", f"entry {index}"),
        ("split-view", "kept bundle 0"),
        ("split-view", "status of kept bundle 0"),
    }


def test_a_bundle_that_keeps_a_revocation_back_is_found(scene: Scene) -> None:
    """The bundle by itself proves; the tiles show that its signer had lost its key."""
    chain = scene.chain
    item = chain.pack_ids("L7", 1)
    lot = {"lot": "L7", "expiry": chain.reader.world().lot(chain.gtin, "L1").expiry}
    made = chain.event("commission", chain.maker, item, **lot)
    chain.log.submit(made)
    bundle = chain.answers.bundle(item, chain.maker.site)
    scene.log(chain.revoke(chain.maker))
    scene.entries.insert(len(scene.honest), scene.entries.pop())
    index = scene.log(made)
    head = checkpoint_of(scene.entries)
    leaves = [merkle.leaf_hash(entry) for entry in scene.entries]
    grown = tiles.new_tiles(0, leaves, lambda tile: b"")
    read = tiles.hash_reader(head.size, lambda tile: grown[tile[:2]])
    entries = [
        replace(entry, index=at, ms=scene.ms(at), path=tuple(merkle.inclusion_path(at, head.size, read)))
        for entry in bundle.entries
        for at in [entry.index if entry.index < len(scene.honest) else index]
    ]  # fmt: skip
    now = {"size": head.size, "root": head.root.hex(), "time": time_text(chain.now + 1000)}
    status = scene.status(item[0], chain.maker.site, **now)
    forged = replace(
        bundle, checkpoint=signed(scene.entries), entries=tuple(entries), status=status
    )
    assert codes(scene.found(Kept(bundles=[forged]))) == {("key-revoked", f"entry {index}")}


def test_a_statement_logged_twice_is_found(scene: Scene) -> None:
    again = scene.entries[scene.got.index][8:]
    scene.entries.append(scene.entries[-1][:8] + again)
    last = len(scene.entries) - 1
    assert codes(scene.found()) == {("twice", f"entry {last}")}
    # Governance that is signed otherwise is the same statement still.
    index = scene.index_of("Examplin")
    body = scene.statement(index).statement.body
    scene.entries[last] = entry_of(
        sign_governance(body, [scene.chain.maker.admin, seed("more")]).statement.envelope,
        scene.chain.now,
    )
    assert codes(scene.found()) == {("malformed", f"entry {last}")}


def test_tiles_and_roots_that_do_not_fit_the_entries_are_found(scene: Scene) -> None:
    folder, trust = serve(scene.folder / "served", scene.entries), scene.chain.trust
    hashes = next(path for path in folder.glob("tile/0/*") if path.is_dir())
    tile = next(hashes.iterdir())
    told = tile.read_bytes()
    name = str(tile.relative_to(folder))
    for harm in (told[:-1] + bytes([told[-1] ^ 1]), told + bytes(32), told[:-32]):
        tile.write_bytes(harm)
        assert codes(findings(folder, trust)) == {("tile", name)}
    tile.unlink()
    assert codes(findings(folder, trust)) == {("tile", name)}
    tile.write_bytes(told)
    other = [*scene.entries[:-1], scene.entries[-1][:8] + bytes(32)]
    (folder / "checkpoint").write_bytes(signed(other))
    assert codes(findings(folder, trust)) == {("root", "checkpoint")}


def test_entry_bundles_that_cannot_be_read_are_found(scene: Scene) -> None:
    folder, trust = serve(scene.folder / "served", scene.entries), scene.chain.trust
    bundle = next(folder.glob("tile/entries/*.p/*"))
    told = bundle.read_bytes()
    harms: list[Callable[[], object]] = [
        lambda: bundle.write_bytes(told[:-1]),
        lambda: bundle.write_bytes(tiles.encode_entries(scene.entries[:-1])),
        bundle.unlink,
    ]
    for harm in harms:
        harm()
        assert codes(findings(folder, trust)) == {("tile", str(bundle.relative_to(folder)))}


def test_a_checkpoint_that_the_trust_file_does_not_accept_is_found(scene: Scene) -> None:
    trust = scene.chain.trust
    folder = serve(scene.folder / "served", scene.entries)
    forged = sign_checkpoint(checkpoint_of(scene.entries), SigningKey(ORIGIN, seed("other")))
    (folder / "checkpoint").write_bytes(forged)
    assert codes(findings(folder, trust)) == {("checkpoint", "checkpoint")}
    serve(folder, scene.entries)
    asking = replace(trust, witnesses={"w": WITNESS.verifier}, quorum="w")
    assert codes(findings(folder, asking)) == {("quorum", "checkpoint")}
    note = Note.parse(signed(scene.entries))
    for late, expected in ((0, set()), (10 * 60, {("time", "checkpoint")})):
        line = cosign(note.text, WITNESS, scene.ms(-1) // 1000 - late)
        cosigned = replace(note, signatures=(*note.signatures, line))
        (folder / "checkpoint").write_bytes(bytes(cosigned))
        assert codes(findings(folder, asking)) == expected


def test_a_kept_cosignature_dates_what_it_covers(scene: Scene) -> None:
    trust = replace(scene.chain.trust, witnesses={"w": WITNESS.verifier})
    note = Note.parse(signed(scene.entries[:-1]))
    line = cosign(note.text, WITNESS, scene.ms(-2) // 1000 - 10 * 60)
    kept = Kept(checkpoints=[bytes(replace(note, signatures=(*note.signatures, line)))])
    assert codes(scene.found(kept, trust)) == {("time", "kept checkpoint 0")}


def test_a_status_older_than_what_it_covers_is_found(scene: Scene) -> None:
    word = scene.status(scene.packs[0], "", time=time_text(scene.ms(-1) - 60_000))
    assert codes(scene.found(Kept(words=[word]))) == {("time", "kept word 0")}


@pytest.mark.parametrize("first", ["event", "other"])
def test_a_log_without_its_genesis_is_found(scene: Scene, first: str) -> None:
    scene.entries = scene.entries[1:] if first == "other" else [bytes(40), *scene.entries]
    assert ("genesis", "entry 0") in codes(scene.found())


def test_a_genesis_that_names_another_log_key_is_found(scene: Scene) -> None:
    genesis = scene.chain.genesis(log_key=key_text("other"))
    scene.entries = [entry_of(genesis.statement.envelope, scene.chain.now)]
    assert codes(scene.found()) == {("genesis", "entry 0")}


def test_an_event_in_the_clear_and_a_cut_entry_are_found(scene: Scene) -> None:
    envelope = scene.statement(scene.got.index).statement.envelope
    ms = scene.entries[-1][:8]
    scene.entries[-1] = ms + bytes(envelope)
    last = len(scene.entries) - 1
    assert ("malformed", f"entry {last}") in codes(scene.found())
    scene.entries[-1] = ms + bytes(31)
    assert codes(scene.found()) == {("malformed", f"entry {last}")}


def test_what_proves_nothing_is_told_apart(scene: Scene) -> None:
    """A party cannot convict an operator by what that one never signed."""
    chain = scene.chain
    note = sign_checkpoint(checkpoint_of(scene.entries), SigningKey(ORIGIN, seed("other")))
    status = chain.answers.bundle(scene.packs[:1], "").status
    assert status is not None
    words = [
        dsse.sign(dsse.STATUS, status.payload, [seed("forger")]),
        dsse.sign(dsse.LOGIN, status.payload, [seed("status")]),
        scene.status(scene.packs[0], "", log="log.example/other"),
    ]
    receipt = scene.held(scene.got.index, receipt=True)
    broken = receipt._replace(path=receipt.path[1:])
    whole = receipt.submission
    items = whole.items
    other = Submission(whole.statement, items[:1], secret=whole.secret)
    bundle = replace(chain.answers.bundle(scene.packs[:1], ""), status=None)
    kept = Kept(
        [broken, Held(other, receipt.index, receipt.ms)], [note, b"not a note"], [bundle], words
    )
    found = scene.found(kept)
    assert {code for code, _ in codes(found)} == {"unproven"}
    assert {place for _, place in codes(found)} == {
        "receipt of kept statement 0", "kept statement 1", "kept checkpoint 0", "kept checkpoint 1",
        "kept bundle 0", "kept word 0", "kept word 1", "kept word 2",
    }  # fmt: skip
    assert open_checkpoint(signed(scene.entries), chain.log_key.verifier)
