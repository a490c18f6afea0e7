"""What a reading comes to: a keyboard layout that nobody listed is a scanner's fault, an altered lot is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ledger.rules.claims import Claim
from ledger.rules.verdict import verdict
from ledger.statement.gs1 import Label
from scanner.faults import CAMERA, UNEXPLAINED, UNKNOWN_LAYOUT, WEDGE, Explanation
from scanner.settle import Settled, keys_moved, settle

PRODUCT = Claim("product", "09521101000016", "09521101000016", True)


def claims(lot: tuple[str, str], serial: tuple[str, str] = ("77", "77")) -> tuple[Claim, ...]:
    """Of a label's lot and serial, each as printed and as read."""
    made = (
        Claim(name, read, printed, read == printed)
        for name, (printed, read) in (("lot", lot), ("serial", serial))
    )
    return (PRODUCT, *made)


@pytest.mark.parametrize(
    ("lot", "serial", "moved"),
    [
        (("AB-12", "AB/12"), ("77", "77"), True),
        (("ÆB12X", "OB12X"), ("77", "77"), True),
        (("ABA12", "QCQ12"), ("77", "77"), True),
        (("ABL12", "QCL12"), ("77", "77"), True),
        (("AB12", "QB12"), ("77", "77"), False),  # a lot that differs in one letter is another
        (("A12", "Q12"), ("77", "77"), False),
        (("AB12", "QC12"), ("PX77", "PX77"), False),  # as many letters are as they should be
        (("AA12", "QA12"), ("77", "77"), False),  # the same key gives the same sign
        (("AB12", "QQ12"), ("77", "77"), False),  # two keys give two signs
        (("AB12", "AB13"), ("77", "77"), False),  # digits stay where they are
        (("AB12", "AC12"), ("B7", "B7"), False),  # the serial number has the key unmoved
        (("AB12", "AC12"), ("B7", "C7"), False),  # another serial number is another pack
        (("AB12", "AB1"), ("77", "77"), False),
        (("AB12", "AB12"), ("77", "77"), False),
    ],
)
def test_only_signs_that_stand_for_others_always_alike_are_moved_keys(
    lot: tuple[str, str], serial: tuple[str, str], moved: bool
) -> None:
    assert keys_moved(claims(lot, serial)) is moved


def test_another_expiry_is_no_moved_key() -> None:
    expiry = Claim("expiry", "2028-01-31", "2027-01-31", False)
    assert not keys_moved((*claims(("AB12", "AB12")), expiry))
    assert not keys_moved((*claims(("AB12", "QC12")), expiry))


LABEL = Label((("01", "09521101000016"), ("21", "77"), ("10", "QC12")))


def settled(source: str, text: str = "text", *, before: bool = False) -> Settled:
    told = replace(verdict({"label-mismatch": "lot"}, "dispense"), claims=claims(("AB12", "QC12")))
    found = Explanation(UNEXPLAINED, LABEL, text, source=source)
    return settle(told, LABEL, found, lambda _: told, before=before)


def test_a_layout_that_nobody_listed_is_asked_again_of_a_keyboard_and_never_of_a_camera() -> None:
    by_keys = settled(WEDGE)
    assert by_keys.again is not None
    assert by_keys.again.faults == (UNKNOWN_LAYOUT,)
    assert not by_keys.alert
    assert by_keys.verdict.codes == ("scan-again",)
    assert settled(CAMERA).again is None


def test_a_lot_of_other_letters_that_is_read_again_alerts_as_any_fake_does() -> None:
    """A layout may be behind it; but then the second reading is the camera's, as was asked for."""
    again = settled(WEDGE, before=True)
    assert (again.again, again.alert) == (None, True)
    assert again.verdict.codes == ("label-mismatch",)


@pytest.mark.parametrize("text", ["]d20109521101000016", "https://id.gs1.org/01/09521101000016"])
def test_a_reading_that_begins_right_came_by_the_right_keyboard(text: str) -> None:
    assert settled(WEDGE, text).again is None


@pytest.mark.parametrize(("printed", "read"), [("A1234", "B1234"), ("EX2601", "EY2601")])
def test_a_lot_that_differs_in_one_letter_alerts_when_it_is_read_again(
    printed: str, read: str
) -> None:
    told = replace(verdict({"label-mismatch": "lot"}, "dispense"), claims=claims((printed, read)))
    label = Label((("01", "09521101000016"), ("21", "77"), ("10", read)))
    found = Explanation(UNEXPLAINED, label, label.ai_string, source=WEDGE)
    first, second = (settle(told, label, found, lambda _: told, before=n) for n in (False, True))
    assert (first.verdict, first.again, first.alert) == (told, None, False)
    assert (second.verdict, second.again, second.alert) == (told, None, True)
