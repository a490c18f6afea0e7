"""The matching service: a genuine label, a copy of it, and all that is neither."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import Any

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.fingerprints.matching import LOOKS_A_DAY, LOOKS_A_MINUTE, LOOKS_A_MONTH
from app.node import KEY
from ledger.rules.alerts import Alert
from ledger.rules.casework import (
    CLOSINGS,
    EXPLAINED,
    FALSE_ALERT,
    FALSIFICATION,
    ILLEGITIMATE,
    SETTLED,
    SUSPECT,
)
from ledger.statement import gs1
from ledger.store.fingerprints import Fingerprints
from ledger.store.looks import DAY_MS, Look
from scanner.fingerprint.shown import digest_of
from scanner.simulated.station import CLOSE
from scanner.simulated.station import to_png as png
from tests.app.conftest import SignIn
from tests.app.prints import (
    COPY,
    FAR,
    GENUINE,
    HIGH,
    WIDE,
    codes,
    enrol,
    grey,
    look,
    looked,
    pictures,
    send,
)
from tests.world import Chain

GENUINE_MATCH, COPY_SUSPECTED, CANNOT_TELL = "GENUINE_MATCH", "COPY_SUSPECTED", "CANNOT_TELL"
SUSPECTED = "copy-suspected"  # the reason
HELD = ("Hold: ask", True)


@pytest.fixture
def app(kept: Fingerprints, app: Flask) -> Flask:
    """An app that keeps templates."""
    return app


@pytest.fixture
def pack(chain: Chain, kept: Fingerprints) -> str:
    """A pack with an enrolled label, in the pharmacy's stock."""
    (item,) = chain.commission("L1", 1)
    chain.hand_over(chain.maker, [item], chain.pharmacy)
    enrol(chain, kept, item)
    return item


def desk(app: Flask) -> Any:
    return app.extensions[KEY].desk


# What a look comes to


def test_the_enrolled_print_contradicts_nothing(
    chain: Chain, app: Flask, pack: str, sign_in: SignIn
) -> None:
    told = looked(sign_in(chain.pharmacy), pack, pictures(pack, 5))
    assert told["verdict"] == GENUINE_MATCH
    assert told["word"] == "No contradiction found"
    assert told["mark"] == {"symbol": "✓", "style": "ok"}
    assert told["reasons"] == []
    assert (told["frames"], told["left"], told["case"]) == (5, LOOKS_A_DAY - 1, None)
    assert not told["alarm"]
    assert told["inspect"] == {
        "item": pack, "reason": "fingerprint-match", "commitment": told["commitment"]
    }  # fmt: skip
    assert "authentic" not in str(told).lower()


def test_a_copy_of_the_label_is_suspected_and_its_pack_in_question_at_that_site(
    chain: Chain, app: Flask, pack: str, sign_in: SignIn
) -> None:
    here = sign_in(chain.pharmacy)
    told = looked(here, pack, pictures(pack, seed=COPY))
    assert (told["verdict"], told["word"]) == (COPY_SUSPECTED, "Copy suspected")
    assert told["mark"]["style"] == "hold"
    assert codes(told) == ["differs"]
    assert told["inspect"]["reason"] == "copy-suspected"
    case = here.get(f"/api/alerts/{told['case']}").get_json()
    assert (case["rule"], case["cause"]) == ("copy-suspected", "copied-label")
    assert case["evidence"][0]["codes"] == ["copy-suspected"]
    page = here.get(f"/alerts/{told['case']}").text
    assert "The label&#39;s print is not the one that was enrolled" in page
    assert "Scanned for check: Hold: ask." in page
    again = here.post("/api/scans", json={"text": pack, "purpose": "dispense"}).get_json()
    assert again["case"] == told["case"]
    assert (again["verdict"], again["reasons"][0]["code"]) == ("Hold: ask", "copy-suspected")
    assert again["fingerprint"] == {"item": pack, "asked": True, "why": "case"}
    there = sign_in(chain.pharmacy2).post("/api/scans", json={"text": pack}).get_json()
    assert "copy-suspected" not in str(there["reasons"])
    done = {"act": "decide", "decision": "give-out"}
    assert here.post(f"/api/alerts/{told['case']}", json=done).status_code == 200
    settled = here.post("/api/scans", json={"text": pack, "purpose": "dispense"}).get_json()
    assert settled["verdict"] == "OK"


