"""The demo world's enrolled label: what was found of it, and what a visitor finds with its pictures."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.config import Settings
from app.node import KEY
from ledger.statement import gs1
from scanner.fingerprint.match import COPY_SUSPECTED, GENUINE_MATCH
from tests.nodes import EVENING_MS, close, login_path


@pytest.fixture
def own(world: Path, tmp_path: Path) -> Path:
    """A copy whose desk may be written."""
    return Path(shutil.copytree(world, tmp_path / "world"))


@pytest.fixture
def app(own: Path) -> Iterator[Flask]:
    """The app over it on the evening of its last day."""
    made = create_app(Settings(log=own, secure=False, per_minute=0, clock=lambda: EVENING_MS))
    yield made
    close(made)


@pytest.fixture
def story(world: Path) -> dict[str, Any]:
    """Where the world says that its print is."""
    return dict(json.loads((world / "demo.json").read_text())["stories"]["print"])


def acting(app: Flask, folder: Path, role: str) -> FlaskClient:
    client = app.test_client()
    assert client.post(login_path(folder, role, EVENING_MS)).status_code == 303
    return client


def evidence_path(story: dict[str, Any]) -> str:
    found = gs1.parse_item_id(story["packs"][0])
    return f"/packs/{found.gtin}/{found.serial}/fingerprint"


def test_an_authority_finds_both_looks_the_case_and_what_was_signed(
    app: Flask, own: Path, story: dict[str, Any]
) -> None:
    told = acting(app, own, "regulator").get(evidence_path(story)).text
    for text in ("SIMULATED", "no camera saw paper", "No contradiction found", "Copy suspected",
                 "Kept here, sealed", "Pharmacy 1", "Pharmacy 2", "/alerts/"):  # fmt: skip
        assert text in told
    node = app.extensions[KEY]
    for verdict in (GENUINE_MATCH, COPY_SUSPECTED):
        assert f'href="/log/{node.reader.index_of(story[verdict]["inspection"])}"' in told
    assert told.count("<circle") == 2


def test_its_manufacturer_sees_the_same_without_the_pharmacies_names(
    app: Flask, own: Path, story: dict[str, Any]
) -> None:
    told = acting(app, own, "manufacturer").get(evidence_path(story)).text
    assert "Copy suspected" in told
    assert "pharmacy in BE" in told
    assert "Pharmacy 1" not in told
    assert "Pharmacy 2" not in told


@pytest.mark.parametrize(
    ("name", "verdict"), [("genuine", GENUINE_MATCH), ("copy", COPY_SUSPECTED)]
)
def test_a_pharmacist_who_shows_the_pictures_is_told_which_is_which(
    app: Flask, own: Path, story: dict[str, Any], name: str, verdict: str
) -> None:
    client = acting(app, own, "pharmacist")
    pictures = sorted((own / "labels" / "print").glob(f"{name}-*.png"))
    with pictures[0].open("rb") as picture:
        scan = {"image": (picture, picture.name), "purpose": "dispense"}
        told = client.post("/api/scans", data=scan).get_json()
    # The code alone does not tell them apart.
    assert (told["verdict"], told["reasons"][0]["code"]) == ("OK", "in-stock")
    assert told["fingerprint"]["item"] == story["packs"][0]
    form = {"item": story["packs"][0], "device": "test"}
    frames = [(picture.open("rb"), picture.name) for picture in pictures]
    answer = client.post("/api/fingerprint/match", data={**form, "frames": frames})
    for file, _ in frames:
        file.close()
    answer.request.environ["wsgi.input"].close()  # the client spooled them to a file
    assert answer.get_json()["verdict"] == verdict
