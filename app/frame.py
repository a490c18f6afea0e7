"""What frames every page: the ways from it, as far as this node has them, and the way back to it."""

from __future__ import annotations

from typing import Any, Final, NamedTuple
from urllib.parse import quote

from flask import Flask, current_app, request
from flask_babel import lazy_gettext as _

from app.node import maybe_node, node
from app.session import acting, person

# Path -> its words. Help comes last for everybody, so that it is found in the same place.
_STRANGER: Final = (
    ("/verify", _("Check a pack")),
    ("/scan", _("Scan")),
    ("/log", _("Log")),
    ("/help", _("Help")),
)
_SIGNED_IN: Final = (
    ("/", _("Home")),
    ("/scan", _("Scan")),
    ("/stock", _("Stock")),
    ("/shipments", _("Shipments")),
    ("/recalls", _("Recalls")),
    ("/alerts", _("Alerts")),
    ("/traces", _("Trace")),
    ("/log", _("Log")),
    ("/help", _("Help")),
)
# An authority holds hardly any stock: what it decides on comes first.
_AUTHORITY: Final = (
    ("/", _("Home")),
    ("/recalls", _("Recalls")),
    ("/alerts", _("Alerts")),
    ("/traces", _("Trace")),
    ("/parties", _("Parties")),
    ("/policy", _("Policy")),
    ("/scan", _("Scan")),
    ("/stock", _("Stock")),
    ("/shipments", _("Shipments")),
    ("/log", _("Log")),
    ("/help", _("Help")),
)
# Who numbers containers, and who makes lots, goes on from the stock to them.
_CONTAINERS: Final = ("/containers", _("Containers"))
_LOTS: Final = ("/lots", _("Lots"))
_MAKERS: Final = frozenset({"manufacturer", "repackager"})
_OWN: Final = (
    ("/waiting", _("Waiting for a colleague")),
    ("/people", _("People & keys")),
    ("/contacts", _("Contacts")),
    ("/account", _("Account")),
)
_DOOR: Final = (("/login", _("Sign in")),)


class Way(NamedTuple):
    """A link of the frame; `here` where the page lies at it or below it."""

    path: str
    words: str
    here: bool


def register(app: Flask) -> None:
    """Tell the templates."""

    @app.context_processor
    def frame() -> dict[str, Any]:
        signed_in = person() is not None
        return {
            "ways": _ways(_signed_in() if signed_in else _STRANGER),
            "own_ways": _ways(_OWN if signed_in else _DOOR),
            "switch": _switch(),
            "back": _back(),
        }


def _signed_in() -> tuple[tuple[str, Any], ...]:
    names = acting()
    if names is None:
        return _SIGNED_IN
    if "authority" in names[0].roles:
        return _AUTHORITY
    roles = node().reader.authority().policy.roles
    numbers = any("commission" in roles.get(role, ()) for role in names[0].roles)
    more = [_LOTS] if _MAKERS & set(names[0].roles) else []
    more += [_CONTAINERS] if numbers else []
    place = 1 + next(place for place, (path, _words) in enumerate(_SIGNED_IN) if path == "/stock")
    return (*_SIGNED_IN[:place], *more, *_SIGNED_IN[place:])


def _switch() -> Way | None:
    """The way between work and practice. Both are origins of their own, so no key goes along."""
    found = maybe_node()
    if found is None:
        return None
    if found.practice:
        words, path = _("Back to work"), found.settings.real
    else:
        words, path = _("Practise"), found.settings.practice
    return Way(path, str(words), False) if path else None


def _ways(all_ways: tuple[tuple[str, Any], ...]) -> list[Way]:
    return [Way(path, str(words), _here(path)) for path, words in all_ways if _opens(path)]


def _opens(path: str) -> bool:
    """Whether this node has a page there."""
    return bool(current_app.url_map.bind("").test(path, "GET"))


def _here(path: str) -> bool:
    return request.path == path or (path != "/" and request.path.startswith(f"{path}/"))


def _back() -> str:
    """Where to come back to after a choice made in the frame; what was posted is not sent again."""
    if request.method == "GET":
        query = request.query_string.decode("ascii", "replace")
        return quote(request.path) + (f"?{query}" if query else "")
    return request.path if _opens(request.path) else "/"
