"""Who takes part in the simulated world, and which products there are.

Nobody here exists: every number is of GS1's demonstration range. What they do is left to `weeks`,
`incidents`, `measures` and `tasks`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from ledger.rules.operations import DESTRUCTION
from ledger.statement import gs1


def closed(digits: str) -> str:
    """A GS1 key with its check digit."""
    return digits + gs1.check_digit(digits)


@dataclass(frozen=True, slots=True)
class Member:
    """A simulated party at one of its sites, and the seeds of the keys that it signs with there.

    The shops of a chain are members of one party: they share its admin key, and each has its own
    station key.
    """

    label: str
    name: str
    role: str
    prefix: str
    shop: int = 0  # of a chain, from 1 on; 0 for a party with one site
    activities: tuple[str, ...] = ()  # beside that of its role
    seeds: dict[str, bytes] = field(default_factory=dict)

    @property
    def gln(self) -> str:
        """The party's GLN."""
        return closed(f"{self.prefix}00000")

    @property
    def site(self) -> str:
        """This site's GLN."""
        return closed(f"{self.prefix}{self.shop or 1:04d}0")

    @property
    def place(self) -> str:
        """The site's name."""
        return f"{self.name}, shop {self.shop}" if self.shop else f"{self.name}, main site"

    @property
    def party_label(self) -> str:
        """What the files of the party's own keys begin with."""
        return self.label.rpartition("-")[0] if self.shop else self.label


@dataclass(frozen=True, slots=True)
class Drug:
    """A simulated product; `maker` is the label of the member that holds it."""

    maker: str
    number: int
    name: str
    strength: str
    form: str
    pack_size: str


DRUGS: Final = (
    Drug("manufacturer-1", 1, "Examplin", "10 mg", "film-coated tablet", "30"),
    Drug("manufacturer-1", 2, "Examplin forte", "40 mg", "film-coated tablet", "30"),
    Drug("manufacturer-2", 1, "Demozol", "20 mg", "gastro-resistant capsule", "28"),
    Drug("manufacturer-2", 2, "Specimol", "5 mg/ml", "oral solution", "1"),
    Drug("manufacturer-1", 3, "Sampletin", "5 mg", "tablet", "50"),
    Drug("manufacturer-2", 3, "Fictivir", "200 mg", "hard capsule", "10"),
    Drug("manufacturer-3", 1, "Placebrol", "50 mg", "prolonged-release tablet", "60"),
    Drug("manufacturer-3", 2, "Testapril", "2.5 mg", "tablet", "28"),
    Drug("manufacturer-3", 3, "Mockacillin", "500 mg", "powder for injection", "5"),
    Drug("repackager-1", 1, "Examplin, small pack", "10 mg", "film-coated tablet", "10"),
)


class Cast:
    """All members, by what they are."""

    def __init__(self) -> None:
        self.authority = Member("authority", "Demo Medicines Agency", "authority", "9521000")
        self.makers = [
            Member(f"manufacturer-{n}", f"Manufacturer {n}", "manufacturer", f"952110{n}")
            for n in (1, 2, 3)
        ]
        self.wholesalers = [
            Member(f"wholesaler-{n}", f"Wholesaler {n}", "wholesaler", f"952120{n}")
            for n in (1, 2, 3, 4)
        ]
        # Stores what others own, and burns what nobody may have any more.
        self.warehouse = Member(
            "warehouse-1", "Warehouse 1", "wholesaler", "9521251", activities=(DESTRUCTION,)
        )
        self.pharmacies = [
            Member(f"pharmacy-{n}", f"Pharmacy {n}", "pharmacy", f"952130{n}") for n in range(1, 10)
        ]
        self.chain = [
            Member(f"chain-1-{n}", "Pharmacy Chain 1", "pharmacy", "9521310", n) for n in (1, 2, 3)
        ]
        self.hospital = Member("hospital-1", "Hospital 1", "pharmacy", "9521401")
        self.repackager = Member("repackager-1", "Repackager 1", "repackager", "9521501")

    @property
    def dispensers(self) -> list[Member]:
        """The sites that supply to patients."""
        return [*self.pharmacies, *self.chain, self.hospital]

    @property
    def members(self) -> list[Member]:
        """Everybody but the authority; a chain's shops follow one another."""
        return [
            *self.makers, *self.wholesalers, self.warehouse, *self.dispensers, self.repackager
        ]  # fmt: skip

    def member(self, label: str) -> Member:
        """The member with a label. Raises LookupError."""
        for one in self.members:
            if one.label == label:
                return one
        raise LookupError(f"nobody is called {label}")

    def gtin(self, drug: Drug) -> str:
        """A product's GTIN: its holder's prefix and a number."""
        return closed(f"0{self.member(drug.maker).prefix}{drug.number:05d}")
