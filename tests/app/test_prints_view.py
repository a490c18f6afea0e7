"""What is known of a label's print: whose it is to see, and how much of it."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from app.fingerprints import plot as drawn
from app.node import KEY, Node
from ledger.rules.alerts import Alert
from ledger.rules.casework import SITE
from ledger.statement import gs1
from ledger.statement.dsse import key_id
from ledger.store.fingerprints import Fingerprints
from ledger.store.forget import forget
from ledger.store.looks import MOST_OF_PACK, Access, Look
from ledger.tlog.ed25519 import public_of
from scanner.fingerprint.limits import EXTRACTOR, LIMITS
from scanner.fingerprint.measured import MEASURED
from tests.app.conftest import SignIn
from tests.world import Chain, Member, seed

FIRST, SECOND = bytes(range(32)), bytes(range(1, 33))
EXPIRY = date(2028, 1, 31)
DEVICE = "Counter 3 webcam"


class Scene(NamedTuple):
    """A pack at a pharmacy: enrolled twice, looked at twice there, once signed about."""

    chain: Chain
    node: Node
    item: str
    path: str

    def look(self, **changes: object) -> None:
        """A look at the pharmacy."""
        who = self.chain.pharmacy
        row = Look(
            self.chain.now, self.item, who.site, who.gln, key_id(public_of(who.key)), DEVICE,
            "GENUINE_MATCH", "", EXTRACTOR, SECOND.hex(), 19.3, 5, 0.12, sha256(b"%d" % self.chain.now).hexdigest(),
        )  # fmt: skip
        row = row._replace(**changes)  # type: ignore[arg-type]
        if row.score is None:
            self.node.desk.looks.add(row)
        else:
            assert not self.node.desk.looks.add_counted(row, (), [(1, 1 << 30)]).why


@pytest.fixture
def scene(chain: Chain, app: Flask) -> Scene:
    """The scene, with a print seen and a copy suspected."""
    (item,) = chain.pack_ids("L1", 1)
    chain.log.submit(
        chain.event(
            "commission", chain.maker, [item], lot="L1", expiry=EXPIRY,
            extras={item: FIRST},
        )
    )  # fmt: skip
    chain.act("enrol", chain.maker, [item], extras={item: SECOND})
    chain.hand_over(chain.maker, [item], chain.pharmacy)
    found = gs1.parse_item_id(item)
    made = Scene(
        chain, app.extensions[KEY], item, f"/packs/{found.gtin}/{found.serial}/fingerprint"
    )
    made.look()
    made.look(
        ms=chain.now + 1, verdict="COPY_SUSPECTED", reasons="differs", score=0.44, frames=4,
        vector="c" * 64,
    )  # fmt: skip
    chain.act("inspect", chain.pharmacy, [item], reason="copy-suspected", extras={item: SECOND})
    return made


def page(sign_in: SignIn, who: Member, path: str) -> str:
    """A page as somebody sees it; it must be there."""
    answer = sign_in(who).get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_the_authority_sees_enrolments_looks_and_who_signed(scene: Scene, sign_in: SignIn) -> None:
    told = page(sign_in, scene.chain.authority, scene.path)
    for text in (FIRST.hex(), SECOND.hex(), "replaced", "holds", DEVICE, "Pharmacy site", "0.12",
                 "0.44", "Copy suspected", "No contradiction found"):  # fmt: skip
        assert text in told
    signer = key_id(public_of(scene.chain.pharmacy.key))
    assert f"{signer[:16]}…" in told
    enrolled = scene.chain.reader.fingerprint(scene.item)
    assert enrolled is not None
    assert f'href="/log/{enrolled.index}"' in told


def test_who_looks_into_a_print_is_told_to_see_its_size(scene: Scene, sign_in: SignIn) -> None:
    """No picture shows it, and a copy that is printed larger can pass."""
    assert "whether the code has its own size" in page(sign_in, scene.chain.authority, scene.path)


def test_the_holder_sees_the_scores_and_of_another_site_role_and_country_alone(
    scene: Scene, sign_in: SignIn
) -> None:
    told = page(sign_in, scene.chain.maker, scene.path)
    assert "pharmacy in BE" in told
    assert "0.44" in told
    pharmacy = scene.chain.pharmacy
    for hidden in (DEVICE, "Pharmacy site", pharmacy.site, pharmacy.gln,
                   key_id(public_of(pharmacy.key))[:16]):  # fmt: skip
        assert hidden not in told
    inspected = scene.chain.reader.history(scene.item)[-1].index
    assert f"/log/{inspected}" not in told


@pytest.mark.parametrize("known", [True, False])
def test_to_all_others_it_is_refused_whether_the_pack_is_there_or_not(
    scene: Scene, sign_in: SignIn, app: Flask, known: bool
) -> None:
    path = scene.path if known else scene.path.replace("L1-", "NONE-")
    assert app.test_client().get(path).status_code == 401
    for who in (scene.chain.pharmacy, scene.chain.wholesaler):
        answer = sign_in(who).get(path, headers={"Accept": "application/json"})
        assert answer.status_code == 403
        assert "product's holder" in answer.get_json()["detail"]


def test_a_product_that_nobody_registered_is_the_authoritys_alone(
    scene: Scene, sign_in: SignIn
) -> None:
    path = "/packs/09521102000015/A/fingerprint"
    assert "None is enrolled" in page(sign_in, scene.chain.authority, path)
    assert sign_in(scene.chain.maker).get(path).status_code == 403
    assert sign_in(scene.chain.maker).get("/packs/1/A/fingerprint").status_code == 400


def test_a_serial_with_a_slash_has_its_page(chain: Chain, app: Flask, sign_in: SignIn) -> None:
    item = gs1.sgtin(chain.gtin, "A/B")
    chain.log.submit(
        chain.event("commission", chain.maker, [item], lot="L", expiry=EXPIRY, extras={item: FIRST})
    )
    path = f"/packs/{chain.gtin}/{quote('A/B', safe='')}"
    assert FIRST.hex() in page(sign_in, chain.maker, f"{path}/fingerprint")
    assert f"/packs/{chain.gtin}/A/B/fingerprint" in page(sign_in, chain.maker, path)


def test_a_repacked_pack_has_none_until_it_is_enrolled(
    scene: Scene, sign_in: SignIn, chain: Chain
) -> None:
    (item,) = chain.commission("L2", 1)
    out = chain.act("check_out", chain.maker, [item])
    made = gs1.sgtin(chain.gtin, "NEW")
    chain.act("repack", chain.maker, [made], inputs=(out.id,), lot="L3", expiry=EXPIRY)
    told = page(sign_in, chain.maker, f"/packs/{chain.gtin}/NEW/fingerprint")
    assert "None is enrolled" in told
    assert "repacked or relabelled" in told


def test_a_print_enrolled_while_the_pack_was_elsewhere_is_said_to_be(
    scene: Scene, sign_in: SignIn
) -> None:
    words = "enrolled for a pack that was elsewhere"
    assert words not in page(sign_in, scene.chain.authority, scene.path)
    scene.chain.act("enrol", scene.chain.maker, [scene.item], extras={scene.item: bytes(32)})
    assert page(sign_in, scene.chain.authority, scene.path).count(words) == 1


def test_what_names_an_older_commitment_is_said_not_to_fit(scene: Scene, sign_in: SignIn) -> None:
    told = page(sign_in, scene.chain.maker, scene.path)
    assert "does not name the commitment that holds" not in told
    third = bytes(32)[:-1] + b"\1"
    scene.chain.act("enrol", scene.chain.maker, [scene.item], extras={scene.item: third})
    assert "does not name the commitment that holds" in page(sign_in, scene.chain.maker, scene.path)


def test_what_is_erased_is_said_to_be_missing(scene: Scene, sign_in: SignIn) -> None:
    chain = scene.chain
    chain.supply(chain.pharmacy, [scene.item])
    chain.hours(24 * 400)
    assert forget(chain.store, seed("status"), chain.now).indexes
    told = page(sign_in, chain.authority, scene.path)
    assert "were erased and cannot be shown" in told
    assert "None is enrolled" in told
    assert SECOND.hex() not in told


def test_what_is_signed_without_a_look_is_told_so(scene: Scene, sign_in: SignIn) -> None:
    told = page(sign_in, scene.chain.authority, scene.path)
    assert "No look that is kept here" not in told
    # Another site, another verdict than the look came to, another print: each by itself.
    for who, reason, print_ in (
        (scene.chain.wholesaler, "copy-suspected", SECOND),
        (scene.chain.pharmacy, "fingerprint-unclear", SECOND),
        (scene.chain.pharmacy, "copy-suspected", FIRST),
    ):
        before = page(sign_in, scene.chain.authority, scene.path).count("No look that is kept here")
        scene.chain.act("inspect", who, [scene.item], reason=reason, extras={scene.item: print_})
        after = page(sign_in, scene.chain.authority, scene.path).count("No look that is kept here")
        assert after == before + 1


def test_an_inspection_of_something_else_is_no_statement_about_the_print(
    scene: Scene, sign_in: SignIn
) -> None:
    before = page(sign_in, scene.chain.authority, scene.path)
    scene.chain.act("inspect", scene.chain.pharmacy, [scene.item], reason="other-holder")
    after = page(sign_in, scene.chain.authority, scene.path)
    assert before.count("Signed by") == after.count("Signed by")


def test_a_pack_that_is_inspected_without_end_still_shows_its_enrolments(
    scene: Scene, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.fingerprints.evidence.MOST", 3)
    for _ in range(5):
        scene.chain.act("inspect", scene.chain.pharmacy, [scene.item], reason="copy-suspected")
    told = page(sign_in, scene.chain.authority, scene.path)
    assert FIRST.hex() in told
    assert SECOND.hex() in told


def test_looks_that_compare_nothing_hide_no_suspected_copy(scene: Scene, sign_in: SignIn) -> None:
    other = scene.chain.pharmacy2
    for day in range(3):
        for minute in range(80):
            at = scene.chain.now + day * 24 * 3_600_000 + minute * 60_000
            for alarm in (0, 1):
                scene.look(ms=at, site=other.site, party=other.gln, verdict="CANNOT_TELL",
                           reasons="no-code", score=None, frames=0, alarm=alarm)  # fmt: skip
    told = page(sign_in, scene.chain.maker, scene.path)
    assert "<strong>Copy suspected</strong>" in told
    assert told.count('<th scope="row"') == 2 + 3 * MOST_OF_PACK  # those with an alarm stand beside
    assert "Looks that compared nothing" in told


def test_it_says_how_many_looks_and_statements_are_left_out(
    scene: Scene, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "not shown" not in page(sign_in, scene.chain.maker, scene.path)
    monkeypatch.setattr("app.fingerprints.evidence.MOST", 1)
    scene.look(vector="d" * 64)
    told = page(sign_in, scene.chain.maker, scene.path)
    assert told.count("1 older one is not shown.") == 1
    scene.chain.act("inspect", scene.chain.pharmacy, [scene.item], reason="copy-suspected")
    told = page(sign_in, scene.chain.maker, scene.path)
    assert told.count("1 older one is not shown.") == 2


def test_inspections_without_end_hide_no_statement_about_the_print(
    scene: Scene, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither those about something else nor those that say otherwise."""
    monkeypatch.setattr("app.fingerprints.evidence.MOST", 3)
    words = "enrolled: a copy is suspected"
    before = page(sign_in, scene.chain.maker, scene.path)
    assert before.count(words) == 1
    for reason in ("other-holder", "fingerprint-match"):
        for _ in range(5):
            scene.chain.act("inspect", scene.chain.pharmacy2, [scene.item], reason=reason)
    told = page(sign_in, scene.chain.maker, scene.path)
    assert told.count(words) == 1
    assert "2 older ones are not shown." in told


