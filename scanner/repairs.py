"""What a reading may have been before its scanner, keyboard or spreadsheet touched it: pure.

Each repair is a guess with the faults that it takes back, likeliest first. No repair leaves out what
the reading claims: it would clear a pack whose lot or expiry is wrong. Which guess is offered is
left to `faults`, which asks the log.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, combinations, islice
from typing import Final, TypeAlias

from ledger.errors import Malformed
from ledger.statement.ai import Element, split_bracketed
from ledger.statement.gs1 import parse_scan
from ledger.statement.printed import fields, is_printed, unlisted
from scanner.cells import date_readings, from_cells, gtin_of_cell, whole_number
from scanner.links import misspelt_part
from scanner.spellings import AIM, GS1_AIM, LENS, Faults, spellings, two_layouts
from scanner.splits import GS, LOOK_ALIKE, LOST, ZEROS, Attempt, Split, separated, splits

CAMERA, WEDGE, TYPED = "camera", "wedge", "typed"
# GTIN and serial -> the serials on record that are this one but for the case of letters.
Alike: TypeAlias = Callable[[str, str], Iterable[str]]

_STARTS: Final = re.compile(r"(?=01[0-9]{12}|1[17][0-9]{6}|(?:10|21)[!-~]|00[0-9]{18})", re.ASCII)
_PIECES: Final = re.compile(r"(?=\][A-Za-z][0-9])|(?=https?://)", re.IGNORECASE)
_CLAIM: Final = re.compile(r"[0-9]{4}|(?:10|21)\S", re.ASCII)  # what holds it may be a claim
_DATE_OR_GTIN: Final = re.compile(r"[0-9]{6}", re.ASCII)
_BRACKETS: Final = re.compile(r"[(\[{<] *([0-9OoIl]{2,4}) *[)\]}>]", re.ASCII)
_WORDS: Final = re.compile(r"\S+")
_LONGEST_ENDING: Final = 7  # characters, of "{ENTER}"
_MOST_FIELDS: Final = 16  # of one label; more are no pack's
_SPELLING: Final = 20  # steps of work that a spelling takes besides its search
_BLANK: Final = " \t\r\n"
_PART: Final = re.compile(r"(?:[0-9]{2,4}|[A-Za-z][A-Za-z0-9:._-]{0,30})=", re.ASCII)
_ORDER: Final = {"01": 0, "22": 1, "10": 2, "21": 3}  # of a Digital Link's path
_ENDING: Final = re.compile(
    r"(?:<(?:CR|LF|TAB|ETX|EOT)>|\{(?:CR|LF|TAB|ENTER)\}|\\[rnt]|%0[DA9]|[^!-~])\Z", re.IGNORECASE
)
_LINK: Final = re.compile(r"/(?:01/[0-9]{12,14}(?=/|$)|00/[0-9]{18})", re.ASCII)
_PRINTED: Final = {LOST: "separator-unprinted"}  # in a symbol, it is the print that is wrong
_RECASED: Final = 4  # likely repairs for which the log is asked
_PAIRS: Final = 64  # of two characters confused at once
_LIKE: Final = {"0": "O", "O": "0", "o": "0", "1": "Il", "I": "1l", "l": "1I"}
_LESS_LIKE: Final = {"S": "5", "5": "S", "B": "8", "8": "B", "Z": "2", "2": "Z", "G": "6", "6": "G"}


def repairs(text: str, source: str, attempt: Attempt) -> Iterator[Split]:
    """What the label's elements may have been, each with the faults taken back, likeliest first.

    They are a pack's identifiers and dates in form, and not yet checked to stand together.
    """
    if source == CAMERA:
        yield from _symbol(text, attempt)
        return
    for spelt, faults in spellings(text, attempt.typed):
        if not attempt.spend(_SPELLING):
            return
        for split in _labels(spelt, attempt):
            yield Split(split.elements, faults + split.faults)


def rare_repairs(
    text: str, source: str, attempt: Attempt, likely: Sequence[Split]
) -> Iterator[Split]:
    """Repairs to try only when no likelier one is a pack that the log knows.

    Characters that a person may have confused in one of the likely repairs; and two keyboard
    layouts at once, where the text itself is no label.
    """
    if source == TYPED:
        yield from _confused(likely[:4])
    is_label = any(not split.faults for split in likely[:1])
    if source != CAMERA and not (is_label or AIM.match(text) or _LINK.search(text)):
        for spelt, faults in two_layouts(text):
            if not attempt.spend(_SPELLING):
                return
            for split in _labels(spelt, attempt):
                yield Split(split.elements, faults + split.faults)


def recased(likely: Sequence[Split], alike: Alike) -> Iterator[Split]:
    """Likely repairs whose serial came in one case, with the serials on record that it may be.

    A scanner that sends capitals only has lost which letters were small: only the log can tell.
    """
    for split in likely[:_RECASED]:
        values = dict(split.elements)
        serial = values.get("21", "")
        if "01" not in values or not (serial.isupper() or serial.islower()):
            continue
        places = {ai: n for n, (ai, _) in enumerate(split.elements)}
        for known in alike(values["01"], serial):
            for lot in dict.fromkeys(_lots(values.get("10", ""))):
                changed = {places["21"]: known} | ({places["10"]: lot} if lot else {})
                yield _with(split, changed, "case-lost")


def _lots(lot: str) -> tuple[str, ...]:
    return lot, lot.upper(), lot.lower()


def _symbol(text: str, attempt: Attempt) -> Iterator[Split]:
    """A symbol corrects its own errors: only what was printed wrongly into it is taken back."""
    if link := _LINK.search(text):
        yield from _link(text, link.start(), attempt)
        return
    body = text[3:] if AIM.match(text) else text
    plain, misprinted = separated(body.strip(GS))
    unmarked = () if body == text or text[:3] in GS1_AIM else (LOST,)
    for split in splits(plain, plain, attempt, unmarked + misprinted):
        codes = [_PRINTED.get(fault, "separator-misprinted") for fault in split.faults]
        yield Split(split.elements, tuple(dict.fromkeys(codes)))


def _labels(text: str, attempt: Attempt) -> Iterator[Split]:
    """Each label that a line can be: one code, or several of one pack run together."""
    pieces = [piece for piece in _PIECES.split(text) if piece.strip(_BLANK)]
    before = 0
    while before < len(pieces) - 1 and not _may_claim(pieces[before], attempt):
        before += 1
    prefix: Faults = ("prefix",) if before else ()
    if before < len(pieces) - 1:
        found = _together(pieces[before:], attempt)
    else:
        found = _one(pieces[before] if before else text, attempt)
    for split in found:
        yield Split(split.elements, prefix + split.faults)


def _may_claim(text: str, attempt: Attempt) -> bool:
    """Whether what stands before a code may say a lot, an expiry or a number of the pack."""
    digits = text.translate(LENS) if attempt.typed else text
    return bool(
        _CLAIM.search(digits)
        or GS in text.strip(GS)
        or any(is_printed(text[word.start() :]) for word in _WORDS.finditer(text))
    )


def _one(text: str, attempt: Attempt) -> Iterator[Split]:
    """Each label that the text of one code can be."""
    body = text.strip(_BLANK)
    if attempt.typed and is_printed(body):
        try:
            listed = unlisted([*fields(body)])
        except Malformed:
            return
        yield from _marked(listed, attempt)
    elif link := _LINK.search(body.translate(LENS) if attempt.typed else body):
        yield from _link(body, link.start(), attempt)
    elif _BRACKETS.match(body):
        round_ones = _BRACKETS.sub(_bracket, body)
        same: Faults = () if round_ones == body else ("brackets",)
        try:
            elements = split_bracketed(round_ones)
        except Malformed:
            return
        for split in _marked(elements, attempt):
            yield Split(split.elements, same + split.faults)
    else:
        yield from _element_string(body, attempt)
    if attempt.typed:
        for cells in from_cells(body, attempt.year):
            yield Split(cells, ("cells",))


def _bracket(match: re.Match[str]) -> str:
    return f"({match[1].translate(LENS)})"


def _together(pieces: list[str], attempt: Attempt) -> Iterator[Split]:
    """Several codes in one line, where all of them are one pack's and none says otherwise."""
    said: dict[str, str] = {}
    faults: Faults = ("run-together",)
    for piece in pieces:
        body = AIM.sub("", piece.strip(_BLANK), 1) if AIM.match(piece.strip(_BLANK)) else ""
        if gtin := gtin_of_cell(body):
            elements: tuple[Element, ...] = (("01", gtin),)
        else:
            split = next(_one(piece, attempt), None)
            if split is None:
                return
            elements = split.elements
            faults += split.faults
        if any(said.setdefault(ai, value) != value for ai, value in elements):
            return
    yield Split(tuple(said.items()), faults)


