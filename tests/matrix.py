"""The full matrix of operations, statuses and marks, asked of the code cell by cell.

`python -m tests.matrix docs/matrix.md` writes it into the docs; `test_matrix` holds it to a table
written by hand. Each cell is one call of the rules on a small world made for it: nothing is looked
up in the table of operations.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from ledger.build import sign_governance
from ledger.errors import Refused
from ledger.rules import rights
from ledger.rules.authority import Authority
from ledger.rules.custody import decide
from ledger.rules.state import ACTIVE, IN_TRANSIT, INACTIVE, Count, Lot, Named, Ref, Row, Shipment
from ledger.rules.world import Loaders, World
from ledger.statement import gs1
from ledger.statement.events import Event
from ledger.statement.forms import FORMS
from ledger.statement.governance import (
    Admit,
    Genesis,
    Governance,
    Hold,
    KeyAdd,
    KeyRevoke,
    Product,
    Recall,
    Sites,
    Suspend,
)
from ledger.statement.parts import AuthorityParty, Licence, Party, Scope, Site, Storage
from tests.world import LICENCE, ORIGIN, key_text, policy, seed
from tests.world import gln as _gln
from tests.world import gtin as _gtin

STATUSES: Final = {
    "unknown": "never commissioned",
    "here": "active, at the acting site",
    "inside": "active, in a container at the acting site",
    "elsewhere": "active, at another site",
    "sent": "in transit from the acting site",
    "coming": "in transit to the acting site",
    "supplied": "inactive, supplied at the acting site",
    "lost": "inactive, lost at the acting site",
}
MARKS: Final = {
    "none": "no mark",
    "recalled": "its lot is recalled",
    "withdrawn": "its product is withdrawn",
    "held": "its lot is on hold",
    "quarantine": "on hold by the acting party's own quarantine",
    "expired": "its lot is expired",
    "key-suspect": "a key that signed for it is suspect",
    "suspended": "the acting party is suspended",
}
GTIN: Final = _gtin("0952111000001")
PACK: Final = gs1.sgtin(GTIN, "A1")
BOX: Final = gs1.sscc("095211100000000015"[:17] + gs1.check_digit("09521110000000001"))
BOX2: Final = gs1.sscc("09521110000000002" + gs1.check_digit("09521110000000002"))
HOLDER, TRADER, OTHER, AUTHORITY = (_gln(f"9521110{n}0000") for n in (1, 2, 3, 4))
SITES: Final = {
    party: _gln(f"9521110{n}0010") for n, party in enumerate((HOLDER, TRADER, OTHER), 1)
}
NOW: Final = 1_790_841_600_000  # 2026-10-01T08:00:00Z
BORN, ACTED, SHIPPED, PACKED = 50, 60, 61, 62  # indexes of earlier events
SHIP_ID, ACT_ID, OUT_ID = "5" * 64, "6" * 64, "7" * 64


def _authority(mark: str) -> Authority:
    authority = Authority()
    index = 0

    def apply(body: Governance, *, at: int = -1) -> None:
        nonlocal index
        authority.apply(
            sign_governance(body, [seed("authority 1")]).statement, at if at >= 0 else index
        )
        index += 1

    told = {"log": ORIGIN, "nonce": "0" * 32, "time": "2026-10-01T08:00:00Z"}
    roles = {"wholesaler": sorted(FORMS)}
    apply(Genesis(
        by=AUTHORITY, authority=AuthorityParty(country="BE", gln=AUTHORITY, name="Authority"),
        keys=sorted(map(key_text, ("a", "b"))), log_key=key_text("log"),
        policy=policy(roles=roles, export_undo=True), status_key=key_text("status"), **told,
    ))  # fmt: skip
    for n, (party, site) in enumerate(SITES.items(), 1):
        apply(Admit(
            by=AUTHORITY, admin_keys=[key_text(f"{n} admin")], recovery_key=key_text(f"{n} spare"),
            party=Party(country="BE", gln=party, licence=LICENCE, name=f"Party {n}",
                        prefixes=[f"95211{n:02d}"] if n > 1 else ["9521110"], roles=["wholesaler"]),
            **told,
        ))  # fmt: skip
        record = Site(activities=[], address="Street 1", gln=site, licence=LICENCE, name="Site")
        apply(Sites(by=AUTHORITY, party=party, sites=[record], **told))
        apply(KeyAdd(
            by=party, expires="2028-01-01T00:00:00Z", from_="2026-01-01T00:00:00Z",
            key=key_text(f"{n} key"), operations=sorted(FORMS), sites=[site], use="station", **told,
        ))  # fmt: skip
    apply(Product(
        by=HOLDER, form="tablet", gtin=GTIN, holder=HOLDER, markets=["BE"], name="Examplin",
        pack_size="30", packers=[TRADER], storage=Storage(max=25, min=2), strength="10 mg",
        wholesalers=[], **told,
    ))  # fmt: skip
    scope = Scope(gtin=GTIN, lots=["L1"])
    if mark in ("recalled", "withdrawn"):
        apply(Recall(
            by=HOLDER, deadline="2026-10-09T12:00:00Z", depth="pharmacy", recall_class=1,
            kind="recall" if mark == "recalled" else "withdrawal", reason="r", scope=scope, **told,
        ))  # fmt: skip
    elif mark == "held":
        apply(Hold(by=HOLDER, reason="r", review_by="2026-12-01", scope=scope, **told))
    elif mark == "suspended":
        apply(Suspend(by=AUTHORITY, gln=TRADER, reason="r", **told))
    elif mark == "key-suspect":
        keyid = next(
            k.id for k in authority.keys.values() if k.party == HOLDER and k.use == "station"
        )
        apply(KeyRevoke(
            by=HOLDER, keyid=keyid, reason="lost", since="2026-09-01T00:00:00Z", **told
        ), at=90)  # fmt: skip
    return authority


def _row(status: str, mark: str) -> Row | None:
    here, there = SITES[TRADER], SITES[OTHER]
    row = Row(
        PACK, ACTIVE, "", here, TRADER, "", "", "", -1, there, -1, BORN, "L1", BORN
    )  # fmt: skip
    if mark == "quarantine":
        row = replace(row, hold=TRADER, hold_reason="suspect")
    match status:
        case "unknown":
            return None
        case "inside":
            return replace(row, parent=BOX, site="", owner="", joined=BORN + 1)
        case "elsewhere":
            return replace(row, site=there)
        case "sent":
            return replace(row, status=IN_TRANSIT, shipment=SHIPPED)
        case "coming":
            return replace(row, status=IN_TRANSIT, shipment=SHIPPED, site=there)
        case "supplied":
            return replace(row, status=INACTIVE, reason="supply", last=ACTED)
        case "lost":
            return replace(row, status=INACTIVE, reason="lost", last=ACTED)
    return row


def _world(op: str, status: str, mark: str) -> World:
    here, there = SITES[TRADER], SITES[OTHER]
    box = Row(BOX, ACTIVE, "", here, TRADER, "", "", "", -1, there, -1, BORN, "", BORN + 1)
    checked_out = Row(
        gs1.sgtin(GTIN, "IN"), INACTIVE, "check_out", here, TRADER, "", "", "", -1, "", -1, ACTED, "L1",
        BORN,
    )  # fmt: skip
    rows = {row.id: row for row in (box, replace(box, id=BOX2), checked_out)}
    row = _row(status, mark)
    if row is not None:
        rows[PACK] = row
    inside = {BOX: [PACK]} if status == "inside" else {BOX: ["x"]} if op == "unpack" else {}
    if op == "unpack" and status != "inside":
        rows["x"] = replace(box, id="x", parent=BOX, site="", owner="")
    sender, receiver = (there, here) if status == "coming" else (here, there)
    shipment = Shipment(
        SHIPPED, SHIP_ID, "ship", NOW, OTHER, sender, TRADER, receiver, TRADER, "N-1", received=False
    )  # fmt: skip
    refs = {
        ref.id: ref
        for ref in (
            Ref(SHIPPED, SHIP_ID, NOW, "ship", OTHER, sender),
            Ref(ACTED, ACT_ID, NOW, "supply", TRADER, here),
            Ref(ACTED, OUT_ID, NOW, "check_out", TRADER, here),
        )
    }
    expiry = _expiry(mark)
    held = int(mark == "quarantine")
    return World(Loaders(
        row=rows.get,
        children=lambda container: inside.get(container, ()),
        content=lambda c: {(GTIN, "L1"): Count(1, held)} if PACK in inside.get(c, ()) else {},
        shipment=lambda index: shipment if index == SHIPPED else None,
        lot=lambda gtin, lot: Lot(gtin, lot, expiry, BORN) if (gtin, lot) == (GTIN, "L1") else None,
        statement=refs.get,
        signed=lambda _keyid, _since: [BORN] if mark == "key-suspect" else [],
        spans=lambda item: [(BOX, PACKED, -1)] if status == "inside" and item == PACK else [],
        items=lambda index: [checked_out.id] if index == ACTED else [],
    ))  # fmt: skip


def _expiry(mark: str) -> date:
    return date(2026, 1, 31) if mark == "expired" else date(2028, 1, 31)


def _event(op: str, mark: str) -> Event:
    """The acting party does something with the pack; a transfer is the other one's doing."""
    form = FORMS[op]
    by = OTHER if op == "transfer" else TRADER
    fields: dict[str, object] = {}
    if form.parent:
        fields["parent"] = BOX if op == "unpack" else BOX2
    if form.transfer:
        fields |= {
            "source_party": TRADER,
            "dest_party": OTHER,
            "dest_site": SITES[OTHER],
            "number": "N-2",
        }
    if form.shipment:
        fields["shipment"] = SHIP_ID
    if form.undoes:
        fields["undoes"] = ACT_ID
    if form.ilmd:
        fields |= {"lot": "L1", "expiry": _expiry(mark)}
    if form.inputs:
        fields["inputs"] = (OUT_ID,)
    return Event(
        op=op, by=by, log=ORIGIN, nonce="0" * 32, time_ms=NOW, time_offset="+00:00",
        read_point=SITES[by], **fields,
    )  # fmt: skip


