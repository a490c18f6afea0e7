"""What every answer and every request must have: headers, same origin, limits.

The cross-origin check follows the browsers' own Sec-Fetch-Site header, as Filippo Valsorda's
"Cross-Site Request Forgery" (words.filippo.io/csrf) argues and Go's http.CrossOriginProtection does.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Response, abort, request
from flask_babel import gettext as _

from app.config import Settings
from app.limits import Limits

_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # "no-referrer" would make browsers send `Origin: null` with our own forms as well.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
}
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def register(app: Flask, settings: Settings) -> None:
    """Guard every request and answer of an app."""
    app.extensions["limits"] = Limits(settings.counts, settings.clock)

    @app.before_request
    def same_origin() -> None:
        if request.method in _SAFE:
            return
        site = request.headers.get("Sec-Fetch-Site")
        if site is not None:
            if site in ("same-origin", "none"):
                return
            abort(
                403,
                _("This request was started by another site. Open the page here and try again."),
            )
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != request.host:
            abort(
                403,
                _("This request was started by another site. Open the page here and try again."),
            )

    @app.after_request
    def headers(answer: Response) -> Response:
        answer.headers.extend(_HEADERS)
        answer.headers.setdefault("Cache-Control", "no-store")
        if settings.secure:
            answer.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        return answer
