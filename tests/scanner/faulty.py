"""Packs, a log of them, and what goes wrong when they are read: for tests and measurements.

Written apart from the filter and sharing no table with it: keyboards are X11's, and the separators,
prefixes and habits below are those of scanners' manuals and of spreadsheets. What each kind does is
the truth that an explanation is held against.
"""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final
from urllib.parse import quote

from ledger.statement.ai import check_digit, parse_yymmdd
from ledger.statement.gs1 import Label
from tests.scanner.keyboards import typed as pressed

YEAR: Final = 2026
GS: Final = "\x1d"
ORDERS: Final = (
    ("01", "21", "10", "17"), ("01", "21", "17", "10"), ("01", "17", "10", "21"),
    ("01", "10", "17", "21"), ("01", "17", "21", "10"), ("01", "10", "21", "17"),
)  # fmt: skip
_MARKS: Final = "-./_:+*()!,'%&;=?<>\""
_PUNCTUATED: Final = string.ascii_uppercase + string.digits
_HOSTS: Final = ("id.gs1.org", "pack.example", "dl.pharma.example/v")
# How products number their packs; sequences run close together, so that a wrong guess can hit.
STYLES: Final = ("sequence", "lettered", "letters", "mixed", "digits", "marked")


@dataclass(frozen=True, slots=True)
class Pack:
    """What a pack's label says, and in which form."""

    gtin: str
    serial: str
    lot: str
    expiry: str  # YYMMDD
    order: tuple[str, ...] = ORDERS[0]
    national: str = ""  # a national number, (710) to (717) with its value
    link: str = ""  # domain of its Digital Link; "" for a Data Matrix

    def value(self, ai: str) -> str:
        return {"01": self.gtin, "21": self.serial, "10": self.lot, "17": self.expiry}[ai]

    def elements(self, separator: str = GS, order: Sequence[str] = ()) -> str:
        """The element string, each value of variable length but the last closed by a separator."""
        parts = [ai + self.value(ai) for ai in order or self.order]
        if self.national:
            parts.insert(1, self.national)
        variable = [part[:2] in ("10", "21", "71") for part in parts]
        return "".join(
            part + (separator if open_ and n + 1 < len(parts) else "")
            for n, (part, open_) in enumerate(zip(parts, variable, strict=True))
        )

    def url(self) -> str:
        serial, lot = quote(self.serial, safe=""), quote(self.lot, safe="")
        return f"https://{self.link}/01/{self.gtin}/10/{lot}/21/{serial}?17={self.expiry}"

    def symbol(self) -> str:
        """What a camera reads off it."""
        return f"]Q1{self.url()}" if self.link else f"]d2{self.elements()}"


class Log:
    """A log of packs: knows each pack, its lot and its expiry."""

    def __init__(self, packs: Sequence[Pack]) -> None:
        self.packs = packs
        self._known = {(p.gtin, p.serial): p for p in packs}
        self._dates: dict[str, object] = {}
        self.asked = 0

    def knows(self, pack: Pack) -> bool:
        return (pack.gtin, pack.serial) in self._known

    def confirmed(self, label: Label) -> bool:
        """Whether the pack is known and each claim agrees."""
        self.asked += 1
        pack = self._known.get((label.gtin, label.serial))
        if pack is None or (label.lot and label.lot != pack.lot):
            return False
        expiry = label.expiry
        return expiry is None or expiry == parse_yymmdd(pack.expiry, YEAR)


def make_log(number: int, seed: int = 1) -> Log:
    """A log of packs in lots of up to 1,000, of all styles of serial in equal shares."""
    rng = Random(seed)
    packs: list[Pack] = []
    product = 0
    while len(packs) < number:
        style = STYLES[product % len(STYLES)]
        head = rng.choice(("0", "0", "0", "00", "03", "1"))
        body = head + "".join(rng.choice(string.digits) for _ in range(13 - len(head)))
        gtin = body + check_digit(body)
        order = rng.choice(ORDERS)
        national = f"71{rng.randrange(8)}{rng.randrange(10**8, 10**9)}" if product % 7 == 0 else ""
        link = rng.choice(_HOSTS) if product % 4 == 1 else ""
        width, first = rng.randint(8, 20), rng.randrange(10**6)
        for _ in range(rng.randint(2, 5)):
            lot = _lot(rng)
            day = rng.choice((0, rng.randint(1, 28)))
            expiry = f"{rng.randint(27, 31)}{rng.randint(1, 12):02}{day:02}"
            for _ in range(rng.randint(100, 1000)):
                first += 1
                serial = make_serial(style, width, first, rng)
                packs.append(Pack(gtin, serial, lot, expiry, order, national, link))
        product += 1
    return Log(packs[:number])