def _element_string(text: str, attempt: Attempt) -> Iterator[Split]:
    body = _without_ending(text)
    trimmed = text[len(body) :].strip(_BLANK + GS)
    after: Faults = ("suffix",) if trimmed else ()
    for place, before in _beginnings(body, attempt):
        rest = body[place:].lstrip(GS)
        for whole, faults in _once(body, place, rest):
            yield from _separated(whole, before + after + faults, attempt)


def _without_ending(text: str) -> str:
    """A text without what scanners write behind it."""
    end = len(text)
    while match := _ENDING.search(text, max(0, end - _LONGEST_ENDING), end):
        end = match.start()
    return text[:end]


def _once(body: str, place: int, rest: str) -> Iterator[tuple[str, Faults]]:
    """The text itself, and one of its copies where the same code stands in it again and again."""
    again = body.find(body[: place + 18], place + 18)
    if again > 0:
        first, others = body[place:again], body[again:]
        copies = others.split(body[: place + 18])[1:]
        tail = first[18:]
        if all(
            copy.strip(_BLANK) == tail.strip(_BLANK) for copy in copies[:-1]
        ) and tail.startswith(copies[-1].strip(_BLANK)):
            yield first.strip(_BLANK + GS), ("run-together",)
            return
    yield rest, ()


