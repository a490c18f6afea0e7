"""The errors of the ledger: one family, four members, each a promise about what went wrong.

Raise deep, catch once (the app's error table, or a command's entry point). What status an error has
over HTTP is the app's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CODES: Final[Mapping[str, tuple[str, str]]] = {
    # code: (the rule in words, what to do next)
    "malformed": (
        "A statement must have exactly the form its type prescribes.",
        "Build it again with the fields and order the error names.",
    ),
    "wrong-log": (
        "A statement counts only in the log that it names.",
        "Build and sign it for this log's origin.",
    ),
    "wrong-type": (
        "This kind of statement is not accepted here.",
        "Use one of the operations that this log lists.",
    ),
    "bad-signature": (
        "Every signature on an envelope must be valid.",
        "Sign the exact bytes again with the right key.",
    ),
    "unknown-key": (
        "Only keys that the log has admitted may sign.",
        "Ask your administrator to add this key, then sign again.",
    ),
    "key-revoked": (
        "A revoked key signs nothing more.",
        "Sign with another key, or ask your administrator for a new one.",
    ),
    "key-expired": (
        "A key signs only until its expiry.",
        "Ask your administrator for a new key.",
    ),
    "key-not-yet": (
        "A key signs only from its first day on.",
        "Wait until the key is in force, or sign with another key.",
    ),
    "key-reused": (
        "A raw key serves one use and one party, for ever.",
        "Make a fresh key for this use.",
    ),
    "not-entitled": (
        "Only somebody with a right to it may make this statement.",
        "Have it signed by a party and key that hold the right.",
    ),
    "not-listed-op": (
        "The operation must be among the key's operations and its party's roles.",
        "Use a key that lists the operation, or ask the authority about the role.",
    ),
    "wrong-site": (
        "A hand-off happens at a site of the signer, to another site.",
        "Sign at a site that the key is bound to and name the right sites.",
    ),
    "unknown-party": (
        "A party must be admitted before it is named.",
        "Check the GLN, or ask the authority to admit the party.",
    ),
    "unknown-site": (
        "A site must be on record before it is named.",
        "Check the GLN, or ask the authority to record the site.",
    ),
    "not-your-product": (
        "Identifiers belong to the party whose GS1 prefix they carry.",
        "Check the identifier, or have its owner name you as packer.",
    ),
    "unregistered-product": (
        "A product is registered before its packs are commissioned.",
        "Register the GTIN first.",
    ),
    "second-expiry": (
        "A lot has one expiry date for ever.",
        "Check lot and expiry; use another lot number for another date.",
    ),
    "duplicate-serial": (
        "A pack is commissioned once.",
        "Do not use the serial again; look at the statement shown as evidence.",
    ),
    "event-time": (
        "The claimed time lies within the policy's window before the landing.",
        "Check the device's clock, then build the statement again.",
    ),
    "unknown-item": (
        "Only commissioned items can move.",
        "Scan the item again; if it stays unknown, put it aside and ask.",
    ),
    "unknown-shipment": (
        "The shipment named must be on the log.",
        "Check the shipment's id.",
    ),
    "wrong-state": (
        "The item's state does not allow this operation.",
        "Look at the item's last statement, shown as evidence.",
    ),
    "not-holder": (
        "Only the holder may act on an item, and only its owner is named as owner.",
        "Check where the item is and whose it is; receive it first.",
    ),
    "in-transit": (
        "An item in transit can only be received, voided or reported.",
        "Receive the shipment first.",
    ),
    "not-named": (
        "Only the site that the shipment names may receive it.",
        "Have it received at the named site.",
    ),
    "not-in-shipment": (
        "A receipt names only what the shipment named.",
        "Take the item off the list; report what was found too much apart.",
    ),
    "already-inactive": (
        "What has left the chain does not move again.",
        "Put the pack aside and look at the statement shown as evidence.",
    ),
    "blocked-recalled": ("Recalled stock does not go on.", "Quarantine it and follow the recall."),
    "blocked-withdrawn": (
        "A withdrawn product does not go on.",
        "Quarantine it and follow the withdrawal.",
    ),
    "blocked-hold": (
        "Stock on hold does not go on.",
        "Have the hold lifted by who set it, or leave the item out.",
    ),
    "blocked-expired": ("Expired stock does not go on.", "Leave the item out; destroy it."),
    "suspended": (
        "A suspended party or site only makes stock safe.",
        "Ask the authority; receiving and quarantine remain allowed.",
    ),
    "two-containers": (
        "An item is in one container at a time.",
        "Unpack it from its container first.",
    ),
    "cycle": ("A container cannot hold itself.", "Check the container's SSCC."),
    "too-deep": ("Containers nest at most five deep.", "Pack into a container further out."),
    "not-empty": (
        "A container leaves the chain only when empty.",
        "Unpack what is inside first.",
    ),
    "items-mismatch": (
        "The items sent must be exactly those that the statement commits to.",
        "Send the items and the secret that the statement was built from.",
    ),
    "items-reused": (
        "A commitment is used once.",
        "Build the statement again with a fresh secret.",
    ),
    "undo-late": (
        "An undo comes within the policy's hours of the act.",
        "Report the pack after the fact; it cannot come back by undo.",
    ),
    "undo-other-site": ("Only the site that acted may undo.", "Have that site undo it."),
    "undo-mismatch": (
        "An undo names the pack's own last act.",
        "Look up the pack's last statement and name that one.",
    ),
    "stale-policy": (
        "A policy names the policy that it replaces.",
        "Read the policy in force and build on it.",
    ),
    "lockout": (
        "Enough authority keys must remain to meet the threshold.",
        "Add authority keys first.",
    ),
    "open-quantities": (
        "A recall is closed only by a statement that names what stays open, and why.",
        "Look at the recall's board, and name each quantity with its reason.",
    ),
    "unfit-closing": (
        "A case is closed with its root cause, and a closing code that agrees with it.",
        "Name both; where no cause was found, write a note of what was looked into.",
    ),
    "threshold": (
        "This act needs more signatures than it carries.",
        "Have a colleague with another key sign the same statement too.",
    ),
    "read-only": (
        "The log takes no statements at the moment.",
        "Keep your signed statement and submit it again later.",
    ),
}


class LedgerError(Exception):
    """What every error of the ledger is; catch this one at the outermost layer."""


class Malformed(LedgerError):
    """The bytes cannot be read as what they claim to be; says what was expected and where."""


class BadSignature(LedgerError):
    """A signature does not verify under the key it names."""


class BadProof(LedgerError):
    """A proof is readable and wrong: it refutes what it was to show."""


class Refused(LedgerError):
    """Read, genuine, and not allowed: nothing was changed.

    `code` is one of CODES; `detail` says what in this case; `evidence` is JSON-ready and never holds
    items or secrets (custody.md 4); `size` is that of the log it was decided on, -1 where none was
    asked.
    """

    size = -1

    def __init__(
        self, code: str, detail: str = "", evidence: Mapping[str, object] | None = None
    ) -> None:
        self.code = code
        self.rule, self.advice = CODES[code]
        self.detail = detail
        self.evidence = evidence
        super().__init__(f"{code}: {detail or self.rule}")