def test_what_was_explained_of_one_print_explains_no_other(
    chain: Chain, app: Flask, pack: str, sign_in: SignIn
) -> None:
    """The site closes the case itself; another pack with the same code comes a day later."""
    here = sign_in(chain.pharmacy)
    first = looked(here, pack, pictures(pack, seed=COPY))["case"]
    done = {"act": "close", "root": "label-print", "closing": "explained", "note": "relabelled"}
    assert here.post(f"/api/alerts/{first}", json=done).status_code == 200
    assert here.post("/api/scans", json={"text": pack}).get_json()["verdict"] == "OK"
    chain.hours(24)
    here = sign_in(chain.pharmacy)
    second = looked(here, pack, pictures(pack, seed=COPY, first=900))["case"]
    assert second != first
    assert here.post("/api/scans", json={"text": pack}).get_json()["verdict"] == "Hold: ask"


def scanned(client: FlaskClient, pack: str) -> tuple[str, bool]:
    """The verdict on a pack that is to be given out, and whether a suspected copy is its reason."""
    told = client.post("/api/scans", json={"text": pack, "purpose": "dispense"}).get_json()
    return told["verdict"], codes(told)[0] == SUSPECTED


@pytest.mark.parametrize("by_maker", [False, True])
@pytest.mark.parametrize("closing", CLOSINGS)
def test_a_closed_case_holds_the_pack_unless_it_was_found_to_be_no_trouble(
    closing: str, by_maker: bool, chain: Chain, app: Flask, pack: str, sign_in: SignIn
) -> None:
    here = sign_in(chain.pharmacy)
    case = f"/api/alerts/{looked(here, pack, pictures(pack, seed=COPY))['case']}"
    closes = here
    if by_maker or closing == ILLEGITIMATE:
        assert here.post(case, json={"act": "pass-on"}).status_code == 200
        closes = sign_in(chain.maker)
    root = FALSIFICATION if closing == ILLEGITIMATE else "label-print"
    done = {"act": "close", "root": root, "closing": closing, "note": "seen"}
    assert closes.post(case, json=done).status_code == 200
    for _ in range(2):
        free = closing in (FALSE_ALERT, EXPLAINED)
        assert scanned(here, pack) == (("OK", False) if free else HELD)
    assert not scanned(sign_in(chain.pharmacy2), pack)[1]


@pytest.mark.parametrize(
    ("closing", "verdict"), [(SETTLED, "OK"), (SUSPECT, "Hold: ask"), (ILLEGITIMATE, "Hold: ask")]
)
def test_a_finding_counts_more_than_an_earlier_decision_to_give_the_pack_out(
    closing: str, verdict: str, chain: Chain, app: Flask, pack: str, sign_in: SignIn
) -> None:
    here = sign_in(chain.pharmacy)
    number = looked(here, pack, pictures(pack, seed=COPY))["case"]
    case = f"/api/alerts/{number}"
    assert here.post(case, json={"act": "decide", "decision": "give-out"}).status_code == 200
    assert here.post(case, json={"act": "pass-on"}).status_code == 200
    root = FALSIFICATION if closing == ILLEGITIMATE else "label-print"
    done = {"act": "close", "root": root, "closing": closing, "note": "seen"}
    assert sign_in(chain.maker).post(case, json=done).status_code == 200
    told = here.post("/api/scans", json={"text": pack, "purpose": "dispense"}).get_json()
    assert (told["verdict"], told["case"]) == (verdict, number)
    assert told["decided"] is None or verdict == "OK"
    # A later look at this site takes back a suspicion, and no finding of falsification.
    chain.hours(1)
    here = sign_in(chain.pharmacy)
    second = looked(here, pack, pictures(pack, seed=COPY, first=900))["case"]
    assert scanned(here, pack) == HELD
    done = {"act": "close", "root": "label-print", "closing": EXPLAINED, "note": "relabelled"}
    assert here.post(f"/api/alerts/{second}", json=done).status_code == 200
    assert (scanned(here, pack)[0] == "OK") == (closing != ILLEGITIMATE)


