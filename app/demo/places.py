"""Where the sites of the simulated world lie: points in Belgium, made up as everything else."""

from __future__ import annotations

from typing import Final

from app.demo.cast import Cast
from ledger.store.desk import Desk
from ledger.store.places import Spot

_SPOTS: Final = (
    (50.85, 4.35), (51.21, 4.42), (50.47, 4.87), (51.05, 3.73), (50.93, 5.34), (50.63, 5.57),
    (50.88, 4.70), (50.41, 4.44), (51.02, 4.10), (51.21, 3.22), (50.83, 3.27), (50.45, 3.95),
    (51.32, 4.94), (50.23, 5.34), (49.92, 5.38), (50.81, 5.19), (50.60, 3.39), (51.16, 4.99),
    (50.74, 4.60), (50.35, 5.46), (51.13, 2.75), (49.68, 5.81), (50.97, 3.53),
)  # fmt: skip


def place(desk: Desk, cast: Cast) -> None:
    """Tell a desk where everybody lies."""
    sites = [cast.authority.site, *(member.site for member in cast.members)]
    for site, spot in zip(sites, _SPOTS, strict=True):
        desk.places.put(site, Spot(*spot))
