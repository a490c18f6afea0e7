"""A label's print beside the verdict, online: what the log's service says, and a hostile one may try.

SIMULATED labels and cameras.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from app import create_app
from app.config import Settings
from app.node import KEY
from ledger.rules.reasons import OK
from ledger.rules.verdict import verdict
from ledger.statement import keyfile
from ledger.statement.parts import FingerprintPolicy
from ledger.store.fingerprints import Fingerprints
from ledger.store.publish import trust_file
from scanner.__main__ import main
from scanner.check import Online
from scanner.fingerprint.match import CANNOT_TELL, COPY_SUSPECTED, GENUINE_MATCH
from scanner.fingerprint.session import Session
from scanner.frames import Frame
from scanner.prints import Outcome
from scanner.prints_online import ByService
from scanner.session import Told
from tests.app.conftest import give_keys
from tests.app.prints import COPY, enrol, pictures
from tests.nodes import serving
from tests.world import Chain

BOTH = ("authority 1", "authority 2")


@pytest.fixture
def pack(chain: Chain, kept: Fingerprints) -> str:
    """A pack with an enrolled label, in the pharmacy's stock."""
    (item,) = chain.commission("L1", 1)
    chain.hand_over(chain.maker, [item], chain.pharmacy)
    enrol(chain, kept, item)
    return item


@pytest.fixture
def app(chain: Chain, kept: Fingerprints) -> Flask:
    """A node that keeps templates; `url` closes it."""
    assert kept
    give_keys(chain)
    config = Settings(
        log=chain.folder, secure=False, per_minute=0, stranger_per_minute=0, clock=lambda: chain.now
    )
    return create_app(config)


@pytest.fixture
def url(pack: str, app: Flask) -> Iterator[str]:
    """The node, served."""
    with serving(app) as found:
        yield found


