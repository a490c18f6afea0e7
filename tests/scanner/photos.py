"""Real photographs that may lie beside the checkout, with what they say; they only add cases."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from tests.conftest import SHARED

FOLDER: Final = SHARED / "photos"
QR, DATAMATRIX, NEGATIVE = "qr", "datamatrix", "negative"
_SUFFIXES: Final = (".gif", ".jpg", ".png", ".webp")


def photographs(kind: str) -> list[Path]:
    """Those of a kind, none where there are none."""
    return sorted(path for path in (FOLDER / kind).glob("*") if path.suffix in _SUFFIXES)


def right(path: Path, text: str) -> bool:
    """Whether a text is what a photograph says; line ends and newlines at the end do not count."""
    words = path.with_suffix(".txt")
    if words.exists():
        return _plain(text) == _plain(words.read_text("utf-8"))
    if not path.with_suffix(".bin").exists():
        return False
    data = path.with_suffix(".bin").read_bytes()
    return any(_plain(text) == _plain(said) for said in _decoded(data))


def _decoded(data: bytes) -> Iterable[str]:
    for encoding in ("latin-1", "utf-8", "shift-jis"):
        yield data.decode(encoding, errors="replace")


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").strip("\n")
