"""Every lot of the demo world, traced, and counted straight from the statements: the same numbers.

What the page, the table and the files say of the recalled lot is read off each of them.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pypdf
import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from app import create_app, trace_report
from app.config import Settings
from app.demo.measures import RECALLED, REPACKED
from ledger.cli import main as program
from tests.nodes import EVENING_MS, close, login_path
from tests.straight import Counted, Straight

RECALLED_GTIN = "09521101000016"
SCHEMA = Path(__file__).resolve().parents[3] / "shared/epcis/schema/epcis-json-schema.json"


@pytest.fixture(scope="module")
def app(world: Path) -> Iterator[Flask]:
    made = create_app(
        Settings(
            log=world, secure=False, per_minute=0, stranger_per_minute=0, clock=lambda: EVENING_MS
        )
    )
    yield made
    close(made)


@pytest.fixture(scope="module")
def client(app: Flask, world: Path) -> FlaskClient:
    return signed_in(app, world, "regulator")


def signed_in(app: Flask, world: Path, role: str) -> FlaskClient:
    client = app.test_client()
    assert client.post(login_path(world, role, EVENING_MS)).status_code == 303
    return client


@pytest.fixture(scope="module")
def straight(client: FlaskClient) -> Straight:
    return Straight(client.get("/api/pull").text)


def traced(rows: list[dict[str, Any]], lot: str) -> Counted:
    """A lot's numbers out of a table of flows."""
    found = Counted()
    for row in rows:
        if row["lot"] != lot:
            if row["what"] == "repack" and row["kind"] == "made":
                found.became += int(row["packs"])
            continue
        packs, ends = int(row["packs"]), (row["from_gln"], row["to_gln"])
        match row["kind"]:
            case "made":
                found.made += packs if row["what"] == "commission" else 0
                found.here[ends[1]] += packs
            case "sent":
                found.arrived[ends] += int(row["arrived"])
                found.under_way[ends] += int(row["under_way"])
                found.here[ends[0]] += int(row["back"]) - packs
                found.here[ends[1]] += int(row["arrived"])
                assert int(row["gone"]) == 0
            case "left":
                found.out[ends[0], row["what"]] += packs
                found.here[ends[0]] -= packs
            case "returned":
                how = {"found": "lost", "undo": "supply"}[row["what"]]
                found.out[ends[1], how] -= packs
                found.here[ends[1]] += packs
            case "made of":
                found.out[ends[0], "check_out"] -= packs
                found.out[ends[0], "repack"] += packs
    return found


def trace_of(client: FlaskClient, gtin: str, lot: str, form: str = "json") -> Any:
    answer = client.get(f"/api/traces/lot/{gtin}/{lot}?as={form}")
    assert answer.status_code == 200, answer.text
    return answer


def test_every_lot_is_traced_as_it_is_counted_straight_from_the_statements(
    client: FlaskClient, straight: Straight
) -> None:
    gtins = {lot: pack[22:36] for pack, lot in straight.lot.items()}
    assert len(gtins) == 20
    for lot, gtin in gtins.items():
        rows = trace_of(client, gtin, lot).get_json()["rows"]
        got, wanted = traced(rows, lot), straight.count(lot)
        if (
            lot == REPACKED
        ):  # what it was made of is in its trace too, and what it was made into not
            wanted.became = got.became
        assert got == wanted, lot


def test_the_csv_file_says_the_same(client: FlaskClient, straight: Straight) -> None:
    text = trace_of(client, RECALLED_GTIN, RECALLED, "csv").data.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert traced(rows, RECALLED) == straight.count(RECALLED)
    assert straight.count(RECALLED).became == 120


def test_the_epcis_document_is_valid_and_says_the_same(
    client: FlaskClient, straight: Straight
) -> None:
    document = json.loads(trace_of(client, RECALLED_GTIN, RECALLED, "epcis").data)
    if SCHEMA.exists():  # where GS1's own schema lies beside this checkout
        jsonschema.validate(document, json.loads(SCHEMA.read_text()))
    events = document["epcisBody"]["eventList"]
    assert document["type"] == "EPCISDocument"
    for event in events:
        assert "@context" not in event
        lists = [name for name in event if name.endswith(("epcList", "EPCList", "QuantityList"))]
        assert lists, event
        assert all(event[name] for name in lists)
    supplied = Counter(
        straight.lot[pack]
        for event in events
        if event["bizStep"] == "dispensing" and event["disposition"] == "dispensed"
        for pack in event["epcList"]
    )
    out = straight.count(RECALLED).out
    assert supplied[RECALLED] == sum(n for (_, how), n in out.items() if how == "supply")
    [born] = [e for e in events if e["bizStep"] == "commissioning"]
    assert {straight.lot[pack] for pack in born["epcList"]} == {RECALLED}
    assert len(born["epcList"]) == straight.count(RECALLED).made
    received = [e for e in events if e["bizStep"] == "receiving"]
    assert received
    assert all("destinationList" in e for e in received)  # filled in from the shipment


