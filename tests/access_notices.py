"""Contacts and notices in the access matrix: how each route is asked."""

from __future__ import annotations

from typing import Final

from ledger.store.contacts import Contact
from tests.access_routes import Recipe
from tests.access_things import KINDS
from tests.access_world import Scene, Thing


def contact(scene: Scene, role: str, whose: str) -> Thing | None:
    """How a site is reached."""
    who = scene.owner(role, whose)
    if who is None:
        return None
    email = f"recalls@{who.name}.example"
    scene.desk.contacts.keep(Contact(who.site, "Recall desk", email, "+441632960001"))
    return Thing({"site": who.site}, (email,))


KINDS["contact"] = contact
NOTICES: Final[dict[str, tuple[Recipe, ...]]] = {
    "GET /contacts": (Recipe("contact", listing=True),),
    "POST /contacts": (
        Recipe(
            "site",
            form=lambda _s, t: {
                "site": t["site"], "role": "Recall desk", "email": "desk@site.example",
                "phone": "+441632960002", "webhook": "", "language": "en",
            },
        ),
    ),
}  # fmt: skip