@pytest.fixture
def scan(
    chain: Chain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Any:  # fmt: skip
    """Runs the scanner on pictures, signed in as the pharmacy; exit status and lines in their order."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return datetime.fromtimestamp(chain.now / 1000, tz or UTC)

    monkeypatch.setattr("scanner.__main__.datetime", Clock)
    (tmp_path / "trust.txt").write_bytes(trust_file(chain.store))
    key = keyfile.plain(chain.pharmacy.key, label="counter", party=chain.pharmacy.gln)
    (tmp_path / "counter.key").write_bytes(key)

    def run(address: str, images: list[bytes], *more: str) -> tuple[int, list[dict[str, Any]]]:
        paths = [tmp_path / f"{n}.jpg" for n in range(len(images))]
        for path, data in zip(paths, images, strict=True):
            path.write_bytes(data)
        status = main([
            *map(str, paths), "--log", address, "--trust", str(tmp_path / "trust.txt"),
            "--key", str(tmp_path / "counter.key"), "--keep", "none", "--json", *more,
        ])  # fmt: skip
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return status, [json.loads(line) for line in printed.out.splitlines()]

    return run


def test_the_log_is_asked_only_where_it_asks_for_a_look_or_somebody_insists(
    chain: Chain, app: Flask, pack: str, url: str, scan: Any
) -> None:
    status, lines = scan(url, pictures(pack))
    assert (status, [line["verdict"] for line in lines]) == (0, [OK] * 3)
    assert app.extensions[KEY].desk.looks.of_item(pack) == []

    status, lines = scan(url, pictures(pack), "--fingerprint")
    assert (status, "fingerprint" in lines[-1]) == (0, True)
    assert all("verdict" in line for line in lines[:-1]), "each verdict is told before"
    told = lines[-1]["fingerprint"]
    assert (told["verdict"], told["by"], told["why"]) == (GENUINE_MATCH, "log", "always")
    assert (told["score"], told["left"]) == (None, 4), "no score to a trade partner"
    [look] = app.extensions[KEY].desk.looks.of_item(pack)
    assert (look.verdict, look.device) == (GENUINE_MATCH, "python -m scanner, pictures")

    chain.log.submit(chain.policy_change(*BOTH, fingerprint=FingerprintPolicy(ask=True)))
    status, lines = scan(url, pictures(pack, first=700))
    told = lines[-1]["fingerprint"]
    assert (status, told["verdict"], told["why"]) == (0, GENUINE_MATCH, "policy")
    # The log knows its pictures again.
    status, lines = scan(url, pictures(pack, first=700), "--fingerprint")
    told = lines[-1]["fingerprint"]
    assert (status, told["verdict"], told["reasons"][0]["code"]) == (2, CANNOT_TELL, "replayed")


def test_a_copy_is_held_and_its_case_named(pack: str, url: str, scan: Any) -> None:
    status, lines = scan(url, pictures(pack, seed=COPY), "--fingerprint")
    told = lines[-1]["fingerprint"]
    assert (status, told["verdict"], told["word"]) == (1, COPY_SUSPECTED, "Copy suspected")
    assert isinstance(told["case"], int)


def test_a_pack_without_a_fingerprint_is_told_so_and_asks_for_nothing(
    chain: Chain, pack: str, url: str, scan: Any
) -> None:
    (other,) = chain.commission("L2", 1)
    chain.hand_over(chain.maker, [other], chain.pharmacy)
    status, lines = scan(url, pictures(other, lot="L2"), "--fingerprint")
    told = lines[-1]["fingerprint"]
    assert (status, told["verdict"], told["reasons"][0]["code"]) == (2, CANNOT_TELL, "no-template")
    assert "fingerprint" not in scan(url, pictures(other, lot="L2"))[1][-1]
    assert pack


def test_a_log_that_went_away_cannot_tell_and_asks_for_nothing() -> None:
    gone = ByService(Online("http://127.0.0.1:9"))
    found = gone.judge("item", Session(bytes(16)), [FRAME], "device", 5.0)
    assert (found.verdict, found.reasons[0].code) == (CANNOT_TELL, "log-down")
    told = Told("camera 0", "camera", verdict({"in-stock": ""}, "check"), datetime.now(UTC))
    assert gone.asked(told) == ""


# A hostile service


class Hostile:
    """A server that answers whatever it is told to."""

    def __init__(self) -> None:
        self.status, self.body, self.asked = 200, b"", b""


@contextmanager
def hostile() -> Iterator[tuple[Hostile, ByService]]:
    says = Hostile()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            says.asked = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(says.status)
            self.send_header("Content-Length", str(len(says.body)))
            self.end_headers()
            self.wfile.write(says.body)

        def log_message(self, *_: Any) -> None:  # type: ignore[override]
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield says, ByService(Online(f"http://127.0.0.1:{server.server_port}"))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def service() -> Iterator[tuple[Hostile, ByService]]:
    with hostile() as found:
        yield found


FRAME: Frame = np.full((40, 40), 200, np.uint8)
GOOD = {
    "verdict": GENUINE_MATCH, "word": "x", "mark": {}, "reasons": [], "score": None, "frames": 3,
    "px_per_mm": 20.1, "false_match_log10": None, "tested_bound": 0.01, "commitment": "00" * 32,
    "alarm": False, "left": 4, "look": 1, "case": None, "inspect": None,
}  # fmt: skip


def judged(service: tuple[Hostile, ByService], body: bytes, status: int = 200) -> Outcome:
    says, matcher = service
    says.status, says.body = status, body
    return matcher.judge("item", Session(bytes(16)), [FRAME], "device", 5.0)


def test_what_a_service_may_say_is_read(service: Any) -> None:
    assert judged(service, json.dumps(GOOD).encode()).verdict == GENUINE_MATCH
    assert judged(service, json.dumps({**GOOD, "later": "field"}).encode()).look == 1
    assert b'name="item"\r\n\r\nitem' in service[0].asked
    assert b"\xff\xd8\xff" in service[0].asked, "the frame goes as a JPEG"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 429, 500, 503])
def test_a_refusal_cannot_be_told_and_says_why(service: Any, status: int) -> None:
    problem = {"code": "x", "detail": "Looked at too often today."}
    found = judged(service, json.dumps(problem).encode(), status)
    assert (found.verdict, found.reasons[0].code) == (CANNOT_TELL, "log-refused")
    assert "too often" in found.reasons[0].words
    found = judged(service, b"\0<html>", status)
    assert (found.verdict, found.reasons[0].words.endswith(f"HTTP {status}")) == (CANNOT_TELL, True)


BAD = [
    ("verdict", "AUTHENTIC"), ("verdict", None), ("verdict", ["GENUINE_MATCH"]), ("score", "0"),
    ("score", -1), ("score", 2), ("score", True), ("frames", 1.5), ("frames", -1), ("look", "1"),
    ("px_per_mm", 1e9), ("reasons", None), ("reasons", [1]), ("reasons", [{"code": "x"}]),
    ("left", 2**60), ("case", {}), ("false_match_log10", 5),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), BAD)
def test_an_answer_out_of_form_is_never_a_match(service: Any, name: str, value: object) -> None:
    found = judged(service, json.dumps({**GOOD, name: value}).encode())
    assert (found.verdict, found.reasons[0].code) == (CANNOT_TELL, "log-refused")
    without = {key: one for key, one in GOOD.items() if key != name}
    if name not in ("look", "left", "case"):
        assert judged(service, json.dumps(without).encode()).verdict == CANNOT_TELL


@settings(max_examples=25)
@given(body=st.binary(max_size=200) | st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=9) | st.sampled_from(list(GOOD)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(GOOD)), inner),
    max_leaves=8,
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_no_bytes_of_a_service_make_a_match_or_a_crash(service: Any, body: bytes) -> None:
    assert judged(service, body).verdict == CANNOT_TELL


def test_an_endless_answer_and_deep_json_are_refused(service: Any) -> None:
    for body in (b"[" * 60_000, b" " * (1 << 17), b'{"verdict":' * 5000):
        assert judged(service, body).verdict == CANNOT_TELL


@given(answer=st.binary(max_size=60) | st.sampled_from([
    b'{"fingerprint":{"asked":"yes","why":"x"}}', b'{"fingerprint":[]}', b'{"fingerprint":1}',
    b'{"fingerprint":{"asked":true}}', b"[]", b"null",
]))  # fmt: skip
def test_nothing_but_a_whole_answer_asks_for_a_look(service: Any, answer: bytes) -> None:
    says, matcher = service
    says.status, says.body = 200, answer
    told = Told("camera 0", "camera", verdict({"in-stock": ""}, "check"), datetime.now(UTC))
    assert matcher.asked(told) == ""
    says.body = b'{"fingerprint":{"asked":true,"why":"case","item":"x"}}'
    assert matcher.asked(told) == "case"
