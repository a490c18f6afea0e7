"""One bad statement for each refusal code that these operations can meet (custody.md 4).

Each case makes, on a fresh chain, the bytes of a submission that the log must refuse with that code.
The same table is driven through the library and over HTTP.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from datetime import date
from typing import Any

from msgspec.structs import replace

from ledger.build import sign_governance
from ledger.statement import dsse
from ledger.statement.dsse import Envelope
from ledger.statement.governance import Admit, KeyRevoke
from ledger.statement.items import Item
from ledger.statement.parts import raw_key
from ledger.statement.submission import Statement, Submission
from ledger.tlog import merkle
from ledger.tlog.checkpoint import open_checkpoint
from ledger.tlog.ed25519 import public_of
from tests.world import Chain, gln, gtin, key_text, seed

EXPIRY = date(2028, 1, 31)
Case = tuple[str, str, Callable[[Chain], bytes]]


def keyid(name: str) -> str:
    return dsse.key_id(public_of(seed(name)))


def commission(chain: Chain, lot: str = "L1", **changes: object) -> Submission:
    fields = {"lot": lot, "expiry": EXPIRY, **changes}
    return chain.event("commission", chain.maker, chain.pack_ids(lot, 2), **fields)


def forged(submission: Submission, signature: bytes) -> Submission:
    envelope = submission.statement.envelope
    line = dsse.Signature(envelope.signatures[0].keyid, signature)
    changed = Envelope(envelope.payload, envelope.payload_type, (line, *envelope.signatures[1:]))
    return replace(submission, statement=Statement(changed, submission.statement.body))


def altered_payload(chain: Chain) -> bytes:
    return bytes(commission(chain)).replace(
        b'"payload":"eyJAY29udGV4dCI6', b'"payload":"eyJAY29udGV4dCJ6'
    )


def added_key(chain: Chain, name: str, **changes: object) -> bytes:
    chain.log.submit(chain.key_add(chain.maker, name, **changes))
    return seed(name)


def revoked(chain: Chain) -> bytes:
    chain.log.submit(
        chain.governance(
            KeyRevoke,
            chain.maker.admin,
            by=chain.maker.gln,
            keyid=keyid("maker station"),
            reason="lost",
        )
    )
    return bytes(commission(chain))


def suspended_ship(chain: Chain) -> bytes:
    packs = chain.commission("L1", 2)
    chain.log.submit(chain.suspend(chain.maker.gln))
    return bytes(chain.ship_event(chain.maker, packs, chain.wholesaler))


def suspended_receiver(chain: Chain) -> bytes:
    packs = chain.commission("L1", 2)
    chain.log.submit(chain.suspend(chain.wholesaler.site))
    return bytes(chain.ship_event(chain.maker, packs, chain.wholesaler))


def at_pharmacy(chain: Chain, lot: str = "L1", count: int = 2, **fields: date) -> list[str]:
    packs = chain.commission(lot, count, **fields)
    chain.hand_over(chain.maker, packs, chain.pharmacy)
    return packs


def in_two_containers(chain: Chain) -> bytes:
    packs = chain.commission("L1", 2)
    first, second = chain.unit(chain.maker, 1), chain.unit(chain.maker, 2)
    chain.pack(chain.maker, packs, first)
    return bytes(chain.event("pack", chain.maker, packs[:1], parent=second))


def nested_too_deep(chain: Chain) -> bytes:
    inner = chain.commission("L1", 1)[0]
    for number in range(1, 6):
        unit = chain.unit(chain.maker, number)
        chain.pack(chain.maker, [inner], unit)
        inner = unit
    return bytes(chain.event("pack", chain.maker, [inner], parent=chain.unit(chain.maker, 9)))


def in_itself(chain: Chain) -> bytes:
    unit = chain.unit(chain.maker, 1)
    return bytes(chain.event("pack", chain.maker, [unit], parent=unit))


def expired_ship(chain: Chain) -> bytes:
    packs = chain.commission("L1", 2, date(2026, 10, 1))
    chain.hours(24 + 12 + 8)
    return bytes(chain.ship_event(chain.maker, packs, chain.wholesaler))


def held_supply(chain: Chain) -> bytes:
    packs = at_pharmacy(chain)
    chain.quarantine(chain.pharmacy, packs[:1])
    return bytes(chain.event("supply", chain.pharmacy, packs))


def reused_root(chain: Chain) -> bytes:
    packs = chain.commission("L1", 2)
    chain.hand_over(chain.maker, packs, chain.pharmacy)
    supply = chain.event("supply", chain.pharmacy, packs)
    chain.log.submit(supply)
    chain._count -= 2  # the same nonce and secret again, at another time
    return bytes(chain.event("supply", chain.pharmacy, packs))


def undo_of_supply(chain: Chain, hours: float, **fields: object) -> bytes:
    packs = at_pharmacy(chain)
    supply = chain.supply(chain.pharmacy, packs)
    chain.hours(hours)
    who = fields.pop("who", chain.pharmacy)
    return bytes(chain.event("undo", who, packs, undoes=fields.pop("undoes", supply.id)))


def received_elsewhere(chain: Chain) -> bytes:
    packs = chain.commission("L1", 2)
    ship = chain.ship(chain.maker, packs, chain.pharmacy)
    return bytes(chain.event("receive", chain.pharmacy2, packs, shipment=ship.id))


def not_shipped(chain: Chain) -> bytes:
    packs = chain.commission("L1", 2)
    ship = chain.ship(chain.maker, packs[:1], chain.pharmacy)
    return bytes(chain.event("receive", chain.pharmacy, packs, shipment=ship.id))


def last_authority_keys(chain: Chain) -> bytes:
    who = chain.authority

    def revoke(name: str, *keys: str) -> Submission:
        return chain.governance(KeyRevoke, *keys, keyid=keyid(name), reason="lost")

    chain.log.submit(revoke("authority 3", "authority 1", "authority 2"))
    assert who.gln == chain.authority.gln
    return bytes(revoke("authority 2", "authority 1", "authority 2"))


def of_another_log(chain: Chain) -> bytes:
    return bytes(commission(chain, log="log.example/other"))


def a_login(chain: Chain) -> bytes:
    from base64 import b64encode

    from ledger.statement.login import Login, build_login

    login = Login(
        by=chain.maker.gln, log="log.example/test", nonce=b64encode(bytes(32)).decode(), origin="cli",
        time="2026-10-01T08:00:00Z",
    )  # fmt: skip
    envelope = dsse.sign(dsse.LOGIN, build_login(login), [chain.maker.key])
    return b'{"envelope":' + bytes(envelope) + b"}"


def small_order(chain: Chain) -> bytes:
    """A key-add whose new key is the point of order 1: everybody could sign with it."""
    from base64 import b64encode

    good = chain.key_add(chain.maker, "another key")
    weak = b64encode((1).to_bytes(32, "little")).decode()
    payload = good.statement.envelope.payload.replace(
        key_text("another key").encode(), weak.encode()
    )
    envelope = dsse.sign(dsse.GOVERNANCE, payload, [chain.maker.admin])
    return b'{"envelope":' + bytes(envelope) + b"}"


def admit_with_known_key(chain: Chain) -> bytes:
    good = chain.admit(chain.maker).statement.body
    assert isinstance(good, Admit)

    body = replace(good, admin_keys=[key_text("wholesaler admin")])
    assert raw_key(body.admin_keys[0])
    return bytes(sign_governance(body, [seed("authority 1"), seed("authority 2")]))


CASES: list[Case] = [
    ("malformed", "payload altered", altered_payload),
    ("malformed", "small-order key", small_order),
    ("malformed", "not JSON", lambda chain: b"{"),
    ("malformed", "deeply nested", lambda chain: b'{"envelope":' + b"[" * 100_000),
    ("wrong-log", "another log's statement", of_another_log),
    ("wrong-type", "a second genesis", lambda chain: bytes(chain.genesis())),
    ("wrong-type", "a log-in", a_login),
    ("bad-signature", "random bytes", lambda chain: bytes(forged(commission(chain), bytes(64)))),
    ("bad-signature", "s not reduced", lambda chain: bytes(forged(commission(chain), bytes(32) + b"\xff" * 32))),
    ("unknown-key", "never admitted", lambda chain: bytes(commission(chain, keys=[seed("stranger")]))),
    ("unknown-key", "never admitted, and other items", lambda chain: bytes(replace(
        commission(chain, keys=[seed("stranger")]), secret=bytes(32)))),
    ("unknown-key", "one of two", lambda chain: bytes(commission(chain, keys=[chain.maker.key, seed("x")]))),
    ("key-revoked", "revoked before", revoked),
    ("key-expired", "over", lambda chain: bytes(commission(chain, keys=[
        added_key(chain, "short", expires="2026-10-01T00:00:00Z")]))),
    ("key-not-yet", "from next year", lambda chain: bytes(commission(chain, keys=[
        added_key(chain, "later", from_="2027-01-01T00:00:00Z")]))),
    ("key-reused", "added twice", lambda chain: bytes(chain.key_add(chain.maker))),
    ("key-reused", "the log's own", lambda chain: bytes(chain.key_add(chain.maker, "log"))),
    ("key-reused", "another party's admin key", admit_with_known_key),
    ("not-entitled", "a key of another party",
     lambda chain: bytes(commission(chain, keys=[chain.wholesaler.key]))),
    ("not-entitled", "an admin key signs an event",
     lambda chain: bytes(commission(chain, keys=[chain.maker.admin]))),
    ("not-entitled", "a party admits a party", lambda chain: bytes(
        chain.governance(type(chain.suspend(chain.maker.gln).statement.body), chain.maker.admin,
                         by=chain.maker.gln, gln=chain.wholesaler.gln, reason="rival"))),
    ("not-listed-op", "not the key's", lambda chain: bytes(commission(chain, keys=[
        added_key(chain, "ship only", operations=["ship"])]))),
    ("not-listed-op", "not the role's",
     lambda chain: bytes(chain.event("supply", chain.maker, chain.commission("L1", 1)))),
    ("wrong-site", "not the key's site", lambda chain: bytes(commission(chain, site=chain.pharmacy.site))),
    ("wrong-site", "a shipment to itself", lambda chain: bytes(
        chain.ship_event(chain.maker, chain.commission("L1", 1), chain.maker))),
    ("unknown-party", "owner not admitted", lambda chain: bytes(chain.ship_event(
        chain.maker, chain.commission("L1", 1), chain.wholesaler, dest_party=gln("952119900000")))),
    ("unknown-site", "receiver not on record", lambda chain: bytes(chain.ship_event(
        chain.maker, chain.commission("L1", 1), chain.wholesaler, dest_site=gln("952119900000")))),
    ("not-your-product", "a wholesaler commissions packs", lambda chain: bytes(chain.event(
        "commission", chain.wholesaler, chain.pack_ids("L1", 1), lot="L1", expiry=EXPIRY))),
    ("not-your-product", "another's SSCC", lambda chain: bytes(chain.event(
        "commission", chain.wholesaler, [chain.unit_id(chain.maker, 1)]))),
    ("not-your-product", "another's GTIN", lambda chain: bytes(
        chain.product(gtin=gtin(f"0{chain.wholesaler.prefix}00001")))),
    ("unregistered-product", "GTIN never registered", lambda chain: bytes(chain.event(
        "commission", chain.maker, [f"https://id.gs1.org/01/{gtin(f'0{chain.maker.prefix}00009')}/21/A"],
        lot="L1", expiry=EXPIRY))),
    ("second-expiry", "same lot, other date", lambda chain: (
        chain.commission("L1", 1),
        bytes(chain.event("commission", chain.maker, chain.pack_ids("L1", 3)[2:], lot="L1",
                          expiry=date(2029, 1, 31))))[1]),
    ("duplicate-serial", "commissioned before",
     lambda chain: (chain.commission("L1", 2), bytes(commission(chain)))[1]),
    ("event-time", "ten minutes ahead", lambda chain: bytes(commission(chain, time_ms=chain.now + 600_000))),
    ("event-time", "eight days back", lambda chain: bytes(commission(chain, time_ms=chain.now - 8 * 86_400_000))),
    ("unknown-item", "never commissioned", lambda chain: bytes(
        chain.event("quarantine", chain.maker, chain.pack_ids("L1", 1), reason="other"))),
    ("unknown-shipment", "no such statement", lambda chain: bytes(chain.event(
        "receive", chain.wholesaler, chain.commission("L1", 1), shipment="00" * 32))),
    ("wrong-state", "release without hold",
     lambda chain: bytes(chain.event("release", chain.maker, chain.commission("L1", 1)))),
    ("wrong-state", "void after receipt", lambda chain: (
        packs := chain.commission("L1", 1), ship := chain.ship(chain.maker, packs, chain.pharmacy),
        chain.receive(chain.pharmacy, ship, packs),
        bytes(chain.event("void", chain.maker, packs, shipment=ship.id)))[-1]),
    ("wrong-state", "a tracking number again", lambda chain: (
        packs := chain.commission("L1", 2),
        chain.log.submit(chain.ship_event(chain.maker, packs[:1], chain.pharmacy, number="N-1")),
        bytes(chain.ship_event(chain.maker, packs[1:], chain.pharmacy, number="N-1")))[-1]),
    ("not-holder", "somebody else's pack", lambda chain: bytes(
        chain.event("supply", chain.pharmacy2, at_pharmacy(chain)))),
    ("not-holder", "another owner named", lambda chain: bytes(chain.ship_event(
        chain.maker, chain.commission("L1", 1), chain.wholesaler, source_party=chain.wholesaler.gln))),
    ("in-transit", "supplied on the way", lambda chain: (
        packs := chain.commission("L1", 1), chain.ship(chain.maker, packs, chain.pharmacy),
        bytes(chain.event("supply", chain.pharmacy, packs)))[-1]),
    ("not-named", "received at another site", received_elsewhere),
    ("not-in-shipment", "more than was sent", not_shipped),
    ("already-inactive", "shipped after supply", lambda chain: (
        packs := at_pharmacy(chain), chain.supply(chain.pharmacy, packs),
        bytes(chain.ship_event(chain.pharmacy, packs, chain.wholesaler)))[-1]),
    ("blocked-hold", "supplied while on hold", held_supply),
    ("blocked-expired", "shipped after expiry", expired_ship),
    ("blocked-hold", "supplied while its lot is on hold", lambda chain: (
        packs := at_pharmacy(chain), chain.log.submit(chain.hold(chain.scope(lots=["L1"]))),
        bytes(chain.event("supply", chain.pharmacy, packs)))[-1]),
    ("blocked-hold", "a pallet with one pack on hold", lambda chain: (
        packs := chain.commission("L1", 2), unit := chain.unit(chain.maker, 1),
        chain.pack(chain.maker, packs, unit),
        chain.act("quarantine", chain.authority, packs[:1], reason="suspect"),
        bytes(chain.ship_event(chain.maker, [unit], chain.wholesaler)))[-1]),
    ("blocked-hold", "signed for by a stolen key", lambda chain: (
        packs := at_pharmacy(chain),
        chain.log.submit(chain.revoke(chain.maker, since="2026-10-01T00:00:00Z")),
        bytes(chain.event("supply", chain.pharmacy, packs)))[-1]),
    ("blocked-recalled", "supplied after the recall", lambda chain: (
        packs := at_pharmacy(chain), chain.log.submit(chain.recall_of()),
        bytes(chain.event("supply", chain.pharmacy, packs)))[-1]),
    ("blocked-withdrawn", "shipped after the withdrawal", lambda chain: (
        packs := chain.commission("L1", 1),
        chain.log.submit(chain.recall_of(kind="withdrawal")),
        bytes(chain.ship_event(chain.maker, packs, chain.wholesaler)))[-1]),
    ("not-empty", "a full box destroyed", lambda chain: (
        packs := chain.commission("L1", 1), unit := chain.unit(chain.maker, 1),
        chain.pack(chain.maker, packs, unit), chain.log.submit(chain.key_add(chain.maker, "second")),
        bytes(chain.event("destroyed", chain.maker, [unit],
                          keys=[chain.maker.key, seed("second")])))[-1]),
    ("stale-policy", "the policy before", lambda chain: (
        first := chain.reader.authority().policy_id,
        chain.log.submit(chain.policy_change(undo_hours=24)),
        bytes(chain.policy_change(replaces=first)))[-1]),
    ("lockout", "a policy that nobody could change again",
     lambda chain: bytes(chain.policy_change(threshold=4))),
    ("threshold", "a policy by one key", lambda chain: bytes(chain.policy_change("authority 1"))),
    ("threshold", "destroyed by one person", lambda chain: bytes(
        chain.event("destroyed", chain.maker, chain.commission("L1", 1)))),
    ("threshold", "a transfer without the old owner", lambda chain: bytes(
        chain.event("transfer", chain.wholesaler, chain.commission("L1", 1)))),
    ("not-your-product", "a recall of somebody else's product", lambda chain: bytes(
        chain.recall_of(by=chain.wholesaler.gln, keys=[chain.wholesaler.key]))),
    ("not-entitled", "a recall by an admin key", lambda chain: bytes(
        chain.recall_of(keys=[chain.maker.admin]))),
    ("not-entitled", "somebody else lifts the authority's hold", lambda chain: (
        hold := chain.log.submit(chain.hold(by=chain.authority.gln, keys=["authority 1"])),
        bytes(chain.lift(hold)))[-1]),
    ("not-entitled", "a recovery key registers a product", lambda chain: bytes(sign_governance(
        chain.product().statement.body, [seed("maker recovery")]))),
    ("wrong-state", "a recall closed twice", lambda chain: (
        recall := chain.log.submit(chain.recall_of()), chain.log.submit(chain.recall_close(recall)),
        bytes(chain.recall_close(recall)))[-1]),
    ("unregistered-product", "a hold on no product", lambda chain: bytes(chain.hold(
        chain.scope(gtin=gtin(f"0{chain.maker.prefix}00009"))))),
    ("unknown-item", "a recall of no commissioning", lambda chain: bytes(chain.recall_of(
        chain.scope(statement="00" * 32)))),
    ("event-time", "suspect from tomorrow on", lambda chain: bytes(
        chain.revoke(chain.maker, since="2026-10-02T00:00:00Z"))),
    ("undo-mismatch", "an export, where the policy lets none be undone", lambda chain: (
        packs := chain.commission("L1", 1), done := chain.act("export", chain.maker, packs),
        bytes(chain.event("undo", chain.maker, packs, undoes=done.id)))[-1]),
    ("items-mismatch", "arrived and lacking at once", lambda chain: (
        packs := chain.commission("L1", 2), unit := chain.unit(chain.maker, 1),
        chain.pack(chain.maker, packs, unit),
        ship := chain.ship(chain.maker, [unit], chain.pharmacy),
        bytes(chain.event("receive", chain.pharmacy, [unit, packs[0]], shipment=ship.id,
                          missing=packs[:1])))[-1]),
    ("malformed", "another spelling of the same serial", lambda chain: bytes(chain.event(
        "commission", chain.maker, [chain.pack_ids("L1", 1)[0].replace("L1-", "L1%2D")],
        lot="L1", expiry=EXPIRY))),
    ("malformed", "an item that is no identifier", lambda chain: bytes(chain.event(
        "inspect", chain.maker, ["NOT-AN-SSCC-AT-ALL-----9521112"], reason="unknown"))),
    ("suspended", "a suspended holder lifts its hold", lambda chain: (
        hold := chain.log.submit(chain.hold()), chain.log.submit(chain.suspend(chain.maker.gln)),
        bytes(chain.lift(hold)))[-1]),
    ("wrong-state", "a pack found inside a lost box", lambda chain: (
        packs := chain.commission("L1", 1), unit := chain.unit(chain.maker, 1),
        chain.pack(chain.maker, packs, unit), chain.act("lost", chain.maker, [unit]),
        bytes(chain.event("found", chain.maker, packs)))[-1]),
    ("items-mismatch", "an enrolment without fingerprints", lambda chain: bytes(
        chain.event("enrol", chain.maker, chain.commission("L1", 1)))),
    ("suspended", "a suspended party ships", suspended_ship),
    ("suspended", "to a suspended site", suspended_receiver),
    ("two-containers", "packed twice", in_two_containers),
    ("cycle", "into itself", in_itself),
    ("too-deep", "six containers", nested_too_deep),
    ("items-mismatch", "one item more", lambda chain: bytes(replace(
        s := commission(chain), items=(*s.items, Item(chain.pack_ids("Z9", 1)[0]))))),
    ("items-mismatch", "another secret", lambda chain: bytes(replace(commission(chain), secret=bytes(32)))),
    ("items-mismatch", "no items", lambda chain: bytes(replace(commission(chain), items=(), secret=b""))),
    ("items-mismatch", "packs without lot", lambda chain: bytes(
        chain.event("commission", chain.maker, chain.pack_ids("L1", 1)))),
    ("items-reused", "the same secret again", reused_root),
    ("undo-late", "after eleven days", lambda chain: undo_of_supply(chain, 11 * 24)),
    ("undo-other-site", "by another pharmacy", lambda chain: undo_of_supply(chain, 1, who=chain.pharmacy2)),
    ("undo-mismatch", "of no statement", lambda chain: undo_of_supply(chain, 1, undoes="00" * 32)),
    ("lockout", "the last two authority keys", last_authority_keys),
    ("lockout", "the authority suspends itself", lambda chain: bytes(chain.suspend(chain.authority.gln))),
    ("threshold", "one authority key of two", lambda chain: bytes(chain.governance(
        type(chain.suspend(chain.maker.gln).statement.body), "authority 1", gln=chain.maker.gln, reason="x"))),
    ("threshold", "a key-add without the new key", lambda chain: bytes(sign_governance(
        chain.key_add(chain.maker, "absent").statement.body, [chain.maker.admin]))),
]  # fmt: skip

IDS = [f"{code}: {why}" for code, why, _ in CASES]


def evidence_verifies(chain: Chain, evidence: dict[str, Any] | None) -> None:
    """A refusal's evidence is in the log under a checkpoint that the log signed."""
    assert evidence is not None
    checkpoint = open_checkpoint(evidence["checkpoint"].encode(), chain.log_key.verifier)
    leaf = merkle.leaf_hash(b64decode(evidence["entry"]))
    path = [b64decode(node) for node in evidence["proof"]]
    merkle.verify_inclusion(evidence["index"], checkpoint.size, leaf, path, checkpoint.root)
