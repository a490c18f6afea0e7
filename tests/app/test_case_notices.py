"""Who has to look into a case is told: once, of all new ones together, as it goes from side to side."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count

import pytest
from flask_babel import force_locale

from app import case_notices, sending
from app.sending import Sent
from ledger.rules.alerts import Alert
from ledger.rules.casework import NOTICE_MS
from ledger.statement import gs1
from tests.app.carriers import Sender, sending_node
from tests.world import Chain, Member

_numbers = count()


@pytest.fixture
def sender(chain: Chain) -> Iterator[Sender]:
    with sending_node(chain) as made:
        yield made


def alert(sender: Sender, who: Member) -> int:
    """A case at a site about a pack of the maker's."""
    chain = sender.chain
    item = gs1.sgtin(chain.gtin, f"X{next(_numbers)}")
    raised = Alert("unknown-serial", who.site, item, chain.now, "data-missing", item)
    return sender.node.desk.cases.fold(raised, chain.maker.gln)


def tell(sender: Sender) -> tuple[int, Sent]:
    with sender.app.app_context(), force_locale("en_GB"):
        return case_notices.make(), sending.send()


def test_new_cases_are_told_of_in_one_message_and_once(
    sender: Sender,
    chain: Chain,
) -> None:
    sender.reach(chain.pharmacy, webhook=sender.hook_address())
    sender.reach(chain.wholesaler)
    assert tell(sender) == (0, Sent())
    for _ in range(3):
        alert(sender, chain.pharmacy)
    assert tell(sender) == (2, Sent(2, 0))
    text = sender.box.messages[0].get_content()
    assert "https://log.example/alerts" in text
    assert "2 Oct 2026" in text  # 24 hours
    assert "X0" not in text
    assert sender.mail() == [("recalls@pharmacy.example", "3 cases wait for you")]
    [(_, body)] = sender.hook.taken
    data = json.loads(body)["data"]
    assert (data["waiting"], data["level"], data["link"]) == (3, "site", "/alerts")
    assert tell(sender) == (0, Sent())
    alert(sender, chain.pharmacy)
    tell(sender)
    assert sender.mail() == [("recalls@pharmacy.example", "4 cases wait for you")]


def test_a_case_that_goes_on_is_told_to_the_holder_and_then_to_the_authority(
    sender: Sender,
    chain: Chain,
) -> None:
    for who in (chain.pharmacy, chain.maker, chain.authority):
        sender.reach(who)
    alert(sender, chain.pharmacy)
    tell(sender)
    assert [to for to, _ in sender.mail()] == ["recalls@pharmacy.example"]
    chain.now += NOTICE_MS
    tell(sender)
    assert [to for to, _ in sender.mail()] == ["recalls@maker.example"]
    chain.now += 20 * NOTICE_MS
    tell(sender)
    assert [to for to, _ in sender.mail()] == ["recalls@authority.example"]
    chain.now += 40 * NOTICE_MS
    assert tell(sender) == (0, Sent())


def test_who_has_closed_its_cases_is_left_in_peace(
    sender: Sender,
    chain: Chain,
) -> None:
    sender.reach(chain.pharmacy)
    turns = sender.node.desk.case_turns
    alert(sender, chain.pharmacy)
    [turn] = turns.all()
    assert (turn.level, turn.whose, turn.came, turn.waiting) == ("site", chain.pharmacy.site, 1, 1)
    chain.now += NOTICE_MS
    sender.node.desk.cases.pass_on_late(chain.now)
    assert [one.level for one in turns.all()] == ["holder"]
    assert tell(sender) == (0, Sent())
