"""What the simulated weeks leave on an authority's desk: each planted story is a case with its cause."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from app import create_app
from app.config import Settings
from app.node import KEY
from tests.nodes import EVENING_MS, close, login_path


@pytest.fixture
def stories(world: Path) -> dict[str, Any]:
    """Where the world says its stories are."""
    return dict(json.loads((world / "demo.json").read_text())["stories"])


@pytest.fixture
def own(world: Path, tmp_path: Path) -> Path:
    """A copy whose desk may be written."""
    return Path(shutil.copytree(world, tmp_path / "world"))


def test_an_authority_finds_each_story_as_a_case(own: Path, stories: dict[str, Any]) -> None:
    app = create_app(Settings(log=own, secure=False, per_minute=0, clock=lambda: EVENING_MS))
    client = app.test_client()
    assert client.post(login_path(own, "regulator", EVENING_MS)).status_code == 303
    rows = client.get("/alerts.json").get_json()["rows"]
    cases = {case["number"]: case for case in rows}
    desk, wanted = app.extensions[KEY].desk, {
        "copied": ("already-dispensed", "copied-label", stories["copied"]["packs"][0],
                   stories["copied"]["elsewhere"]),
        "diverted": ("wrong-holder", "diversion", stories["diverted"]["packs"][0],
                     stories["diverted"]["found"]),
        "short": ("short", "lost-on-the-way", stories["short"]["shipment"],
                  stories["short"]["sender"]),
        "over": ("over", "wrong-count", stories["over"]["shipment"], stories["over"]["site"]),
        "not arrived": ("overdue", "lost-on-the-way", stories["diverted"]["shipment"], None),
    }  # fmt: skip
    found = {(case.rule, case.cause, case.subject): case for case in map(desk.cases.case, cases)}
    for story, (rule, cause, subject, site) in wanted.items():
        case = found.get((rule, cause, subject))
        assert case is not None, story
        assert site in (None, case.site), story
    page = client.get("/alerts").text
    for case in found.values():
        shown = client.get(f"/alerts/{case.number}")
        assert shown.status_code == 200
        assert f'href="/alerts/{case.number}"' in page
    copied = found["already-dispensed", "copied-label", stories["copied"]["packs"][0]]
    told = client.get(f"/api/alerts/{copied.number}").get_json()
    assert {one["statement"] for one in told["evidence"]} == {
        stories["copied"]["inspection"], stories["copied"]["observation"],
    }  # fmt: skip
    close(app)
