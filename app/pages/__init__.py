"""The pages; each module one job, with a folder of templates of the same name."""

from app.pages import (
    account,
    bags,
    demo,
    help,
    home,
    log,
    packs,
    people,
    scan,
    shipments,
    stock,
    today,
    verify,
    waiting,
)

BLUEPRINTS = tuple(
    module.blueprint
    for module in (
        account,
        bags,
        demo,
        help,
        home,
        log,
        packs,
        people,
        scan,
        shipments,
        stock,
        today,
        verify,
        waiting,
    )
)
