"""What a person reads before signing: products and parties by name beside their numbers, each once."""

from __future__ import annotations

from typing import Any

from ledger.statement import gs1
from tests.browser.conftest import Site, Visit
from tests.browser.signing import Browser
from tests.world import gln, gtin

ONE, OTHER = gtin("0952123454321"), gtin("0952111100001")
SITE, PARTY, SHOP, BUYER = (gln(f"95212340000{n}") for n in range(4))


def event(**fields: Any) -> dict[str, Any]:
    """An act of a party at its site, as it is read back from its bytes."""
    return {"op": "ship", "site": SITE, "by": PARTY, "timeMs": 0, "log": "log.example", **fields}


def told(visit: Visit, site: Site, *given: Any) -> dict[str, str]:
    """The lines of an event in words."""
    lines = Browser(visit, site).run(
        """const { eventWords } = await import("/static/sign/words.js");
        return eventWords(...given).lines;""",
        given,
    )
    return dict(lines)


def test_a_party_and_its_site_of_one_name_are_said_once(bare: Site, visit: Visit) -> None:
    names = {SITE: "Corner Pharmacy", PARTY: "Corner Pharmacy", SHOP: "Depot", BUYER: "Wholesale"}
    shipped = event(sourceParty=PARTY, destSite=SHOP, destParty=BUYER)
    found = told(visit, bare, shipped, {}, names)
    assert found["At, Acting party, Owner now"] == f"Corner Pharmacy ({SITE}, {PARTY})"
    assert (found["To"], found["Owner on receipt"]) == (f"Depot ({SHOP})", f"Wholesale ({BUYER})")


def test_every_number_is_said_where_nobody_tells_the_names(bare: Site, visit: Visit) -> None:
    shipped = event(sourceParty=BUYER, destSite=SHOP, destParty=BUYER)
    items = [gs1.sgtin(ONE, "A"), gs1.sgtin(ONE, "B"), gs1.sgtin(OTHER, "C")]
    found = told(visit, bare, shipped, {"items": items}, {ONE: "Examplin 10 mg"})
    assert (found["At"], found["Acting party"], found["Owner now"]) == (SITE, PARTY, BUYER)
    assert found["Product"] == f"Examplin 10 mg, GTIN {ONE}: 2 packs; GTIN {OTHER}: 1 pack"


def test_what_is_signed_of_a_look_at_a_print_is_said_before_it_is_signed(
    bare: Site, visit: Visit
) -> None:
    looked = event(op="inspect", reason="copy-suspected")
    found = told(visit, bare, looked, {"items": [gs1.sgtin(ONE, "A")]}, {}, ["ab" * 32])
    assert found["Reason"] == "copy suspected: the label's print is not the enrolled one"
    assert found["Label fingerprint"] == "ab" * 32
    many = told(visit, bare, event(op="enrol"), {}, {}, ["ab" * 32, "cd" * 32])
    assert many["Label fingerprint"] == "2 commitments"
    assert "Label fingerprint" not in told(visit, bare, event(), {}, {}, [])
