"""The practice switch: the same pages on the practice log, marked; its labels refused by the real one."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from app import create_app
from app.config import Settings
from scanner.check import read_label
from scanner.frames import read_image
from scanner.label import PrintedLabel
from scanner.symbols import read
from tests.app.conftest import give_keys, login_body
from tests.nodes import close
from tests.world import Chain, Member, PracticeChain

WORK, PRACTICE = "https://log.example", "https://practice.log.example"
BANNER = "<strong>PRACTICE</strong> Nothing here is a medicine."


@dataclass
class Served:
    """A node, its chain, and packs of lot L1: two at the pharmacy, one still at the maker's."""

    app: Flask
    chain: Chain
    packs: list[str]

    def client(self, who: Member | None = None) -> FlaskClient:
        client = self.app.test_client()
        if who is not None:
            body = login_body(client, self.chain, who.key, who.gln)
            answer = client.post("/api/session", data=body)
            assert answer.status_code == 200, answer.get_json()
        return client

    @property
    def label(self) -> PrintedLabel:
        """The label that this log draws for the first pack."""
        serial = self.packs[0].rpartition("/")[2]
        practice = isinstance(self.chain, PracticeChain)
        return PrintedLabel(self.chain.gtin, "L1", date(2028, 1, 31), serial, practice)


def node_of(chain: Chain, **switch: str) -> Iterator[Served]:
    give_keys(chain)
    packs = chain.commission("L1", 3)
    chain.hand_over(chain.maker, packs[:2], chain.pharmacy)
    app = create_app(
        Settings(
            log=chain.folder, secure=False, per_minute=0, stranger_per_minute=0,
            clock=lambda: chain.now, **switch,
        )
    )  # fmt: skip
    yield Served(app, chain, packs)
    close(app)
    chain.store.close()


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Served]:
    """A real node that has a practice node beside it."""
    yield from node_of(Chain(tmp_path / "real"), practice=PRACTICE, real=WORK)


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[Served]:
    """A practice node that has a real one beside it."""
    yield from node_of(PracticeChain(tmp_path / "practice"), practice=PRACTICE, real=WORK)