def test_the_case_and_the_pack_lead_to_it_for_those_who_may_see_it(
    scene: Scene, sign_in: SignIn
) -> None:
    alert = Alert(
        "copy-suspected", scene.chain.pharmacy.site, scene.item, scene.chain.now, "copied-label",
        scene.item, codes=("copy-suspected",),
    )  # fmt: skip
    number = scene.node.desk.cases.fold(alert, scene.chain.maker.gln)
    link = f'href="{scene.path}"'
    pack = scene.path.removesuffix("/fingerprint")
    assert link not in page(sign_in, scene.chain.pharmacy, f"/alerts/{number}")
    assert link not in page(sign_in, scene.chain.pharmacy, pack)
    assert link in page(sign_in, scene.chain.authority, pack)
    assert f"/alerts/{number}" not in page(sign_in, scene.chain.maker, scene.path)
    scene.chain.hours(24 * 10)
    told = page(sign_in, scene.chain.maker, f"/alerts/{number}")  # passed on by the clock
    case = scene.node.desk.cases.case(number)
    assert case is not None
    assert case.level != SITE
    assert link in told
    assert f'href="/alerts/{number}"' in page(sign_in, scene.chain.maker, scene.path)


def test_who_wrote_the_template_is_told_and_whether_it_is_here(
    scene: Scene, sign_in: SignIn
) -> None:
    maker = scene.chain.maker
    scene.node.desk.looks.add_access(
        Access(scene.chain.now, scene.item, maker.site, maker.gln, "k", "enrol")
    )
    told = page(sign_in, maker, scene.path)
    assert "template written" in told
    assert "Not kept at this node" in told


