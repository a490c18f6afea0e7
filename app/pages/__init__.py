"""The pages; each module one job, with a folder of templates of the same name."""

from app.pages import account, help, home, log, packs, scan, verify

BLUEPRINTS = tuple(module.blueprint for module in (account, help, home, log, packs, scan, verify))
