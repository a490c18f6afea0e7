"""The outbox: made once, never lost, tried again, and sent by one sender at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.store.contacts import Contact
from ledger.store.desk import Desk
from ledger.store.notices import (
    EMAIL,
    FAILED,
    LEASE_MS,
    MOST_ATTEMPTS,
    PAGE,
    REPLACED,
    SENT,
    WAITING,
    Notice,
    notice_id,
    wait_ms,
)

NOW = 1_000_000_000
HOUR_MS = 3_600_000
KEY = bytes(32)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path, KEY)
    yield made
    made.close()


def notice(number: int = 0, **changes: object) -> Notice:
    fields = {"about": "ab" * 32, "site": "s1", "channel": EMAIL, "round": number, "ms": NOW,
              "subject": "Recall", "words": "Put it aside.", "due": NOW}  # fmt: skip
    return Notice(**{**fields, **changes})


def only(desk: Desk) -> Notice:
    [found] = desk.notices.about("ab" * 32)
    return found


def test_a_notice_is_made_once_however_often_it_is_made(desk: Desk) -> None:
    assert desk.notices.make([notice(), notice()]) == 1
    assert desk.notices.make([notice(subject="Another", ms=NOW + 5)]) == 0
    assert only(desk).subject == "Recall"
    assert desk.notices.make([notice(site="s2"), notice(channel=PAGE)]) == 2
    assert desk.notices.make([notice(1)]) == 1
    assert desk.notices.make([notice(0), notice(1)]) == 0


def test_what_waits_is_there_after_a_restart(desk: Desk, tmp_path: Path) -> None:
    desk.notices.make([notice()])
    desk.close()
    again = Desk(tmp_path, KEY)
    assert [one.subject for one in again.notices.take(NOW, EMAIL)] == ["Recall"]
    again.close()


def test_two_senders_do_not_both_take_one(desk: Desk, tmp_path: Path) -> None:
    desk.notices.make([notice(), notice(site="s2")])
    other = Desk(tmp_path, KEY)
    mine, theirs = desk.notices.take(NOW, EMAIL), other.notices.take(NOW, EMAIL)
    first = next(mine)
    taken = {one.site for one in theirs}
    assert {first.site, *taken, *(one.site for one in mine)} == {"s1", "s2"}
    assert first.site not in taken
    other.close()


def test_what_a_sender_took_and_never_settled_is_taken_again_under_the_same_id(desk: Desk) -> None:
    desk.notices.make([notice()])
    [first] = desk.notices.take(NOW, EMAIL)
    assert list(desk.notices.take(NOW + LEASE_MS - 1, EMAIL)) == []
    [second] = desk.notices.take(NOW + LEASE_MS, EMAIL)
    assert second.id == first.id == notice_id("ab" * 32, "s1", EMAIL, 0)
    desk.notices.sent(second, NOW + LEASE_MS)
    assert list(desk.notices.take(NOW + HOUR_MS, EMAIL)) == []


def test_an_attempt_that_fails_is_made_again_later_and_in_the_end_given_up(desk: Desk) -> None:
    desk.notices.make([notice()])
    now, waits = NOW, []
    while found := list(desk.notices.take(now, EMAIL)):
        desk.notices.not_sent(found[0], now, "the mail server does not answer")
        one = only(desk)
        assert one.error == "the mail server does not answer"
        waits.append(one.due - now)
        now = one.due
    assert only(desk).state == FAILED
    assert only(desk).attempts == MOST_ATTEMPTS
    assert waits[:4] == [60_000, 120_000, 240_000, 480_000]
    assert max(waits) == 4 * HOUR_MS
    assert 24 * HOUR_MS < sum(waits) < 48 * HOUR_MS  # a weekend's outage is told of by the reminder


def test_what_is_refused_for_good_is_not_tried_again_until_the_address_is_another(
    desk: Desk,
) -> None:
    desk.notices.make([notice()])
    [found] = desk.notices.take(NOW, EMAIL)
    desk.notices.not_sent(found, NOW, "no such mailbox", for_good=True)
    assert list(desk.notices.take(NOW + 100 * HOUR_MS, EMAIL)) == []
    assert desk.notices.try_again("s1", EMAIL, NOW) == 1
    assert len(list(desk.notices.take(NOW, EMAIL))) == 1


def test_a_reminder_takes_the_place_of_what_could_not_be_sent_before(desk: Desk) -> None:
    desk.notices.make([notice(0)])
    [held] = desk.notices.take(NOW, EMAIL)
    desk.notices.make([notice(1), notice(1, site="s2")])
    assert [one.state for one in desk.notices.about("ab" * 32)] == [REPLACED, WAITING, WAITING]
    assert [one.round for one in desk.notices.take(NOW, EMAIL)] == [1, 1]
    desk.notices.sent(held, NOW)  # it had been on its way
    assert desk.notices.about("ab" * 32)[0].state == SENT


def test_when_a_site_was_first_told(desk: Desk) -> None:
    desk.notices.make(
        [notice(0, channel=PAGE), notice(1, ms=NOW + 9), notice(site="s2", ms=NOW + 3)]
    )
    assert desk.notices.first("ab" * 32) == {"s1": NOW, "s2": NOW + 3}


STEPS = st.lists(
    st.tuples(st.sampled_from(["make", "send", "fail", "die", "later"]), st.integers(0, 3)),
    max_size=40,
)


@given(steps=STEPS)
def test_whatever_happens_the_newest_round_is_sent_given_up_or_waits(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    desk, now, newest = Desk(tmp_path_factory.mktemp("desk"), KEY), NOW, -1
    delivered = []
    for step, number in steps:
        if step == "make":
            desk.notices.make([notice(number, due=now)])
            newest = max(newest, number)
        elif step == "later":
            now += LEASE_MS * (number + 1)
        else:
            for one in desk.notices.take(now, EMAIL):
                if step == "send":
                    delivered.append(one.id)
                    desk.notices.sent(one, now)
                elif step == "fail":
                    desk.notices.not_sent(one, now, "busy", for_good=number == 0)
    rows = {one.round: one for one in desk.notices.about("ab" * 32)}
    assert len(delivered) == len(set(delivered))  # nobody died between sending and noting it
    if newest >= 0:
        assert rows[newest].state in (SENT, FAILED, WAITING)
        assert (rows[newest].state == SENT) == (rows[newest].id in delivered)
        if rows[newest].state == WAITING:
            assert [one.round for one in desk.notices.take(1 << 60, EMAIL)][-1:] == [newest]
    desk.close()


def test_waiting_never_shrinks_and_has_an_end() -> None:
    waits = [wait_ms(number) for number in range(1, 1000)]
    assert waits == sorted(waits)
    assert waits[-1] == 4 * HOUR_MS


def test_a_site_has_one_contact_and_everyone_has_at_least_an_empty_one(desk: Desk) -> None:
    desk.contacts.keep(Contact("s1", "Pharmacist in charge", "rx@shop.example", "+3225550123"))
    desk.contacts.keep(Contact("s1", "Recall desk", "recall@shop.example", language="zh-Hans"))
    assert desk.contacts.of("s1").email == "recall@shop.example"
    assert desk.contacts.of("s1").phone == ""
    assert not desk.contacts.of("s2").reachable
    assert list(desk.contacts.among(["s2", "s1", "s2"])) == ["s2", "s1"]
