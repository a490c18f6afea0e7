"""What a scan leads to: claims compared, faults told from fakes, alerts on the second reading."""

from __future__ import annotations

import io
import sqlite3
import threading
from datetime import date
from typing import Any

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from app import create_app
from app.config import Settings
from app.looking import MAX_FRAME, MAX_PICTURE, Looks
from app.scanning import LOOKS
from ledger.bundle import Bundle
from ledger.statement import gs1
from ledger.store.desk import DATABASE, Desk, Scan
from scanner.label import PrintedLabel, render, to_png
from scanner.settle import AGAIN_MS, LOOK_MS
from tests.app.conftest import SignIn, give_keys
from tests.nodes import close
from tests.scanner import pictures
from tests.world import Chain

GS = "\x1d"


@pytest.fixture
def stock(chain: Chain) -> Chain:
    """A chain whose pharmacy holds three packs of lot L1."""
    packs = chain.commission("L1", 3)
    chain.hand_over(chain.maker, packs, chain.pharmacy)
    return chain


def label(chain: Chain, serial: str = "L1-0000", lot: str = "L1", expiry: str = "280131") -> str:
    """A pack's element string as a scanner sends it."""
    return f"]d201{chain.gtin}21{serial}{GS}10{lot}{GS}17{expiry}"


def png(chain: Chain, serial: str = "L1-0000", lot: str = "L1") -> bytes:
    return to_png(render(PrintedLabel(chain.gtin, lot, date(2028, 1, 31), serial)))


def say(client: FlaskClient, text: str, source: str = "wedge") -> dict[str, Any]:
    answer = client.post("/api/scans", json={"text": text, "source": source, "purpose": "dispense"})
    assert answer.status_code == 200
    return dict(answer.get_json())


def show(
    client: FlaskClient, picture: bytes, *, stream: bool = False, status: int = 200, held: str = ""
) -> Any:
    image = FileStorage(io.BytesIO(picture), "x")
    data = {"image": image, "purpose": "dispense", "stream": str(int(stream)), "held": held}
    boundary, body = encode_multipart(data)  # the client's own leaves a large one's file open
    kind = f"multipart/form-data; boundary={boundary}"
    answer = client.post("/api/scans", data=body, content_type=kind)
    assert answer.status_code == status
    return answer.get_json()


def codes(told: dict[str, Any]) -> list[str]:
    return [reason["code"] for reason in told["reasons"]]


def test_each_claim_of_a_label_is_compared_with_the_log(stock: Chain, sign_in: SignIn) -> None:
    client = sign_in(stock.pharmacy)
    told = say(client, label(stock))
    assert told["claims"] == [
        {"name": "product", "label": stock.gtin, "log": stock.gtin, "agrees": True},
        {"name": "lot", "label": "L1", "log": "L1", "agrees": True},
        {"name": "expiry", "label": "2028-01-31", "log": "2028-01-31", "agrees": True},
        {"name": "serial", "label": "L1-0000", "log": "L1-0000", "agrees": True},
    ]
    wrong = say(client, label(stock, lot="L9"))
    assert [claim["agrees"] for claim in wrong["claims"]] == [True, False, True, True]
    assert wrong["claims"][1] == {"name": "lot", "label": "L9", "log": "L1", "agrees": False}
    bare = say(client, f"(01){stock.gtin}(21)L1-0000", "typed")
    assert [claim["agrees"] for claim in bare["claims"]] == [True, None, None, True]
    assert (told["sure"], wrong["sure"], bare["sure"]) == (True, False, True)


def test_the_links_of_a_scan_lead_to_the_proof_and_the_timeline(
    chain: Chain, client: FlaskClient, sign_in: SignIn
) -> None:
    odd = gs1.sgtin(chain.gtin, "A/1%&?")
    chain.act("commission", chain.maker, [odd], lot="L&1", expiry=date(2028, 1, 31))
    text = f"]d201{chain.gtin}21A/1%&?{GS}10L&1{GS}17280131"
    for who in (client, sign_in(chain.maker)):
        links = say(who, text)["links"]
        assert Bundle.parse(who.get(links["proof"]).data).status is not None
        assert (links["pack"] is None) == (who is client)
    assert who.get(links["pack"]).status_code == 200


def test_a_stranger_is_told_no_claim_and_offered_no_repair(
    stock: Chain, client: FlaskClient
) -> None:
    told = say(client, label(stock))
    assert (told["verdict"], told["claims"], told["sure"]) == ("OK", [], True)
    swapped = say(client, label(stock).swapcase())
    assert (swapped["again"], swapped["alert"], swapped["links"]["proof"]) == (None, False, None)
    for wrong in (label(stock, lot="L9"), label(stock, serial="NOSUCH")):
        for _ in range(2):
            stock.now += 5_000
            assert say(client, wrong)["alert"] is False


