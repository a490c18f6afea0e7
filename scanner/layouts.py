"""Keyboard layouts as data: what a key gives on each, and how to take a mismatch back.

A keyboard-wedge scanner sends key positions. Where it is set up for another layout than its computer
has, each position gives the other layout's character. Rows are those of Microsoft's keyboard layout
reference (Windows), position for position beside the US one; which fault fits is left to `faults`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import cache
from typing import Final, NamedTuple

Table = dict[int, str]  # as for str.translate


class _Layout(NamedTuple):
    name: str
    base: tuple[str, str, str, str]  # the four rows of keys, without and with shift
    shift: tuple[str, str, str, str]
    dead: str = ""  # keys that wait for the next letter and put their accent on it


# A blank: the key gives nothing there, or nothing that tells anything.
_US: Final = _Layout(
    "US",
    ("`1234567890-=", "qwertyuiop[]", "asdfghjkl;'\\", "zxcvbnm,./"),
    ("~!@#$%^&*()_+", "QWERTYUIOP{}", 'ASDFGHJKL:"|', "ZXCVBNM<>?"),
)
LAYOUTS: Final[Mapping[str, _Layout]] = {
    "de": _Layout(
        "German",
        ("^1234567890ß´", "qwertzuiopü+", "asdfghjklöä#", "yxcvbnm,.-"),
        ('°!"§$%&/()=?`', "QWERTZUIOPÜ*", "ASDFGHJKLÖÄ'", "YXCVBNM;:_"),
        "^´`",
    ),
    "fr": _Layout(
        "French",
        ("²&é\"'(-è_çà)=", "azertyuiop^$", "qsdfghjklmù*", "wxcvbn,;:!"),
        (" 1234567890°+", "AZERTYUIOP¨£", "QSDFGHJKLM%µ", "WXCVBN?./§"),
        "^¨",
    ),
    "be": _Layout(
        "Belgian",
        ("²&é\"'(§è!çà)-", "azertyuiop^$", "qsdfghjklmùµ", "wxcvbn,;:="),
        ("³1234567890°_", "AZERTYUIOP¨*", "QSDFGHJKLM%£", "WXCVBN?./+"),
        "^¨",
    ),
    "es": _Layout(
        "Spanish",
        ("º1234567890'¡", "qwertyuiop`+", "asdfghjklñ´ç", "zxcvbnm,.-"),
        ('ª!"·$%&/()=?¿', "QWERTYUIOP^*", "ASDFGHJKLÑ¨Ç", "ZXCVBNM;:_"),
        "`^´¨",
    ),
    "it": _Layout(
        "Italian",
        ("\\1234567890'ì", "qwertyuiopè+", "asdfghjklòàù", "zxcvbnm,.-"),
        ('|!"£$%&/()=?^', "QWERTYUIOPé*", "ASDFGHJKLç°§", "ZXCVBNM;:_"),
    ),
    "gb": _Layout(
        "British",
        ("`1234567890-=", "qwertyuiop[]", "asdfghjkl;'#", "zxcvbnm,./"),
        ('¬!"£$%^&*()_+', "QWERTYUIOP{}", "ASDFGHJKL:@~", "ZXCVBNM<>?"),
    ),
    "ch": _Layout(
        "Swiss German",
        ("§1234567890'^", "qwertzuiopü¨", "asdfghjklöä$", "yxcvbnm,.-"),
        ('°+"*ç%&/()=?`', "QWERTZUIOPè!", "ASDFGHJKLéà£", "YXCVBNM;:_"),
        "^¨`",
    ),
    "ch-fr": _Layout(
        "Swiss French",
        ("§1234567890'^", "qwertzuiopè¨", "asdfghjkléà$", "yxcvbnm,.-"),
        ('°+"*ç%&/()=?`', "QWERTZUIOPü!", "ASDFGHJKLöä£", "YXCVBNM;:_"),
        "^¨`",
    ),
    "pt": _Layout(
        "Portuguese",
        ("\\1234567890'«", "qwertyuiop+´", "asdfghjklçº~", "zxcvbnm,.-"),
        ('|!"#$%&/()=?»', "QWERTYUIOP*`", "ASDFGHJKLÇª^", "ZXCVBNM;:_"),
        "´`~^",
    ),
    "br": _Layout(
        "Brazilian",
        ("'1234567890-=", "qwertyuiop´[", "asdfghjklç~]", "zxcvbnm,.;"),
        ('"!@#$%¨&*()_+', "QWERTYUIOP`{", "ASDFGHJKLÇ^}", "ZXCVBNM<>:"),
        "´`~^¨",
    ),
    "latam": _Layout(
        "Latin American",
        ("|1234567890'¿", "qwertyuiop´+", "asdfghjklñ{}", "zxcvbnm,.-"),
        ('°!"#$%&/()=?¡', "QWERTYUIOP¨*", "ASDFGHJKLÑ[]", "ZXCVBNM;:_"),
        "´¨",
    ),
    "se": _Layout(
        "Swedish or Finnish",
        ("§1234567890+´", "qwertyuiopå¨", "asdfghjklöä'", "zxcvbnm,.-"),
        ('½!"#¤%&/()=?`', "QWERTYUIOPÅ^", "ASDFGHJKLÖÄ*", "ZXCVBNM;:_"),
        "´`¨^",
    ),
    "dk": _Layout(
        "Danish",
        ("½1234567890+´", "qwertyuiopå¨", "asdfghjklæø'", "zxcvbnm,.-"),
        ('§!"#¤%&/()=?`', "QWERTYUIOPÅ^", "ASDFGHJKLÆØ*", "ZXCVBNM;:_"),
        "´`¨^",
    ),
    "no": _Layout(
        "Norwegian",
        ("|1234567890+\\", "qwertyuiopå¨", "asdfghjkløæ'", "zxcvbnm,.-"),
        ('§!"#¤%&/()=?`', "QWERTYUIOPÅ^", "ASDFGHJKLØÆ*", "ZXCVBNM;:_"),
        "`¨^",
    ),
    "cz": _Layout(
        "Czech",
        (";+ěščřžýáíé=´", "qwertzuiopú)", "asdfghjklů§¨", "yxcvbnm,.-"),
        ("°1234567890%ˇ", "QWERTZUIOP/(", "ASDFGHJKL\"!'", "YXCVBNM?:_"),
        "´¨°ˇ",
    ),
    "sk": _Layout(
        "Slovak",
        (";+ľščťžýáíé=´", "qwertzuiopúä", "asdfghjklô§ň", "yxcvbnm,.-"),
        ("°1234567890%ˇ", "QWERTZUIOP/(", 'ASDFGHJKL"!)', "YXCVBNM?:_"),
        "´°ˇ",
    ),
    "hu": _Layout(
        "Hungarian",
        ("0123456789öüó", "qwertzuiopőú", "asdfghjkléáű", "yxcvbnm,.-"),
        ("§'\"+!%/=()ÖÜÓ", "QWERTZUIOPŐÚ", "ASDFGHJKLÉÁŰ", "YXCVBNM?:_"),
    ),
    "hr": _Layout(
        "Croatian or Slovenian",
        ("¸1234567890'+", "qwertzuiopšđ", "asdfghjklčćž", "yxcvbnm,.-"),
        ('¨!"#$%&/()=?*', "QWERTZUIOPŠĐ", "ASDFGHJKLČĆŽ", "YXCVBNM;:_"),
        "¸¨",
    ),
    "ro": _Layout(
        "Romanian",
        ("„1234567890-=", "qwertyuiopăî", "asdfghjklșțâ", "zxcvbnm,./"),
        ("”!@#$%^&*()_+", "QWERTYUIOPĂÎ", "ASDFGHJKLȘȚÂ", "ZXCVBNM;:?"),
    ),
    "tr": _Layout(
        "Turkish",
        ('"1234567890*-', "qwertyuıopğü", "asdfghjklşi,", "zxcvbnmöç."),
        ("é!'^+%&/()=?_", "QWERTYUIOPĞÜ", "ASDFGHJKLŞİ;", "ZXCVBNMÖÇ:"),
        "^",
    ),
    "dvorak": _Layout(
        "Dvorak",
        ("`1234567890[]", "',.pyfgcrl/=", "aoeuidhtns-\\", ";qjkxbmwvz"),
        ("~!@#$%^&*(){}", '"<>PYFGCRL?+', "AOEUIDHTNS_|", ":QJKXBMWVZ"),
    ),
    "jp": _Layout(
        "Japanese",
        (" 1234567890-^", "qwertyuiop@[", "asdfghjkl;:]", "zxcvbnm,./"),
        (" !\"#$%&'() =~", "QWERTYUIOP`{", "ASDFGHJKL+*}", "ZXCVBNM<>?"),
    ),
    "gr": _Layout(
        "Greek",
        ("`1234567890-=", ";ςερτυθιοπ[]", "ασδφγηξκλ΄'\\", "ζχψωβνμ,./"),
        ("~!@#$%^&*()_+", ":΅ΕΡΤΥΘΙΟΠ{}", 'ΑΣΔΦΓΗΞΚΛ¨"|', "ΖΧΨΩΒΝΜ<>?"),
        "΄¨",
    ),
    "ru": _Layout(
        "Russian",
        ("ё1234567890-=", "йцукенгшщзхъ", "фывапролджэ\\", "ячсмитьбю."),
        ('Ё!"№;%:?*()_+', "ЙЦУКЕНГШЩЗХЪ", "ФЫВАПРОЛДЖЭ/", "ЯЧСМИТЬБЮ,"),
    ),
}
_COMBINING: Final[Mapping[str, str]] = {
    "^": "\u0302", "´": "\u0301", "`": "\u0300", "¨": "\u0308", "~": "\u0303", "°": "\u030a",
    "ˇ": "\u030c", "¸": "\u0327", "΄": "\u0301",
}  # fmt: skip
# What a Chinese input method writes for the marks of a US keyboard.
_CHINESE: Final[Table] = str.maketrans(
    {"。": ".", "、": "\\", "“": '"', "”": '"', "‘": "'", "’": "'", "《": "<", "》": ">", "【": "[",
     "】": "]", "「": "{", "」": "}", "￥": "$", "…": "^", "—": "_", "·": "`"}
)  # fmt: skip


def _keys(layout: _Layout, *, shifted: bool = False) -> str:
    one, other = "".join(layout.base), "".join(layout.shift)
    return other + one if shifted else one + other


@cache
def typed_on(host: str, *, shift_lock: bool = False) -> Table:
    """What a US scanner meant by each character that a computer of another layout wrote.

    `shift_lock`: the caps lock of that layout holds its digits and marks down too.
    """
    layout = LAYOUTS[host]
    keys, meant = _keys(layout), _keys(_US, shifted=shift_lock)
    table: Table = {ord(c): us for c, us in zip(keys, meant, strict=True) if c != " "}
    # A dead key and the letter behind it come as one letter with an accent.
    for dead in layout.dead:
        for letter in filter(str.isalpha, keys):
            whole = unicodedata.normalize("NFC", letter + _COMBINING[dead])
            if len(whole) == 1:
                table.setdefault(ord(whole), table[ord(dead)] + table[ord(letter)])
    return table


@cache
def typed_by(scanner: str) -> Table:
    """What a scanner set to another layout meant by each character that a US computer wrote."""
    keys = _keys(LAYOUTS[scanner])
    return {ord(us): c for us, c in zip(_keys(_US), keys, strict=True) if c != " "}


@cache
def shift_held() -> Table:
    """What was meant by what a US keyboard wrote with shift held down: letters stay capitals."""
    keys, meant = _keys(_US), _keys(_US, shifted=True)
    return {ord(c): m for c, m in zip(keys, meant, strict=True) if not c.isalpha()}


@cache
def shift_turned() -> Table:
    """What was meant by what a US keyboard wrote with shift turned round, letters too."""
    return {ord(c): m for c, m in zip(_keys(_US), _keys(_US, shifted=True), strict=True)}


def from_chinese(text: str) -> str:
    """A text without the marks and the full-width forms of a Chinese input method."""
    return unicodedata.normalize(
        "NFKC", text.replace("……", "^").replace("——", "_").translate(_CHINESE)
    )
