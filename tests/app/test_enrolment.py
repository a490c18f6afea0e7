"""Enrolment at a station: who may, of which labels, and what is kept of it. SIMULATED labels."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from ledger.store.fingerprints import Fingerprints
from scanner.simulated.station import to_png as png
from tests.app.conftest import SignIn
from tests.app.prints import grey, other_key, pictures, send
from tests.world import Chain


@pytest.fixture
def app(kept: Fingerprints, app: Flask) -> Flask:
    """An app that keeps templates."""
    return app


def test_a_key_that_may_not_sign_enrolments_writes_no_template(
    chain: Chain, kept: Fingerprints, app: Flask, sign_in: SignIn
) -> None:
    (item,) = chain.commission("L1", 1)
    chain.log.submit(chain.revoke(chain.maker))
    chain.log.submit(chain.key_add(chain.maker, "dock", operations=["inspect"]))
    answer = send(sign_in(other_key(chain.maker, "dock")), "enrol", pictures(item))
    assert (answer.status_code, answer.get_json()["code"]) == (403, "not-listed-op")
    assert not kept.has(item)


@pytest.mark.parametrize(
    "label", [{"lot": "WRONG"}, {"expiry": date(2029, 1, 31)}], ids=["lot", "expiry"]
)
def test_a_label_with_another_lot_or_expiry_than_the_log_has_is_not_enrolled(
    label: dict[str, Any], chain: Chain, kept: Fingerprints, app: Flask, sign_in: SignIn
) -> None:
    (item,) = chain.commission("L1", 1)
    here = sign_in(chain.maker)
    answer = send(here, "enrol", pictures(item, **label))
    assert answer.status_code == 400
    assert "not those on record" in answer.get_json()["detail"]
    assert not kept.has(item)
    assert send(here, "enrol", pictures(item)).status_code == 200


def test_a_pack_that_is_no_longer_active_is_not_enrolled(
    chain: Chain, kept: Fingerprints, app: Flask, sign_in: SignIn
) -> None:
    (item,) = chain.commission("L1", 1)
    chain.act("lost", chain.maker, [item])
    answer = send(sign_in(chain.maker), "enrol", pictures(item))
    assert (answer.status_code, answer.get_json()["code"]) == (409, "wrong-state")
    assert not kept.has(item)


def test_a_picture_that_is_turned_is_no_new_one(
    chain: Chain, kept: Fingerprints, app: Flask, sign_in: SignIn
) -> None:
    (item,) = chain.commission("L1", 1)
    here, shown = sign_in(chain.maker), pictures(item)
    assert send(here, "enrol", shown).status_code == 200
    turned = [png(np.ascontiguousarray(np.rot90(grey(one)))) for one in shown]
    answer = send(here, "enrol", turned)
    assert (answer.status_code, "before" in answer.get_json()["detail"]) == (400, True)


def test_of_a_pack_few_templates_wait_for_a_signature_and_not_for_ever(
    chain: Chain, kept: Fingerprints, app: Flask, sign_in: SignIn
) -> None:
    item, other = chain.commission("L1", 2)

    def enrolled(first: int, item: str = item) -> TestResponse:
        return send(sign_in(chain.maker), "enrol", pictures(item, first=first))

    made = [bytes.fromhex(enrolled(1000 + n).get_json()["commitment"]) for n in range(0, 50, 10)]
    answer = enrolled(1100)
    assert (answer.status_code, answer.get_json()["code"]) == (429, "too-many-requests")
    assert enrolled(1100, other).status_code == 200
    chain.act("enrol", chain.maker, [item], extras={item: made[2]})
    made.append(bytes.fromhex(enrolled(1200).get_json()["commitment"]))
    assert enrolled(1300).status_code == 429
    chain.hours(24 * 7 + 1)
    made.append(bytes.fromhex(enrolled(1400).get_json()["commitment"]))
    there = [kept.find(item, one) is not None for one in made]
    assert there == [False, False, True, False, False, False, True]
    assert kept.has(other)