@pytest.mark.parametrize(
    "changes", [{"serial": "NOSUCH7"}, {"lot": "Q7"}, {"expiry": "290131"}], ids=str
)
def test_a_fake_alerts_on_the_second_reading_and_on_no_other_sites(
    stock: Chain, sign_in: SignIn, changes: dict[str, str]
) -> None:
    client = sign_in(stock.pharmacy)
    first = say(client, label(stock, **changes))
    assert (first["verdict"], first["alert"]) == ("Do not supply", False)
    stock.now += LOOK_MS // 2
    assert say(client, label(stock, **changes))["alert"] is False  # the same look
    stock.now += 2 * LOOK_MS
    assert say(sign_in(stock.pharmacy2), label(stock, **changes))["alert"] is False
    assert say(client, label(stock, **changes))["alert"] is True
    stock.now += AGAIN_MS + 1
    assert say(client, label(stock, **changes))["alert"] is False  # long forgotten


def test_a_cloned_label_alerts_at_once(stock: Chain, sign_in: SignIn) -> None:
    stock.supply(stock.pharmacy, stock.pack_ids("L1", 1))
    told = say(sign_in(stock.pharmacy2), label(stock))
    assert (codes(told)[0], told["alert"]) == ("supplied-elsewhere", True)
    own = say(sign_in(stock.pharmacy), label(stock))
    assert (codes(own)[0], own["alert"]) == ("supplied-here", False)


def test_a_label_that_hits_anothers_serial_is_in_doubt_before_the_pack_is(
    stock: Chain, sign_in: SignIn
) -> None:
    stock.supply(stock.pharmacy, stock.pack_ids("L1", 1))
    client = sign_in(stock.pharmacy2)
    told = say(client, label(stock, lot="Q7"))
    assert codes(told)[:2] == ["label-mismatch", "supplied-elsewhere"]
    assert told["alert"] is False
    stock.now += 5_000
    assert say(client, label(stock, lot="Q7"))["alert"] is True


def test_a_scanners_fault_is_no_alert_however_often_it_comes(stock: Chain, sign_in: SignIn) -> None:
    client = sign_in(stock.pharmacy)
    lost = label(stock).replace(GS, "").removeprefix("]d2")
    for _ in range(3):
        stock.now += 5_000
        told = say(client, lost)
        assert (told["verdict"], codes(told), told["alert"]) == (
            "Not checked",
            ["scan-again"],
            False,
        )
        assert told["again"]["faults"]
        assert told["again"]["offered"]["serial"] == "L1-0000"
        assert (told["claims"], told["links"]) == ([], {"proof": None, "pack": None})


def test_a_fake_before_a_scanners_suffix_alerts_all_the_same(stock: Chain, sign_in: SignIn) -> None:
    client = sign_in(stock.pharmacy)
    text = label(stock, serial="NOSUCH7") + "{CR}"
    assert say(client, text)["alert"] is False
    stock.now += 5_000
    told = say(client, text)
    assert (codes(told)[0], told["alert"]) == ("unknown", True)


def test_capitals_of_a_scanner_are_no_unknown_serial(stock: Chain, sign_in: SignIn) -> None:
    pack = gs1.sgtin(stock.gtin, "aB12cYz")
    stock.act("commission", stock.maker, [pack], lot="L7", expiry=date(2028, 1, 31))
    stock.hand_over(stock.maker, [pack], stock.pharmacy)
    client = sign_in(stock.pharmacy)
    capitals = label(stock, "AB12CYZ", "L7").removeprefix("]d2")
    for _ in range(3):
        stock.now += 5_000
        told = say(client, capitals)
        assert (told["verdict"], told["alert"]) == ("Not checked", False)
        assert told["again"]["faults"] == ["case-lost"]
        assert told["again"]["offered"]["serial"] == "aB12cYz"
    # No serial on record differs from this one in the case of letters alone.
    for expected in (False, True):
        stock.now += 5_000
        assert say(client, capitals.replace("CYZ", "CYQ"))["alert"] is expected


def test_what_a_spreadsheet_shortened_is_asked_for_again(stock: Chain, sign_in: SignIn) -> None:
    client = sign_in(stock.pharmacy)
    for _ in range(2):
        stock.now += 5_000
        told = say(client, "(01)9.52111E+12(21)L1-0000", "typed")
        assert (told["verdict"], told["alert"]) == ("Not checked", False)
        assert "scientific" in told["again"]["faults"]