def cell(op: str, status: str, mark: str) -> str:
    """What an operation does to a pack: its new status, "unchanged", or the code of the refusal."""
    world, authority = _world(op, status, mark), _authority(mark)
    signers = frozenset({TRADER, OTHER}) if op == "transfer" else frozenset({TRADER})
    try:
        rights.check_standing(authority, op, signers, SITES[TRADER])
        changes = decide(
            world, authority, _event(op, mark), "8" * 64, Named([PACK], extras=True, signers=signers),
            100, NOW,
        )  # fmt: skip
    except Refused as refused:
        return refused.code
    if changes.already:
        return "already"
    before, after = world.row(PACK), changes.rows.get(PACK)
    if after is None:
        return "unchanged"
    words = after.status if after.parent == "" else f"{after.status} inside"
    if after.reason:
        words += f" ({after.reason})"
    held_before = before is not None and bool(before.hold)
    if bool(after.hold) != held_before:
        words += ", on hold" if after.hold else ", released"
    return words.replace("_", " ")


def cells() -> Iterator[tuple[str, str, str, str]]:
    """Every cell: operation, status, mark, what happens."""
    for op in FORMS:
        for status in STATUSES:
            for mark in MARKS:
                if status != "unknown" or mark != "quarantine":
                    yield op, status, mark, cell(op, status, mark)


