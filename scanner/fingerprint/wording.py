"""Verdicts and reasons in words: what was found, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from scanner.fingerprint.match import CANNOT_TELL, COPY_SUSPECTED, GENUINE_MATCH

VERDICTS: Final[Mapping[str, str]] = {
    GENUINE_MATCH: "No contradiction found",
    COPY_SUSPECTED: "Copy suspected",
    CANNOT_TELL: "Cannot tell",
}
REASONS: Final[Mapping[str, str]] = {
    # of a frame
    "no-code": "No QR code or DataMatrix was read. Hold the whole code in the picture.",
    "two-codes": "More than one code is in the picture. Show one label alone.",
    "other-design": "The code in the picture is not the one that was enrolled.",
    "too-large": "The picture is too large. Take one below 50 megapixels.",
    "unreadable": "The picture cannot be opened.",
    "cannot-align": "The code does not lie flat enough. Hold the label flat.",
    "low-resolution": "The label is too small in the picture. Hold it closer, or use another camera.",
    "cut-off": "A corner of the code is outside the picture. Show all of it.",
    "glare": "Light is reflected by the label. Tilt it a little, or turn the lamp away.",
    "covered": "Part of the code is covered or torn. Show all of it.",
    "dark": "There is too little contrast. Give more light.",
    "out-of-focus": "The picture is blurred. Hold still, a little farther away or closer.",
    "poor-fit": "The picture is too noisy, or not of print on paper. Give more light.",
    "looks-like-a-screen": "There are points in rows, as a screen has. Show the label itself.",
    # of a session
    "no-frames": "There was no picture.",
    "few-frames": "More good pictures are needed. Hold the label before the camera.",
    "identical-frames": "The same picture was shown again. Each must be taken anew.",
    "still-image": "The label does not move as in a hand. Move it a little.",
    "other-label": "Another code came into the picture. Begin again with one label.",
    "label-changed": "The label changed between pictures. Begin again with one label.",
    # of a comparison
    "differs": "This print is not the one that was enrolled.",
    "between": "The print is neither like nor unlike the enrolled one. Look again.",
    "ink-differs": "The edges match, the ink beside them does not. Look again, closer.",
    "no-template": "No fingerprint was enrolled for this label.",
    "commitment": "The enrolled fingerprint does not fit what the log holds. Tell the manufacturer.",
}
