"""Every form of a label: what is written reads back, and every bad one is refused with its reason."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ledger.errors import Malformed
from ledger.statement.ai import CSET_82
from ledger.statement.epc import to_digital_link, to_urn
from ledger.statement.gs1 import Label, parse_scan
from tests.world import gtin

GTIN = gtin("0952123454321")
YEAR = 2026
CSET = "".join(sorted(CSET_82))

gtins = st.text("0123456789", min_size=13, max_size=13).map(gtin)
values = st.text(CSET, min_size=1, max_size=20)
dates = st.dates(date(2020, 1, 1), date(2070, 12, 31)).map(lambda day: f"{day:%y%m%d}")
months = dates.map(lambda text: text[:4] + "00")


@st.composite
def packs(draw: st.DrawFn) -> dict[str, str]:
    """A pack's elements in any order."""
    found = {"01": draw(gtins), "21": draw(values)}
    if draw(st.booleans()):
        found["10"] = draw(values)
    if draw(st.booleans()):
        found["17"] = draw(dates | months)
    if draw(st.booleans()):
        found[f"71{draw(st.integers(0, 7))}"] = draw(values)
    order = draw(st.permutations(list(found)))
    return {ai: found[ai] for ai in order}


def element_string(elements: dict[str, str]) -> str:
    fixed = ("01", "17")
    return "".join(f"{ai}{v}" + ("" if ai in fixed else "\x1d") for ai, v in elements.items())


@given(packs(), st.sampled_from(("]d2", "]Q3", "]C1", "", "\x1d")))
def test_an_element_string_reads_back(elements: dict[str, str], before: str) -> None:
    label = parse_scan(before + element_string(elements))
    assert dict(label.elements) == elements
    assert element_string(dict(label.elements)) == element_string(elements)


@given(packs())
def test_the_bracketed_form_reads_back(elements: dict[str, str]) -> None:
    # A value that ends in \ before ( is the one text that the escape cannot carry; \ is not GS1's.
    label = Label(tuple(elements.items()))
    again = parse_scan(label.ai_string)
    assert again.elements == label.elements
    assert again.ai_string == label.ai_string
    spaced = "  ".join(f"({ai}) {v.replace('(', chr(92) + '(')}" for ai, v in elements.items())
    assert parse_scan(spaced).elements == label.elements


@given(
    packs(), st.sampled_from(("https://id.gs1.org", "http://x.example/a/b", "HTTPS://X.EXAMPLE"))
)
def test_a_digital_link_reads_back_from_any_domain(elements: dict[str, str], root: str) -> None:
    link = Label(tuple(elements.items())).digital_link
    label = parse_scan(link.replace("https://id.gs1.org", root, 1))
    assert dict(label.elements) == elements
    assert label.digital_link == link


@given(gtins, values, st.integers(6, 12))
def test_an_epc_urn_reads_back(number: str, serial: str, prefix: int) -> None:
    link = Label((("01", number), ("21", serial))).digital_link
    urn = to_urn(link, prefix)
    assert to_digital_link(urn) == link
    assert parse_scan(urn).elements == (("01", number), ("21", serial))


words = st.sampled_from((
    "GTIN {0} LOT {1} EXP {2} SN {3}", "PC: {0}\nSN: {3}\nLOT: {1}\nEXP: {2}",
    "PC {0} Ch.-B. {1} verw. bis {2} SN {3}", "gtin={0} sn={3} lot={1} exp={2}",
    "S/N: {3} GTIN: {0} Batch No: {1} Expiry date: {2}", "SN: {3} EXP: {2} Lote: {1} GTIN: {0}",
))  # fmt: skip


@given(words, gtins, values, values, st.dates(date(2020, 1, 1), date(2070, 12, 31)), st.data())
def test_the_plain_form_of_a_print_reads_back(
    form: str, number: str, lot: str, serial: str, day: date, data: st.DataObject
) -> None:
    assume(not {lot[:1], serial[:1]} & set(".:="))  # belongs to the word before it
    assume(not {lot[-1:], serial[-1:]} & set(",;"))
    written, yymmdd = data.draw(st.sampled_from((
        (f"{day:%Y-%m-%d}", f"{day:%y%m%d}"), (f"{day:%d.%m.%Y}", f"{day:%y%m%d}"),
        (f"{day:%m/%Y}", f"{day:%y%m}00"), (f"{day:%Y-%m}", f"{day:%y%m}00"),
        (f"{day:%d %b %Y}", f"{day:%y%m%d}"), (f"{day:%b%Y}".upper(), f"{day:%y%m}00"),
    )))  # fmt: skip
    label = parse_scan(form.format(number, lot, written, serial), year=YEAR)
    assert (label.gtin, label.lot, label.serial) == (number, lot, serial)
    assert label.value("17") == yymmdd


