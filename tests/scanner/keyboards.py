"""Keyboards as X11 knows them, to press a scanner's keys on: independent of the filter's tables.

Read from the files of Debian's package xkb-data, so that a layout that the filter has wrong does not
pass its own test.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import Final

SYMBOLS: Final = Path("/usr/share/X11/xkb/symbols")
KEYS: Final = [
    "TLDE",
    *(f"AE{n:02}" for n in range(1, 13)),
    *(f"AD{n:02}" for n in range(1, 13)),
    *(f"AC{n:02}" for n in range(1, 12)),
    "BKSL",
    *(f"AB{n:02}" for n in range(1, 11)),
]
_US_NAMES: Final = {
    "exclam": "!", "at": "@", "numbersign": "#", "dollar": "$", "percent": "%", "asciicircum": "^",
    "ampersand": "&", "asterisk": "*", "parenleft": "(", "parenright": ")", "minus": "-",
    "underscore": "_", "equal": "=", "plus": "+", "bracketleft": "[", "braceleft": "{",
    "bracketright": "]", "braceright": "}", "semicolon": ";", "colon": ":", "apostrophe": "'",
    "quotedbl": '"', "grave": "`", "asciitilde": "~", "backslash": "\\", "bar": "|", "comma": ",",
    "less": "<", "period": ".", "greater": ">", "slash": "/", "question": "?",
}  # fmt: skip
_NAMES: Final = _US_NAMES | {
    "section": "§", "degree": "°", "sterling": "£", "mu": "µ", "currency": "¤", "onehalf": "½",
    "twosuperior": "²", "threesuperior": "³", "notsign": "¬", "masculine": "º", "ordfeminine": "ª",
    "exclamdown": "¡", "questiondown": "¿", "periodcentered": "·", "guillemotleft": "«",
    "guillemotright": "»", "acute": "´", "diaeresis": "¨", "cedilla": "¸", "numerosign": "№",
    "ssharp": "ß", "ae": "æ", "AE": "Æ", "oslash": "ø", "Oslash": "Ø", "Ooblique": "Ø",
    "thorn": "þ", "THORN": "Þ", "eth": "ð", "ETH": "Ð",
    "dstroke": "đ", "Dstroke": "Đ", "idotless": "ı", "Iabovedot": "İ", "eacute": "é", "lstroke": "ł",
    "doublelowquotemark": "„", "rightdoublequotemark": "”", "brokenbar": "¦", "EuroSign": "€",
    "scedilla": "ş", "gbreve": "ğ", "Scedilla": "Ş", "Gbreve": "Ğ", "yen": "¥", "overline": "~",
    "Greek_finalsmallsigma": "ς", "Cyrillic_shorti": "й", "Cyrillic_SHORTI": "Й",
    "Cyrillic_hardsign": "ъ", "Cyrillic_HARDSIGN": "Ъ", "Cyrillic_softsign": "ь",
    "Cyrillic_SOFTSIGN": "Ь",
}  # fmt: skip
_ACCENTS: Final = {
    "circumflex": "\u0302", "acute": "\u0301", "grave": "\u0300", "diaeresis": "\u0308",
    "tilde": "\u0303", "abovering": "\u030a", "ring": "\u030a", "caron": "\u030c",
    "cedilla": "\u0327", "doubleacute": "\u030b", "breve": "\u0306", "ogonek": "\u0328",
    "abovedot": "\u0307",
}  # fmt: skip
ALONE: Final = {
    "\u0302": "^", "\u0301": "´", "\u0300": "`", "\u0308": "¨", "\u0303": "~", "\u030a": "°",
    "\u030c": "ˇ", "\u0327": "¸", "\u0306": "˘", "\u0328": "˛", "\u0307": "˙", "\u030b": "˝",
}  # fmt: skip


def _meaning(name: str) -> str:
    """The character of a keysym; a dead key as its combining accent; "" for what is none."""
    if len(name) == 1:
        return name
    if name in _NAMES:
        return _NAMES[name]
    if re.fullmatch(r"U[0-9A-Fa-f]{4}", name):
        return chr(int(name[1:], 16))
    if name.startswith("dead_"):
        return _ACCENTS.get(name[5:], "")
    for script in ("Greek", "Cyrillic"):
        if name.startswith(script):
            letter = name.removeprefix(f"{script}_")
            size = "CAPITAL" if letter.isupper() or letter[0].isupper() else "SMALL"
            try:
                return unicodedata.lookup(f"{script.upper()} {size} LETTER {letter.upper()}")
            except KeyError:
                return ""
    accent = _ACCENTS.get(name[1:], "")
    return unicodedata.normalize("NFC", name[0] + accent) if accent else ""


@cache
def layout(name: str, variant: str = "") -> dict[str, tuple[str, str]]:
    """Each key's characters without and with shift; an accent alone (combining) is a dead key."""
    if not SYMBOLS.is_dir():
        raise AssertionError("the keyboards of xkb-data are missing: run tools/setup test")
    text = re.sub(r"//[^\n]*", "", (SYMBOLS / name).read_text())
    blocks = re.split(r"(?=(?:^|\n)[^\n]*\n?xkb_symbols\s+\")", text)
    wanted = f'xkb_symbols "{variant}"' if variant else "xkb_symbols"
    block = next(b for b in blocks if re.sub(r"\s+", " ", wanted) in re.sub(r"\s+", " ", b))
    block = block[block.index("xkb_symbols") :].split("\n};")[0]
    keys: dict[str, tuple[str, str]] = {}
    pattern = r'include\s+"([a-z_]+)(?:\(([\w-]+)\))?"|key\s*<(\w+)>\s*\{([^}]*)\}'
    for match in re.finditer(pattern, block):
        if match[1] and match[1] not in ("level3", "level5", "nbsp", "kpdl", "shift", "capslock"):
            for key, pair in layout(match[1], match[2] or "").items():
                old = keys.get(key, ("", ""))
                keys[key] = (pair[0] or old[0], pair[1] or old[1])
        elif match[3]:
            name_of_key = "BKSL" if match[3] == "AC12" else match[3]  # one key, on ISO boards
            groups = re.sub(r"(?i)\[group1\]", "", match[4].split("symbols[Group2]")[0])
            symbols = re.search(r"\[([^\]]*)\]", groups)
            names = [s.strip() for s in symbols[1].split(",")] if symbols else []
            if names and name_of_key in KEYS:
                old = keys.get(name_of_key, ("", ""))
                pair = [
                    was if name in ("any", "NoSymbol") else _meaning(name)
                    for name, was in zip(
                        (names * 2)[:2] if len(names) == 1 else names, old, strict=False
                    )
                ]
                keys[name_of_key] = (pair[0], pair[1])
    return keys


