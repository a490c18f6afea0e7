"""The JSON interface, and the log's own resources; each module one job."""

from app.api import (
    alerts,
    bags,
    checks,
    containers,
    deliveries,
    documents,
    governance,
    health,
    inspections,
    lots,
    packs,
    people,
    policy,
    recalls,
    registry,
    scans,
    sessions,
    shipments,
    statements,
    tlog,
    traces,
    waiting,
)

BLUEPRINTS = tuple(
    module.blueprint
    for module in (
        alerts,
        bags,
        checks,
        containers,
        deliveries,
        documents,
        governance,
        health,
        inspections,
        lots,
        packs,
        people,
        policy,
        recalls,
        registry,
        scans,
        sessions,
        shipments,
        statements,
        tlog,
        traces,
        waiting,
    )
)
