"""A template never leaves: not by any route, not in any file that others get; and no climber learns it."""

from __future__ import annotations

import gzip
import io
import zipfile
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.fingerprints.matching import LOOKS_A_DAY, LOOKS_A_MONTH, _told_apart
from ledger.mirror import Mirror
from ledger.statement import gs1
from ledger.statement.parts import FingerprintPolicy
from ledger.store.backup import back_up
from ledger.store.fingerprints import Fingerprints
from ledger.store.publish import export
from scanner.fingerprint.match import (
    CANNOT_TELL,
    COPY_SUSPECTED,
    GENUINE_MATCH,
    Match,
    match,
)
from scanner.fingerprint.residual import Vector
from scanner.fingerprint.session import Session
from scanner.fingerprint.template import Template
from scanner.simulated.camera import Camera
from scanner.simulated.station import CLOSE, enrolled
from tests.access import _ENCODED, _public, routes
from tests.access_routes import NOTHING, RECIPES
from tests.access_things import KINDS
from tests.access_world import AUTHORITY, OWN, STRANGERS, Scene, scene
from tests.app.conftest import SignIn
from tests.app.prints import COPY, GENUINE, codes, enrol, grey, look, looked, paper, pictures
from tests.world import Chain

ASKERS = ("manufacturer", "pharmacy", AUTHORITY)


@pytest.fixture(scope="module")
def world() -> Iterator[Scene]:
    """The world of the access matrix."""
    with scene() as made:
        yield made


@pytest.fixture
def app(kept: Fingerprints, app: Flask) -> Flask:
    """An app that keeps templates."""
    return app


def needles(template: Template, salt: bytes) -> dict[str, bytes]:
    """What must be in no answer, in each form in which it might be: bytes, hex, base64 at any offset."""
    whole = bytes(template)
    middle = len(whole) // 2
    parts = {
        "template": whole, "its beginning": whole[64:112], "its middle": whole[middle : middle + 48],
        "seed": template.seed, "salt": salt,
    }  # fmt: skip
    found = {}
    for name, raw in parts.items():
        found[name] = raw
        found[f"{name} in hex"] = raw.hex().encode()
        found[f"{name} in capital hex"] = raw.hex().upper().encode()
        for encode in (b64encode, urlsafe_b64encode):
            for offset in range(3):
                text = encode(bytes(offset) + raw)
                # Without what the bytes before and behind have their share in.
                found[f"{name} in {encode.__name__} {offset}"] = text[4:-4]
    return found


def drawn_at_random() -> Template:
    """A template of nothing: as secret as any, and made at once."""
    rng = np.random.default_rng(7)
    shown = Vector(*(rng.normal(0, 1, n).astype(np.float32) for n in (2000, 4000)))
    return Template.of(
        shown, extractor=1, frames=3, px_per_mm=25.0, focus=0.4, seed=rng.bytes(16),
        design=rng.bytes(32),
    )  # fmt: skip


def held(data: bytes, secrets: dict[str, bytes]) -> list[str]:
    """Which of them data holds, also packed or encoded within it."""
    layers, at = [data], 0
    while at < len(layers):
        one = layers[at]
        at += 1
        if one.startswith(b"\x1f\x8b"):
            layers.append(gzip.decompress(one))
        if one.startswith(b"PK\3\4"):
            with zipfile.ZipFile(io.BytesIO(one)) as files:
                layers += [files.read(name) for name in files.namelist()]
        for encoded in _ENCODED.findall(one):
            with suppress(ValueError):
                layers.append(b64decode(encoded, validate=True))
    return [name for name, raw in secrets.items() if any(raw in one for one in layers)]


def test_what_holds_a_template_is_found_to() -> None:
    """The test below is worth nothing where it would miss one."""
    template, salt = drawn_at_random(), bytes(range(32))
    secrets = needles(template, salt)
    whole = bytes(template)
    inner = b'{"a": "' + b64encode(b"{" + whole + b"}") + b'"}'
    for data in (
        whole, whole.hex().encode(), b64encode(b"a" + whole), gzip.compress(whole),
        urlsafe_b64encode(b"ab" + whole), inner, b64encode(salt), b"x" + template.seed,
    ):  # fmt: skip
        assert held(data, secrets), data[:40]
    assert not held(template.commitment(salt), secrets)


