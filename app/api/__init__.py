"""The JSON interface, and the log's own resources; each module one job."""

from app.api import health, packs, registry, scans, sessions, statements, tlog

BLUEPRINTS = tuple(
    module.blueprint for module in (health, packs, registry, scans, sessions, statements, tlog)
)
