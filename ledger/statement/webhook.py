"""Signatures on what is posted to programs: Standard Webhooks 1.0.0, asymmetric (`v1a`, Ed25519).

    webhook-id: notice_0f3c…
    webhook-timestamp: 1790000000
    webhook-signature: v1a,<base64>     over `<id>.<timestamp>.<body>`

Signed by the log's status key, which genesis names: a receiver needs no secret, and whoever holds the
log's trust file can check it. What is signed begins with `notice_`, so that it can be taken for no
envelope and no note.
"""

from __future__ import annotations

import re
from base64 import b64encode
from typing import Final

from ledger.errors import BadSignature, Malformed
from ledger.tlog import ed25519
from ledger.tlog.base64 import canonical_base64

_ID: Final = re.compile(r"notice_[0-9a-f]{32}")
_SCHEME: Final = "v1a,"


def sign_webhook(seed: bytes, message_id: str, seconds: int, body: bytes) -> dict[str, str]:
    """The three headers of a message. Raises Malformed for an id of another form."""
    message = _signed(message_id, seconds, body)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": _SCHEME + b64encode(ed25519.sign(seed, message)).decode(),
    }


def verify_webhook(public: bytes, headers: dict[str, str], body: bytes) -> None:
    """Check a message by the status key. Raises Malformed, BadSignature; how old it is, is not asked."""
    try:
        seconds = int(headers["webhook-timestamp"])
        message = _signed(headers["webhook-id"], seconds, body)
        told = headers["webhook-signature"]
    except (KeyError, ValueError) as error:
        raise Malformed("a webhook has an id, a time in seconds and a signature") from error
    for one in told.split(" "):
        if one.startswith(_SCHEME):
            ed25519.verify(public, message, canonical_base64(one[len(_SCHEME) :], "a signature"))
            return
    raise BadSignature("the webhook has no signature of the form v1a")


def _signed(message_id: str, seconds: int, body: bytes) -> bytes:
    if not _ID.fullmatch(message_id):
        raise Malformed("a message's id is notice_ and 16 bytes in hex")
    return f"{message_id}.{seconds}.".encode() + body
