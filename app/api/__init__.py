"""The JSON interface, and the log's own resources; each module one job."""

from app.api import (
    bags,
    deliveries,
    health,
    packs,
    people,
    registry,
    scans,
    sessions,
    statements,
    tlog,
    waiting,
)

BLUEPRINTS = tuple(
    module.blueprint
    for module in (
        bags,
        deliveries,
        health,
        packs,
        people,
        registry,
        scans,
        sessions,
        statements,
        tlog,
        waiting,
    )
)
