"""Who may see and do what: every route, every role, whosever thing it is, asked of the real app.

`python -m tests.access docs/access.md` writes the table into the docs; `test_access` holds it to
what the code does, and to what must hold whatever the table says.
"""

from __future__ import annotations

import gzip
import re
import sys
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote

from flask import Flask
from werkzeug.test import TestResponse

from tests.access_routes import NOTHING, PART, RECIPES, SECTIONS, Recipe
from tests.access_things import KINDS, UNKNOWN
from tests.access_traces import KIND_NAMES as TRACED
from tests.access_world import (
    ADMINISTRATOR,
    AUTHORITY,
    ROLES,
    STRANGER,
    STRANGERS,
    WHOSE,
    Scene,
    Thing,
    key_name,
    scene,
)
from tests.world import Member

YES, NO, SIGN_IN, PUBLIC, BY_LINK, NONE = "yes", "no", "sign in", "public", "by link", "–"
# What the authority knows of, be it whose it is; what it may do with it is another matter.
ON_THE_LOG: Final = frozenset(
    {"pack", "container", "shipment", "shipment under way", "statement", "document", *TRACED}
)
_QUOTE: Final = rb'(?:"|&#34;|&quot;)'
_ENCODED: Final = re.compile(_QUOTE + rb"([A-Za-z0-9+/]{40,}={0,2})" + _QUOTE)
_NOW: Final = re.compile(r'"now": \d+')


class Cell(NamedTuple):
    """What happened when a role asked a route for a thing that stands to it so.

    `leaks` are texts of the answer that this role must not see; `oracle` tells how a thing that
    there is was answered otherwise than one that there is not.
    """

    route: str
    kind: str
    whose: str
    role: str
    outcome: str
    leaks: tuple[str, ...] = ()
    oracle: str = ""


def routes(app: Flask) -> list[str]:
    """Every method and rule that the app answers."""
    return sorted(
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    )


def text_of(answer: TestResponse) -> str:
    """All that an answer says, with the payloads that it holds packed or encoded."""
    data = answer.data
    if answer.headers.get("Content-Encoding") == "gzip":
        data = gzip.decompress(data)
    found = [data]
    for encoded in _ENCODED.findall(data):
        with suppress(Base64Error):
            decoded = b64decode(encoded, validate=True)
            if decoded.startswith(b"{"):
                found.append(decoded)
    return b"\n".join(found).decode("utf-8", "replace")


def cells(world: Scene) -> Iterator[Cell]:
    """Every cell, by route in the order of the recipes."""
    for route, recipes in RECIPES.items():
        for recipe in recipes:
            for whose in WHOSE if recipe.kind else (NOTHING,):
                for role in ROLES:
                    yield _cell(world, route, recipe, whose, role)


def _cell(world: Scene, route: str, recipe: Recipe, whose: str, role: str) -> Cell:
    thing = KINDS[recipe.kind](world, role, whose) if recipe.kind else _public(world)
    if thing is None:
        return Cell(route, recipe.kind, whose, role, NONE)
    answer, text = _ask(world, route, recipe, thing, role)
    outcome = _outcome(recipe, answer, text, thing, role)
    oracle = ""
    if whose == STRANGERS and outcome in (NO, SIGN_IN) and _compared(recipe, role):
        oracle = _oracle(world, route, recipe, role, thing, answer)
    leaks = tuple(_leaks(world, recipe, thing, role, outcome, text))
    return Cell(route, recipe.kind, whose, role, outcome, leaks, oracle)


def _compared(recipe: Recipe, role: str) -> bool:
    """Whether a stranger's thing must be answered as one that there is not."""
    told = recipe.listing or recipe.verdict or recipe.kind not in UNKNOWN
    return not told and (role != AUTHORITY or recipe.kind not in ON_THE_LOG)


def _oracle(
    world: Scene, route: str, recipe: Recipe, role: str, thing: Thing, answer: TestResponse
) -> str:
    """How one that there is not is answered, where it is otherwise."""
    unknown = UNKNOWN[recipe.kind](world)
    other, words = _ask(world, route, recipe, unknown, role)
    same = _plain(text_of(answer), thing) == _plain(words, unknown)
    if same and other.status_code == answer.status_code:
        return ""
    return f"{answer.status_code} {answer.text!r}, none: {other.status_code} {other.text!r}"


def _public(world: Scene) -> Thing:
    return Thing({"gln": world.pharmacy2.site, "keyid": key_name(world.pharmacy2)})


def _ask(
    world: Scene, route: str, recipe: Recipe, thing: Thing, role: str
) -> tuple[TestResponse, str]:
    method, rule = route.split(" ", 1)
    answer = recipe.ask(world, role, thing, method, rule)
    assert answer.status_code not in (400, 405, 415, 429), (route, role, answer.text)
    assert answer.status_code < 500, (route, role, answer.text)
    return answer, text_of(answer)


def _outcome(recipe: Recipe, answer: TestResponse, text: str, thing: Thing, role: str) -> str:
    if answer.status_code >= 400:
        return SIGN_IN if answer.status_code == 401 else NO
    if recipe.note:
        return recipe.note
    if not recipe.kind:
        return PUBLIC if role == STRANGER else YES
    if recipe.tell:
        return recipe.tell(answer, role)
    marks = (
        [_names(one) for one in thing.hands]
        if recipe.history
        else [(m,) for m in recipe.marks(thing)]
    )
    whole = all(any(name in text for name in names) for names in marks)
    if recipe.listing:
        return YES if whole else NO
    return YES if whole else PART