def test_no_route_answers_with_a_template_its_seed_or_its_salt(world: Scene) -> None:
    chain = world.chain
    kept = Fingerprints.open(chain.folder / "fingerprints", b"")
    secrets: dict[str, bytes] = {}
    other = drawn_at_random()
    try:
        chain.log.submit(chain.policy_change(fingerprint=FingerprintPolicy(offline=True)))
        for name in ("m", "mwp", "far"):
            made = world.goods[name]
            for item in made.packs:
                real = item == world.goods["m"].packs[0]
                drawn = None if real else other
                template, salt, _ = enrol(chain, kept, item, drawn, made.hands[0], made.lot)
                secrets |= needles(template, salt) if real else {}
        secrets |= {f"other {name}": raw for name, raw in needles(other, salt).items()}
    finally:
        kept.close()
    (item, *_), lot = world.goods["m"].packs, world.goods["m"].lot
    shown = looked(world.client("manufacturer"), item, pictures(item, lot=lot))
    assert shown["verdict"] == "GENUINE_MATCH"
    assert shown["score"] is not None
    asked, wrong = set(), []
    for route, answer in _answers(world):
        asked.add(route)
        wrong += [(route, name) for name in held(answer.data, secrets)]
        headers = str(answer.headers).encode()
        wrong += [(route, name) for name in held(headers, secrets)]
    assert wrong == []
    assert asked == set(routes(world.app))


def _answers(world: Scene) -> Iterator[tuple[str, TestResponse]]:
    """Every route's answers to those who might be told most, of what is theirs and what is not."""
    for route, recipes in RECIPES.items():
        method, rule = route.split(" ", 1)
        for recipe in recipes:
            for whose in (OWN, STRANGERS) if recipe.kind else (NOTHING,):
                for role in ASKERS:
                    kind = KINDS[recipe.kind] if recipe.kind else None
                    thing = kind(world, role, whose) if kind else _public(world)
                    if thing is not None:
                        yield route, recipe.ask(world, role, thing, method, rule)


def test_no_file_that_others_get_holds_one(
    chain: Chain, kept: Fingerprints, tmp_path: Path, sign_in: SignIn
) -> None:
    (item,) = chain.commission("L1", 1)
    template, salt, commitment = enrol(chain, kept, item)
    secrets = needles(template, salt)
    maker = sign_in(chain.maker)
    assert looked(maker, item, pictures(item))["verdict"] == "GENUINE_MATCH"
    public, copy, saved = tmp_path / "public", tmp_path / "copy", tmp_path / "saved.tar"
    export(chain.store, public)
    Mirror(copy, chain.trust).sync(lambda path: (public / path).read_bytes())
    back_up(chain.folder, saved, "2026-10-02T08:00:00Z", with_keys=False)
    made = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {saved} < set(made)
    for path in made:
        if path.parent.name != "fingerprints" or path.suffix != ".key":
            assert held(path.read_bytes(), secrets) == [], path
    assert commitment.hex() in maker.get(f"/api/statements/{_enrolment(chain, item)}").text


def _enrolment(chain: Chain, item: str) -> str:
    found = chain.reader.fingerprint(item)
    assert found is not None
    return found.id


# Climbing: to change a picture a little, ask, keep what came nearer, and so on to a match


def test_no_answer_to_a_partner_says_whether_a_picture_came_nearer(
    chain: Chain, kept: Fingerprints, sign_in: SignIn
) -> None:
    """The same words for a copy, whatever is done to it; and they end with the day's looks."""
    (item,) = chain.commission("L1", 1)
    enrol(chain, kept, item)
    client, shown, told = sign_in(chain.pharmacy), pictures(item, 3, COPY), []
    for number in range(LOOKS_A_DAY):
        answer = looked(client, item, [_changed(one, number) for one in shown])
        told.append({k: v for k, v in answer.items() if k not in ("left", "look", "px_per_mm")})
    assert all(one == told[0] for one in told)
    assert told[0]["score"] is told[0]["false_match_log10"] is None
    spent = look(client, item, [_changed(one, LOOKS_A_DAY) for one in shown])
    assert spent.status_code == 429


BLURRED = replace(CLOSE, blur=1.9)  # beside the enrolment's: sharp enough to be let in
COARSE = replace(CLOSE, px_per_mm=15.0)
POOR = "low-resolution out-of-focus"


@pytest.mark.parametrize(
    ("count", "camera", "why", "spent"),
    [(1, CLOSE, "few-frames", 0), (2, CLOSE, "few-frames", 0),
     (3, BLURRED, "out-of-focus", 1), (3, COARSE, POOR, 1)],
)  # fmt: skip
def test_pictures_too_poor_to_accuse_do_not_say_whether_the_print_differs(
    count: int, camera: Camera, why: str, spent: int,
    chain: Chain, kept: Fingerprints, sign_in: SignIn,
) -> None:  # fmt: skip
    """No case would be opened: a climber could ask without an alarm."""
    (item,) = chain.commission("L1", 1)
    enrol(chain, kept, item)
    client = sign_in(chain.pharmacy)
    copy = looked(client, item, pictures(item, count, COPY, camera))
    assert (copy["verdict"], copy["case"]) == (CANNOT_TELL, None)
    assert codes(copy) == why.split()
    assert copy["left"] == LOOKS_A_DAY - spent
    if not spent:  # nothing was compared
        genuine = looked(client, item, pictures(item, count, GENUINE, camera, first=700))
        assert (genuine["verdict"], codes(genuine)) == (CANNOT_TELL, why.split())
        assert genuine["left"] == LOOKS_A_DAY