def _lot(rng: Random) -> str:
    kind = rng.randrange(4)
    if kind == 0:
        return "".join(rng.choice(string.digits) for _ in range(rng.randint(4, 8)))
    letters = _PUNCTUATED + ("-/" if kind == 1 else "")
    return rng.choice(string.ascii_uppercase) + "".join(
        rng.choice(letters) for _ in range(rng.randint(3, 9))
    )


def make_serial(style: str, width: int, number: int, rng: Random) -> str:
    """A serial of a product's style; `number` counts where the style does."""
    if style == "sequence":
        return f"{number:0{min(width, 14)}}"
    if style == "lettered":
        return f"PX{number:09}"
    letters = {
        "letters": _PUNCTUATED,
        "mixed": string.ascii_letters + string.digits,
        "digits": string.digits,
        "marked": _PUNCTUATED * 2 + _MARKS,
    }[style]
    return "".join(rng.choice(letters) for _ in range(width))


Fault = Callable[[Pack, Random], str]


def _wedge(pack: Pack, rng: Random) -> str:
    """What a keyboard scanner sends of a pack: with or without the symbology identifier."""
    if pack.link:
        return pack.url()
    return rng.choice(("]d2", "")) + pack.elements()


HOSTS: Final = {
    "German": ("de", ""), "French": ("fr", ""), "Belgian": ("be", ""), "Spanish": ("es", ""),
    "Italian": ("it", ""), "British": ("gb", ""), "Swiss": ("ch", ""), "Portuguese": ("pt", ""),
    "Swedish": ("se", ""), "Danish": ("dk", ""), "Czech": ("cz", ""), "Hungarian": ("hu", ""),
    "Turkish": ("tr", ""), "Dvorak": ("us", "dvorak"),
}  # fmt: skip
US: Final = ("us", "")


def _on(host: tuple[str, str], **more: object) -> Fault:
    return lambda pack, rng: pressed(_wedge(pack, rng), host, **more)  # type: ignore[arg-type]


def _separator(*others: str) -> Fault:
    def fault(pack: Pack, rng: Random) -> str:
        return rng.choice(("]d2", "")) + pack.elements(rng.choice(others))

    return fault


def _both(one: Fault, then: Callable[[str, Random], str]) -> Fault:
    return lambda pack, rng: then(one(pack, rng), rng)


def _swapped(text: str) -> str:
    return pressed(text, US, caps="letters")


def _typed(pack: Pack, rng: Random) -> str:
    """What a person types or pastes off a pack."""
    expiry = parse_yymmdd(pack.expiry, YEAR)
    return rng.choice(
        (
            (
                f"(01){pack.gtin}(21){pack.serial.replace('(', chr(92) + '(')}"
                f"(17){pack.expiry}(10){pack.lot}"
            ),
            f"PC: {pack.gtin} SN: {pack.serial} LOT: {pack.lot} EXP: {expiry}",
            f"01{pack.gtin}17{pack.expiry}10{pack.lot}{GS}21{pack.serial}",
        )
    )


def _changed(pack: Pack, **values: str) -> Pack:
    fields = {name: getattr(pack, name) for name in Pack.__slots__}
    return Pack(**(fields | values))


def _alike(pairs: Mapping[str, str], most: int) -> Fault:
    """Characters of serial or lot taken for others that look like them."""

    def fault(pack: Pack, rng: Random) -> str:
        both = list(pack.serial + "\n" + pack.lot)
        places = [n for n, c in enumerate(both) if c in pairs]
        if not places:  # then the product number
            text = f"(01){pack.gtin}(21){pack.serial.replace('(', chr(92) + '(')}"
            return text.replace("(01)0", "(01)O", 1).replace("(01)1", "(01)l", 1)
        for n in rng.sample(places, min(len(places), rng.randint(1, most))):
            both[n] = rng.choice(pairs[both[n]])
        serial, lot = "".join(both).split("\n")
        return _typed(_changed(pack, serial=serial, lot=lot), rng)

    return fault