@pytest.mark.parametrize("rule", [SUSPECTED, "label-mismatch"])
def test_a_pack_that_was_to_be_given_out_is_held_by_the_next_suspected_copy(
    rule: str, chain: Chain, app: Flask, pack: str, sign_in: SignIn
) -> None:
    here = sign_in(chain.pharmacy)
    if rule == SUSPECTED:
        first = looked(here, pack, pictures(pack, seed=COPY))["case"]
    else:
        found = gs1.parse_item_id(pack)
        wrong = {"text": f"(01){found.gtin}(21){found.serial}(10)L1(17)290131", "source": "camera"}
        for _ in range(3):
            first = here.post("/api/scans", json=wrong).get_json()["case"]
            chain.now += 120_000
    case = f"/api/alerts/{first}"
    give_out = {"act": "decide", "decision": "give-out"}
    assert here.post(case, json=give_out).status_code == 200
    assert scanned(here, pack)[0] == "OK"
    chain.hours(12)
    here = sign_in(chain.pharmacy)
    assert looked(here, pack, pictures(pack, seed=COPY, first=900))["case"] == first
    assert scanned(here, pack) == HELD
    assert not here.get(case).get_json()["decision"]
    assert here.post(case, json=give_out).status_code == 200
    assert scanned(here, pack)[0] == "OK"


def test_a_new_case_of_another_kind_does_not_hide_a_copy(
    chain: Chain, app: Flask, pack: str, sign_in: SignIn
) -> None:
    here = sign_in(chain.pharmacy)
    number = looked(here, pack, pictures(pack, seed=COPY))["case"]
    done = {"act": "close", "root": "label-print", "closing": SUSPECT, "note": "seen"}
    assert here.post(f"/api/alerts/{number}", json=done).status_code == 200
    alert = Alert("label-mismatch", chain.pharmacy.site, pack, chain.now, "altered-label", pack)
    other = desk(app).cases.fold(alert, "")
    assert here.post(
        f"/api/alerts/{other}", json={"act": "decide", "decision": "give-out"}
    ).status_code == 200  # fmt: skip
    told = here.post("/api/scans", json={"text": pack, "purpose": "dispense"}).get_json()
    assert (told["verdict"], told["case"], told["decided"]) == ("Hold: ask", number, None)


def test_the_row_says_who_looked_and_holds_no_picture(
    chain: Chain, app: Flask, pack: str, sign_in: SignIn
) -> None:
    shown = pictures(pack)
    told = looked(sign_in(chain.pharmacy), pack, shown)
    (row,) = desk(app).looks.of_item(pack)
    assert (row.site, row.party, row.device) == (
        chain.pharmacy.site, chain.pharmacy.gln, "phone 1"
    )  # fmt: skip
    assert (row.verdict, row.reasons, row.alg, row.counted) == (GENUINE_MATCH, "", 1, 1)
    assert row.commitment == told["commitment"]
    assert row.number == told["look"]
    assert row.score == round(row.score, 2)
    assert row.score < 0.2
    for one in (*(digest_of(grey(one)) for one in shown), row.vector):
        assert desk(app).looks.any_seen([one])


def test_a_score_is_the_product_s_side_s_and_the_authority_s(
    chain: Chain, pack: str, sign_in: SignIn
) -> None:
    for number, who in enumerate((chain.maker, chain.authority)):
        told = looked(sign_in(who), pack, pictures(pack, first=600 + 10 * number))
        assert 0 <= told["score"] < 0.2
        assert told["score"] == round(told["score"], 2)
        assert told["false_match_log10"] < -2
    for number, who in enumerate((chain.pharmacy, chain.wholesaler, chain.pharmacy2)):
        told = looked(sign_in(who), pack, pictures(pack, first=700 + 10 * number))
        assert told["verdict"] == GENUINE_MATCH
        assert told["score"] is told["false_match_log10"] is None


def test_nobody_who_is_not_signed_in_is_told_anything(pack: str, client: FlaskClient) -> None:
    for what in ("measure", "match", "enrol"):
        assert send(client, what, [b"x"] * 3, item=pack).status_code == 401
    assert client.post("/api/scans", json={"text": pack}).get_json()["fingerprint"] is None