def test_the_report_carries_evidence_that_verifies_by_itself(
    client: FlaskClient, world: Path, tmp_path: Path
) -> None:
    answer = trace_of(client, RECALLED_GTIN, RECALLED, "pdf")
    assert answer.mimetype == "application/pdf"
    report = pypdf.PdfReader(io.BytesIO(answer.data))
    words = "\n".join(page.extract_text() for page in report.pages)
    assert RECALLED in words
    assert "SIMULATED" in words
    shown, of = map(int, re.search(r"shows (\d+) of the (\d+) statements", words).groups())
    assert 0 < shown <= of
    attached = {name: data[0] for name, data in report.attachments.items()}
    assert list(attached) == ["evidence-1.packtrace.json.gz"]
    for name, data in attached.items():
        (tmp_path / name).write_bytes(data)
        command = ["verify", str(tmp_path / name), "--trust", str(world / "trust.txt")]
        done = CliRunner().invoke(program, command)
        assert done.exit_code == 0, done.output
        assert "proven as of" in done.output
        spoilt = bytearray(data)
        spoilt[len(data) // 2] ^= 1
        (tmp_path / name).write_bytes(bytes(spoilt))
        assert CliRunner().invoke(program, command).exit_code != 0


def test_a_report_in_chinese_is_written_in_chinese(app: Flask, world: Path) -> None:
    client = signed_in(app, world, "regulator")
    client.set_cookie("packtrace_language", "zh-Hans")
    report = pypdf.PdfReader(io.BytesIO(trace_of(client, RECALLED_GTIN, RECALLED, "pdf").data))
    fonts = {str(f) for page in report.pages for f in page["/Resources"]["/Font"].values()}
    assert fonts
    assert "Supplied" not in report.pages[-1].extract_text()
    assert re.search(r"[\u4e00-\u9fff]", report.pages[-1].extract_text())


def test_the_picture_and_the_sums_say_the_same_as_the_table(
    client: FlaskClient, straight: Straight
) -> None:
    page = client.get(f"/traces/lot/{RECALLED_GTIN}/{RECALLED}").text
    picture = page[page.index('<svg class="flow ') : page.index("</svg>")]
    counted = straight.count(RECALLED)
    assert f">Commissioned: {counted.made} packs</title>" in picture
    supplied = sum(n for (_, how), n in counted.out.items() if how == "supply")
    assert f">Supplied: {supplied} packs</title>" in picture
    most, packs = counted.arrived.most_common(1)[0]
    assert most[0].startswith("952110")
    assert re.search(rf"Manufacturer 1 → Wholesaler 2: {packs} packs", picture)
    assert re.search(rf"<td>Wholesaler 2</td><td class=\"number\">{packs}</td>", page)


def test_a_pharmacy_sees_its_own_step_up_and_down_and_no_other(app: Flask, world: Path) -> None:
    client = signed_in(app, world, "pharmacist")
    told = trace_of(client, RECALLED_GTIN, RECALLED).get_json()
    own = json.loads((world / "demo.json").read_text())["people"][0]["site"]
    assert not told["whole"]
    assert told["rows"]
    assert all(own in (row["from_gln"], row["to_gln"]) for row in told["rows"])
    page = client.get(f"/traces/lot/{RECALLED_GTIN}/{RECALLED}").text
    assert "Flows between others are not shown to you." in page
    assert "Pharmacy 2" not in page
    assert REPACKED not in page
    assert client.get(f"/traces/lot/{RECALLED_GTIN}/NONE-SUCH").status_code == 404
    strange = client.get("/traces/lot/09521501000018/" + REPACKED)
    assert strange.status_code == 404


def test_a_report_is_written_without_a_font_of_the_machine_too(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace_report, "_FONTS", ())
    report = pypdf.PdfReader(io.BytesIO(trace_of(client, RECALLED_GTIN, RECALLED, "pdf").data))
    assert RECALLED in report.pages[0].extract_text()
    assert report.attachments


def test_a_report_in_chinese_without_its_font_is_in_english_and_says_why(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace_report, "_CHINESE", ())
    monkeypatch.setattr(trace_report, "_FONTS", trace_report._FONTS[-1:])
    client.set_cookie("packtrace_language", "zh-Hans")
    data = trace_of(client, RECALLED_GTIN, RECALLED, "pdf").data
    client.delete_cookie("packtrace_language")
    pages = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages)
    assert "Trace of lot" in pages
    assert "has no font for Chinese" in pages
    assert "?" not in pages


def test_what_no_font_can_write_is_marked_and_said() -> None:
    sheet = trace_report.Report("Trace")
    assert sheet.plain("Apotheke Zürich") == "Apotheke Zürich"
    assert not sheet.lacks
    assert sheet.plain("A \U0001f48a") == "A ?"
    assert sheet.lacks
