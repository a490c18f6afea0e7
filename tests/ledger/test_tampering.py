"""Each kind of tampering, planted in a copied log folder, is found by `packtrace audit` and named.

The operator holds log key and status key. It rewrites its own database, signs what it likes, and
exports; the auditor has a trust file, and the books that the authority's pull has left so far.
docs/audit.md lists the kinds, held equal here.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import CliRunner

from ledger import pulled
from ledger.audit_report import CUSTODY, NAMES, Report
from ledger.build import sign_governance
from ledger.cli import main
from ledger.errors import Malformed, Refused
from ledger.mirror import Mirror
from ledger.pulled import Pulled
from ledger.statement import dsse
from ledger.statement.dsse import Envelope, entry_of, is_committed
from ledger.statement.events import Event
from ledger.statement.status import build_status, parse_status
from ledger.statement.submission import Statement, Submission
from ledger.store.opening import open_store
from ledger.store.publish import export, trust_file
from ledger.tlog import merkle, tiles
from ledger.tlog.checkpoint import Checkpoint, cosign, sign_checkpoint
from ledger.tlog.note import COSIGNATURE, Note, SigningKey
from tests.ledger.store.test_append import lived_in
from tests.ledger.test_audit import fields, kept_by, statement_of
from tests.world import ORIGIN, Chain, key_text, seed

DOCS: Final = Path(__file__).resolve().parents[2] / "docs" / "audit.md"
WITNESS: Final = SigningKey("witness.example", seed("witness"), COSIGNATURE)


@dataclass(frozen=True)
class Honest:
    """An honest log's folder, its chain, and the books of its authority beside it."""

    chain: Chain
    folder: Path
    books: Path
    packs: list[str]
    at: dict[str, int]  # indexes of its acts by name


def pull(chain: Chain, party: str, books: Path) -> None:
    """What `packtrace pull` leaves of an honest log."""
    books.mkdir()
    (books / "trust.txt").write_bytes(trust_file(chain.store))
    export(chain.store, books / "public")
    mirror = Mirror(books, chain.trust)
    mirror.sync(lambda path: (books / "public" / path).read_bytes())
    shutil.rmtree(books / "public")
    pulled.keep(books, mirror, chain.reader.addressed_to(party, 0))


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Honest]:
    folder = tmp_path_factory.mktemp("honest")
    chain = Chain(folder / "log")
    packs = chain.commission("T1", 6)
    at = {"made": chain.reader.head().size - 1}
    at["shipped"] = (one := chain.ship(chain.maker, packs, chain.wholesaler)).index
    at["received"] = chain.receive(chain.wholesaler, one, packs).index
    at["sent"] = (two := chain.ship(chain.wholesaler, packs[:4], chain.pharmacy)).index
    at["got"] = chain.receive(chain.pharmacy, two, packs[:4]).index
    at["supplied"] = chain.supply(chain.pharmacy, packs[:1]).index
    at["recalled"] = chain.log.submit(chain.recall_of(chain.scope(lots=["T9"]))).index
    chain.hours(1)
    lived_in(chain)
    out = chain.act("check_out", chain.maker, chain.commission("T5", 2))
    lot = {"lot": "T2", "expiry": date(2028, 1, 31)}
    chain.act("repack", chain.maker, chain.pack_ids("T2", 2), inputs=(out.id,), **lot)
    pull(chain, chain.authority.gln, folder / "books")
    yield Honest(chain, folder / "log", folder / "books", packs, at)
    chain.store.close()