def test_one_frame_is_measured_without_any_template(
    chain: Chain, app: Flask, sign_in: SignIn
) -> None:
    item = gs1.sgtin(chain.gtin, "NOWHERE")
    here = sign_in(chain.pharmacy)
    good = send(here, "measure", pictures(item, 1)).get_json()
    assert good["ok"]
    assert good["reasons"] == []
    assert good["item"] == item
    assert 23 < good["px_per_mm"] < 27
    (left, top), (right, _), _, (_, bottom) = good["corners"]
    assert 0 < left < right < good["width"] == WIDE
    assert 0 < top < bottom < good["height"] == HIGH
    assert right - left == pytest.approx(good["px_per_mm"] * 37 * 0.4233, rel=0.1)
    far = send(here, "measure", pictures(item, 1, camera=FAR)).get_json()
    assert not far["ok"]
    assert codes(far) == ["low-resolution"]
    blank = send(here, "measure", [png(np.full((400, 400), 200, np.uint8))]).get_json()
    assert (codes(blank), blank["corners"], blank["item"]) == (["no-code"], None, None)
    none = send(here, "measure", [b"no picture"]).get_json()
    assert codes(none) == ["unreadable"]
    assert send(here, "measure", []).status_code == 400
    assert send(here, "measure", pictures(item, 2)).status_code == 400


# What must never match


def _blank(_item: str) -> list[bytes]:
    return [png(np.full((600, 800), 180 + n, np.uint8)) for n in range(3)]


def _two(item: str) -> list[bytes]:
    other = gs1.sgtin(gs1.gtin_of(item), "OTHERPACK")
    return [
        png(np.hstack([grey(one), grey(two)]))
        for one, two in zip(pictures(item), pictures(other), strict=True)
    ]


def _wrong(item: str) -> list[bytes]:
    return pictures(gs1.sgtin(gs1.gtin_of(item), "OTHERPACK"))


def _other_design(item: str) -> list[bytes]:
    return pictures(item, lot="OTHER9")


def _glare(item: str) -> list[bytes]:
    found = []
    for one in pictures(item):
        frame = grey(one).astype(np.float32)
        y, x = np.mgrid[: frame.shape[0], : frame.shape[1]]
        away = np.hypot(y - frame.shape[0] / 2, x - frame.shape[1] / 2)
        found.append(
            png(np.clip(frame + 200 * np.exp(-((away / 60) ** 2)), 0, 255).astype(np.uint8))
        )
    return found


def _moved(item: str) -> list[bytes]:
    return pictures(item, camera=replace(CLOSE, motion=14.0))


def _still(item: str, seed: int = GENUINE) -> list[bytes]:
    """One picture held before a camera: only its noise differs."""
    frame = grey(pictures(item, 1, seed)[0]).astype(np.int16)
    noise = np.random.default_rng(1)
    return [
        png(np.clip(frame + noise.normal(0, 2, frame.shape), 0, 255).astype(np.uint8))
        for _ in range(3)
    ]


def _identical(item: str) -> list[bytes]:
    return pictures(item, 1) * 3


def _one(item: str) -> list[bytes]:
    return pictures(item, 1)


def _coarse_copy(item: str) -> list[bytes]:
    return pictures(item, seed=COPY, camera=replace(CLOSE, px_per_mm=13.0))


def _changed(item: str) -> list[bytes]:
    return [*pictures(item, 2), *pictures(item, 1, seed=COPY)]


def _no_pictures(_item: str) -> list[bytes]:
    return [b"", b"GIF89a", b"<svg/>", b"\x00" * 70_000, b"%PDF-1.4"]