@cache
def _pressed(name: str, variant: str) -> dict[str, tuple[str, bool]]:
    found: dict[str, tuple[str, bool]] = {}
    for key, (plain, shifted) in layout(name, variant).items():
        found.setdefault(plain, (key, False))
        found.setdefault(shifted, (key, True))
    return found


def typed(
    text: str,
    host: tuple[str, str],
    scanner: tuple[str, str] = ("us", ""),
    *,
    caps: str = "",
) -> str:
    """What a host writes when a scanner set to a layout presses the keys of a text.

    `caps`: "letters" for a caps lock that turns letters alone, "all" for one that holds every key.
    What the scanner's keyboard lacks is not sent; control characters pass.
    """
    keys, buttons = layout(*host), _pressed(*scanner)
    written: list[str] = []
    waiting = ""
    for character in text:
        if character < " ":
            written.append(character)
            continue
        if character not in buttons:
            continue
        key, shifted = buttons[character]
        pair = keys.get(key, ("", ""))
        letter = len(pair[0]) == 1 and pair[0].isalpha() and pair[0].upper() == pair[1]
        if caps == "all" or (caps == "letters" and letter):
            shifted = not shifted
        got = pair[shifted]
        if got in ALONE and not waiting:
            waiting = got
            continue
        if waiting:
            whole = unicodedata.normalize("NFC", got + waiting) if got not in ALONE else ""
            got = whole if len(whole) == 1 else ALONE[waiting] + ALONE.get(got, got)
            waiting = ""
        written.append(got)
    return "".join(written) + (ALONE[waiting] if waiting else "")