class Operator:
    """A hostile operator over its own copy of the log's folder."""

    def __init__(self, honest: Honest, folder: Path) -> None:
        self.honest, self.chain, self.packs, self.at = honest, honest.chain, honest.packs, honest.at
        self.folder, self.books = folder / "log", folder / "books"
        shutil.copytree(honest.folder, self.folder)
        shutil.copytree(honest.books, self.books)
        self.public, self.trust = folder / "public", folder / "trust.txt"
        self.trust.write_bytes((self.books / "trust.txt").read_bytes())
        with sqlite3.connect(next(self.folder.glob("*.sqlite"))) as database:
            self.entries = [
                bytes(data) for (data,) in database.execute("SELECT data FROM entry ORDER BY idx")
            ]
        self.now = int.from_bytes(self.entries[-1][:8], "big")
        self.root: bytes | None = None  # another than that of the entries
        self.key = SigningKey(ORIGIN, seed("log"))
        self.lines: list[bytes] = []  # of witnesses
        self.after: list[Callable[[], None]] = []  # what is done to the exported folder

    # What it does

    def statement(self, name: str) -> Submission:
        return statement_of(self.chain, self.at[name])

    def swap(self, one: int, two: int) -> None:
        self.entries[one], self.entries[two] = self.entries[two], self.entries[one]

    def retime(self, index: int, ms: int) -> None:
        self.entries[index] = ms.to_bytes(8, "big") + self.entries[index][8:]

    def ms(self, index: int) -> int:
        return int.from_bytes(self.entries[index][:8], "big")

    def log(self, submission: Submission, ms: int = 0) -> int:
        """Log what it likes, without asking the rules, and let the auditor pull it."""
        self.now = ms or self.now + 1000
        envelope = submission.statement.envelope
        self.entries.append(entry_of(envelope, self.now))
        index = len(self.entries) - 1
        if is_committed(envelope) or submission.items:
            with (self.books / pulled.PULLED).open("ab") as file:
                file.write(Pulled(index, self.now, submission).to_json() + b"\n")
        return index

    def event(self, *words: Any, **more: Any) -> Submission:
        """A party's statement, signed as it should be."""
        return self.chain.event(*words, time_ms=self.now + 1000, **more)

    def word(self, name: str, envelope: Envelope) -> None:
        """The auditor is given one of its signed words."""
        (self.books / name).write_bytes(bytes(envelope))

    # What it serves

    def serve(self) -> None:
        """Rewrite the database, tiles and checkpoint, properly signed; then export."""
        leaves = [merkle.leaf_hash(entry) for entry in self.entries]
        grown = tiles.new_tiles(0, leaves, lambda tile: pytest.fail(f"{tile} is not grown from"))
        root = self.root or merkle.root_of(leaves)
        note = sign_checkpoint(Checkpoint(ORIGIN, len(leaves), root), self.key) + b"".join(
            self.lines
        )
        store = open_store(self.folder)
        with store.writing():
            for table in ("entry", "tile", "checkpoint", "cosignature"):
                store.execute(f"DELETE FROM {table}")
            columns = ("idx", "id", "ms", "governance", "root", "data")
            rows = [
                (n, f"{n:064x}", self.ms(n), int(len(entry) != 40), None, entry)
                for n, entry in enumerate(self.entries)
            ]
            store.insert("entry", columns, rows)
            hashed = [(level, index, data) for (level, index), data in grown.items()]
            store.insert("tile", ("level", "idx", "data"), hashed)
            newest = (len(leaves), root, self.now, note)
            store.insert("checkpoint", ("size", "root", "ms", "note"), [newest])
        export(store, self.public)
        store.close()
        for harm in self.after:
            harm()


Plant = Callable[[Operator], None]


@dataclass(frozen=True)
class Kind:
    """A kind of tampering: its name, how it is planted, and the codes by which it is found."""

    name: str
    planted: str
    plant: Plant
    codes: frozenset[str]


KINDS: dict[str, Kind] = {}


def kind(name: str, codes: str) -> Callable[[Plant], Plant]:
    """Add a kind; its docstring tells what is planted."""

    def add(plant: Plant) -> Plant:
        KINDS[name] = Kind(
            name, " ".join((plant.__doc__ or "").split()), plant, frozenset(codes.split())
        )
        return plant

    return add


# A history rewritten: the auditor's books and its copy's checkpoint are of the true one.


@kind("drops an entry", "left-out moved rewritten split-view")
def _drops(o: Operator) -> None:
    """A receipt is taken out, what follows moves up."""
    del o.entries[o.at["got"]]
    o.log(o.event("inspect", o.chain.maker, o.packs[:1], reason="unknown"))


@kind("cuts off the end", "cut-off")
def _cuts(o: Operator) -> None:
    """The newest three entries are gone, as if an old copy had been put back."""
    del o.entries[-3:]


@kind("reorders", "moved rewritten split-view")
def _reorders(o: Operator) -> None:
    """Two entries change places, their landing times put in order again."""
    one, two = o.at["shipped"], o.at["received"]
    times = o.ms(one), o.ms(two)
    o.swap(one, two)
    o.retime(one, times[0])
    o.retime(two, times[1])


