"""Marks: what is worked out about stock and parties, never written on a pack (custody.md 1).

Blocked stock does not go on; marks never block what makes stock safe. Who is told in which words
is the verdict's business.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

EXPIRED = "expired"
ON_HOLD = "on-hold"
SUSPENDED = "suspended"
LICENCE_EXPIRED = "licence-expired"


def last_moment(expiry: date) -> int:
    """The first ms at which the expiry date is over everywhere on earth (the last place is UTC-12)."""
    end = datetime(expiry.year, expiry.month, expiry.day, tzinfo=UTC) + timedelta(days=1, hours=12)
    return int(end.timestamp()) * 1000


def is_expired(expiry: date, ms: int) -> bool:
    """Whether a lot of this expiry is expired for the ledger's rules at a landing time."""
    return ms >= last_moment(expiry)
