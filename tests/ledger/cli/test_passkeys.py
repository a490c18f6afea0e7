"""Drafts that a passkey signed in a browser, taken up by commands."""

from __future__ import annotations

from msgspec.structs import replace

from ledger.build import sign_governance
from ledger.statement import keyfile
from ledger.statement.governance import KeyAdd
from ledger.statement.submission import Submission
from tests.authenticator import RP_ID, Authenticator
from tests.ledger.cli import test_exceptions
from tests.ledger.cli.test_commands import MAKER, PLANT, WINDOW, Trade, label
from tests.ledger.cli.test_exceptions import act

PASSKEY = Authenticator("colleague")
trade = test_exceptions.trade


def test_a_draft_says_which_signature_is_a_passkeys(trade: Trade) -> None:
    draft = trade.folder / "draft.json"
    trade.do("key", "new", trade.key(MAKER, "third"), "--party", MAKER, "--plain")
    words = ("--site", PLANT, "--operation", "destroyed", *WINDOW)
    admin = trade.key(MAKER, "admin")
    trade.on_log("key-add", trade.key(MAKER, "third"), *words, "--key", admin, "--draft", draft)
    body = Submission.parse(draft.read_bytes()).statement.body
    assert isinstance(body, KeyAdd)
    body = replace(body, key=PASSKEY.text, use="passkey", rp_id=RP_ID)
    half = sign_governance(body, [keyfile.unseal(admin.read_bytes())])
    draft.write_bytes(bytes(PASSKEY.countersign(half)))
    trade.on_log("submit", draft)

    trade.commission("A1")
    act(trade, "destroyed", MAKER, label("A1"), "--draft", draft)
    draft.write_bytes(bytes(PASSKEY.countersign(Submission.parse(draft.read_bytes()))))
    colleague = ("--key", trade.key(MAKER, "second"), "--log", trade.log, "--yes", "--keep")
    shown = trade.do("countersign", draft, *colleague)
    assert f"{PASSKEY.keyid[:16]}… (passkey)" in shown.err
    assert shown.err.count("(passkey)") == 1
    trade.on_log("submit", draft)
    assert trade.on_log("check").told["ok"] is True


def test_a_key_file_is_no_passkey(trade: Trade) -> None:
    ran = trade.run(
        "key-add", trade.key(MAKER, "all"), "--site", PLANT, "--operation", "ship", *WINDOW,
        "--use", "passkey", "--key", trade.key(MAKER, "admin"), "--log", trade.log,
    )  # fmt: skip
    assert ran.code == 2
    assert "--use" in ran.err
