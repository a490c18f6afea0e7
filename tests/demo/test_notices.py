"""The simulated world tells its sites of its recall and hold, in a folder, and says it is simulated."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default
from pathlib import Path

import phonenumbers

from app.demo.cast import Cast
from ledger.store.desk import Desk
from ledger.store.notices import PAGE, WEBHOOK
from ledger.store.opening import open_store
from ledger.store.queries import Reader


def test_each_message_is_simulated_and_leads_nowhere(world: Path) -> None:
    messages = [
        message_from_bytes(path.read_bytes(), policy=default)
        for path in (world / "outbox").iterdir()
    ]
    assert len(messages) > 10
    for one in messages:
        assert one["Subject"].startswith("SIMULATED: ") or one["Content-Language"] == "zh-Hans"
        assert str(one["To"]).endswith(".example")
        assert str(one["From"]).endswith(".example")


def test_all_who_hold_packs_were_told_and_phones_are_of_nobody(world: Path) -> None:
    store = open_store(world)
    desk = Desk(world, store.key)
    marks = [one for one in Reader(store).authority().marks.values() if one.ended < 0]
    assert {one.code for one in marks} >= {"recalled", "on-hold"}
    for mark in marks:
        told = desk.notices.about(mark.id)
        assert {one.site for one in told if one.channel == PAGE}
        assert not [one for one in told if one.channel == WEBHOOK]
    contacts = [desk.contacts.of(one.site) for one in Cast().members]
    assert sum(not one.reachable for one in contacts) == 1
    for one in contacts:
        if one.phone:
            number = phonenumbers.parse(one.phone)
            assert (number.country_code, str(number.national_number)[:7]) == (44, "1632960")
    desk.close()
    store.close()