def markdown() -> str:
    """The matrix as a page of the docs."""
    lines = [
        "# What may happen to a pack",
        "",
        "Made by `make matrix`, which asks the code for every cell; do not edit. A cell is the pack's",
        "new status, `unchanged`, `already` (the same act at the same site again changes nothing), or",
        "the code of the refusal. The acting party is a trader with every operation, a named packer of",
        "the product and not its holder; the one of `transfer` is the new owner, signing with the old.",
        "",
        *(f"- **{name}**: {words}" for name, words in STATUSES.items()),
        "",
        "Marks:",
        "",
        *(f"- **{name}**: {words}" for name, words in MARKS.items()),
    ]
    found: dict[str, dict[str, dict[str, str]]] = {}
    for op, status, mark, outcome in cells():
        found.setdefault(op, {}).setdefault(status, {})[mark] = outcome
    for op, by_status in found.items():
        lines += [
            "",
            f"## {op}",
            "",
            f"| from | {' | '.join(MARKS)} |",
            "|---" * (len(MARKS) + 1) + "|",
        ]
        for status, by_mark in by_status.items():
            lines.append(f"| {status} | {' | '.join(by_mark.get(mark, '') for mark in MARKS)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(markdown())

__all__ = ["MARKS", "STATUSES", "Licence", "cell", "cells", "markdown"]
