"""The JSON interface, and the log's own resources; each module one job."""

from app.api import (
    bags,
    checks,
    deliveries,
    health,
    packs,
    people,
    registry,
    scans,
    sessions,
    shipments,
    statements,
    tlog,
    waiting,
)

BLUEPRINTS = tuple(
    module.blueprint
    for module in (
        bags,
        checks,
        deliveries,
        health,
        packs,
        people,
        registry,
        scans,
        sessions,
        shipments,
        statements,
        tlog,
        waiting,
    )
)
