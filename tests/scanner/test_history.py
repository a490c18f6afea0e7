"""Two histories shown to one scanner: caught, evidence written, exit status 3; offline and over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path
from socket import SHUT_RDWR, create_server
from threading import Event, Thread
from time import monotonic
from typing import Any

import httpx
import pytest

from app import create_app
from app.config import Settings
from ledger.errors import Malformed
from ledger.rules.reasons import NOT_CHECKED, OK
from ledger.statement import gs1
from ledger.store.publish import read_checkpoint
from ledger.tlog.tiles import Tile
from scanner import history
from scanner.__main__ import main
from scanner.check import Online
from scanner.history import PublicLog
from tests.app.conftest import give_keys
from tests.nodes import serving
from tests.scanner.test_main import counter, label_of, scan
from tests.world import Chain

__all__ = ["counter", "scan"]  # fixtures


@pytest.fixture
def fork(counter: Chain, tmp_path: Path) -> Iterator[Chain]:
    """The same log's other history: same name and keys, the same pack, another lot before it."""
    other = Chain(tmp_path / "fork")
    other.commission("L0", 1)
    packs = other.commission("L1", 3)
    other.hand_over(other.maker, packs, other.pharmacy)
    other.now = counter.now
    yield other
    other.store.close()


@contextmanager
def node(chain: Chain) -> Iterator[str]:
    """A node that serves a chain on a port of its own."""
    give_keys(chain)
    settings = Settings(
        log=chain.folder, secure=False, per_minute=0, stranger_per_minute=0, clock=lambda: chain.now
    )
    with serving(create_app(settings)) as url:
        yield url


def proof_of(chain: Chain, path: Path) -> Path:
    """The pharmacy's proof of its packs, as of now."""
    bundle = chain.answers.bundle(chain.pack_ids("L1", 3), chain.pharmacy.site)
    path.write_bytes(bundle.to_gzip())
    return path


def evidence(folder: Path) -> set[bytes]:
    return {path.read_bytes() for path in (folder / "trust.txt.seen" / "evidence").iterdir()}


def outcomes(lines: list[dict[str, Any]]) -> list[str]:
    return [history["outcome"] for line in lines for history in line["history"]]


def offline(folder: Path, bundle: Path) -> list[object]:
    return ["--bundle", bundle, "--trust", folder / "trust.txt", "--json"]


def test_two_proofs_of_one_size_and_two_histories_are_caught_offline(
    counter: Chain, fork: Chain, scan: Any, tmp_path: Path
) -> None:
    counter.commission("L9", 1)  # as long as the fork now
    words = label_of(counter).link
    mine = proof_of(counter, tmp_path / "mine.json")
    other = proof_of(fork, tmp_path / "other.json")
    assert scan(words, *offline(tmp_path, mine))[0] == 0
    status, lines = scan(words, *offline(tmp_path, other))
    assert (status, lines[0]["verdict"], outcomes(lines)) == (3, NOT_CHECKED, ["split"])
    assert lines[0]["reasons"][0]["code"] == "split-view"
    both = {read_checkpoint(counter.store), read_checkpoint(fork.store)}
    assert evidence(tmp_path) == both
    assert {Path(path).read_bytes() for path in lines[0]["history"][0]["evidence"]} == both
    # What was seen first stays: it is the other history that is caught again.
    assert scan(words, *offline(tmp_path, mine))[0] == 0
    assert scan(words, *offline(tmp_path, other))[0] == 3


def test_two_histories_served_over_http_are_caught(
    counter: Chain, fork: Chain, scan: Any, tmp_path: Path
) -> None:
    words = label_of(counter).link
    trust = ("--trust", tmp_path / "trust.txt", "--json")
    with node(counter) as url:
        status, lines = scan(words, "--log", url, *trust)
        assert (status, lines[0]["verdict"], outcomes(lines)) == (0, OK, ["first"])
    with node(fork) as url:  # longer, and its tiles prove that it is another
        status, lines = scan(words, "--log", url, *trust)
        assert (status, lines[0]["verdict"], outcomes(lines)) == (3, NOT_CHECKED, ["split"])
        assert "split-view" in {reason["code"] for reason in lines[0]["reasons"]}
        assert {read_checkpoint(counter.store), read_checkpoint(fork.store)} < evidence(tmp_path)
    with node(counter) as url:
        status, lines = scan(words, "--log", url, *trust)
        assert (status, outcomes(lines)) == (0, ["same"])