def _cut_off(item: str) -> list[bytes]:
    return [one[: len(one) // 3] for one in pictures(item)]


def _bomb(_item: str) -> list[bytes]:
    """A few kilobytes that say they are 60,000 pixels square."""
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    data = zlib.compress(b"\0" * 1_000_000)
    chunks = b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in ((b"IHDR", head), (b"IDAT", data), (b"IEND", b""))
    )
    return [b"\x89PNG\r\n\x1a\n" + chunks]


def _huge(item: str) -> list[bytes]:
    """Five pictures of 49 megapixels each: as many as may be decoded are, one after the other."""
    frame = np.full((7000, 7000), 200, np.uint8)
    seen = grey(pictures(item, 1)[0])
    frame[: seen.shape[0], : seen.shape[1]] = seen
    return [png(frame)] * 2


BAD: dict[str, tuple[Callable[[str], list[bytes]], str, bool]] = {
    "no code": (_blank, "no-code", False),
    "two packs": (_two, "two-codes", False),
    "the wrong pack": (_wrong, "other-design", True),
    "another label design": (_other_design, "other-design", True),
    "glare": (_glare, "glare", False),
    "motion blur": (_moved, "poor-fit", False),
    "a still image": (_still, "still-image", False),
    "identical frames": (_identical, "few-frames", False),
    "one frame": (_one, "few-frames", False),
    "a copy that is too small to tell": (_coarse_copy, "low-resolution", False),
    "a label that is changed for another": (_changed, "label-changed", True),
    "what is no picture": (_no_pictures, "unreadable", False),
    "pictures that are cut off": (_cut_off, "unreadable", False),
    "a decompression bomb": (_bomb, "unreadable", False),
    "huge pictures": (_huge, "few-frames", False),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_judged_is_never_a_match_and_accuses_nobody(
    name: str, chain: Chain, app: Flask, pack: str, sign_in: SignIn
) -> None:
    make, reason, alarm = BAD[name]
    told = looked(sign_in(chain.pharmacy), pack, make(pack))
    assert told["verdict"] == CANNOT_TELL
    assert reason in codes(told), told["reasons"]
    assert told["alarm"] is alarm
    assert told["case"] is None
    assert told["inspect"]["reason"] == "fingerprint-unclear"
    assert all(one["words"] for one in told["reasons"])
    (row,) = desk(app).looks.of_item(pack)
    assert row.verdict == CANNOT_TELL


def _on_a_screen(shown: list[bytes]) -> list[bytes]:
    found = []
    for one in shown:
        frame = grey(one).astype(np.float32)
        rows = 0.72 + 0.28 * (np.indices(frame.shape).sum(0) % 5 < 3)
        found.append(png((frame * rows).astype(np.uint8)))
    return found


def test_a_picture_of_a_coarse_screen_does_not_match(
    chain: Chain, pack: str, sign_in: SignIn
) -> None:
    """A dense screen passes: `docs/matching.md` says so."""
    here = sign_in(chain.pharmacy)
    told = looked(here, pack, _on_a_screen(pictures(pack)))
    assert (told["verdict"], codes(told)) == (CANNOT_TELL, ["looks-like-a-screen"])
    # Points in rows make no copy safe: copies that were printed in dots have them as well.
    copy = looked(here, pack, _on_a_screen(pictures(pack, seed=COPY)))
    assert (copy["verdict"], codes(copy)) == (COPY_SUSPECTED, ["differs"])
    assert copy["left"] == LOOKS_A_DAY - 2


@pytest.mark.parametrize("seed", [GENUINE, COPY])
def test_a_still_picture_accuses_nobody_and_costs_no_look(
    seed: int, chain: Chain, app: Flask, pack: str, sign_in: SignIn
) -> None:
    told = looked(sign_in(chain.pharmacy), pack, _still(pack, seed))
    assert (told["verdict"], codes(told)) == (CANNOT_TELL, ["still-image"])
    assert (told["case"], told["left"]) == (None, LOOKS_A_DAY)
    (row,) = desk(app).looks.of_item(pack)
    assert (row.score, row.counted, row.frames) == (None, 0, 3)


def test_a_picture_is_not_three_by_being_turned(chain: Chain, pack: str, sign_in: SignIn) -> None:
    shown = grey(pictures(pack)[0])
    turned = [png(np.ascontiguousarray(np.rot90(shown, quarters))) for quarters in range(3)]
    told = looked(sign_in(chain.pharmacy), pack, turned)
    assert (told["verdict"], codes(told)) == (CANNOT_TELL, ["few-frames", "identical-frames"])
    assert (told["frames"], told["left"]) == (1, LOOKS_A_DAY)


@pytest.mark.parametrize("device", ["x" * 81, "a\nb", "\x1b[2J"])
def test_a_device_is_named_in_one_printable_line(
    device: str, chain: Chain, pack: str, sign_in: SignIn
) -> None:
    answer = look(sign_in(chain.pharmacy), pack, pictures(pack, 1), device)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "malformed")


@pytest.mark.parametrize("item", ["", "x", "https://id.gs1.org/00/095211110000000012", "é" * 200])
def test_a_look_is_at_a_pack(item: str, chain: Chain, sign_in: SignIn) -> None:
    answer = look(sign_in(chain.pharmacy), item, [b"x"])
    assert (answer.status_code, answer.get_json()["code"]) == (400, "malformed")


def test_a_look_takes_one_to_five_pictures_in_a_form(
    chain: Chain, pack: str, sign_in: SignIn
) -> None:
    here = sign_in(chain.pharmacy)
    assert look(here, pack, []).status_code == 400
    assert look(here, pack, [b"x"] * 6).status_code == 400
    assert here.post("/api/fingerprint/match", json={"item": pack}).status_code == 400
    assert codes(looked(here, pack, [b"\0" * (9 << 20)])) == ["too-large"]
    assert look(here, pack, [b"\0" * (9 << 20)] * 5).status_code == 413


@given(
    shown=st.lists(st.binary(max_size=200), max_size=7),
    item=st.one_of(st.text(max_size=60), st.just("https://id.gs1.org/01/09521111000015/21/S1")),
    device=st.text(max_size=90),
    what=st.sampled_from(("measure", "match", "enrol")),
)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_is_sent_there_is_an_answer(
    chain: Chain, sign_in: SignIn, shown: list[bytes], item: str, device: str, what: str
) -> None:
    chain.now += 60_000
    answer = send(sign_in(chain.maker), what, shown, item=item, device=device)
    assert answer.status_code in (200, 400, 403, 413)
    if answer.status_code == 200 and what == "match":
        assert answer.get_json()["verdict"] == CANNOT_TELL


# Templates that are not to be used


def test_a_pack_without_a_template_cannot_be_told(chain: Chain, sign_in: SignIn) -> None:
    (item,) = chain.commission("L1", 1)
    told = looked(sign_in(chain.pharmacy), item, [b"x"])
    assert (told["verdict"], codes(told), told["inspect"]) == (CANNOT_TELL, ["no-template"], None)


def test_a_template_that_nobody_signed_for_does_not_count(
    chain: Chain, kept: Fingerprints, pack: str, sign_in: SignIn
) -> None:
    (item,) = chain.commission("L2", 1)
    other = kept.find(pack, bytes.fromhex(looked(sign_in(chain.maker), pack, [b"x"])["commitment"]))
    assert other is not None
    kept.put(item, b"\1" * 32, other.template, other.salt, chain.now)
    assert codes(looked(sign_in(chain.maker), item, pictures(item))) == ["no-template"]


def test_a_template_kept_elsewhere_is_said_to_be(chain: Chain, sign_in: SignIn) -> None:
    (item,) = chain.commission("L1", 1)
    chain.log.submit(chain.event("enrol", chain.maker, [item], extras={item: b"\1" * 32}))
    told = looked(sign_in(chain.pharmacy), item, pictures(item, 1))
    assert codes(told) == ["template-elsewhere"]
    assert not told["alarm"]


def test_a_template_that_does_not_fit_the_log_is_an_alarm_and_no_copy(
    chain: Chain, app: Flask, kept: Fingerprints, pack: str, sign_in: SignIn
) -> None:
    """The log's newest enrolment commits to another one than the store has: swapped, or altered."""
    chain.log.submit(chain.event("enrol", chain.maker, [pack], extras={pack: b"\2" * 32}))
    here = sign_in(chain.pharmacy)
    told = looked(here, pack, pictures(pack))
    assert (told["verdict"], codes(told)) == (CANNOT_TELL, ["commitment"])
    assert told["alarm"]
    # It is its product's holder's to look into: not the site's, and not a copy.
    case = sign_in(chain.maker).get(f"/api/alerts/{told['case']}").get_json()
    assert (case["rule"], case["level"], case["alerts"]) == ("template-mismatch", "holder", 1)
    assert case["mayAct"]
    assert not here.get(f"/api/alerts/{told['case']}").get_json()["mayAct"]
    scanned = here.post("/api/scans", json={"text": pack}).get_json()
    assert (scanned["verdict"], scanned["fingerprint"]["asked"]) == ("OK", False)
    row = desk(app).looks.of_item(pack)[0]
    assert (row.alarm, row.score, row.commitment) == (1, None, "02" * 32)
    # A store whose row says what the log does not commit to, under the log's own name for it.
    old = kept.find(pack, bytes.fromhex(told["commitment"]))
    assert old is None
    template, salt, _ = _parts(chain, kept, pack)
    kept.put(pack, b"\2" * 32, template, salt, chain.now)
    again = looked(here, pack, pictures(pack))
    assert (codes(again), again["alarm"]) == (["commitment"], True)


def _parts(chain: Chain, kept: Fingerprints, item: str) -> tuple[bytes, bytes, bytes]:
    template, salt, commitment = enrol(chain, kept, item)
    chain.log.submit(chain.event("enrol", chain.maker, [item], extras={item: b"\2" * 32}))
    return bytes(template), salt, commitment


@pytest.mark.parametrize("change", ["version", "extractor", "cut", "flip"])
def test_a_template_of_another_version_or_a_damaged_one_is_never_compared(
    change: str, chain: Chain, kept: Fingerprints, pack: str, sign_in: SignIn
) -> None:
    template, salt, _ = enrol(chain, kept, pack)
    data = bytearray(bytes(template))
    if change == "version":
        data[4] = 2
    elif change == "extractor":
        data[5] = 9
    elif change == "cut":
        del data[-40:]
    else:
        data[200] ^= 1
    made = sha256(b"AFP-commit-1\0" + salt + bytes(data)).digest()
    kept.put(pack, made, bytes(data), salt, chain.now)
    chain.log.submit(chain.event("enrol", chain.maker, [pack], extras={pack: made}))
    told = looked(sign_in(chain.pharmacy), pack, pictures(pack))
    assert (told["verdict"], codes(told)) == (CANNOT_TELL, ["template-version"])


@pytest.mark.parametrize("cut", [0, 1, 40, -1])
def test_a_row_of_the_store_that_was_altered_is_an_alarm(
    cut: int, chain: Chain, kept: Fingerprints, pack: str, sign_in: SignIn,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    run = kept._database.execute_sql
    (data,) = run("SELECT data FROM template").fetchone()
    altered = bytes(data)[:cut] if cut >= 0 else bytes(data)[:-1] + bytes([data[-1] ^ 1])
    run("UPDATE template SET data = ?", (altered,))
    told = looked(sign_in(chain.pharmacy), pack, pictures(pack))
    assert (told["verdict"], codes(told), told["alarm"]) == (CANNOT_TELL, ["commitment"], True)
    assert "cannot be opened" in caplog.text
    assert pack not in caplog.text


# Looks are few, and each is new


def test_the_day_s_looks_of_a_pack_at_a_site_are_few(
    chain: Chain, pack: str, sign_in: SignIn
) -> None:
    here = sign_in(chain.pharmacy)
    for number in range(LOOKS_A_DAY):
        told = looked(here, pack, pictures(pack, 3, first=500 + 10 * number))
        assert told["left"] == LOOKS_A_DAY - 1 - number
    refused = look(here, pack, pictures(pack, 3, first=900))
    assert (refused.status_code, refused.get_json()["code"]) == (429, "too-many-requests")
    assert looked(sign_in(chain.wholesaler), pack, pictures(pack, 3, first=910))["frames"] == 3
    chain.hours(24.1)
    assert looked(sign_in(chain.pharmacy), pack, pictures(pack, 3, first=920))["left"] == 4


def test_the_month_s_looks_are_counted_also_where_scans_are_soon_forgotten(
    chain: Chain, app: Flask, pack: str, sign_in: SignIn
) -> None:
    chain.log.submit(chain.policy_change(scan_retention=1))
    looks, who = desk(app).looks, chain.pharmacy
    for number in range(LOOKS_A_MONTH - 1, 0, -1):
        ms = chain.now - number * DAY_MS
        row = Look(ms, pack, who.site, who.gln, "k" * 64, "phone", GENUINE_MATCH, "", score=0.1)
        assert not looks.add_counted(row, [f"picture {number}"], ((DAY_MS, LOOKS_A_DAY),)).why
    assert looked(sign_in(who), pack, pictures(pack))["left"] == 0
    chain.hours(24.1)
    assert look(sign_in(who), pack, pictures(pack, first=900)).status_code == 429
    chain.hours(20 * 24)
    assert looked(sign_in(who), pack, pictures(pack, first=920))["left"] == LOOKS_A_DAY - 1


def test_pictures_that_show_nothing_are_none_of_the_day_s_looks(
    chain: Chain, pack: str, sign_in: SignIn
) -> None:
    here = sign_in(chain.pharmacy)
    for _ in range(LOOKS_A_DAY + 1):
        assert looked(here, pack, _blank(pack)[:1])["left"] == LOOKS_A_DAY


def test_a_key_s_looks_are_few_a_minute_whatever_they_are_at(
    chain: Chain, pack: str, sign_in: SignIn
) -> None:
    here, there = sign_in(chain.pharmacy), sign_in(chain.pharmacy)  # one key, two sessions
    chain.now -= chain.now % 60_000
    for number in range(LOOKS_A_MINUTE):
        looked((here, there)[number % 2], gs1.sgtin(chain.gtin, f"N{number}"), [b"x"])
    assert look(here, pack, [b"x"]).status_code == 429
    assert look(sign_in(chain.pharmacy2), pack, [b"x"]).status_code == 200
    chain.now += 60_000
    assert look(here, pack, [b"x"]).status_code == 200


def test_a_picture_is_looked_at_once_in_whatever_file_for_whomever(
    chain: Chain, app: Flask, pack: str, sign_in: SignIn
) -> None:
    shown = pictures(pack)
    here = sign_in(chain.pharmacy)
    assert looked(here, pack, shown)["verdict"] == GENUINE_MATCH
    for client in (here, sign_in(chain.wholesaler)):
        told = looked(client, pack, [*pictures(pack, 2, first=800), png(grey(shown[1]))])
        assert (told["verdict"], codes(told)) == (CANNOT_TELL, ["replayed"])
    assert looked(here, pack, pictures(pack, first=850))["left"] == LOOKS_A_DAY - 2


# Enrolment


def test_a_label_is_enrolled_by_its_maker_and_counts_once_that_is_signed(
    chain: Chain, app: Flask, sign_in: SignIn
) -> None:
    (item,) = chain.commission("L1", 1)
    maker = sign_in(chain.maker)
    shown = pictures(item, first=40)
    answer = send(maker, "enrol", shown)
    assert answer.status_code == 200, answer.text
    made = answer.get_json()
    assert (made["item"], made["frames"]) == (item, 3)
    assert made["px_per_mm"] > 20
    assert codes(looked(maker, item, pictures(item))) == ["no-template"]
    extras = {item: bytes.fromhex(made["commitment"])}
    chain.log.submit(chain.event("enrol", chain.maker, [item], extras=extras))
    assert looked(sign_in(chain.pharmacy), item, pictures(item))["verdict"] == GENUINE_MATCH
    replayed = looked(sign_in(chain.pharmacy), item, shown)
    assert codes(replayed) == ["replayed"]  # the pictures of the enrolment show no pack in hand
    (access,) = desk(app).looks.accesses(item)
    assert (access.what, access.site) == ("enrol", chain.maker.site)
    again = send(maker, "enrol", pictures(item, first=60)).get_json()
    assert (made["before"], again["before"]) == (False, True)


def test_nobody_enrols_another_s_product(chain: Chain, sign_in: SignIn) -> None:
    (item,) = chain.commission("L1", 1)
    for who in (chain.pharmacy, chain.wholesaler, chain.authority):
        assert send(sign_in(who), "enrol", pictures(item)).status_code == 403


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_blank, "No QR code"), (_identical, "shown again"), (_still, "as in a hand"),
        (lambda item: pictures(item, camera=replace(CLOSE, px_per_mm=14.0)), "too small"),
        (_changed, "changed"), (_two, "More than one"), (_no_pictures, "cannot be opened"),
    ],
)  # fmt: skip
def test_what_no_later_look_could_find_is_not_enrolled(
    make: Callable[[str], list[bytes]],
    words: str,
    chain: Chain,
    kept: Fingerprints,
    sign_in: SignIn,
) -> None:
    (item,) = chain.commission("L1", 1)
    answer = send(sign_in(chain.maker), "enrol", make(item))
    assert answer.status_code == 400
    assert words in answer.get_json()["detail"]
    assert not kept.has(item)


def test_only_a_pack_on_record_is_enrolled(chain: Chain, sign_in: SignIn) -> None:
    item = gs1.sgtin(chain.gtin, "NOTYET")
    answer = send(sign_in(chain.maker), "enrol", pictures(item))
    assert (answer.status_code, answer.get_json()["code"]) == (409, "unknown-item")


def test_a_node_without_a_store_says_so(
    chain: Chain, app: Flask, pack: str, sign_in: SignIn
) -> None:
    app.extensions[KEY] = replace(app.extensions[KEY], fingerprints=None)
    here = sign_in(chain.maker)
    assert codes(looked(here, pack, [b"x"])) == ["template-elsewhere"]
    refused = send(here, "enrol", pictures(pack))
    assert (refused.status_code, refused.get_json()["code"]) == (503, "read-only")
    assert here.post("/api/scans", json={"text": pack}).get_json()["fingerprint"] is None