def test_a_link_whose_expiry_came_through_misspelt_is_asked_for_again(
    stock: Chain, sign_in: SignIn
) -> None:
    client = sign_in(stock.pharmacy)
    for source in ("typed", "wedge"):
        for part in ("l7=310128", "17-300630&10-EX2601"):
            stock.now += 5_000
            told = say(client, f"https://x.example/01/{stock.gtin}/21/L1-0000?{part}", source)
            assert (told["verdict"], told["alert"]) == ("Not checked", False)
            assert told["again"]["faults"] == ["link-misspelt"]


def test_a_reading_of_no_label_is_never_an_accusation(stock: Chain, sign_in: SignIn) -> None:
    client = sign_in(stock.pharmacy)
    for _ in range(3):
        stock.now += 5_000
        told = say(client, "hello")
        assert (codes(told), told["alert"]) == (["not-our-label"], False)


def test_two_codes_of_a_pack_that_disagree_are_held_and_alert_when_seen_again(
    stock: Chain, sign_in: SignIn
) -> None:
    client = sign_in(stock.pharmacy)
    left = pictures.qr(f"https://id.gs1.org/01/{stock.gtin}/10/L1/21/L1-0000?17=280131", 5)
    right = pictures.gs1_datamatrix(f"(01){stock.gtin}(21)L1-0001(10)L1(17)280131", 8)
    page = np.full((600, 1000), 255, np.uint8)
    page[50 : 50 + left.shape[0], 50 : 50 + left.shape[1]] = left
    page[50 : 50 + right.shape[0], 600 : 600 + right.shape[1]] = right
    told = show(client, pictures.encoded(page), stream=True)
    assert (told["verdict"], codes(told)[0]) == ("Hold: ask", "symbols-disagree")
    assert (told["sure"], told["alert"]) == (False, False)
    stock.now += 5_000
    assert show(client, pictures.encoded(page), stream=True)["alert"] is True


def test_a_picture_tells_where_its_codes_are(stock: Chain, sign_in: SignIn) -> None:
    told = show(sign_in(stock.pharmacy), png(stock))
    assert told["verdict"] == "OK"
    assert (told["width"], told["height"]) == render(
        PrintedLabel(stock.gtin, "L1", date(2028, 1, 31), "L1-0000")
    ).size
    [symbol] = told["symbols"]
    assert symbol["format"] == "QRCode"
    assert all(0 < x < told["width"] and 0 < y < told["height"] for x, y in symbol["corners"])
    assert told["reading"].startswith("https://id.gs1.org/01/")


def test_a_pack_held_in_view_is_one_scan_and_a_frame_without_a_code_none(
    app: Flask, stock: Chain, sign_in: SignIn
) -> None:
    client = sign_in(stock.pharmacy)
    desk: Desk = app.extensions["packtrace"].desk
    empty = pictures.encoded(np.full((300, 400), 90, np.uint8), "JPEG")
    assert codes(show(client, empty, stream=True)) == ["unreadable"]
    assert desk.scans(stock.pharmacy.site) == []
    for _ in range(5):
        stock.now += 200
        assert show(client, png(stock), stream=True)["sure"] is True
    stock.now += 200
    show(client, png(stock, "L1-0001"), stream=True)
    stock.now += 10_000
    show(client, png(stock), stream=True)
    items = [scan.item.rpartition("/")[2] for scan in desk.scans(stock.pharmacy.site)]
    assert items == ["L1-0000", "L1-0001", "L1-0000"]


def test_a_fake_held_in_view_alerts_when_it_comes_back_not_before(
    stock: Chain, sign_in: SignIn
) -> None:
    client = sign_in(stock.pharmacy)
    fake = png(stock, "NOSUCH7")
    for _ in range(30):
        stock.now += 200
        assert show(client, fake, stream=True)["alert"] is False
    stock.now += 3_000
    assert show(client, fake, stream=True)["alert"] is True


def test_a_fake_still_in_view_after_somebody_read_the_verdict_is_no_second_reading(
    stock: Chain, sign_in: SignIn
) -> None:
    client = sign_in(stock.pharmacy)
    fake = png(stock, "NOSUCH7")
    reading = show(client, fake, stream=True)["reading"]
    stock.now += 20_000
    assert show(client, fake, stream=True, held=reading)["alert"] is False
    stock.now += 3_000  # taken away, and shown again
    assert show(client, fake, stream=True, held="another")["alert"] is True


