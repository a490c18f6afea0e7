"""A pack followed through six people in six browser profiles, ending dispensed."""

from __future__ import annotations

from playwright.sync_api import Page

from app.node import KEY
from ledger.proof import verify
from ledger.statement.submission import Statement
from tests.browser.conftest import Site, Visit
from tests.browser.journey import PEOPLE, travel


def test_a_pack_travels_through_six_browsers_and_ends_supplied(demo: Site, visit: Visit) -> None:
    node = demo.app.extensions[KEY]
    size = node.reader.head().size
    pictures: dict[str, int] = {}

    def take(page: Page, name: str) -> None:
        pictures[name] = len(page.screenshot())

    pack = travel(lambda: visit(demo), take)
    told = [
        Statement.parse(node.reader.logged(n).envelope)
        for n in range(size, node.reader.head().size)
    ]
    assert [getattr(one.body, "op", "key-add") for one in told] == [
        *["key-add"] * len(PEOPLE), "commission", "ship", "receive", "ship", "receive", "supply"
    ]  # fmt: skip
    keys = [line.keyid for one in told[len(PEOPLE) :] for line in one.envelope.signatures]
    assert len(set(keys)) == 5  # each act by the key of another browser, but the maker's two
    bundle = node.answers.bundle([pack], node.reader.authority().sites()[0].gln)
    assert verify(bundle, node.trust).statements
    assert min(pictures.values()) > 10_000  # no picture is blank
