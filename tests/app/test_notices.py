"""Each site that has packs of a recall is told of it, by each way that reaches it, and reminded."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_babel import force_locale
from hypothesis import given
from hypothesis import strategies as st

from app import create_app, notices, sending
from app.config import Settings
from app.node import KEY
from app.notices import DAY_MS, round_of
from app.sending import Sent
from ledger.statement.parts import time_ms
from ledger.statement.webhook import verify_webhook
from ledger.store.batch import Receipt
from ledger.store.contacts import Contact
from ledger.store.notices import EMAIL, FAILED, LEASE_MS, PAGE, WAITING, WEBHOOK
from tests.app.carriers import Sender, sending_node
from tests.app.conftest import SignIn
from tests.nodes import close
from tests.world import Chain, PracticeChain, seed

DEADLINE_MS = time_ms("2026-10-09T12:00:00Z")  # of the chain's recalls
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def sender(chain: Chain) -> Iterator[Sender]:
    with sending_node(chain) as made:
        yield made


@pytest.fixture
def spread(chain: Chain) -> list[str]:
    """Six packs of lot L1: two at the maker, two at the pharmacy, two on their way to pharmacy 2."""
    packs = chain.commission("L1", 6)
    chain.hand_over(chain.maker, packs[2:4], chain.pharmacy)
    chain.ship(chain.maker, packs[4:], chain.pharmacy2)
    return packs


def recall(chain: Chain, **changes: Any) -> Receipt:
    return chain.log.submit(chain.recall_of(chain.scope(lots=["L1"]), **changes))


# Whom


def test_each_site_with_packs_or_with_packs_coming_is_told_once(
    sender: Sender, chain: Chain, spread: list[str]
) -> None:
    for who in (chain.maker, chain.wholesaler, chain.pharmacy, chain.pharmacy2):
        sender.reach(who)
    case = recall(chain)
    assert sender.tell()[0] == 6  # on its page and by mail, at three sites
    assert sorted(to for to, _ in sender.mail()) == [
        "recalls@maker.example", "recalls@pharmacy.example", "recalls@pharmacy2.example"
    ]  # fmt: skip
    assert sender.tell() == (0, Sent())
    assert {one.site for one in sender.rows(case, PAGE)} == {
        chain.maker.site, chain.pharmacy.site, chain.pharmacy2.site
    }  # fmt: skip


def test_packs_that_come_to_a_site_weeks_later_have_it_told_then(
    sender: Sender, chain: Chain
) -> None:
    packs = chain.commission("L1", 2)
    chain.hand_over(chain.maker, packs, chain.wholesaler)
    chain.hand_over(chain.wholesaler, packs, chain.pharmacy)
    sender.reach(chain.wholesaler)
    recall(chain)
    sender.tell()
    assert sender.mail() == []
    chain.send_back("recall_return", chain.pharmacy, packs, chain.wholesaler)
    sender.tell()
    [(to, subject)] = sender.mail()
    assert to == "recalls@wholesaler.example"
    assert not subject.startswith("Reminder")


def test_a_recall_to_patients_concerns_who_gave_packs_out(
    sender: Sender, chain: Chain, spread: list[str]
) -> None:
    sender.reach(chain.pharmacy)
    chain.supply(chain.pharmacy, spread[2:4])
    recall(chain)
    sender.tell()
    assert sender.mail() == []
    recall(chain, depth="patient", recall_class=1)
    sender.tell()
    [(to, subject)] = sender.mail()
    assert (to, subject.startswith("Recall, class 1:")) == ("recalls@pharmacy.example", True)


def test_a_hold_and_its_lifting_are_told_and_nobody_is_reminded_of_it(
    sender: Sender, chain: Chain, spread: list[str]
) -> None:
    sender.reach(chain.pharmacy)
    held = chain.log.submit(chain.hold(chain.scope(lots=["L1"])))
    sender.tell()
    chain.hours(24 * 30)
    sender.tell()
    assert sender.mail() == [("recalls@pharmacy.example", "Hold: Examplin 10 mg, L1")]
    lifted = chain.log.submit(chain.lift(held))
    sender.tell()
    assert sender.mail() == [("recalls@pharmacy.example", "Lifted: Hold: Examplin 10 mg, L1")]
    assert {one.site for one in sender.rows(lifted, PAGE)} == {
        one.site for one in sender.rows(held, PAGE)
    }
    assert sender.tell() == (0, Sent())


# What


def test_a_message_says_what_to_do_and_nothing_of_a_sites_stock(
    sender: Sender, chain: Chain, spread: list[str]
) -> None:
    sender.reach(chain.pharmacy)
    case = recall(chain, reason="glass particles")
    sender.tell()
    [message] = sender.box.messages
    text = message.get_content()
    for words in ("Examplin 10 mg", chain.gtin, "L1", "glass particles", "Class: 2", "Maker",
                  f"https://log.example/recalls/{case.id}", "9 Oct 2026", "if you hold none"):  # fmt: skip
        assert words in text, words
    assert message["From"] == "recalls@authority.example"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"] == f"<{sender.rows(case, EMAIL)[0].id}@authority.example>"
    assert not any(pack.rpartition("/")[2] in text for pack in spread)
    assert "SIMULATED" not in text + message["Subject"]
    assert "Look also" not in text


def test_who_has_what_was_repacked_is_told_of_its_lot(sender: Sender, chain: Chain) -> None:
    old = chain.commission("L1", 2)
    out = chain.act("check_out", chain.maker, old)
    made = chain.pack_ids("N1", 2)
    chain.act("repack", chain.maker, made, inputs=(out.id,), lot="N1", expiry=date(2028, 1, 31))
    chain.hand_over(chain.maker, made, chain.pharmacy)
    sender.reach(chain.pharmacy, webhook=sender.hook_address())
    recall(chain)
    sender.tell()
    assert "Look also for lot N1 of Examplin 10 mg." in sender.box.messages[0].get_content()
    data = json.loads(sender.hook.taken[0][1])["data"]
    assert (data["lots"], data["also"]) == (["L1"], [{"gtin": chain.gtin, "lot": "N1"}])


def test_each_site_is_told_in_its_own_language(
    sender: Sender, chain: Chain, spread: list[str]
) -> None:
    sender.reach(chain.pharmacy, language="zh-Hans")
    sender.reach(chain.maker)
    case = recall(chain)
    sender.tell()
    tongues = {one["To"]: one["Content-Language"] for one in sender.box.messages}
    assert tongues == {"recalls@pharmacy.example": "zh-Hans", "recalls@maker.example": "en"}
    [told] = [one for one in sender.rows(case, EMAIL) if one.language == "zh-Hans"]
    assert "2026年10月9日" in told.words


def test_a_practice_log_s_message_says_that_it_is_practice(tmp_path: Path) -> None:
    chain = PracticeChain(tmp_path)
    with sending_node(chain) as sender:
        sender.reach(chain.pharmacy)
        chain.hand_over(chain.maker, chain.commission("L1", 1), chain.pharmacy)
        recall(chain)
        sender.tell()
        [message] = sender.box.messages
        assert message["Subject"].startswith("PRACTICE: ")
        assert message.get_content().startswith("PRACTICE: nothing here is a medicine.")
    chain.store.close()


def test_a_reason_cannot_forge_a_header(sender: Sender, chain: Chain, spread: list[str]) -> None:
    sender.reach(chain.pharmacy)
    recall(chain, reason="Bcc: everybody@else.example")
    sender.tell()
    [message] = sender.box.messages
    assert message["Bcc"] is None
    assert "Bcc: everybody@else.example" in message.get_content()


# Reminders


def test_who_is_silent_is_reminded_at_half_time_at_the_deadline_and_daily_until_it_answers(
    sender: Sender, chain: Chain, spread: list[str]
) -> None:
    sender.reach(chain.pharmacy)
    case = recall(chain)
    start = chain.now
    sender.tell()
    [(_, first)] = sender.mail()
    half = start + (DEADLINE_MS - start) // 2
    for moment, number in (
        (half - 1000, 0), (half, 1), (DEADLINE_MS - 1000, 1), (DEADLINE_MS, 2),
        (DEADLINE_MS + DAY_MS - 1000, 2), (DEADLINE_MS + DAY_MS, 3), (DEADLINE_MS + 2 * DAY_MS, 4),
    ):  # fmt: skip
        chain.now = moment
        sender.tell()
        assert (
            max(one.round for one in sender.rows(case, EMAIL) if one.site == chain.pharmacy.site)
            == number
        )
    assert sender.mail() == [("recalls@pharmacy.example", f"Reminder: {first}")] * 4
    chain.log.submit(chain.answer(chain.pharmacy, case))
    chain.now += 10 * DAY_MS
    sender.tell()
    assert sender.mail() == []


def test_a_sender_that_was_down_sends_the_newest_reminder_alone(
    sender: Sender, chain: Chain, spread: list[str]
) -> None:
    sender.reach(chain.pharmacy)
    recall(chain)
    sender.tell()
    chain.now = DEADLINE_MS + 3 * DAY_MS
    sender.tell()
    sender.tell()
    assert len(sender.mail()) == 2  # the notice, and one reminder


def test_a_closed_recall_reminds_nobody(sender: Sender, chain: Chain, spread: list[str]) -> None:
    sender.reach(chain.pharmacy)
    case = recall(chain)
    sender.tell()
    chain.log.submit(chain.recall_close(case))
    chain.now = DEADLINE_MS + DAY_MS
    sender.tell()
    subjects = [subject for _, subject in sender.mail()]
    assert [one.partition(":")[0] for one in subjects] == ["Recall, class 2", "Closed"]


MOMENTS = st.integers(0, 400 * DAY_MS)


@given(first=MOMENTS, deadline=MOMENTS, waits=st.lists(st.integers(0, 5 * DAY_MS), max_size=20))
def test_rounds_begin_with_the_notice_and_only_go_up(
    first: int, deadline: int, waits: list[int]
) -> None:
    now, rounds = first, []
    for wait in (0, *waits):
        now += wait
        rounds.append(round_of(first, deadline, now))
    assert rounds[0] == 0
    assert rounds == sorted(rounds)
    assert (rounds[-1] >= 2) >= (first < deadline <= now)
    assert rounds[-1] <= 3 + (now - first) // DAY_MS


# Carrying


def test_what_the_mail_server_does_not_take_now_is_sent_later(
    sender: Sender, chain: Chain, spread: list[str]
) -> None:
    sender.reach(chain.pharmacy)
    sender.box.busy = True
    case = recall(chain)
    assert sender.tell()[1] == Sent(0, 1)
    [waiting] = sender.rows(case, EMAIL)
    assert (waiting.state, waiting.attempts) == (WAITING, 1)
    assert "451" in waiting.error
    assert "try again later" in waiting.error
    sender.box.busy = False
    assert sender.tell()[1] == Sent()
    chain.now = waiting.due
    assert sender.tell()[1] == Sent(1, 0)


def test_one_address_that_is_refused_does_not_keep_the_others_from_their_mail(
    sender: Sender, chain: Chain, spread: list[str]
) -> None:
    for who in (chain.maker, chain.pharmacy, chain.pharmacy2):
        sender.reach(who)
    sender.box.refuse.add("recalls@pharmacy.example")
    case = recall(chain)
    assert sender.tell()[1] == Sent(2, 1)
    [failed] = [one for one in sender.rows(case) if one.state == FAILED]
    assert (failed.site, "550" in failed.error) == (chain.pharmacy.site, True)


def test_without_a_mail_server_what_is_to_be_sent_waits(
    sender: Sender, chain: Chain, spread: list[str]
) -> None:
    sender.reach(chain.pharmacy)
    case = recall(chain)
    bare = create_app(replace(sender.settings, smtp=""))
    with bare.app_context(), force_locale("en_GB"):
        assert (notices.make(), sending.send()) == (4, Sent())
    close(bare)
    assert [(one.state, one.attempts) for one in sender.rows(case, EMAIL)] == [(WAITING, 0)]
    assert sender.tell()[1] == Sent(1, 0)


def test_a_mail_server_that_is_not_there_is_told_of_in_words(
    sender: Sender, chain: Chain, spread: list[str]
) -> None:
    sender.reach(chain.pharmacy)
    case = recall(chain)
    bare = create_app(replace(sender.settings, smtp="smtp://127.0.0.1:1"))
    with bare.app_context(), force_locale("en_GB"):
        notices.make()
        assert sending.send() == Sent(0, 1)
    close(bare)
    [row] = sender.rows(case, EMAIL)
    assert row.error.startswith("The mail server cannot be reached: ")


def test_a_sender_that_is_killed_after_sending_sends_again_under_the_same_id(
    sender: Sender, chain: Chain, spread: list[str]
) -> None:
    """Between handing over and noting it down: at least once, and the double can be known."""
    sender.reach(chain.pharmacy)
    recall(chain)
    program = (
        "import os, sys\n"
        "from dataclasses import replace\n"
        "from pathlib import Path\n"
        "from flask_babel import force_locale\n"
        "from app import create_app, notices, sending\n"
        "from app.config import Settings\n"
        "from ledger.store.notices import Notices\n"
        "Notices.sent = lambda *_: os._exit(9)\n"  # the power goes
        "folder, smtp, now = sys.argv[1:]\n"
        "app = create_app(Settings(log=Path(folder), clock=lambda: int(now), smtp=smtp,\n"
        "    mail_from='recalls@authority.example', url='https://log.example'))\n"
        "with app.app_context(), force_locale('en_GB'):\n"
        "    notices.make()\n"
        "    sending.send()\n"
    )
    command = [
        sys.executable,
        "-c",
        program,
        str(chain.folder),
        sender.settings.smtp,
        str(chain.now),
    ]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 9
    [first] = sender.box.messages
    assert sender.tell()[1] == Sent()  # the dead one has it still
    chain.now += LEASE_MS
    assert sender.tell()[1] == Sent(1, 0)
    assert [one["Message-ID"] for one in sender.box.messages] == [first["Message-ID"]] * 2
    assert bytes(sender.box.messages[1]) == bytes(first)


def test_a_simulated_world_keeps_its_mail_in_a_folder_and_says_that_it_is_simulated(
    tmp_path: Path,
) -> None:
    from ledger.store.database import set_meta

    chain = Chain(tmp_path / "log")
    set_meta(chain.store, "simulated", "1")
    packs = chain.commission("L1", 2)
    chain.hand_over(chain.maker, packs, chain.pharmacy)
    recall(chain)
    app = create_app(Settings(log=chain.folder, clock=lambda: chain.now))
    app.extensions[KEY].desk.contacts.keep(Contact(chain.pharmacy.site, email="rx@shop.example"))
    with app.app_context(), force_locale("en_GB"):
        notices.make()
        assert sending.send() == Sent(1, 0)
    close(app)
    chain.store.close()
    [path] = (chain.folder / "outbox").iterdir()
    message = message_from_bytes(path.read_bytes(), policy=default)
    assert message["Subject"].startswith("SIMULATED: Recall")
    assert "SIMULATED: every party, product and pack here is made up." in message.get_content()
    assert "http://localhost:8000/recalls/" in message.get_content()


# Webhooks


def test_a_webhook_gets_the_same_in_json_signed_by_the_status_key(
    sender: Sender, chain: Chain, spread: list[str]
) -> None:
    sender.reach(chain.pharmacy, email="", webhook=sender.hook_address())
    case = recall(chain)
    assert sender.tell()[1] == Sent(1, 0)
    [(headers, body)] = sender.hook.taken
    verify_webhook(chain.reader.authority().status_key, headers, body)
    assert headers["content-type"] == "application/json"
    assert headers["webhook-id"] == f"notice_{sender.rows(case, WEBHOOK)[0].id}"
    told = json.loads(body)
    assert told["type"] == "recall.opened"
    data = told["data"]
    assert (data["statement"], data["lots"], data["class"]) == (case.id, ["L1"], 2)
    assert (data["deadline"], data["site"]) == ("2026-10-09T12:00:00Z", chain.pharmacy.site)
    chain.now = DEADLINE_MS
    sender.tell()
    assert json.loads(sender.hook.taken[1][1])["type"] == "recall.reminder"
    assert sender.hook.taken[1][0]["webhook-id"] != headers["webhook-id"]


@pytest.mark.parametrize(
    ("status", "state", "words"),
    [
        (500, WAITING, "answered with status 500"), (404, WAITING, "answered with status 404"),
        (410, FAILED, "answered with status 410"), (302, FAILED, "is not followed"),
    ],
)  # fmt: skip
def test_a_webhook_that_takes_nothing_is_tried_again_unless_it_is_gone(
    sender: Sender, chain: Chain, spread: list[str], status: int, state: str, words: str
) -> None:
    sender.reach(chain.pharmacy, email="", webhook=sender.hook_address())
    sender.hook.status, sender.hook.location = status, "http://169.254.169.254/"
    case = recall(chain)
    assert sender.tell()[1] == Sent(0, 1)
    [row] = sender.rows(case, WEBHOOK)
    assert (row.state, words in row.error) == (state, True), row.error
    assert len(sender.hook.taken) == 1


def test_a_node_without_the_status_key_leaves_webhooks_to_another(
    sender: Sender, chain: Chain, spread: list[str]
) -> None:
    sender.reach(chain.pharmacy, email="", webhook=sender.hook_address())
    case = recall(chain)
    (chain.folder / "keys" / "status.key").unlink()
    bare = create_app(sender.settings)
    with bare.app_context(), force_locale("en_GB"):
        notices.make()
        assert sending.send() == Sent()
    close(bare)
    assert sender.rows(case, WEBHOOK)[0].attempts == 0
    assert sender.tell()[1] == Sent(1, 0)


def test_a_notice_is_signed_for_nothing_else(chain: Chain) -> None:
    from ledger.errors import Malformed
    from ledger.statement.webhook import sign_webhook

    with pytest.raises(Malformed):
        sign_webhook(seed("status"), "DSSEv1 1", 0, b"")


# The home page


def test_a_sites_home_page_shows_what_concerns_it_with_its_deadline(
    app: Flask, chain: Chain, spread: list[str], sign_in: SignIn
) -> None:
    case = recall(chain)
    held = chain.log.submit(chain.hold(chain.scope(lots=["L1"])))
    for who in (chain.pharmacy, chain.pharmacy2):  # there, and on their way
        page = sign_in(who).get("/").text
        assert f'href="/recalls/{case.id}"' in page
        assert "9 Oct 2026" in page
        assert f'href="/recalls/{held.id}"' in page
        assert "1 hold on packs at this site" in page
    page = sign_in(chain.wholesaler).get("/").text
    assert case.id not in page
    assert held.id not in page
    chain.log.submit(chain.lift(held))
    chain.log.submit(chain.answer(chain.pharmacy, case))
    page = sign_in(chain.pharmacy).get("/").text
    assert case.id not in page
    assert held.id not in page
