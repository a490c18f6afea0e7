"""`packtrace demo` as a process: notices are sent beside the server, and the sender ends with it."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from contextlib import suppress
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from ledger.store.contacts import Contact
from ledger.store.database import set_meta
from ledger.store.desk import Desk
from tests.app.conftest import give_keys
from tests.app.test_serve import free_port
from tests.world import Chain


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small simulated world, in which one site waits to be told of a recall."""
    chain = Chain(tmp_path / "world")
    give_keys(chain)
    set_meta(chain.store, "simulated", "1")
    chain.hand_over(chain.maker, chain.commission("L1", 2), chain.pharmacy)
    chain.log.submit(chain.recall_of(chain.scope(lots=["L1"])))
    desk = Desk(chain.folder, chain.store.key)
    desk.contacts.keep(Contact(chain.pharmacy.site, email="rx@shop.example"))
    desk.close()
    chain.store.close()
    return chain.folder


def first_mail(folder: Path, process: subprocess.Popen[bytes]) -> EmailMessage:
    """The first mail that is kept; fails when the demo ends before there is one."""
    while not (found := sorted(folder.glob("*.eml"))):
        assert process.poll() is None, "the demo ended"
        os.sched_yield()
    return message_from_bytes(found[0].read_bytes(), policy=default)


def senders(parent: int) -> list[int]:
    """The processes of `packtrace notify` that one process has started."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            above = (process / "stat").read_text().rpartition(")")[2].split()[1]
            if int(above) == parent and b"notify" in (process / "cmdline").read_bytes().split(
                b"\0"
            ):
                found.append(int(process.name))
    return found


def ended(descriptor: int) -> bool:
    """Whether the process behind a descriptor (pidfd_open(2)) ends within a minute."""
    return bool(select.select([descriptor], [], [], 60)[0])


@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_mail_links_to_where_the_demo_is_served_and_its_sender_ends_with_it(
    folder: Path, tmp_path: Path, how: str
) -> None:
    port = free_port()
    command = [
        str(Path(sys.executable).with_name("packtrace")), "demo", "--folder", str(folder),
        "--port", str(port),
    ]  # fmt: skip
    words = tmp_path / "words"
    with words.open("w") as said:
        process = subprocess.Popen(command, stderr=said)
    descriptors: list[int] = []
    try:
        message = first_mail(folder / "outbox", process)
        assert message["Subject"].startswith("SIMULATED: ")
        assert f"http://localhost:{port}/recalls/" in message.get_content()
        descriptors += [os.pidfd_open(one) for one in senders(process.pid)]
        process.send_signal(getattr(signal, how))
        process.wait()
        [sender] = descriptors
        assert ended(sender)
    finally:
        process.kill()
        process.wait()
        for one in descriptors:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(one, signal.SIGKILL)
            os.close(one)
    assert f"mail is sent each minute, to files in {folder / 'outbox'}" in words.read_text()