def test_a_template_is_kept_where_the_commitment_that_holds_is_to_it(
    scene: Scene, app: Flask, sign_in: SignIn, tmp_path: Path
) -> None:
    kept, maker = _give_store(app, tmp_path), scene.chain.maker
    (other,) = scene.chain.commission("L2", 1)
    found = gs1.parse_item_id(other)
    kept.put(other, SECOND, b"template", bytes(32), scene.chain.now)
    assert "Not kept" in page(sign_in, maker, f"/packs/{found.gtin}/{found.serial}/fingerprint")
    kept.put(scene.item, FIRST, b"template", bytes(32), scene.chain.now)
    assert "Not kept" in page(sign_in, maker, scene.path)
    kept.put(scene.item, SECOND, b"template", bytes(32), scene.chain.now)
    assert "Kept here, sealed" in page(sign_in, maker, scene.path)
    _alter(kept)
    assert "Not kept" in page(sign_in, maker, scene.path)


def test_every_score_and_both_thresholds_stand_in_the_plot(scene: Scene, sign_in: SignIn) -> None:
    told = page(sign_in, scene.chain.authority, scene.path)
    svg = told[told.index('<svg class="scores"') : told.index("</svg>")]
    assert svg.count("<circle") == 2
    assert "no contradiction to 0.22" in svg
    assert "copy from 0.33" in svg
    assert re.search(r"68 pairs, 0\.07 to 0\.19", told)
    assert "286 pairs" in told
    assert "1.05 %" in told