def run_command(command: str, folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    words = [
        sys.executable,
        "-c",
        "import packtrace; packtrace.main()",
        command,
        "--log",
        str(folder),
    ]
    return subprocess.run(
        words, env={**os.environ, **environ}, capture_output=True, text=True, timeout=60
    )


def pages(served: Served) -> list[str]:
    """Every page that takes no argument, one of a pack, and one that there is not."""
    found = [
        rule.rule
        for rule in served.app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.arguments
        and not rule.rule.startswith(("/api/", "/checkpoint"))
    ]  # fmt: skip
    label = served.label
    return [*found, f"/packs/{label.gtin}/{label.serial}", "/nowhere"]


def switch_of(html: str) -> list[tuple[str, str]]:
    return re.findall(r'<a class="switch" href="([^"]*)">([^<]*)</a>', html)


@pytest.mark.parametrize("signed_in", [True, False])
def test_every_page_of_a_practice_node_says_so_and_leads_back_to_work(
    practice: Served, signed_in: bool
) -> None:
    client = practice.client(practice.chain.pharmacy if signed_in else None)
    seen = 0
    for path in pages(practice):
        answer = client.get(path)
        if answer.mimetype != "text/html" or answer.status_code in (302, 303):
            continue
        html = answer.get_data(as_text=True)
        assert '<body class="practice">' in html, path
        assert BANNER in html, path
        assert switch_of(html) == [(WORK, "Back to work")], path
        for dialog in re.findall(r"<dialog.*?</dialog>", html, re.DOTALL):
            assert BANNER in dialog, path
        seen += 1
    assert seen > 10


def test_a_real_node_says_nothing_of_practice_but_where_it_is(real: Served) -> None:
    for client in (real.client(), real.client(real.chain.pharmacy)):
        for path in ("/", "/scan", "/help", "/nowhere"):
            html = client.get(path).get_data(as_text=True)
            assert "practice" not in html.replace(PRACTICE, "") or path == "/help"
            assert "PRACTICE" not in html
            assert switch_of(html) == [(PRACTICE, "Practise")]


@pytest.mark.parametrize("kind", [Chain, PracticeChain])
def test_without_a_setting_there_is_no_switch(kind: type[Chain], tmp_path: Path) -> None:
    for served in node_of(kind(tmp_path)):
        assert switch_of(served.client().get("/").get_data(as_text=True)) == []


@pytest.mark.parametrize("name", ["PACKTRACE_PRACTICE", "PACKTRACE_REAL"])
@pytest.mark.parametrize(
    "bad",
    [
        "practice.example", "//practice.example", "javascript:alert(1)", "ftp://x.example", "https://",
        "https://user:word@x.example", "https://x.example/?a", "https://x.example/#a", "https:///a",
        "https://x example", "https://x.example\n", "https://x.example:99999", "https://[::1", 'https://x/"',
    ],
)  # fmt: skip
def test_what_is_no_address_of_a_node_is_refused(name: str, bad: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is an address"):
        Settings.from_environ({name: bad})


def test_a_node_with_a_bad_setting_does_not_start_and_says_which(tmp_path: Path) -> None:
    served = run_command("serve", tmp_path, PACKTRACE_PRACTICE="nowhere")
    assert served.returncode == 2
    assert "PACKTRACE_PRACTICE is an address" in served.stderr
    assert "Traceback" not in served.stderr


@pytest.mark.parametrize(
    "good", ["", "http://localhost:8001", "https://x.example/", "https://[::1]:8443/a/b"]
)
def test_an_address_of_a_node_is_taken_as_it_is(good: str) -> None:
    found = Settings.from_environ({"PACKTRACE_PRACTICE": good, "PACKTRACE_REAL": good})
    assert (found.practice, found.real) == (good, good)


def say(client: FlaskClient, text: str) -> dict[str, Any]:
    body = {"text": text, "source": "wedge", "purpose": "dispense"}
    answer = client.post("/api/scans", json=body)
    assert answer.status_code == 200
    return dict(answer.get_json())


@pytest.mark.parametrize("signed_in", [True, False])
def test_each_log_refuses_the_others_labels_without_an_alert(
    real: Served, practice: Served, signed_in: bool
) -> None:
    assert real.packs == practice.packs, "the marks alone tell the labels apart"
    for served, other, code, words in (
        (real, practice, "practice-label", "This is a label of a practice log, not a medicine."),
        (practice, real, "not-practice-label", "This label is not of this practice log"),
    ):
        client = served.client(served.chain.pharmacy if signed_in else None)
        for _again in range(2):
            for text in (other.label.link, f"]d2{other.label.elements}"):
                told = say(client, text)
                assert told["verdict"] == "Not checked"
                assert [reason["code"] for reason in told["reasons"]] == [code]
                assert told["reasons"][0]["words"].startswith(words)
                assert (told["alert"], told["again"], told["state"]) == (False, None, None)
            served.chain.now += 60_000
        link = other.label.link.removeprefix("https://id.gs1.org")
        assert words in client.get(link).get_data(as_text=True)
        assert say(client, served.label.link)["verdict"] == "OK"
        link = served.label.link.removeprefix("https://id.gs1.org")
        assert "No contradiction found" in client.get(link).get_data(as_text=True)


def test_a_scanners_fault_makes_no_alert_of_a_practice_label(
    real: Served, practice: Served
) -> None:
    """Caps lock turns the mark's letters round too."""
    client = real.client(real.chain.pharmacy)
    for _again in range(3):
        told = say(client, practice.label.elements.swapcase())
        assert (told["verdict"], told["alert"]) == ("Not checked", False)
        assert told["reasons"][0]["code"] == "practice-label"
        real.chain.now += 60_000


def test_a_practice_label_is_no_item_of_an_act_on_a_real_log(
    real: Served, practice: Served
) -> None:
    def checked(served: Served, label: PrintedLabel) -> Any:
        client = served.client(served.chain.pharmacy)
        answer = client.post(
            "/api/checks", json={"op": "supply", "items": [label.link], "source": "wedge"}
        )
        assert answer.status_code == 200
        return answer.get_json()["items"][0]

    told = checked(real, practice.label)
    assert (told["ok"], told["code"]) == (False, "practice-label")
    assert checked(real, real.label)["ok"]
    assert checked(practice, practice.label)["ok"]


def test_a_practice_node_draws_marked_labels_and_a_real_one_plain_ones(
    real: Served, practice: Served
) -> None:
    for served, marked in ((real, False), (practice, True)):
        client = served.client(served.chain.maker)
        answer = client.get(
            "/api/labels/pack.png", query_string={"item": served.packs[0], "datamatrix": "1"}
        )
        assert answer.status_code == 200
        Image.open(io.BytesIO(answer.data)).verify()
        symbols = read(read_image(answer.data))
        assert len(symbols) == 2
        for symbol in symbols:
            assert read_label([symbol], 2026).label.practice == marked


def test_a_bag_is_judged_on_a_practice_log_as_on_a_real_one(practice: Served) -> None:
    client = practice.client(practice.chain.pharmacy)
    made = client.post("/api/bags", json={"items": practice.packs[:1]})
    assert made.status_code in (200, 201), made.get_json()
