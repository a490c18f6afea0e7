"""The pages; each module one job, with a folder of templates of the same name."""

from app.pages import (
    account,
    bags,
    contacts,
    containers,
    decommission,
    demo,
    documents,
    help,
    home,
    labels,
    log,
    lots,
    offline,
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
        contacts,
        containers,
        decommission,
        demo,
        documents,
        help,
        home,
        labels,
        log,
        lots,
        offline,
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
