"""Who counts as a second person: not the station at which the first one stands."""

from __future__ import annotations

import pytest

from ledger.errors import Refused
from tests.world import Chain, Member, seed


def person(chain: Chain, who: Member, name: str, staff: str) -> bytes:
    """A person's key on the log; its seed."""
    chain.log.submit(chain.key_add(who, name, use="person", staff=staff))
    return seed(name)


def destroy(chain: Chain, packs: list[str], *keys: bytes) -> None:
    chain.log.submit(chain.event("destroyed", chain.maker, packs, keys=list(keys)))


def test_two_people_destroy_what_one_at_a_station_cannot(chain: Chain) -> None:
    packs = chain.commission("H1", 3)
    station = chain.maker.key
    kim = person(chain, chain.maker, "kim", "1")
    ada = person(chain, chain.maker, "ada", "2")
    again = person(chain, chain.maker, "kim's second device", "1")
    for keys in ([kim], [station, kim], [kim, again], [station, kim, again]):
        with pytest.raises(Refused, match="threshold"):
            destroy(chain, packs[:1], *keys)
    destroy(chain, packs[:1], kim, ada)
    destroy(chain, packs[1:2], station, kim, ada)


def test_two_stations_are_two_where_no_person_has_a_key(chain: Chain) -> None:
    packs = chain.commission("H2", 1)
    chain.log.submit(chain.key_add(chain.maker, "second station"))
    destroy(chain, packs, chain.maker.key, seed("second station"))