@pytest.mark.parametrize("camera", [CLOSE, BLURRED, COARSE], ids=["close", "blurred", "coarse"])
def test_short_of_a_match_and_of_an_alarm_there_is_one_answer_however_near(
    camera: Camera, chain: Chain
) -> None:
    climber = Climber(chain, camera)
    told = [
        climber.told(share * climber.genuine + (1 - share) * climber.copy)
        for share in np.linspace(0, 1, 41)
    ]
    poor = {BLURRED: "out-of-focus", COARSE: POOR}.get(camera, "between")
    quiet = {" ".join(one.reasons) for one in told if one.verdict == CANNOT_TELL}
    assert quiet == {poor}
    assert (COPY_SUSPECTED in {one.verdict for one in told}) == (camera == CLOSE)


def _changed(picture: bytes, number: int) -> bytes:
    """A picture with another small change of its own."""
    frame = grey(picture).astype(np.int16)
    noise = np.random.default_rng(number).normal(0, 3, frame.shape)
    done, data = cv2.imencode(".jpg", np.clip(frame + noise, 0, 255).astype(np.uint8))
    assert done
    return data.tobytes()


class Climber:
    """Somebody who can show any vector at all, as if each came from good pictures: more than frames
    allow. `see` is what he is told of a look.
    """

    def __init__(self, chain: Chain, camera: Camera = CLOSE) -> None:
        item = gs1.sgtin(chain.gtin, "CLIMB")
        self.template = enrolled(paper(item), bytes(16), 0)
        self.session = self._session(item, COPY, camera)
        self.copy, self.genuine = (
            self._flat(self._session(item, seed).vector()) for seed in (COPY, GENUINE)
        )

    def _session(self, item: str, seed: int, camera: Camera = CLOSE) -> Session:
        made = Session(self.template.seed, self.template.design)
        for one in pictures(item, 3, seed, camera):
            assert made.add(grey(one)).ok
        return made

    @staticmethod
    def _flat(shown: Vector) -> np.ndarray:
        both = np.concatenate([shown.edge, shown.off]).astype(np.float64)
        return both / both.std()

    def ask(self, shown: np.ndarray) -> Match:
        """A look at a vector, with all that it came to."""
        self._show(shown)
        return match(self.template, self.session)

    def told(self, shown: np.ndarray) -> Match:
        """Likewise, as the service answers."""
        self._show(shown)
        return _told_apart(self.template, self.session)

    def _show(self, shown: np.ndarray) -> None:
        n = len(self.template.edge.signs)
        vector = Vector(shown[:n].astype(np.float32), shown[n:].astype(np.float32))
        self.session.vector = lambda: vector  # type: ignore[method-assign]

    def up_by_score(self, looks: int, see: Callable[[Match], float]) -> Match:
        """Begin with a copy, and keep each change after which a better score is seen."""
        rng, at = np.random.default_rng(1), self.copy
        best = self.ask(at)
        for _ in range(looks):
            moved = at + rng.normal(0, 0.3, len(at))
            found = self.ask(moved)
            if see(found) < see(best):
                at, best = moved, found
        return best

    def up_by_verdict(self, looks: int) -> Match:
        """Begin where a hair's breadth parts two verdicts, and learn from each which way is up."""
        low, high = 0.0, 1.0
        for _ in range(40):
            middle = (low + high) / 2
            if "differs" in self.ask(self._mixed(middle)).reasons:
                low = middle
            else:
                high = middle
        at, up = self._mixed(high), np.zeros(len(self.copy))
        rng = np.random.default_rng(2)
        for _ in range(looks):
            moved = rng.normal(0, 1, len(at))
            up += -moved if "differs" in self.ask(at + 0.01 * moved).reasons else moved
        up *= np.linalg.norm(at) / np.linalg.norm(up)
        ways = (self.ask(at + far * up) for far in np.linspace(0, 2, 21))
        return min(ways, key=_together)

    def _mixed(self, share: float) -> np.ndarray:
        both = self.copy * (1 - share) + self.genuine * share
        return both / both.std()


def _together(found: Match) -> float:
    assert found.score is not None
    assert found.score_off is not None
    return found.score + found.score_off


def test_a_year_of_a_site_s_looks_leads_no_climber_to_a_match(chain: Chain) -> None:
    """SIMULATED. What each would have come to by an exact score, or by many more looks, is beside it."""
    climber, year = Climber(chain), 365 * LOOKS_A_MONTH // 30
    start = climber.ask(climber.copy)
    # A partner sees the verdict alone, which never changes; the product's own side a rounded score.
    assert climber.up_by_score(year, lambda found: float(found.verdict == GENUINE_MATCH)) == start
    rounded = climber.up_by_score(year, lambda found: round(found.score or 0, 2))
    assert _together(start) - _together(rounded) < 0.05
    assert _together(start) - _together(climber.up_by_score(800, _together)) > 0.15
    near = climber.up_by_verdict(year)
    assert near.verdict != GENUINE_MATCH
    assert _together(near) - _together(climber.up_by_verdict(800)) > 0.02
