"""What became of a lot, counted straight from the statements that an authority may pull.

Written apart from the ledger's own fold and tables, so that it can tell when these are wrong: it knows
each pack by itself, moves it as the statements say, one after the other, and adds up.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

OUT = {
    ("dispensing", "dispensed"): "supply",
    ("dispensing", "partially_dispensed"): "open",
    ("destroying", "destroyed"): "destroyed",
    ("stock_taking", "stolen"): "stolen",
    ("stock_taking", "non_sellable_other"): "lost",
    ("repackaging", "unavailable"): "check_out",
}


def way_out(event: dict[str, Any]) -> str:
    """How an event takes packs out of the chain, "" for one that does not."""
    if event.get("packtrace:reason") in ("export", "sample", "free_sample"):
        return str(event["packtrace:reason"])
    return OUT.get((event["bizStep"], event.get("disposition", "")), "")


@dataclass
class Counted:
    """Sums in packs: from place to place, made, out of the chain, and where the packs are now."""

    made: int = 0
    arrived: Counter[tuple[str, str]] = field(default_factory=Counter)
    under_way: Counter[tuple[str, str]] = field(default_factory=Counter)
    out: Counter[tuple[str, str]] = field(default_factory=Counter)  # (site, how)
    here: Counter[str] = field(default_factory=Counter)
    became: int = 0  # of the lot that it was repacked into

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Counted) and all(
            +getattr(self, name) == +getattr(other, name)
            if isinstance(getattr(self, name), Counter)
            else getattr(self, name) == getattr(other, name)
            for name in ("made", "arrived", "under_way", "out", "here", "became")
        )


def pae_id(kind: str, payload: bytes) -> str:
    """A statement's id: SHA-256 of DSSE's pre-authentication encoding."""
    head = f"DSSEv1 {len(kind)} {kind} {len(payload)} "
    return sha256(head.encode() + payload).hexdigest()


def gln(uri: str) -> str:
    return uri.rsplit("/", 1)[1]


class Straight:
    """One walk over all statements, in the order in which they landed."""

    def __init__(self, pulled: str) -> None:
        self.lot: dict[str, str] = {}
        self.at: dict[str, str] = {}  # outermost item -> site, "way <shipment>" or "out <how>"
        self.around: dict[str, str] = {}
        self.inside: dict[str, set[str]] = defaultdict(set)
        self.sent: dict[str, tuple[str, str]] = {}
        self.arrived: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
        self.made: Counter[str] = Counter()
        self.out: dict[str, str] = {}
        self.became: Counter[str] = Counter()
        self.taken: dict[str, list[str]] = {}
        for line in pulled.splitlines():
            told = json.loads(line)["submission"]
            envelope = told["envelope"]
            if envelope["payloadType"].endswith("event+json"):
                payload = b64decode(envelope["payload"])
                ids = [one["id"] for one in told.get("items", ())]
                missing = [one["id"] for one in told.get("missing", ())]
                self.step(
                    pae_id(envelope["payloadType"], payload), json.loads(payload), ids, missing
                )

    def packs(self, item: str) -> list[str]:
        if item in self.lot:
            return [item]
        return [pack for child in sorted(self.inside[item]) for pack in self.packs(child)]

    def free(self, item: str) -> None:
        """Take an item out of what is around it; it lies where that lay."""
        if item in self.around:
            root = item
            while root in self.around:
                root = self.around[root]
            self.inside[self.around.pop(item)].discard(item)
            self.at[item] = self.at[root]

    def step(
        self, statement: str, event: dict[str, Any], ids: list[str], missing: list[str]
    ) -> None:
        here, step = gln(event["readPoint"]["id"]), event["bizStep"]
        late = event.get("packtrace:declared") == "after_the_fact"
        if late and any(self.where(item) != here for item in ids):
            return  # it counts only of what lies here
        if step == "commissioning":
            for item in ids:
                self.at[item] = here
                if "ilmd" in event:
                    self.lot[item] = event["ilmd"]["cbvmda:lotNumber"]
                    self.made[self.lot[item]] += 1
        elif event["type"] == "TransformationEvent":
            went_in = [p for one in event["packtrace:inputs"] for p in self.taken[one]]
            for item in ids:
                self.at[item] = here
                self.lot[item] = event["ilmd"]["cbvmda:lotNumber"]
            for lot in {self.lot[pack] for pack in went_in}:
                self.became[lot] += len(ids)
            for pack in went_in:
                self.out[pack] = f"repack {here}"
        elif step == "packing":
            for item in ids:
                self.around[item] = event["parentID"]
                self.inside[event["parentID"]].add(item)
                self.at.pop(item, None)
        elif step == "unpacking":
            for item in ids or sorted(self.inside[event["parentID"]]):
                self.free(item)
        elif step == "shipping" and "destinationList" in event:
            self.sent[statement] = here, gln(event["destinationList"][1]["destination"])
            for item in ids:
                self.free(item)
                self.at[item] = f"way {statement}"
        elif step == "receiving" and event.get("packtrace:reason") != "close_short":
            about = event["packtrace:shipment"]
            for item in missing:
                self.free(item)
            for item in ids:
                self.at[item] = here
                for pack in self.packs(item):
                    if here == self.sent[about][1]:
                        self.arrived[self.lot[pack]][self.sent[about]] += 1
        elif step == "void_shipping" and event["packtrace:reason"] == "void":
            for item in ids:
                self.at[item] = here
        elif "packtrace:undoes" in event or (step, event.get("disposition")) == (
            "stock_taking", "sellable_not_accessible",
        ):  # fmt: skip
            for item in ids:
                self.out.pop(item, None)
                self.at[item] = here
        elif how := way_out(event):
            self.taken[statement] = ids
            for item in ids:
                self.free(item)
                for pack in self.packs(item):
                    self.out.setdefault(pack, f"{how} {self.at[item]}")
                self.at[item] = "out"

    def where(self, item: str) -> str:
        while item in self.around:
            item = self.around[item]
        return self.at.get(item, "")

    def count(self, lot: str) -> Counted:
        """What became of a lot."""
        found = Counted(made=self.made[lot], arrived=self.arrived[lot], became=self.became[lot])
        for pack, number in self.lot.items():
            if number != lot:
                continue
            where = self.where(pack)
            if pack in self.out:
                how, _, site = self.out[pack].partition(" ")
                found.out[site, how] += 1
            elif where.startswith("way "):
                found.under_way[self.sent[where[4:]]] += 1
            else:
                found.here[where] += 1
        return found