def _beginnings(text: str, attempt: Attempt) -> Iterator[tuple[int, Faults]]:
    """Where the elements may begin, behind what scanners write before them."""
    if AIM.match(text):
        yield 3, () if text[:3] in GS1_AIM else ("prefix",)
        return
    digits = text.translate(LENS) if attempt.typed else text
    yield 0, ()
    # What begins with an identifier is no prefix: leaving it out would leave out a claim.
    if _STARTS.match(text) or text.startswith(GS):
        return
    match = _STARTS.search(digits, 1, 40)
    if match and not _may_claim(text[: match.start()], attempt):
        yield match.start(), ("prefix",)


def _separated(body: str, faults: Faults, attempt: Attempt) -> Iterator[Split]:
    ways = [body]
    if "~1" in body:
        ways.append(body.replace("~1", GS))
    if attempt.typed and any(c.isspace() for c in body):
        ways.append("".join(body.split()))
    if attempt.typed and re.match(r"1[0-9]{14}", body):
        ways.append("0" + body)
    for way in ways:
        plain, replaced = separated(way)
        digits = plain.translate(LENS) if attempt.typed else plain
        more = ("spaces",) if way is not body and len(way) < len(body) and "~1" not in body else ()
        more = (ZEROS,) if len(way) > len(body) else more
        for split in splits(plain, digits, attempt, replaced):
            yield Split(split.elements, faults + more + split.faults)


def _link(whole: str, start: int, attempt: Attempt) -> Iterator[Split]:
    """A Digital Link from its key on, its path in its one order; before it stands no other label."""
    address = whole[:start]
    prefix, scheme, _ = address.lower().rpartition("http")
    if _DATE_OR_GTIN.search(address) or GS in separated(address)[0] or misspelt_part(whole):
        return
    # Digits in an address are its own.
    if scheme and _may_claim(whole[: len(prefix)], attempt):
        return
    text = whole[start:]
    rest = _without_ending(text).rstrip("#")
    faults: Faults = ("suffix",) if text[len(rest) :].strip(_BLANK) else ()
    path, mark, query = rest.partition("?")
    segments = path.split("/")[1:]
    if attempt.typed and segments[0].translate(LENS) == "01":
        gtin = gtin_of_cell(segments[1].translate(LENS))
        if segments[:2] != ["01", gtin]:
            alike = segments[0] != "01" or len(segments[1]) == 14
            faults = (*faults, LOOK_ALIKE if alike else ZEROS)
        segments[:2] = ["01", gtin]
    pairs = [(segments[n], segments[n + 1]) for n in range(0, len(segments) - 1, 2)]
    ordered = sorted(pairs, key=lambda pair: _ORDER.get(pair[0], 9))
    if ordered != pairs:
        faults = (*faults, "field-order")
    link = "".join(f"/{ai}/{value}" for ai, value in ordered)
    # What a wrong spelling makes of a claim must not pass for a part that no label needs.
    parts = query.replace(";", "&").split("&") if query else []
    names = [part.partition("=")[0] for part in parts]
    if any(name.translate(LENS).isdigit() and not name.isdigit() for name in names):
        return
    if len(segments) % 2 or not all(_PART.match(part) for part in parts) or "#" in rest:
        return
    try:
        label = parse_scan(f"https://id.gs1.org{link}{mark}{query}", year=attempt.year)
    except Malformed:
        return
    yield Split(label.elements, faults)