@kind("backdates before another entry", "other-time rewritten split-view time")
def _backdates(o: Operator) -> None:
    """A supply gets a landing time before that of the entry before it."""
    o.retime(o.at["supplied"], o.ms(o.at["supplied"] - 1) - 1)


@kind("backdates between its neighbours", "other-time rewritten split-view")
def _backdates_within(o: Operator) -> None:
    """A supply gets an earlier landing time, still after the entry before it."""
    o.retime(o.at["supplied"], o.ms(o.at["supplied"] - 1))


@kind("postdates", "event-time time")
def _postdates(o: Operator) -> None:
    """A recall is logged a month late, before other entries of its true time."""
    recall = o.chain.recall_of(o.chain.scope(lots=["T1"]))
    o.log(recall, o.now + 30 * 24 * 3_600_000)
    o.log(o.event("inspect", o.chain.maker, o.packs[:1], reason="unknown"), o.ms(-2) + 1000)


@kind("sets its clock ahead of a witness", "time")
def _clock(o: Operator) -> None:
    """All entries carry times that a witness's cosignature shows to be in the future."""
    witness = f"witness w {WITNESS.verifier}\nquorum w\n"
    o.trust.write_text(o.trust.read_text().replace("quorum none\n", witness))
    root = merkle.root_of([merkle.leaf_hash(entry) for entry in o.entries])
    text = Note.parse(sign_checkpoint(Checkpoint(ORIGIN, len(o.entries), root), o.key)).text
    o.lines.append(bytes(cosign(text, WITNESS, o.now // 1000 - 3600)))


@kind("inserts an entry into the past", "moved rewritten split-view")
def _inserts(o: Operator) -> None:
    """A new event is put among old ones, what follows moves down."""
    index = o.at["got"]
    submission = o.chain.event("inspect", o.chain.maker, o.packs[:1], reason="unknown")
    o.entries.insert(index, entry_of(submission.statement.envelope, o.ms(index - 1)))


@kind("alters an event", "left-out rewritten split-view")
def _alters(o: Operator) -> None:
    """The commitment of a receipt is replaced by another."""
    index = o.at["got"]
    o.entries[index] = o.entries[index][:8] + bytes(32)


@kind("alters governance", "bad-signature rewritten split-view")
def _alters_governance(o: Operator) -> None:
    """The reason of a recall is rewritten under its old signature."""
    index = o.at["recalled"]
    told = o.statement("recalled").statement.envelope
    altered = replace(told, payload=told.payload.replace(b"particles", b"packaging"))
    o.entries[index] = entry_of(altered, o.ms(index))


@kind("takes a recall away", "moved rewritten split-view")
def _hides_recall(o: Operator) -> None:
    """A recall is taken out of the log, what follows moves up."""
    del o.entries[o.at["recalled"]]
    o.log(o.event("inspect", o.chain.maker, o.packs[:1], reason="unknown"))


@kind("hides a key", "rewritten split-view unknown-key")
def _hides_key(o: Operator) -> None:
    """A key's admission is replaced by a commitment that might be an event's."""
    key = key_text("wholesaler station").encode()
    index = next(n for n, entry in enumerate(o.entries) if key in _payload(entry))
    o.entries[index] = o.entries[index][:8] + bytes(32)


@kind("shows another history to others", "split-view")
def _splits(o: Operator) -> None:
    """The books hold a checkpoint, signed by the log, of entries that this log has not."""
    other = [*o.entries[:-1], o.entries[-1][:8] + bytes(32)]
    root = merkle.root_of([merkle.leaf_hash(entry) for entry in other])
    (o.books / "evidence").mkdir()
    note = sign_checkpoint(Checkpoint(ORIGIN, len(other), root), o.key)
    (o.books / "evidence" / "0000-checkpoint").write_bytes(note)


# Forged and unentitled statements, put onto the end of the true history.


@kind("forges a signature", "bad-signature")
def _forges(o: Operator) -> None:
    """A supply is logged under a pharmacy's key id, with a signature of nobody."""
    true = o.event("supply", o.chain.pharmacy, o.packs[1:2])
    envelope = true.statement.envelope
    line = replace_struct(envelope.signatures[0], sig=bytes(64))
    forged = replace(envelope, signatures=(line,))
    o.log(Submission(Statement(forged, true.statement.body), true.items, secret=true.secret))


@kind("signs by a key of its own", "unknown-key")
def _own_key(o: Operator) -> None:
    """A supply in a pharmacy's name is signed by a key that the operator made."""
    o.log(o.event("supply", o.chain.pharmacy, o.packs[1:2], keys=[seed("operator")]))


@kind("admits by itself", "unknown-key")
def _admits(o: Operator) -> None:
    """A party is admitted under the log's own key, and brings a key."""
    friend = replace(o.chain.maker, name="friend", gln="9521115000002", site="9521115000101")
    true = o.chain.admit(replace(friend, prefix="9521115")).statement.body
    o.log(sign_governance(true, [seed("log")]))
    o.log(o.chain.key_add(friend))


@kind("changes the policy by one key", "threshold")
def _policy(o: Operator) -> None:
    """A policy of one signature stands where two must sign."""
    o.log(o.chain.policy_change("authority 1", threshold=1))


@kind("gives a key by itself", "not-entitled")
def _gives_key(o: Operator) -> None:
    """A pharmacy's new key is let in by another party's administrator."""
    true = o.chain.key_add(o.chain.pharmacy, "smuggled").statement.body
    o.log(sign_governance(true, [o.chain.wholesaler.admin, seed("smuggled")]))


@kind("lets a revoked key work on", "key-revoked")
def _revoked(o: Operator) -> None:
    """A key is revoked, and signs a supply afterwards."""
    o.log(o.chain.revoke(o.chain.pharmacy, reason="retired"))
    o.log(o.event("supply", o.chain.pharmacy, o.packs[1:2]))


@kind("logs a statement twice", "malformed twice")
def _twice(o: Operator) -> None:
    """A recall stands a second time at the end."""
    o.entries.append(o.now.to_bytes(8, "big") + o.entries[o.at["recalled"]][8:])


@kind("shows a trade secret in the clear", "malformed")
def _clear(o: Operator) -> None:
    """An event is logged with its content, which only a commitment may stand for."""
    envelope = o.event("supply", o.chain.pharmacy, o.packs[1:2]).statement.envelope
    o.entries.append((o.now + 1000).to_bytes(8, "big") + bytes(envelope))


# Custody that the rules forbid, with everybody's signature in order.


@kind("lets goods be shipped by who has them not", "not-holder")
def _not_holder(o: Operator) -> None:
    """Another pharmacy ships the packs of the one that holds them."""
    o.log(late(o, o.chain.ship_event(o.chain.pharmacy2, o.packs[1:2], o.chain.wholesaler)))


@kind("lets a pack be supplied twice", "already-inactive")
def _supplied_twice(o: Operator) -> None:
    """A supplied pack is supplied again at another pharmacy."""
    o.log(o.event("supply", o.chain.pharmacy2, o.packs[:1]))


@kind("lets a serial be commissioned twice", "duplicate-serial")
def _duplicate(o: Operator) -> None:
    """A second pack comes onto the record under a serial that is there."""
    lot = {"lot": "T1", "expiry": date(2028, 1, 31)}
    o.log(o.event("commission", o.chain.maker, o.packs[:1], **lot))


@kind("lets recalled packs be supplied", "blocked-recalled")
def _recalled(o: Operator) -> None:
    """A lot is recalled, and a pack of it supplied afterwards."""
    o.log(o.chain.recall_of(o.chain.scope(lots=["T1"])))
    o.log(o.event("supply", o.chain.pharmacy, o.packs[1:2]))


@kind("lets listed packs be supplied", "blocked-recalled")
def _listed(o: Operator) -> None:
    """A single pack is recalled by a list that the log commits to, and supplied afterwards."""
    o.log(o.chain.listed(o.chain.recall_of, o.packs[1:2]))
    o.log(o.event("supply", o.chain.pharmacy, o.packs[1:2]))


@kind("lets a delivery be received elsewhere", "not-named")
def _elsewhere(o: Operator) -> None:
    """A site that the shipment does not name books it in."""
    ship = late(o, o.chain.ship_event(o.chain.wholesaler, o.packs[4:5], o.chain.pharmacy))
    o.log(ship)
    o.log(o.event("receive", o.chain.pharmacy2, o.packs[4:5], shipment=ship.statement.id))


# Files and signed words that do not belong to the log.


@kind("alters a tile", "tile")
def _tile(o: Operator) -> None:
    """A byte of a hash tile is changed after the export."""

    def harm() -> None:
        tile = next(path for path in (o.public / "tile" / "0").rglob("*") if path.is_file())
        told = tile.read_bytes()
        tile.write_bytes(told[:-1] + bytes([told[-1] ^ 1]))

    o.after.append(harm)


@kind("signs a root of other entries", "root")
def _root(o: Operator) -> None:
    """The checkpoint covers a tree that nobody is shown."""
    o.root = bytes(32)
    (o.books / "checkpoint").unlink()


@kind("signs by another key", "checkpoint")
def _other_key(o: Operator) -> None:
    """The checkpoint is signed by a key that the trust file does not name."""
    o.key = SigningKey(ORIGIN, seed("other log"))


@kind("begins with a genesis of its own", "genesis rewritten split-view unknown-key")
def _genesis(o: Operator) -> None:
    """The genesis is replaced by one that other authority keys have signed."""
    true = statement_of(o.chain, 0).statement.body
    names = ["usurper 1", "usurper 2", "usurper 3"]
    body = replace_struct(
        true, keys=sorted(key_text(name) for name in names), log_key=key_text("x")
    )
    submission = sign_governance(body, [seed(name) for name in names])
    o.entries[0] = entry_of(submission.statement.envelope, o.ms(0))


@kind("gives a false status", "status")
def _status(o: Operator) -> None:
    """A supplied pack is called active by a signed status."""
    true = o.chain.answers.bundle(o.packs[:1], o.chain.pharmacy.site).status
    assert true is not None
    told = parse_status(true.payload)
    line = replace_struct(told.items[0], state="here", last=o.statement("got").statement.id)
    lie = replace_struct(told, items=[line])
    o.word("0.status.json", dsse.sign(dsse.STATUS, build_status(lie), [seed("status")]))


@kind("refuses what it has logged", "refusal")
def _refusal(o: Operator) -> None:
    """A signed refusal of a receipt that stands on the log."""
    refusal = o.chain.answers.refusal(Refused("not-named"), o.statement("got").statement.id)
    o.word("0.refusal.json", refusal)


def replace_struct(value: Any, **changes: Any) -> Any:
    return type(value)(**{**fields(value), **changes})


def _payload(entry: bytes) -> bytes:
    return Envelope.parse(entry[8:]).payload if len(entry) > 40 else b""


def late(o: Operator, submission: Submission) -> Submission:
    """The next thing that is logged lands when this was signed."""
    event = submission.statement.body
    assert isinstance(event, Event)
    o.now = max(o.now, event.time_ms - 1000)
    return submission


def run(o: Operator, report: Path) -> tuple[int, Report, str]:
    """`packtrace audit` as an auditor runs it: exit code, report, and its words."""
    words = ["audit", o.public, "--trust", o.trust, "--books", o.books, "--by", "Auditor"]
    done = CliRunner().invoke(main, [str(word) for word in [*words, "--report", report]])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, Report.parse(report.read_bytes()), done.stdout


def test_an_honest_log_is_audited_whole_by_its_authority(honest: Honest, tmp_path: Path) -> None:
    o = Operator(honest, tmp_path)
    o.serve()
    code, report, words = run(o, tmp_path / "audit.json")
    assert (code, report.count) == (0, 0), words
    assert report.folded == report.size == len(o.entries)
    assert report.unseen == 0
    assert report.clear + report.known == report.size
    assert report.by == "Auditor"
    assert "Custody was folded over every entry." in words
    assert "Nothing is wrong that can be seen from here." in words


@pytest.mark.parametrize("name", KINDS)
def test_the_audit_finds_a_planted_kind_and_names_it(
    honest: Honest, tmp_path: Path, name: str
) -> None:
    o, told = Operator(honest, tmp_path), KINDS[name]
    told.plant(o)
    o.serve()
    code, report, words = run(o, tmp_path / "audit.json")
    assert code == 1, name
    assert {line.code for line in report.findings} == told.codes, words
    for line in report.findings:
        assert line.name == NAMES[line.code]
        assert line.name in words
        assert line.place in words


def test_at_least_twenty_kinds_are_planted_and_the_docs_list_them() -> None:
    assert len(KINDS) >= 20
    text = DOCS.read_text().partition("## Planted kinds")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (?!kind|---)(.+?) \| (.+?) \| (.+?) \|$", text, re.MULTILINE)
    listed = [(one, two, frozenset(re.findall(r"`([a-z-]+)`", three))) for one, two, three in rows]
    assert listed == [(k.name, k.planted, k.codes) for k in KINDS.values()]


def test_custody_has_its_name_and_every_code_another_words() -> None:
    assert NAMES["not-holder"] == NAMES["blocked-recalled"] == CUSTODY
    others = [words for words in NAMES.values() if words != CUSTODY]
    assert len(set(others)) == len(others)
    told = dict(re.findall(r"^\| `([a-z-]+)` \| (.+?) \|$", DOCS.read_text(), re.MULTILINE))
    assert told == {code: words for code, words in NAMES.items() if words != CUSTODY}


# Where the auditor may see only a part


def test_a_partys_books_judge_custody_only_where_two_statements_contradict(
    honest: Honest, tmp_path: Path
) -> None:
    """Nothing is held against an honest log that what one may not see could explain."""
    for number, who in enumerate([honest.chain.maker, *honest.chain.members]):
        folder = tmp_path / str(number)
        folder.mkdir()
        o = Operator(honest, folder)
        shutil.rmtree(o.books)
        pull(honest.chain, who.gln, o.books)
        o.serve()
        code, report, words = run(o, folder / "audit.json")
        assert (code, report.count) == (0, 0), f"{who.name}: {words}"
        assert report.known >= len(kept_by(honest.chain, who).statements) - report.clear
        assert report.unseen > 0
        assert report.folded < report.size


PARTIAL: Final = {
    "lets a serial be commissioned twice": "duplicate-serial",
    "lets a delivery be received elsewhere": "not-named",
}


@pytest.mark.parametrize("name", PARTIAL)
def test_a_contradiction_is_found_without_what_lies_between(
    honest: Honest, tmp_path: Path, name: str
) -> None:
    o = Operator(honest, tmp_path)
    KINDS[name].plant(o)
    lines = (o.books / pulled.PULLED).read_bytes().splitlines(keepends=True)
    unseen = [line for line in lines if b'{"index":%d,' % o.at["shipped"] not in line]
    (o.books / pulled.PULLED).write_bytes(b"".join(unseen))
    o.serve()
    _code, report, words = run(o, tmp_path / "audit.json")
    assert [line.code for line in report.findings] == [PARTIAL[name]], words
    assert report.folded == o.at["shipped"]


def test_more_that_two_known_statements_contradict(honest: Honest, tmp_path: Path) -> None:
    o, chain = Operator(honest, tmp_path), honest.chain
    lines = (o.books / pulled.PULLED).read_bytes().splitlines(keepends=True)
    (o.books / pulled.PULLED).write_bytes(b"".join(lines[1:]))  # the commissioning is not seen
    o.log(
        o.event(
            "commission", chain.maker, chain.pack_ids("T7", 1), lot="T7", expiry=date(2028, 1, 31)
        )
    )
    other = [pack.replace("T7-0000", "T7-0001") for pack in chain.pack_ids("T7", 1)]
    expected = ["second-expiry", "already-inactive", "not-in-shipment", "wrong-state"]
    o.log(o.event("commission", chain.maker, other, lot="T7", expiry=date(2028, 2, 29)))
    o.log(o.event("stolen", chain.pharmacy, o.packs[2:3]))
    o.log(o.event("supply", chain.pharmacy, o.packs[2:3]))
    ship = o.statement("sent").statement.id
    o.log(o.event("receive", chain.pharmacy, o.packs[5:6], shipment=ship))
    o.log(o.event("receive", chain.pharmacy, o.packs[3:4], shipment=ship))
    o.serve()
    _code, report, words = run(o, tmp_path / "audit.json")
    assert [line.code for line in report.findings] == expected, words


def test_a_report_that_is_none_is_refused(tmp_path: Path) -> None:
    for data in (b"", b"{}", b'{"ms":1}', b"[" * 5000, b" " * ((1 << 20) + 1)):
        with pytest.raises(Malformed, match="report"):
            Report.parse(data)