def test_an_older_copy_over_http_accuses_nobody_until_the_operator_signs_it_later(
    counter: Chain, fork: Chain, scan: Any, tmp_path: Path
) -> None:
    words = label_of(counter).link
    trust = ("--trust", tmp_path / "trust.txt", "--json")
    with node(fork) as url:
        assert scan(words, "--log", url, *trust)[0] == 0
    with node(counter) as url:  # shorter than what was shown before, at the same time
        status, lines = scan(words, "--log", url, *trust)
        assert (status, lines[0]["verdict"], outcomes(lines)) == (2, NOT_CHECKED, ["not-proven"])
        counter.now += 3_600_000  # restored from an old copy, it signs that this is all there is
        status, lines = scan(words, "--log", url, *trust)
    assert (status, outcomes(lines)) == (3, ["split"])
    kinds = sorted(Path(path).suffix for path in lines[0]["history"][0]["evidence"])
    assert kinds == [".checkpoint", ".checkpoint", ".status", ".status"]


def test_a_log_that_only_grows_is_believed_each_time(
    counter: Chain, scan: Any, tmp_path: Path
) -> None:
    words = label_of(counter).link
    trust = ("--trust", tmp_path / "trust.txt", "--json")
    with node(counter) as url:
        for number, expected in enumerate(("first", "proven", "proven")):
            status, lines = scan(words, "--log", url, *trust)
            assert (status, outcomes(lines)) == (0, [expected])
            counter.commission(f"N{number}", 1)
            counter.now += 1000
        # An older proof at hand is held against the log's own newer tree, when it may be asked.
        old = tmp_path / "packs.json"
        status, lines = scan(words, *offline(tmp_path, old), "--log", url)
        assert (status, outcomes(lines), lines[0]["for_site"]) == (
            0, ["proven"], counter.pharmacy.site,
        )  # fmt: skip