def _marked(elements: list[Element], attempt: Attempt) -> Iterator[Split]:
    """Elements that stand behind their identifiers or words, each mended where only one way is right."""
    # The very same may stand twice; what says two things in one place is no label.
    said = list(dict.fromkeys((ai, value) for ai, value in elements if ai))
    if len({ai for ai, _ in said}) < len(said) or len(said) > _MOST_FIELDS:
        return
    ways: list[Split] = [Split((), ())]
    for ai, value in said:
        options = list(_mended(ai, value, attempt))
        ways = [
            Split((*way.elements, (ai, text)), way.faults + faults)
            for way in ways
            for text, faults in options
        ]
    yield from ways


def _mended(ai: str, value: str, attempt: Attempt) -> Iterator[tuple[str, Faults]]:
    if ai in ("11", "17"):
        for text in date_readings(value.translate(LENS) if attempt.typed else value, attempt.year):
            yield text, () if text == value else ("date-form",)
        return
    bare = "".join(value.split())
    spaces: Faults = () if bare == value else ("spaces",)
    if ai not in ("00", "01"):
        yield bare, spaces
        return
    for text, faults in ((value, ()), (bare, spaces), (bare.translate(LENS), (LOOK_ALIKE,))):
        digits = whole_number(text) if ai == "00" else gtin_of_cell(text)
        if digits:
            same = digits == text
            yield digits, faults if same or faults else (ZEROS,)
            return


def _confused(found: Sequence[Split]) -> Iterator[Split]:
    """Serial and lot with the characters that a person or a spreadsheet takes for others."""
    # No lot and no serial is longer; what is, was no label.
    found = [split for split in found if all(len(v) <= 20 for _, v in split.elements)]
    for split in found:
        for n, (ai, value) in enumerate(split.elements):
            if ai in ("10", "21") and value.isdigit():
                for width in range(len(value) + 1, 21):
                    yield _with(split, {n: value.zfill(width)}, ZEROS)
            elif ai in ("10", "21") and (digits := whole_number(value)):
                yield _with(split, {n: digits}, "scientific")
    for split in found:
        yield from _alike(split)


def _alike(split: Split) -> Iterator[Split]:
    places = [
        (n, at, c)
        for ai in ("21", "10")
        for n, (other, value) in enumerate(split.elements)
        if other == ai
        for at, c in enumerate(value)
    ]
    values = {n: value for n, (ai, value) in enumerate(split.elements) if ai in ("10", "21")}
    lower = {n: value.upper() for n, value in values.items()}
    if lower != values:
        yield _with(split, lower, "case-lost")
    for one in sorted({c for _, _, c in places if c in _LIKE}):
        for other in _LIKE[one]:
            yield _with(split, {n: v.replace(one, other) for n, v in values.items()}, LOOK_ALIKE)
    likely = [(n, at, o) for n, at, c in places for o in _LIKE.get(c, "")]
    less = [(n, at, o) for n, at, c in places for o in _LESS_LIKE.get(c, "")]
    pairs = islice(combinations(likely, 2), _PAIRS)
    for chosen in chain(combinations(likely + less, 1), pairs):
        changed = dict(values)
        for n, at, c in chosen:
            changed[n] = changed[n][:at] + c + changed[n][at + 1 :]
        yield _with(split, changed, LOOK_ALIKE)


def _with(split: Split, values: dict[int, str], fault: str) -> Split:
    elements = tuple((ai, values.get(n, value)) for n, (ai, value) in enumerate(split.elements))
    return Split(elements, (*split.faults, fault))