def test_frames_have_limits_of_their_own(stock: Chain) -> None:
    give_keys(stock)
    settings = Settings(
        log=stock.folder, secure=False, stranger_per_minute=2, frames_per_minute=8,
        clock=lambda: stock.now,
    )  # fmt: skip
    made = create_app(settings)
    client = made.test_client()
    for _ in range(4):  # one pack in view is one scan
        show(client, png(stock), stream=True)
    show(client, png(stock, "L1-0001"), stream=True)
    assert (
        show(client, png(stock, "L1-0002"), stream=True, status=429)["code"] == "too-many-requests"
    )
    stock.now += 60_000
    empty = pictures.encoded(np.full((300, 400), 90, np.uint8), "JPEG")
    for _ in range(8):
        show(client, empty, stream=True)
    show(client, empty, stream=True, status=429)
    close(made)


@pytest.mark.parametrize(
    ("data", "stream"),
    [(bytes(MAX_FRAME + 1), True), (bytes(MAX_PICTURE + 1), False), (b"no picture", True)],
    ids=["large frame", "large picture", "no picture"],
)
def test_what_is_no_frame_or_too_large_is_refused_in_words(
    stock: Chain, sign_in: SignIn, data: bytes, stream: bool
) -> None:
    client = sign_in(stock.pharmacy)
    if stream:
        assert show(client, data, stream=True, status=400)["code"] == "malformed"
    else:
        assert codes(show(client, data)) == ["unreadable"]


@pytest.mark.parametrize(
    "body",
    [rb'{"text":"\ud800"}', rb'{"text":"]d20109521101000016 21\udc00"}', b'{"text":1}', b"[]",
     b'{"text":"A","purpose":null}', b'{"text":"A","source":"mind"}', b"{" * 5000, b"\xff"],
)  # fmt: skip
def test_what_is_no_text_is_refused_to_whoever_asks(
    stock: Chain, client: FlaskClient, sign_in: SignIn, body: bytes
) -> None:
    for who in (client, sign_in(stock.pharmacy)):
        answer = who.post("/api/scans", data=body, content_type="application/json")
        assert (answer.status_code, answer.get_json()["code"]) == (400, "malformed")


def test_a_body_beyond_all_measure_is_cut_off(client: FlaskClient) -> None:
    text = b'{"text":"' + b"A" * (1 << 20) + b'"}'
    answer = client.post("/api/scans", data=text, content_type="application/json")
    assert (answer.status_code, answer.get_json()["code"]) == (413, "too-large")
    show(client, bytes(12 << 20), status=413)


def test_a_frame_that_would_be_stale_before_its_turn_is_sent_back(
    app: Flask, stock: Chain, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other frames hold every place, as a flood of them does."""
    client = sign_in(stock.pharmacy)
    monkeypatch.setattr("app.looking._WAIT_FRAME_S", 0.0)
    looks: Looks = app.extensions[LOOKS]
    with looks._frames, looks._frames:
        data = {"image": (io.BytesIO(png(stock)), "x"), "stream": "1"}
        answer = client.post("/api/scans", data=data)
        assert (answer.status_code, answer.get_json()["code"]) == (503, "busy")
        assert answer.headers["Retry-After"] == "1"
        assert client.get("/healthz").status_code == 200
        assert say(client, label(stock))["verdict"] == "OK"
    assert show(client, png(stock), stream=True)["verdict"] == "OK"


def test_frames_are_never_stored(app: Flask, stock: Chain, sign_in: SignIn) -> None:
    before = {path for path in stock.folder.rglob("*") if path.is_file()}
    client = sign_in(stock.pharmacy)
    show(client, png(stock), stream=True)
    show(client, png(stock))
    grown = {path for path in stock.folder.rglob("*") if path.is_file()} - before
    assert {path.name.removesuffix("-wal").removesuffix("-shm") for path in grown} <= {DATABASE}


def test_a_desk_of_an_older_release_is_brought_up_to_date(stock: Chain, tmp_path: Any) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    old = sqlite3.connect(folder / DATABASE)
    old.execute(
        "CREATE TABLE scan (ms BIGINT NOT NULL, site TEXT NOT NULL, item TEXT NOT NULL, "
        "purpose TEXT NOT NULL, verdict TEXT NOT NULL, codes TEXT NOT NULL)"
    )
    old.execute("INSERT INTO scan VALUES (1, 'S', 'I', 'check', 'OK', 'in-stock')")
    old.commit()
    old.close()
    threads = [threading.Thread(target=lambda: Desk(folder, bytes(32)).close()) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    desk = Desk(folder, bytes(32))
    desk.add_scan(Scan(2, "S", "I", "check", "OK", "in-stock", "digest", 1))
    assert desk.scans("S") == [
        Scan(2, "S", "I", "check", "OK", "in-stock", "digest", 1),
        Scan(1, "S", "I", "check", "OK", "in-stock"),
    ]
    desk.close()
