"""What lies where in the simulated world, as those who act in it know it.

Only to choose what to move next: the log keeps its own account, and refuses what does not agree.
"""

from __future__ import annotations

from typing import Final

from app.demo.cast import Member

_SERIAL_DIGITS: Final = 5  # a serial is its lot's number and these


class Stock:
    """The outermost items of each site, in order of arrival, and what containers were packed with."""

    def __init__(self) -> None:
        self._at: dict[str, dict[str, None]] = {}
        self.inside: dict[str, list[str]] = {}  # container -> what was packed, also once unpacked
        self.owners: dict[str, str] = {}  # item -> GLN, where that is not whoever holds it
        self.barred: set[str] = set()  # lots that nobody sells on
        self.aside: set[str] = set()  # items that daily trade leaves alone

    def at(self, member: Member) -> dict[str, None]:
        """Ids of the outermost items at a site."""
        return self._at.setdefault(member.site, {})

    def add(self, member: Member, *items: str) -> None:
        """Items come to a site."""
        self.at(member).update(dict.fromkeys(items))

    def remove(self, member: Member, *items: str) -> None:
        """Items leave a site. Raises KeyError for what is not there."""
        for item in items:
            del self.at(member)[item]

    def open(self, member: Member, container: str) -> None:
        """What a container holds comes to lie beside it."""
        packed = self.inside[container]
        owner = self.owners.pop(container, None)
        if owner is not None:
            self.owners.update(dict.fromkeys(packed, owner))
        self.remove(member, container)  # empty, it is of no more use here
        self.add(member, *packed)

    def owner(self, item: str, holder: Member) -> str:
        """GLN of who owns an item that somebody holds."""
        return self.owners.get(item, holder.gln)

    def lot_of(self, item: str) -> str:
        """The lot of a pack, or of what a container was packed with."""
        while item in self.inside:
            item = self.inside[item][0]
        return item.rpartition("/")[2][:-_SERIAL_DIGITS]

    def cases(self, member: Member, lot: str = "") -> list[str]:
        """Containers at a site that may go on, of any lot or of one."""
        return [item for item in self._free(member, lot) if item in self.inside]

    def loose(self, member: Member, lot: str = "") -> list[str]:
        """Packs that lie loose at a site and may go on, of any lot or of one."""
        return [item for item in self._free(member, lot) if item not in self.inside]

    def _free(self, member: Member, lot: str) -> list[str]:
        return [
            item
            for item in self.at(member)
            if item not in self.aside
            and (found := self.lot_of(item)) not in self.barred
            and lot in ("", found)
        ]

    def packs(self, member: Member, *lots: str) -> list[str]:
        """All packs of these lots at a site, loose or not, whether they may go on or not."""
        found = []
        for item in self.at(member):
            if self.lot_of(item) in lots:
                found += self._unfold(item)
        return found

    def _unfold(self, item: str) -> list[str]:
        if item not in self.inside:
            return [item]
        return [pack for packed in self.inside[item] for pack in self._unfold(packed)]