def _names(who: Member) -> tuple[str, ...]:
    """By what a site is known: its GLN, or its name."""
    return who.site, "Depot" if who.name == "depot" else f"{who.name.capitalize()} site"


def _leaks(
    world: Scene, recipe: Recipe, thing: Thing, role: str, outcome: str, text: str
) -> Iterator[str]:
    asked = {str(value) for value in thing.fields.values()}
    at = world.key_of(role)
    for secret, who in world.secrets.items():
        own = at is not None and who.site == at[1].site
        administers = role == ADMINISTRATOR and who.gln == world.wholesaler.gln
        if secret in text and secret not in asked and not (own or administers):
            yield secret
    party = at[1].gln if at else ""
    for secret, who in world.of_parties.items():
        if secret in text and secret not in asked and who.gln != party:
            yield secret
    if outcome in (NO, SIGN_IN):
        yield from (mark for mark in thing.marks if mark in text and mark not in asked)
    if role == AUTHORITY:
        return
    # One step up, one step down, and the maker, whom the label names.
    hands = thing.hands
    here = next((n for n, who in enumerate(hands) if at and who.site == at[1].site), None)
    near = hands[max(0, here - 1) : here + 2] if here is not None else ()
    for who in hands[1:]:
        if who not in near:
            yield from (name for name in _names(who) if name in text)


def _plain(text: str, thing: Thing) -> str:
    """An answer without what the question named."""
    for value in sorted({str(one) for one in thing.fields.values() if one}, key=len, reverse=True):
        for written in (value, quote(value, safe=""), quote(value)):
            text = text.replace(written, "·")
    return _NOW.sub("", text)


INTRODUCTION: Final = """\
# Who may see and do what

Made by `make matrix`, which asks the real app for every cell; do not edit. Each route of the app is
asked by each role for a thing of its own, of another site of its party, of one that it shares with a
trading partner (a shipment between them, a pack that it sold on), of a partner's that does not concern
it, and of a stranger's. What one cannot own or share has no row, or `–` in its cell.

- **Everybody**, signed in or not: the log with its governance, checkpoints and commitments; the verdict
  on a pack whose whole label one holds, without holder, route or dates.
- **Site**: what lies, was scanned, bagged or waits to be signed at a site is shown there alone. So are
  the names of its people, which are nowhere on the log.
- **Party**: statements, shipments and documents are the party's, at whichever of its sites one is.
- **One step up, one step down**: of a pack's way a site sees who made it, who sent it here, and to whom
  it went from here; of a shipment both sides see all.
- **Recall**: what it says stands in the clear. Who holds its packs, how many, and what they answered the
  product's holder and whoever opened it see by site, for no recall can be run without; of a hold the
  sums alone, for it costs nothing. Every other site sees its own part.
- **Print**: what is known of a label's print, looks and scores, is the product's holder's and the authority's;
  the holder learns of another party's site its role and country. A template is nobody's to see.
- **Authority**: all that is on the log, and what goes with it. What is not on the log (bags, people,
  sessions, invitations, acts that wait, files that were not recorded, what a site counted of itself)
  is not the authority's either, but how a site is reached: it calls who does not answer a recall. Its
  inspector counts at any site. It sees the cases that have gone on from a site, and of those that a site
  closed itself how and why, not the pack.
- **Administrator**: the people and keys of all sites of the party, and what its administrators sign
  together; of goods no more than the site that it is signed in at. Its key signs no act on packs.
- Whoever holds an **invitation** or a **sign-in link** may use it, once; it gives no power over goods:
  a key counts when an administrator has signed for it on the log.
- A **statement** is taken from whoever carries it: the keys that signed it decide, not the session.

What one may not see is answered as what there is not: a refusal never tells whether there is such a
thing. Only of packs a site that is signed in is told whether they are on record, for it has to know.

`yes`: shown or done. `part`: shown without what is not for this role. `no`: refused, or a list without
it. `sign in`: 401. `public`: as for everybody. `by link`: to who has the link. The administrator is the
wholesaler's; nobody signed in asks for what the wholesaler does. `/demo` is there in a simulated world
alone.
"""


def markdown(found: list[Cell]) -> str:
    """The table as a page of the docs."""
    rows: dict[str, dict[tuple[str, str], dict[str, str]]] = {}
    for cell in found:
        by_thing = rows.setdefault(cell.route, {})
        by_thing.setdefault((cell.kind, cell.whose), {})[cell.role] = cell.outcome
    lines = [INTRODUCTION.rstrip("\n")]
    for title, section in SECTIONS.items():
        head = f"| route | thing | whose | {' | '.join(ROLES)} |"
        lines += ["", f"## {title}", "", head, "|---" * (3 + len(ROLES)) + "|"]
        for route in section:
            for (kind, whose), by_role in rows[route].items():
                told = [by_role[role] for role in ROLES]
                if set(told) != {NONE}:
                    lines.append(f"| `{route}` | {kind} | {whose} | {' | '.join(told)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    with scene() as made:
        Path(sys.argv[1]).write_text(markdown(list(cells(made))))
