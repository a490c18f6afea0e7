"""Containers at a site: what they hold, their numbers, and their labels."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import zxingcpp
from flask.testing import FlaskClient
from PIL import Image

from ledger.errors import Malformed
from ledger.statement import gs1
from scanner.logistic import render_unit
from scanner.symbols import read
from tests.app.conftest import SignIn
from tests.world import Chain, Member


@pytest.fixture
def maker(chain: Chain, sign_in: SignIn) -> FlaskClient:
    return sign_in(chain.maker)


def sscc(chain: Chain, number: int, who: Member | None = None) -> str:
    return gs1.parse_item_id(chain.unit_id(who or chain.maker, number)).sscc


@pytest.fixture
def pallet(chain: Chain) -> list[str]:
    """A pallet (1) with a case (2) of two packs, and a loose pack; an empty case (3)."""
    packs = chain.commission("L1", 3)
    pallet, case, _empty = (chain.unit(chain.maker, n) for n in (1, 2, 3))
    chain.pack(chain.maker, packs[:2], case)
    chain.pack(chain.maker, [case, packs[2]], pallet)
    return packs


def test_each_is_listed_with_its_content_the_nested_and_the_empty_too(
    chain: Chain, maker: FlaskClient, pallet: list[str]
) -> None:
    page = maker.get("/containers").text
    assert sscc(chain, 1) in page
    assert sscc(chain, 3) in page
    assert sscc(chain, 2) not in page  # it is in the pallet
    assert "1 container inside" in page
    assert "empty" in page
    assert "Examplin 10 mg" in page
    inner = maker.get(f"/containers/{sscc(chain, 2)}").text
    assert "2 packs" in maker.get(f"/containers/{sscc(chain, 1)}").text
    assert sscc(chain, 1) in inner
    assert "take it out of its container first" in inner


def test_they_are_found_by_digits_and_go_on_page_by_page(
    chain: Chain, maker: FlaskClient, pallet: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sscc(chain, 3) in maker.get(f"/containers?q={sscc(chain, 3)[-5:]}").text
    assert "No container at this site" in maker.get("/containers?q=99999999999").text
    assert maker.get("/containers?q=%25").status_code == 400
    assert maker.get("/containers?after=1").status_code == 400
    monkeypatch.setattr("app.pages.containers.PAGE", 1)
    first = maker.get("/containers").text
    assert f"after={sscc(chain, 1)}" in first
    assert sscc(chain, 3) in maker.get(f"/containers?after={sscc(chain, 1)}").text


def test_only_the_site_that_holds_it_sees_it(
    chain: Chain, client: FlaskClient, sign_in: SignIn, maker: FlaskClient, pallet: list[str]
) -> None:
    one = sscc(chain, 1)
    paths = [f"/containers/{one}", f"/containers/{one}/label", f"/containers/new?into={one}",
             f"/api/containers/{one}/label.png", f"/api/containers/{one}/label.zpl"]  # fmt: skip
    for path in paths:
        assert client.get(path).status_code == 401
        assert sign_in(chain.wholesaler).get(path).status_code == 404
        assert maker.get(path).status_code == 200
    sent = chain.ship(chain.maker, [chain.unit_id(chain.maker, 1)], chain.wholesaler)
    assert maker.get(paths[0]).status_code == 404  # it is under way
    chain.receive(chain.wholesaler, sent, [chain.unit_id(chain.maker, 1)])
    assert sign_in(chain.wholesaler).get(paths[0]).status_code == 200
    assert maker.get(paths[0]).status_code == 404
    assert maker.get("/containers/123").status_code == 400


def number(client: FlaskClient, ssccs: list[Any], status: int = 200) -> Any:
    answer = client.post("/api/containers/check", json={"ssccs": ssccs})
    assert answer.status_code == status, answer.get_json()
    return answer.get_json()


def test_a_number_must_be_free_and_the_party_s_own(
    chain: Chain, maker: FlaskClient, sign_in: SignIn, pallet: list[str]
) -> None:
    free = sscc(chain, 9)
    assert number(maker, [free])["ok"]
    assert number(maker, [free, sscc(chain, 1)])["taken"] == [sscc(chain, 1)]
    told = number(sign_in(chain.wholesaler), [sscc(chain, 1)])
    assert (told["code"], told["taken"]) == ("not-your-product", [])
    assert number(sign_in(chain.pharmacy), [free])["code"] == "not-listed-op"
    for wrong in ([], ["1"], [1], [free[:-1] + "x"], [free] * 101):
        assert number(maker, wrong, 400)["code"] == "malformed"


def test_packs_are_checked_for_a_container_that_is_numbered_in_the_same_press(
    chain: Chain, maker: FlaskClient, sign_in: SignIn
) -> None:
    packs = chain.commission("L1", 2)
    chain.quarantine(chain.maker, packs[1:])

    def ask(client: FlaskClient, parent: str) -> list[str | None]:
        told = client.post(
            "/api/checks", json={"op": "pack", "items": packs, "parent": parent}
        ).get_json()
        return [told["code"], *(one["code"] for one in told["items"])]

    assert ask(maker, chain.unit_id(chain.maker, 9)) == [None, None, "blocked-hold"]
    foreign = ask(maker, chain.unit_id(chain.wholesaler, 9))
    assert "unknown-item" in foreign  # another party's number is not there to be packed
    assert chain.reader.world().row(chain.unit_id(chain.maker, 9)) is None


def test_the_label_says_the_number_twice_and_is_read_back(
    chain: Chain, maker: FlaskClient, pallet: list[str]
) -> None:
    answer = maker.get(f"/api/containers/{sscc(chain, 1)}/label.png?dpi=203")
    grey = np.asarray(Image.open(io.BytesIO(answer.data)).convert("L"))
    [matrix] = read(grey)
    assert gs1.parse_scan(matrix.scan).sscc == sscc(chain, 1)
    bars = zxingcpp.barcode_formats_from_str("Code128")
    [linear] = zxingcpp.read_barcodes(grey, formats=bars, text_mode=zxingcpp.TextMode.Plain)
    assert (linear.symbology_identifier, linear.text) == ("]C1", f"00{sscc(chain, 1)}")
    assert "^XA" in maker.get(f"/api/containers/{sscc(chain, 1)}/label.zpl").text


@pytest.mark.parametrize("dpi", [203, 300, 600])
def test_it_is_drawn_at_each_printer_s_density(chain: Chain, dpi: int) -> None:
    picture = render_unit(sscc(chain, 1), [("COUNT (37)", "12")], dpi=dpi)
    assert picture.width == pytest.approx(105 / 25.4 * dpi, abs=1)


def test_no_label_is_drawn_of_what_cannot_be_printed(chain: Chain) -> None:
    for number_, lines, dpi in (
        ("123", [], 300), (sscc(chain, 1), [("LOT", "ü")], 300), (sscc(chain, 1), [("A", "B")] * 12, 300),
        (sscc(chain, 1), [], 50),
    ):  # fmt: skip
        with pytest.raises(Malformed):
            render_unit(number_, lines, dpi=dpi)