def _cells(pack: Pack, rng: Random, gtin: str, serial: str = "") -> str:
    expiry = parse_yymmdd(pack.expiry, YEAR)
    form = rng.choice(("%d/%m/%Y", "%m/%d/%Y", "%Y-%m-%d", "%d.%m.%Y", "%y%m%d", "%d.%m.%y"))
    cells = [gtin, serial or pack.serial, pack.lot, expiry.strftime(form)]
    return "\t".join(cells[: rng.choice((2, 4))])


def _zeros(pack: Pack, rng: Random) -> str:
    gtin = pack.gtin.lstrip("0")
    serial = pack.serial.lstrip("0") if pack.serial.isdigit() else pack.serial
    if gtin == pack.gtin or rng.random() < 0.5:
        return _cells(pack, rng, gtin, serial or pack.serial)
    return f"GTIN {gtin} SN {pack.serial} LOT {pack.lot}"


def _wide(pack: Pack, rng: Random) -> str:
    text = _wedge(pack, rng)
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def _pasted(pack: Pack, rng: Random) -> str:
    """As a document changes it: dashes, quotes, spaces that do not break, characters unseen."""
    text = _typed(pack, rng).replace("-", rng.choice("\u2013\u2011\u2212-"))
    text = text.replace("'", "\u2019").replace(" ", rng.choice(("\u00a0", "\u202f", " ")))
    place = rng.randrange(len(text))
    return text[:place] + rng.choice("\u200b\u2060\ufeff\u00ad") + text[place:]


def _foreign_digits(pack: Pack, rng: Random) -> str:
    zero = rng.choice((0x660, 0x6F0, 0x966))
    return "".join(chr(zero + int(c)) if c in string.digits else c for c in _typed(pack, rng))


def _homoglyphs(pack: Pack, rng: Random) -> str:
    twins = dict(zip("ABCEHKMOPTX", "АВСЕНКМОРТХ", strict=True))
    text = f"01{pack.gtin}17{pack.expiry}10{pack.lot}{GS}21{pack.serial}"
    return "".join(twins.get(c, c) if rng.random() < 0.7 else c for c in text)


def _spaced(pack: Pack, rng: Random) -> str:
    text = (
        f"(01) {pack.gtin[:1]} {pack.gtin[1:7]} {pack.gtin[7:]} (21) {pack.serial} (10) {pack.lot}"
    )
    text = text.replace(f"(21) {pack.serial}", f"(21) {pack.serial[:4]} {pack.serial[4:]}")
    head, serial = text.split("(21)", 1)
    return f"{head}(21){serial.rsplit('(10)', 1)[0].replace('(', chr(92) + '(')}(10) {pack.lot}"


_NAMED: Final = ("{GS}", "<GS>", "[GS]", "^]", "\\x1d", "\\u001d", "&#29;", "%1D", "␝", "↔", "<F8>")
_CHARACTERS: Final = ("]", "|", "~", "#", " ", "\\", "^", "@", "{", "$", "\x1e", "\x1c", "\t", "`")
_LIKE_DATA: Final = ("029", "0029", "GS", ";", "?", "_", "=", "*", "!", "%", "&")
_PREFIXES: Final = ("\x02", "]D2", "d2", "D2", "SC:", "#", "\x02]d2", "<", "~", "@", "SCAN ", "\t")
_SUFFIXES: Final = (
    "\x03",
    "\r\n\r\n",
    "<CR>",
    "\t\t",
    "{ENTER}",
    "~",
    "\\r",
    "#",
    "\x04",
    "\x1d\r",
)


def _around(before: Sequence[str], after: Sequence[str]) -> Fault:
    def fault(pack: Pack, rng: Random) -> str:
        text = pack.url() if pack.link else pack.elements()
        return rng.choice(before) + text + rng.choice(after)

    return fault


def _twice(pack: Pack, rng: Random) -> str:
    text = _wedge(pack, rng)
    return text + rng.choice(("", "\r\n", "\t", " ")) + text


def _linear_too(pack: Pack, rng: Random) -> str:
    """The pack's EAN-13 and its Data Matrix in one line."""
    if pack.gtin[0] != "0":
        return _twice(pack, rng)
    return f"]E0{pack.gtin[1:]}]d2{pack.elements()}"