def test_what_cannot_be_compared_without_a_line_is_named(
    counter: Chain, scan: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = label_of(counter).link
    assert scan(words, *offline(tmp_path, tmp_path / "packs.json"))[0] == 0
    counter.commission("L9", 1)
    newer = proof_of(counter, tmp_path / "newer.json")
    status, lines = scan(words, *offline(tmp_path, newer))
    assert (status, lines[0]["verdict"], outcomes(lines)) == (0, OK, ["not-compared"])
    assert any("needs a line" in words for words in lines[0]["not_shown"])
    assert main([words, *map(str, offline(tmp_path, newer)[:-1])]) == 0
    assert "needs a line" in capsys.readouterr().out


def test_a_status_list_of_another_history_is_caught(
    counter: Chain, fork: Chain, scan: Any, tmp_path: Path
) -> None:
    counter.commission("L9", 1)
    (tmp_path / "list.json").write_bytes(fork.answers.status_list().to_gzip())
    mine = proof_of(counter, tmp_path / "mine.json")
    status, lines = scan(
        label_of(counter).link, *offline(tmp_path, mine), "--status", tmp_path / "list.json"
    )
    assert status == 3
    assert "split" in outcomes(lines)


@pytest.mark.parametrize("keep", ["none", "file"])
def test_a_folder_that_is_not_kept_is_told_and_the_evidence_printed(
    counter: Chain, fork: Chain, scan: Any, tmp_path: Path, keep: str
) -> None:
    counter.commission("L9", 1)
    shelf = tmp_path / "proofs"
    shelf.mkdir()
    proof_of(counter, shelf / "a.packtrace.json")
    folder = keep if keep == "none" else tmp_path / "trust.txt"
    one = [*offline(tmp_path, shelf), "--keep", folder]
    status, lines = scan(label_of(counter).link, *one)
    assert status == 0
    assert lines[0]["history"][0]["not_kept"]
    (tmp_path / "list.json").write_bytes(fork.answers.status_list().to_gzip())
    status, lines = scan(label_of(counter).link, *one, "--status", tmp_path / "list.json")
    assert status == 3
    caught = next(one for one in lines[0]["history"] if one["outcome"] == "split")
    both = {read_checkpoint(counter.store), read_checkpoint(fork.store)}
    assert {note.encode() for note in caught["notes"]} == both
    assert caught["evidence"] == []


def test_words_for_a_person_name_the_evidence(
    counter: Chain, fork: Chain, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    counter.commission("L9", 1)
    words = label_of(counter).link
    main([words, *map(str, offline(tmp_path, proof_of(counter, tmp_path / "a.json"))[:-1])])
    capsys.readouterr()
    status = main([words, *map(str, offline(tmp_path, proof_of(fork, tmp_path / "b.json"))[:-1])])
    told = capsys.readouterr().out
    assert status == 3
    assert "The log shows two histories" in told
    assert told.count("    Evidence: ") == 2


@contextmanager
def dripping(at_once: bytes, slowly: bytes) -> Iterator[str]:
    """A server that sends the second part of its answer by one byte now and then."""
    stop = Event()
    with create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    line, _ = server.accept()
                    with line, suppress(OSError):
                        line.recv(65536)
                        line.sendall(at_once)
                        for byte in slowly:
                            if stop.wait(0.05):
                                return
                            line.sendall(bytes((byte,)))

        thread = Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            stop.set()
            server.shutdown(SHUT_RDWR)
            thread.join()


_HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"  # over an hour of drops


@pytest.mark.parametrize("head", [_HEAD, b""], ids=["content", "headers"])
def test_a_log_that_drips_its_answer_does_not_hold_a_scanner_up(
    counter: Chain, head: bytes
) -> None:
    now = datetime.fromtimestamp(counter.now / 1000, UTC)
    with dripping(head, _HEAD.removeprefix(head) + bytes(100_000)) as url:
        client = httpx.Client(timeout=0.5)
        told = Online(url, client).verdict(
            gs1.parse_scan(label_of(counter).link), counter.trust, now, "check"
        )
        assert told.codes == ("log-down",)
        assert "no whole answer" in told.reasons[0].words
        with pytest.raises(OSError, match="no whole answer"):
            PublicLog(url, client).tile(Tile(0, 0, 3))
        with pytest.raises(Malformed, match="no whole answer"):
            Online(url, client).sign_in(counter.pharmacy.gln, counter.pharmacy.key, counter.now)


def test_the_part_of_an_answer_that_came_in_time_is_none() -> None:
    """Whichever of the two who watch the clock sees first that it is over."""
    late = nullcontext(httpx.Response(200, content=b"part"))
    assert history._answer(late, 10, monotonic() - 1) is None
    in_time = nullcontext(httpx.Response(200, content=b"whole"))
    assert history._answer(in_time, 10, monotonic() + 60) == (200, b"whole")


@pytest.mark.parametrize(
    "url",
    ["http://[::1", "http://a..b", f"http://{'a' * 70}.example", "http://127.0.0.1:99999999",
     "http://a b", "file:///etc/passwd", "javascript:1", "", "http://"],
)  # fmt: skip
def test_an_address_that_cannot_be_is_a_log_that_does_not_answer(counter: Chain, url: str) -> None:
    now = datetime.fromtimestamp(counter.now / 1000, UTC)
    label = gs1.parse_scan(label_of(counter).link)
    told = Online(url).verdict(label, counter.trust, now, "check")
    assert told.codes == ("log-down",)
    with pytest.raises(OSError, match=r"\w"):
        PublicLog(url, httpx.Client()).tile(Tile(0, 0, 3))
    with pytest.raises(Malformed, match="could not be signed in to"):
        Online(url).sign_in(counter.pharmacy.gln, counter.pharmacy.key, counter.now)
