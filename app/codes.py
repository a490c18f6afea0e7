"""QR codes drawn into a page as SVG, so that they print sharp and need no request of their own."""

from __future__ import annotations

from markupsafe import Markup

from scanner.label import QUIET, qr_modules


def qr_svg(text: str, words: str) -> Markup:
    """A text's QR code; `words` are what somebody hears who cannot see it."""
    rows = qr_modules(text).tolist()
    side = len(rows) + 2 * QUIET
    path = "".join(
        f"M{x + QUIET} {y + QUIET}h1v1h-1z"
        for y, row in enumerate(rows)
        for x, dark in enumerate(row)
        if dark
    )
    return Markup(
        '<svg class="qr" role="img" aria-label="{words}" viewBox="0 0 {side} {side}" '
        'shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{side}v{side}h-{side}z"/>'
        '<path fill="#000" d="{path}"/></svg>'
    ).format(words=words, side=side, path=path)