def _scientific(pack: Pack, rng: Random) -> str:
    """A cell with all its digits still there; `_shortened` is one without."""
    digits = pack.gtin.lstrip("0")
    return _cells(pack, rng, f"{digits[0]}.{digits[1:].rstrip('0')}E+{len(digits) - 1}")


def _shortened(pack: Pack, rng: Random) -> str:
    return _cells(pack, rng, f"{int(pack.gtin):.5E}")


def _host(names: Sequence[str], **more: object) -> Fault:
    return lambda pack, rng: _on(HOSTS[rng.choice(names)], **more)(pack, rng)


def _scanner(pack: Pack, rng: Random) -> str:
    text = pack.url() if pack.link else pack.elements()
    return pressed(text, US, HOSTS[rng.choice(tuple(HOSTS))])


def _two_layouts(pack: Pack, rng: Random) -> str:
    one, other = rng.sample(tuple(HOSTS), 2)
    return pressed(pack.url() if pack.link else pack.elements(), HOSTS[one], HOSTS[other])


def _without(text: str, rng: Random) -> str:
    return text.replace(GS, "")


_AS_CAMERA: Final[Mapping[str, Fault]] = {
    "separator not printed": lambda pack, rng: "]d2" + pack.elements(""),
    "separator misprinted": lambda pack, rng: "]d2" + pack.elements(rng.choice("#~|] \\_?")),
    "fields in another order": lambda pack, rng: (
        "]d2" + pack.elements("", rng.choice([o for o in ORDERS if o != pack.order]))
    ),
}
_AS_WEDGE: Final[Mapping[str, Fault]] = {
    "caps lock": _on(US, caps="letters"),
    **{f"{name} layout": _on(host) for name, host in HOSTS.items()},
    "caps lock holding digits": _host(("French", "Belgian", "German"), caps="all"),
    "caps lock and layout": _host(tuple(HOSTS), caps="letters"),
    "scanner set to another layout": _scanner,
    "two other layouts": _two_layouts,
    "full-width forms": _wide,
    "separator lost": _separator(""),
    "separator as a name": _separator(*_NAMED),
    "separator as a character": _separator(*_CHARACTERS),
    "separator as data": _separator(*_LIKE_DATA),
    "separator doubled": _separator(GS * 2, GS * 3),
    "prefix": _around(_PREFIXES, ("",)),
    "suffix": _around(("",), _SUFFIXES),
    "prefix and suffix": _around(_PREFIXES, _SUFFIXES),
    "scanned twice": _twice,
    "two codes of the pack": _linear_too,
    "capitals only": lambda pack, rng: _wedge(pack, rng).upper(),
    "small letters only": lambda pack, rng: _wedge(pack, rng).lower(),
    "layout and separator lost": _both(
        lambda pack, rng: pressed("]d2" + pack.elements(""), HOSTS[rng.choice(tuple(HOSTS))]),
        lambda text, rng: text,
    ),
    "caps lock and separator lost": _both(
        _separator(""), lambda text, rng: pressed(text, US, caps="letters")
    ),
    "prefix and separator lost": lambda pack, rng: rng.choice(_PREFIXES) + pack.elements(""),
}
_O: Final = {"0": "O", "O": "0"}
_I: Final = {"1": "Il", "I": "1l", "l": "1I"}
_AS_TYPED: Final[Mapping[str, Fault]] = {
    "O and 0": _alike(_O, 2),
    "I, l and 1": _alike(_I, 2),
    "both": _alike(_O | _I, 2),
    "leading zeros lost": _zeros,
    "number as 9.521234543213E+12": _scientific,
    "number as 9.52E+12": _shortened,
    "row of cells": lambda pack, rng: _cells(pack, rng, pack.gtin),
    "pasted from a document": _pasted,
    "digits of another script": _foreign_digits,
    "letters of another alphabet": _homoglyphs,
    "spaces": _spaced,
    "typed with caps lock": lambda pack, rng: _typed(pack, rng).swapcase(),
    "separator left out": lambda pack, rng: pack.elements(""),
}


def _dropped(text: str, rng: Random) -> str:
    place = rng.randrange(3, len(text))
    return text[:place] + text[place + 1 :]