@pytest.mark.parametrize(("text", "reason"), [
    # What biip lets pass.
    (f"01{GTIN[:-1]}021A1", "check digit"),
    (f"01{GTIN}21A1\x1d21A2", "twice"),
    ("21A1", r"\(21\) needs one of"),
    ("10L1", r"\(10\) needs one of"),
    # What cannot be told.
    (f"GTIN {GTIN} EXP 01/02/2028 SN A1", "more than one way"),
    (f"GTIN {GTIN} EXP 280131 SN A1", "more than one way"),
    (f"GTIN {GTIN} EXP 01/28 SN A1", "more than one way"),
    (f"GTIN {GTIN} EXP 2028-02-30 SN A1", "not a day"),
    (f"GTIN {GTIN} EXP 31 XYZ 2028 SN A1", "no month"),
    (f"GTIN {GTIN} EXP 2099-01-31 SN A1", "too far"),
    (f"GTIN {GTIN} SN LOT L1", "no value"),
    (f"GTIN {GTIN} SN A 1", "more than one value"),
    (f"GTIN {GTIN} LOT A LOT B SN 1", "twice"),
    (f"SN A1, GTIN {GTIN}", "cannot be told"),
    ("LOT L1 EXP 2028-01", "needs one of"),
    # Lengths of a product's number, wrongly closed.
    ("12345678", "check digit"), ("123456789013", "check digit"),
    ("1234567890123", "check digit"), ("12345678901234", "check digit"),
    (f"01{GTIN[1:]}", "cut off|check digit"), (f"(01){GTIN[1:]}(21)A1", "wrong length"),
    (f"https://id.gs1.org/01/{GTIN[1:]}/21/A1", "wrong length"),
    # Days that are none.
    (f"(01){GTIN}(17)000000(21)A1", "not a day"), (f"(01){GTIN}(17)280230(21)A1", "not a day"),
    (f"(01){GTIN}(17)281301(21)A1", "not a day"), (f"(01){GTIN}(17)280132(21)A1", "not a day"),
    # Two lots in one string.
    (f"01{GTIN}10L1\x1d10L2\x1d21A1", "twice"),
    (f"https://id.gs1.org/01/{GTIN}/10/L1/10/L2", "cannot be followed"),
    (f"https://id.gs1.org/01/{GTIN}/10/L1?10=L2", "twice"),
    # Other schemes, and links that are none.
    ("javascript:alert(1)", "begins"), ("file:///etc/passwd", "begins"),
    (f"javascript://id.gs1.org/01/{GTIN}/21/A1", "begins"),
    (f"ftp://id.gs1.org/01/{GTIN}/21/A1", "begins"), ("https://id.gs1.org", "no path"),
    (f"https:///01/{GTIN}/21/A1", "no path"),
    ("https://id.gs1.org/ARHKVAdpQgEI", "no GS1 key"),  # compressed
    (f"https://id.gs1.org/01/{GTIN}/21/%C3%BC", "ASCII"),
    (f"https://id.gs1.\u043erg/01/{GTIN}/21/A1", "beyond ASCII"),
    (f"https://id.gs1.org/01/{GTIN}/21/A%00", "character set"),
    # Digits and characters of other scripts, and too much of anything.
    ("".join(chr(0x660 + int(c)) for c in GTIN), "begins"),
    (f"(01){''.join(chr(0xFF10 + int(c)) for c in GTIN)}(21)A1", "character set"),
    (f"(\uff10\uff11){GTIN}(21)A1", "behind its AI"),
    (f"(01){GTIN}(21)A\u200b1", "character set"), (f"(01){GTIN}(21)A\x001", "character set"),
    ("A" * 7168, "at most"), (f"01{GTIN}21" + "A" * 3000, "wrong length"),
])  # fmt: skip
def test_bad_input_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        parse_scan(text, year=YEAR)


def test_a_look_alike_domain_is_read_as_a_label_and_never_as_an_address() -> None:
    """A label's domain is not trusted: what it says is what any other domain would."""
    label = parse_scan(f"https://id.gs1.org.evil.example/01/{GTIN}/21/A1")
    assert label.id == f"https://id.gs1.org/01/{GTIN}/21/A1"


@pytest.mark.parametrize("length", [8, 12, 13, 14])
def test_a_bare_gtin_of_each_length_is_a_product(length: int) -> None:
    number = gtin("0" * (14 - length) + "952123454321"[: length - 1].rjust(length - 1, "1"))
    label = parse_scan(number[14 - length :])
    assert (label.gtin, label.id) == (number, "")


def test_a_list_of_fields_is_read_where_a_number_shows_that_it_is_one() -> None:
    assert parse_scan(f"GTIN {GTIN}, SN A1, LOT L1").serial == "A1"
    assert parse_scan(f"GTIN {GTIN} SN A1, LOT L1").serial == "A1,"
    assert parse_scan(f"PC {GTIN} SN A1 NN 12345678").elements == (("01", GTIN), ("21", "A1"))


@given(st.text(max_size=200))
def test_no_text_raises_anything_but_malformed(text: str) -> None:
    for form in ("{}", "]d2{}", "(01){}", "https://x.example/01/{}", "urn:epc:id:sgtin:{}",
                 f"01{GTIN}21{{}}", f"GTIN {GTIN} SN {{}}", "EXP {}", "PC {} LOT {}"):  # fmt: skip
        assert read_back(form.replace("{}", text))


def read_back(text: str) -> bool:
    """Whether a text is refused with a reason, or a label whose bracketed form reads the same."""
    try:
        label = parse_scan(text, year=YEAR)
    except Malformed as refused:
        return len(str(refused)) > 10
    return parse_scan(label.ai_string, year=YEAR).elements == label.elements
