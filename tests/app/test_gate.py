"""Working on pictures: few at a time, few that wait, and a place that no single party can keep."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from flask import Flask
from werkzeug.exceptions import ServiceUnavailable

from app.fingerprints.frames import GATE, Gate
from tests.app.conftest import SignIn
from tests.app.prints import pictures, send
from tests.world import Chain


@pytest.fixture
def gate(app: Flask) -> Iterator[Gate]:
    with app.test_request_context():
        yield Gate()


@pytest.fixture
def wait(app: Flask, gate: Gate) -> Callable[[str], int]:
    """Wait a little for a place in a thread of its own; the status that it ends in."""

    def ask(whose: str) -> int:
        with app.test_request_context():
            try:
                with gate.turn(0.2, whose):
                    return 200
            except ServiceUnavailable as error:
                return int(error.code or 0)

    return ask


def test_few_requests_work_on_pictures_at_a_time_and_few_wait(
    gate: Gate, wait: Callable[[str], int]
) -> None:
    with gate.turn(0.0, "a"), gate.turn(0.0, "b"), pytest.raises(ServiceUnavailable):
        gate.turn(0.0, "c").__enter__()
    with gate.turn(0.0, "a"), gate.turn(0.0, "c"):  # whoever was sent away holds no place
        pass
    with ExitStack() as stack, ThreadPoolExecutor(8) as threads:
        stack.enter_context(gate.turn(0.0, "a"))
        stack.enter_context(gate.turn(0.0, "b"))
        assert set(threads.map(wait, "abcdefgh")) == {503}
    assert wait("a") == 200


def test_a_party_has_one_place_however_many_of_its_requests_there_are(
    gate: Gate, wait: Callable[[str], int]
) -> None:
    with ThreadPoolExecutor(8) as threads, gate.turn(0.0, "a"):
        waiting = [threads.submit(wait, "a") for _ in range(8)]
        assert wait("b") == 200
        assert {one.result() for one in waiting} == {503}
    assert wait("a") == 200


def test_a_party_at_work_keeps_nobody_else_from_measuring(
    chain: Chain, app: Flask, sign_in: SignIn
) -> None:
    (item,) = chain.commission("L1", 1)
    gate, frame = app.extensions[GATE], pictures(item)[:1]
    with app.test_request_context(), gate.turn(0.0, chain.pharmacy.gln):
        assert send(sign_in(chain.pharmacy), "measure", frame).status_code == 503
        assert send(sign_in(chain.pharmacy2), "measure", frame).status_code == 200