def _transposed(text: str, rng: Random) -> str:
    places = [n for n in range(3, len(text) - 1) if text[n] != text[n + 1]]
    n = rng.choice(places)
    return text[:n] + text[n + 1] + text[n] + text[n + 2 :]


def _bounced(text: str, rng: Random) -> str:
    place = rng.randrange(3, len(text))
    return text[:place] + text[place] + text[place:]


def _cut(text: str, rng: Random) -> str:
    return text[: rng.randrange(len(text) // 2, len(text))]


def _begun_late(text: str, rng: Random) -> str:
    return text[rng.randrange(1, len(text) // 2) :]


def _mixed_in(text: str, rng: Random) -> str:
    place = rng.randrange(3, len(text))
    return text[:place] + rng.choice(string.ascii_lowercase) + text[place:]


# Kinds that the filter knows nothing of: reported apart.
_UNMODELLED: Final[Mapping[tuple[str, str], Fault]] = {
    ("wedge", "Icelandic layout"): _on(("is", "")),
    ("wedge", "Turkish F layout"): _on(("tr", "f")),
    ("wedge", "cut off"): _both(_wedge, _cut),
    ("wedge", "begun late"): _both(_wedge, _begun_late),
    ("wedge", "a key pressed meanwhile"): _both(_wedge, _mixed_in),
    ("wedge", "a key sent twice"): _both(_wedge, _bounced),
    ("typed", "a character left out"): _both(_typed, _dropped),
    ("typed", "neighbours transposed"): _both(_typed, _transposed),
}
MODELLED: Final[Mapping[tuple[str, str], Fault]] = {
    (source, name): fault
    for source, kinds in (("camera", _AS_CAMERA), ("wedge", _AS_WEDGE), ("typed", _AS_TYPED))
    for name, fault in kinds.items()
}
UNMODELLED: Final = _UNMODELLED
SOURCES: Final = ("camera", "wedge", "typed")


def right(pack: Pack, source: str, rng: Random) -> str:
    """A reading of a pack in which nothing went wrong."""
    if source == "camera":
        return pack.symbol()
    return _wedge(pack, rng) if source == "wedge" else _typed(pack, rng)


FAKES: Final = ("unknown serial", "wrong lot", "wrong expiry", "cloned")


def make_fake(kind: str, pack: Pack, log: Log, rng: Random) -> Pack:
    """A pack that is none: made after a known one."""
    if kind == "cloned":
        return pack
    while True:
        if kind == "unknown serial":
            counted = pack.serial.isdigit() or pack.serial.startswith("PX0")
            letters = string.digits if counted else _PUNCTUATED
            body = pack.serial.removeprefix("PX") if counted else pack.serial
            serial = "".join(rng.choice(letters) for _ in body)
            fake = _changed(pack, serial=pack.serial[: len(pack.serial) - len(body)] + serial)
            if not log.knows(fake):
                return fake
        elif kind == "wrong lot":
            fake = _changed(pack, lot=rng.choice((_lot(rng), rng.choice(log.packs).lot)))
            if fake.lot != pack.lot:
                return fake
        else:
            month = f"{rng.randint(27, 32)}{rng.randint(1, 12):02}"
            fake = _changed(pack, expiry=month + pack.expiry[4:])
            if fake.expiry != pack.expiry:
                return fake


def differs(text: str, pack: Pack) -> bool:
    """Whether a reading differs from the right ones, so that it is a fault at all."""
    plain = {pack.symbol(), pack.symbol()[3:]}
    return unicodedata.normalize("NFC", text) not in plain


def faulty(
    log: Log, number: int, seed: int, kinds: Mapping[tuple[str, str], Fault] = MODELLED
) -> Iterator[tuple[str, str, Pack, str]]:
    """Faulty readings, of each kind in equal shares: source, kind, the true pack, the reading."""
    rng = Random(seed)
    names = tuple(kinds)
    for made in range(number):
        source, name = names[made % len(names)]
        # Some packs a fault does not touch; a kind that touches none of the log's is left out.
        for _ in range(300):
            pack = rng.choice(log.packs)
            if "separator" in name or "order" in name or name == "two codes of the pack":
                pack = _changed(pack, link="")  # a link has no separators
            text = kinds[source, name](pack, rng)
            if differs(text, pack):
                yield source, name, pack, text
                break