def test_a_look_that_compared_nothing_has_no_score(scene: Scene, sign_in: SignIn) -> None:
    scene.look(verdict="CANNOT_TELL", reasons="commitment", score=None, frames=0, alarm=1)
    told = page(sign_in, scene.chain.authority, scene.path)
    assert "does not fit what the log holds" in told
    assert "Something does not belong" in told
    assert told.count("<circle") == 2


@given(
    st.lists(
        st.tuples(st.integers(1, 200), st.floats(-1, 2, allow_nan=False)), max_size=30
    )
)  # fmt: skip
def test_every_look_lies_within_the_plot(scores: list[tuple[int, float]]) -> None:
    plot = drawn.draw(MEASURED[EXTRACTOR], LIMITS[EXTRACTOR], scores)
    assert sorted(one.words for one in plot.looks) == sorted(str(number) for number, _ in scores)
    for one in plot.looks:
        assert plot.left <= one.x <= plot.right
        assert plot.floor < one.y < plot.height
    order = [one.x for one in sorted(plot.looks, key=lambda one: one.x)]
    assert order == sorted(drawn.x_of(score) for _, score in scores)


# The station that enrols


def test_labels_are_enrolled_by_who_holds_or_packs_a_product(
    chain: Chain, app: Flask, sign_in: SignIn
) -> None:
    assert app.test_client().get("/labels/enrol").status_code == 401
    for who in (chain.wholesaler, chain.pharmacy, chain.authority):
        answer = sign_in(who).get("/labels/enrol", headers={"Accept": "application/json"})
        assert answer.status_code == 403
        assert "those that pack it" in answer.get_json()["detail"]
    chain.log.submit(chain.product(packers=[chain.wholesaler.gln]))
    for who in (chain.maker, chain.wholesaler):
        assert sign_in(who).get("/labels/enrol").status_code == 200


def test_a_lot_and_its_labels_lead_to_the_station(chain: Chain, sign_in: SignIn) -> None:
    chain.commission("L1", 1)
    for path in (f"/lots/{chain.gtin}/L1", f"/labels/{chain.gtin}/L1"):
        assert 'href="/labels/enrol"' in page(sign_in, chain.maker, path)


def test_a_node_without_a_store_says_so(chain: Chain, sign_in: SignIn) -> None:
    told = page(sign_in, chain.maker, "/labels/enrol")
    assert "keeps no fingerprints" in told
    assert 'id="work"' not in told


def test_a_key_that_may_not_enrol_is_told_so(
    chain: Chain, app: Flask, sign_in: SignIn, tmp_path: Path
) -> None:
    _give_store(app, tmp_path)
    assert 'id="work"' in page(sign_in, chain.maker, "/labels/enrol")
    chain.log.submit(chain.revoke(chain.maker))
    chain.log.submit(chain.key_add(chain.maker, "dock", operations=["inspect"]))
    told = page(sign_in, _with_key(chain.maker, "dock"), "/labels/enrol")
    assert "may not enrol" in told
    assert 'id="work"' not in told


def _give_store(app: Flask, folder: Path) -> Fingerprints:
    store = Fingerprints.make(folder / "prints", b"", plain=True)
    app.extensions[KEY] = replace(app.extensions[KEY], fingerprints=store)
    return store


def _alter(store: Fingerprints) -> None:
    """Change the rows of a store's templates, as somebody with the disk might."""
    with closing(sqlite3.connect(store.folder / "fingerprints.sqlite")) as database, database:
        database.execute("UPDATE template SET data = zeroblob(LENGTH(data))")


def _with_key(who: Member, name: str) -> Member:
    class Other(Member):
        key = property(lambda _self: seed(name))  # type: ignore[assignment]

    return Other(who.name, who.role, who.gln, who.site, who.prefix)
