"""The demo's recalled lot as its pages show it: two sites are silent, and every pack is somewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.config import Settings
from app.node import DEMO, KEY
from tests.nodes import EVENING_MS, close, login_path


@pytest.fixture(scope="module")
def app(world: Path) -> Iterator[Flask]:
    """A node of the demo world, that evening."""
    settings = Settings(log=world, secure=False, per_minute=0, clock=lambda: EVENING_MS)
    made = create_app(settings)
    yield made
    close(made)


def told(world: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((world / DEMO).read_text())
    return found


def signed_in(app: Flask, world: Path, role: str) -> FlaskClient:
    client = app.test_client()
    assert client.post(login_path(world, role, EVENING_MS)).status_code == 303
    return client


def test_the_recalled_lots_board_shows_two_silent_sites(app: Flask, world: Path) -> None:
    story = told(world)["stories"]["recalled"]
    client = signed_in(app, world, "regulator")
    board = client.get(f"/api/recalls/{story['recall']}").get_json()
    late = {row["site"] for row in board["holders"] if row["late"]}
    assert late == {row["site"] for row in board["holders"] if row["silent"]}
    assert late == set(story["silent"])
    assert board["silent"] == 2
    assert {row["site"] for row in board["holders"] if row["answer"]} == set(story["answered"])
    store = app.extensions[KEY].store
    sql = "SELECT COUNT(*) FROM item WHERE lot IN (?, ?)"
    [(packs,)] = store.rows(sql, story["lots"])
    assert sum(one["packs"] for one in board["states"]) == board["packs"] == packs
    assert {one["lot"] for one in board["byLot"]} == set(story["lots"])


def test_each_silent_site_reads_it_on_its_home_page(app: Flask, world: Path) -> None:
    story = told(world)["stories"]["recalled"]
    people = {one["role"]: one["site"] for one in told(world)["people"]}
    assert people["hospital"] in story["silent"]
    page = signed_in(app, world, "hospital").get("/").text
    assert "1 recall waits for your answer" in page
    assert f"/recalls/{story['recall']}" in page
    assert "waits for your answer" not in signed_in(app, world, "pharmacist").get("/").text
