"""Contacts and notices in the access matrix: how each route is asked."""

from __future__ import annotations

from typing import Final

from ledger.statement.governance import Recall
from ledger.statement.parts import Scope
from ledger.store.contacts import Contact
from tests.access_routes import PUBLIC, Recipe
from tests.access_things import KINDS, UNKNOWN
from tests.access_world import Scene, Thing


def contact(scene: Scene, role: str, whose: str) -> Thing | None:
    """How a site is reached."""
    who = scene.owner(role, whose)
    if who is None:
        return None
    email = f"recalls@{who.name}.example"
    scene.desk.contacts.keep(Contact(who.site, "Recall desk", email, "+441632960001"))
    return Thing({"site": who.site}, (email,))


def letter(scene: Scene, role: str, whose: str) -> Thing | None:
    """The letter to a site about packs that it holds: of a maker's who is nobody's partner here."""
    who = scene.owner(role, whose)
    if who is None:
        return None
    return _letter(scene, who.site)


def _letter(scene: Scene, site: str) -> Thing:
    key = ("letter", "")
    if key not in scene.memo:
        holders = (scene.wholesaler, scene.depot, scene.pharmacy, scene.maker, scene.pharmacy2)
        # Lots of their own: what is recalled here is in no other row.
        made = [scene.deliver(scene.far, one) for one in holders]
        scope = Scope(gtin=made[0].gtin, lots=sorted(one.lot for one in made))
        recall = scene.chain.governance(
            Recall, deadline="2026-10-09T12:00:00Z", depth="pharmacy", kind="recall",
            reason="particles", recall_class=2, scope=scope,
        )  # fmt: skip
        scene.memo[key] = Thing({"statement": scene.chain.log.submit(recall).id})
    fields = {**scene.memo[key].fields, "site": site}
    return Thing(fields, (f'<span class="code">GLN {site}</span>', site))


KINDS |= {"contact": contact, "letter": letter}
UNKNOWN["letter"] = lambda scene: _letter(scene, "9521199000004")
NOTICES: Final[dict[str, tuple[Recipe, ...]]] = {
    "GET /recalls.atom": (PUBLIC,),
    "GET /recalls/<statement>/letter": (
        Recipe("letter", query=lambda _s, t: {"site": t["site"]}, marks=lambda t: t.marks[:1]),
    ),
    "GET /contacts": (
        Recipe("contact", listing=True),
        Recipe(
            "letter", query=lambda _s, t: {"silent": t["statement"]}, marks=lambda t: t.marks[1:]
        ),
    ),
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
