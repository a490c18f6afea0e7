"""A label's print beside the verdict, offline: what `python -m scanner` tells, and what it never does.

SIMULATED labels and cameras: what this shows is what the program does, not how paper behaves.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.rules.reasons import HOLD, NOT_CHECKED, OK
from ledger.rules.verdict import verdict
from ledger.statement import keyfile
from ledger.statement.dsse import key_id
from ledger.statement.gs1 import parse_scan
from ledger.statement.sealed import SealedFile, SealedTemplate, seal
from ledger.store.publish import trust_file
from ledger.tlog.ed25519 import public_of
from scanner.__main__ import main
from scanner.camera import Camera
from scanner.check import read_label
from scanner.fingerprint.match import CANNOT_TELL, COPY_SUSPECTED, GENUINE_MATCH
from scanner.fingerprint.session import Session
from scanner.fingerprint.template import Template, commitment
from scanner.frames import Frame
from scanner.label import PrintedLabel, qr_modules
from scanner.prints import GATHER_S, LOOK_S, MORE, SOON_S, Outcome, Prints, cannot_tell
from scanner.session import Session as LookingSession
from scanner.session import Told
from scanner.simulated.camera import shot
from scanner.simulated.paper import dots, printed
from scanner.sources import Sighting
from scanner.symbols import read
from tests.bench.fingerprint import on_a_screen
from tests.scanner.prints import CLOSE, COPY, FAR, SEED, film, frames, paper, pictures, template
from tests.scanner.test_camera import Plugged
from tests.scanner.test_session import Paced
from tests.world import Chain, Member

SALT = bytes(range(32))


@dataclass
class Counter:
    """A pharmacy with two enrolled packs and one that is not, its files in a folder."""

    chain: Chain
    folder: Path
    packs: list[str]

    def log_again(self) -> None:
        """Bundles as of now."""
        bundle = self.chain.answers.bundle(self.packs, self.chain.pharmacy.site)
        (self.folder / "packs.json").write_bytes(bundle.to_gzip())

    def sealed(self, made: dict[str, tuple[bytes, bytes]], **changes: Any) -> None:
        """The file of sealed templates: item -> template, commitment."""
        who: Member = changes.pop("to", self.chain.pharmacy)
        key = public_of(who.key)
        file = SealedFile(**{
            "keyid": key_id(key), "log": self.chain.origin, "site": who.site,
            "templates": [seal(i, c, t, SALT, key) for i, (t, c) in sorted(made.items())],
            "time": "2026-10-01T08:00:00Z", "v": 1, **changes,
        })  # fmt: skip
        (self.folder / "l1.fingerprints.json").write_bytes(bytes(file))

    def words(self, *more: object) -> list[str]:
        named = {
            "--bundle": "packs.json", "--trust": "trust.txt", "--key": "counter.key",
            "--fingerprints": "l1.fingerprints.json",
        }  # fmt: skip
        found = [part for name, file in named.items() for part in (name, str(self.folder / file))]
        return [*map(str, more), *found, "--purpose", "dispense", "--keep", "none"]

    def put(self, name: str, data: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(data)
        return path

    def pictures(self, item: str, **how: Any) -> list[Path]:
        found = pictures(item, **how)
        stem = f"{self.packs.index(item)}-{'-'.join(str(abs(hash(v)))[:6] for v in how.values())}"
        return [self.put(f"{stem}-{n}.jpg", one) for n, one in enumerate(found)]


@pytest.fixture
def counter(chain: Chain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Counter:
    """Everything that a laptop without a line takes along."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return datetime.fromtimestamp(chain.now / 1000, tz or UTC)

    monkeypatch.setattr("scanner.__main__.datetime", Clock)
    folder = tmp_path / "laptop"
    folder.mkdir()
    packs = chain.pack_ids("L1", 3)
    made = {item: commitment(bytes(template(item)), SALT) for item in packs[:2]}
    chain.act(
        "commission", chain.maker, packs, lot="L1", expiry=date(2028, 1, 31), extras=made
    )  # fmt: skip
    chain.hand_over(chain.maker, packs, chain.pharmacy)
    (folder / "trust.txt").write_bytes(trust_file(chain.store))
    key = keyfile.plain(chain.pharmacy.key, label="counter", party=chain.pharmacy.gln)
    (folder / "counter.key").write_bytes(key)
    found = Counter(chain, folder, packs)
    found.log_again()
    found.sealed({item: (bytes(template(item)), made[item]) for item in packs[:2]})
    return found


@pytest.fixture
def scan(capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs the scanner; answers exit status, verdicts, looks, and what went to standard error."""

    def run(words: list[str]) -> tuple[int, list[dict[str, Any]], list[dict[str, Any]], str]:
        status = main([*words, "--json"])
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        lines = [json.loads(line) for line in printed.out.splitlines()]
        verdicts = [line for line in lines if "verdict" in line]
        return status, verdicts, [line for line in lines if "fingerprint" in line], printed.err

    return run


def codes(look: dict[str, Any]) -> list[str]:
    return [one["code"] for one in look["fingerprint"]["reasons"]]


# What is told apart


def test_the_enrolled_print_passes_after_its_verdict_was_told(counter: Counter, scan: Any) -> None:
    item = counter.packs[0]
    status, verdicts, looks, _ = scan(counter.words(*counter.pictures(item)))
    assert (status, [one["verdict"] for one in verdicts]) == (0, [OK] * 3)
    assert [one["id"] for one in looks] == [item]
    told = looks[0]["fingerprint"]
    assert (told["verdict"], told["word"]) == (GENUINE_MATCH, "No contradiction found")
    assert (told["by"], told["why"], told["frames"], told["alarm"]) == ("here", "held", 3, False)
    assert told["commitment"] == commitment(bytes(template(item)), SALT).hex()
    assert told["score"] < 0.22


def test_a_copy_with_the_right_serial_is_held_and_the_words_say_what_to_do(
    counter: Counter, scan: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    copies = counter.pictures(counter.packs[0], seed=COPY)
    status, verdicts, looks, _ = scan(counter.words(*copies))
    assert (status, {one["verdict"] for one in verdicts}) == (1, {OK})
    assert looks[0]["fingerprint"]["verdict"] == COPY_SUSPECTED
    assert main(counter.words(*copies)) == 1
    lines = capsys.readouterr().out.splitlines()
    first = next(n for n, line in enumerate(lines) if "Label's print" in line)
    assert lines[first].startswith("! Label's print: Copy suspected")
    assert counter.packs[0] in lines[first]
    assert "potential suspect falsification" in " ".join(lines[first:])
    assert not any("authentic" in line.lower() or "fake" in line.lower() for line in lines)


def test_a_film_is_one_look_and_two_packs_are_two(counter: Counter, scan: Any) -> None:
    one, two = counter.packs[:2]
    films = [
        film(one),
        film(two, COPY),
    ]
    paths = [counter.put(f"{n}.mjpeg", film) for n, film in enumerate(films)]
    status, verdicts, looks, _ = scan(counter.words(*paths))
    assert [one["id"] for one in verdicts] == [one["id"] for one in looks] == [one, two]
    assert [one["fingerprint"]["verdict"] for one in looks] == [GENUINE_MATCH, COPY_SUSPECTED]
    assert status == 1


# What cannot be told


def spoiled(counter: Counter, how: str) -> list[Path]:
    """Pictures that are no use, by what is wrong with them."""
    item = counter.packs[0]
    good = frames(item)
    if how == "coarse":
        return counter.pictures(item, camera=FAR)
    if how == "blurred":
        made = [cv2.GaussianBlur(one, (0, 0), 5.0) for one in good]
    elif how == "motion":
        line = np.eye(15, dtype=np.float32) / 15
        made = [cv2.filter2D(one, -1, line) for one in good]
    elif how == "glare":
        y, x = np.mgrid[: good[0].shape[0], : good[0].shape[1]]
        spot = 300 * np.exp(-(((x - 480) / 90) ** 2 + ((y - 360) / 90) ** 2))
        made = [np.clip(one + spot, 0, 255).astype(np.uint8) for one in good]
    elif how == "identical":
        made = [good[0]] * 3
    elif how == "still":
        rng = np.random.default_rng(1)
        made = [
            np.clip(good[0] + rng.normal(0, 5, good[0].shape), 0, 255).astype(np.uint8)
            for _ in range(3)
        ]
    elif how == "screen":
        shown = on_a_screen(paper(item), 1, 10.0)
        made = [shot(shown, CLOSE, 50 + number) for number in range(3)]
    elif how == "other design":
        code = qr_modules(
            PrintedLabel(counter.chain.gtin, "L1", date(2028, 1, 31), "L1-0000").link, level="L"
        )
        made = [shot(printed(dots(code), 1), CLOSE, 50 + number) for number in range(3)]
    elif how == "one picture":
        made = good[:1]
    elif how == "changed":
        made = [good[0], *frames(item, COPY)[1:]]
    elif how == "two packs":
        beside = frames(counter.packs[1])
        made = [np.hstack([one, two]) for one, two in zip(good, beside, strict=True)]
    else:
        raise AssertionError(how)
    names = [f"{how} {n}.png" for n in range(len(made))]
    for name, one in zip(names, made, strict=True):
        assert cv2.imwrite(str(counter.folder / name), one)
    return [counter.folder / name for name in names]


@pytest.mark.parametrize(
    ("how", "wanted"),
    [("coarse", {"low-resolution"}), ("blurred", {"out-of-focus", "no-code"}),
     ("motion", {"out-of-focus", "poor-fit", "cannot-align", "no-code", "between", "ink-differs"}),
     ("glare", {"glare"}), ("identical", {"few-frames"}), ("still", {"still-image"}),
     ("one picture", {"few-frames"}), ("changed", {"label-changed"}),
     ("screen", {"looks-like-a-screen"}), ("other design", {"other-design"})],
)  # fmt: skip
def test_what_is_no_use_cannot_be_told_and_the_verdict_stands(
    counter: Counter, scan: Any, how: str, wanted: set[str]
) -> None:
    found = spoiled(counter, how)
    status, verdicts, looks, _ = scan(counter.words(*found))
    for look in looks:
        assert look["fingerprint"]["verdict"] == CANNOT_TELL
        assert set(codes(look)) & wanted, codes(look)
    # A blur or a spot may leave nothing of the code to be read: there is no pack then, and no look.
    assert looks or {one["id"] for one in verdicts} == {None}
    if looks:
        assert (status, verdicts[0]["verdict"]) == (0, OK), "nobody insisted on the look"
        again = scan([*counter.words(*found), "--fingerprint"])
        assert again[0] == 2, "what somebody insists on and cannot be told was not checked"


def test_two_packs_in_a_picture_are_looked_at_as_neither(counter: Counter, scan: Any) -> None:
    status, verdicts, looks, _ = scan(counter.words(*spoiled(counter, "two packs")))
    assert (status, looks) == (2, [])
    assert {one["verdict"] for one in verdicts} == {NOT_CHECKED}


def test_a_camera_that_resolves_too_little_is_told_so_once(counter: Counter, scan: Any) -> None:
    films = []
    for number, item in enumerate(counter.packs[:2]):
        films.append(counter.put(f"far-{number}.mjpeg", film(item, camera=FAR, count=3)))
    counter.put("both.mjpeg", b"".join(one.read_bytes() for one in films))
    _, verdicts, looks, err = scan(counter.words(counter.folder / "both.mjpeg"))
    assert [one["verdict"] for one in verdicts] == [OK, OK]
    assert [codes(one)[0] for one in looks] == ["low-resolution"] * 2
    assert err.count("take a camera that focuses there") == 1


def test_the_same_pictures_do_not_count_twice(counter: Counter, scan: Any) -> None:
    one, two = counter.packs[:2]
    mine, other = counter.pictures(one), counter.pictures(two)
    _, _, looks, _ = scan(counter.words(*mine, *other, *mine))
    assert [look["fingerprint"]["verdict"] for look in looks] == [
        GENUINE_MATCH, GENUINE_MATCH, CANNOT_TELL,
    ]  # fmt: skip
    assert codes(looks[2]) == ["replayed"]


# Templates that do not belong


def test_a_template_counts_only_by_the_commitment_that_the_bundle_proves(
    counter: Counter, scan: Any
) -> None:
    item, pictures = counter.packs[0], counter.pictures(counter.packs[0])
    own = bytes(template(item, COPY))
    # Of another print than the one that was enrolled, as a hostile server could hand it out.
    counter.sealed({item: (own, commitment(own, SALT))})
    _, _, looks, _ = scan(counter.words(*counter.pictures(item, seed=COPY)))
    assert (looks[0]["fingerprint"]["verdict"], codes(looks[0])) == (CANNOT_TELL, ["commitment"])
    assert looks[0]["fingerprint"]["alarm"]
    # Once the log has it, it counts, by the newest bundle alone.
    counter.chain.act(
        "enrol", counter.chain.maker, [item], extras={item: commitment(own, SALT)}
    )  # fmt: skip
    counter.log_again()
    assert scan(counter.words(*counter.pictures(item, seed=COPY)))[2][0]["fingerprint"][
        "verdict"
    ] == (GENUINE_MATCH)
    assert scan(counter.words(*pictures))[2][0]["fingerprint"]["verdict"] == COPY_SUSPECTED


def test_another_packs_template_is_no_template_of_this_one(counter: Counter, scan: Any) -> None:
    one, two = counter.packs[:2]
    other = bytes(template(two))
    counter.sealed({one: (other, commitment(other, SALT))})
    _, _, looks, _ = scan(counter.words(*counter.pictures(one)))
    assert (codes(looks[0]), looks[0]["fingerprint"]["alarm"]) == (["commitment"], True)


def test_an_altered_box_is_an_alarm_and_never_a_copy(counter: Counter, scan: Any) -> None:
    path = counter.folder / "l1.fingerprints.json"
    file = SealedFile.parse(path.read_bytes())
    raw = bytearray(base64.b64decode(file.templates[0].sealed))
    raw[100] ^= 1
    bad = SealedTemplate(
        commitment=file.templates[0].commitment, item=file.templates[0].item,
        sealed=base64.b64encode(raw).decode(),
    )  # fmt: skip
    fields = {name: getattr(file, name) for name in file.__struct_fields__}
    path.write_bytes(bytes(SealedFile(**{**fields, "templates": [bad, *file.templates[1:]]})))
    _, _, looks, _ = scan(counter.words(*counter.pictures(counter.packs[0])))
    assert (looks[0]["fingerprint"]["verdict"], codes(looks[0])) == (CANNOT_TELL, ["commitment"])
    assert looks[0]["fingerprint"]["alarm"]


@pytest.mark.parametrize(
    "change", [lambda data: data[:-1], lambda data: data + b"\0", lambda data: b"AFP2" + data[4:],
               lambda data: data[:4] + b"\x02" + data[5:], lambda data: b"x"],
    ids=["cut", "longer", "other magic", "other version", "nothing"],
)  # fmt: skip
def test_a_template_that_this_program_does_not_know_cannot_be_compared(
    counter: Counter, scan: Any, change: Any
) -> None:
    """It fits the log: whoever enrolled it put it there, by another program or out of malice."""
    item, made = counter.packs[0], change(bytes(template(counter.packs[0])))
    counter.chain.act(
        "enrol", counter.chain.maker, [item], extras={item: commitment(made, SALT)}
    )  # fmt: skip
    counter.log_again()
    counter.sealed({item: (made, commitment(made, SALT))})
    _, verdicts, looks, _ = scan(counter.words(*counter.pictures(item)))
    assert verdicts[0]["verdict"] == OK
    assert (looks[0]["fingerprint"]["verdict"], codes(looks[0])) == (
        CANNOT_TELL, ["template-version"],
    )  # fmt: skip


def test_a_template_with_fewer_points_than_the_design_has_is_no_crash(
    counter: Counter, scan: Any
) -> None:
    item = counter.packs[0]
    full = template(item)
    fewer = replace(
        full,
        edge=replace(full.edge, signs=full.edge.signs[:64], strengths=full.edge.strengths[:64]),
        off=replace(full.off, signs=full.off.signs[:128], strengths=full.off.strengths[:128]),
    )
    data = bytes(fewer)
    assert Template.parse(data)
    counter.chain.act(
        "enrol", counter.chain.maker, [item], extras={item: commitment(data, SALT)}
    )  # fmt: skip
    counter.log_again()
    counter.sealed({item: (data, commitment(data, SALT))})
    _, _, looks, _ = scan(counter.words(*counter.pictures(item)))
    assert (codes(looks[0]), looks[0]["fingerprint"]["alarm"]) == (["other-design"], True)


def test_a_pack_without_a_template_or_without_a_proof_is_told_so(
    counter: Counter, scan: Any
) -> None:
    third = counter.packs[2]
    _, _, looks, _ = scan([*counter.words(*counter.pictures(third)), "--fingerprint"])
    assert codes(looks[0]) == ["not-in-file"]
    assert scan(counter.words(*counter.pictures(third)))[2] == [], "nobody asked for it"
    own = bytes(template(third))
    counter.sealed({third: (own, commitment(own, SALT))})
    _, _, looks, _ = scan(counter.words(*counter.pictures(third)))
    assert codes(looks[0]) == ["no-template"]
    # A bundle that does not hold proves no commitment either.
    other = counter.chain.answers.bundle(counter.packs[:1], counter.chain.pharmacy.site)
    counter.put("packs.json", other.to_gzip())
    _, verdicts, looks, _ = scan(counter.words(*counter.pictures(third)))
    assert (verdicts[0]["verdict"], codes(looks[0])) == (NOT_CHECKED, ["no-proof"])


# What cannot be used


def test_files_of_others_and_missing_options_are_refused_in_words(
    counter: Counter, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(words: list[str], part: str) -> None:
        assert main(words) == 2
        printed = capsys.readouterr()
        assert part in printed.err, printed.err
        assert "Traceback" not in printed.err
        assert printed.out == ""

    item, words = counter.packs[0], counter.words("x.jpg")
    made = {item: (bytes(template(item)), commitment(bytes(template(item)), SALT))}
    counter.sealed(made, to=counter.chain.wholesaler)
    refused(words, "another key")
    counter.sealed(made, log="log.example/other")
    refused(words, "not of the trust file's log")
    for data in (b"", b"{}", b"\0" * 99, b"[" * 9999):
        counter.put("l1.fingerprints.json", data)
        refused(words, "not a file of sealed templates")
    refused([*words, "--fingerprints", str(counter.folder / "none")], "cannot be read")
    (counter.folder / "empty").mkdir()
    refused([*words, "--fingerprints", str(counter.folder / "empty")], "holds no fingerprints")
    trust = ("--trust", str(counter.folder / "trust.txt"))
    bundle = ("--bundle", str(counter.folder / "packs.json"))
    key = ("--key", str(counter.folder / "counter.key"))
    refused(["x", *trust, *bundle, "--fingerprint"], "give --key")
    refused(["x", *trust, *bundle, *key, "--fingerprint"], "give --fingerprints")
    refused(["x", *trust, "--log", "http://127.0.0.1:9", *key, "--fingerprints", "f"], "--bundle")
    refused(["x", *trust, "--log", "http://127.0.0.1:9", "--fingerprint"], "give --key")


# Before a live camera: a clock that obeys, and a matcher that answers when told to


class Slow:
    """A matcher whose answer comes when it is let."""

    def __init__(self, why: str = "policy") -> None:
        self.why = why
        self.judged: list[int] = []
        self.found: Outcome | None = Outcome(GENUINE_MATCH, frames=3)

    def asked(self, told: Told) -> str:
        return self.why

    def session(self, item: str) -> Session | Outcome:
        return Session(SEED)

    def judge(
        self, item: str, session: Session, frames: list[Frame], device: str, within_s: float
    ) -> Outcome:
        self.judged.append(len(frames))
        assert 0 <= within_s <= LOOK_S
        assert device == "python -m scanner, camera 0"
        return self.found or cannot_tell("log-down")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def shown(counter: Counter) -> tuple[Sighting, Told, list[Sighting]]:
    """The sighting that decided, its verdict, and what the camera sees after it."""
    held = frames(counter.packs[0], count=6)
    reading = read_label(read(held[0], budget_s=5.0), 2026)
    now = datetime.fromtimestamp(counter.chain.now / 1000, UTC)
    told = Told(
        "camera 0",
        "camera",
        verdict({"in-stock": ""}, "check"),
        now,
        label=reading.label,
        text=reading.text,
    )
    return (
        Sighting("camera 0", "camera", frame=held[0], stream=True), told,
        [Sighting("camera 0", "camera", frame=one, stream=True) for one in held],
    )  # fmt: skip


def test_before_a_camera_the_outcome_comes_within_four_seconds_or_says_that_it_does_not(
    shown: Any,
) -> None:
    sighting, told, seen = shown
    matcher, clock = Slow(), Clock()
    prints = Prints(matcher, live="camera 0", clock=clock)
    assert list(prints.told(sighting, told)) == []
    found = [one for one in seen for one in prints.see(one)]
    assert prints.advice.startswith("Looking") or found
    while not found:  # the matcher runs beside
        found = list(prints.see(replace(sighting, frame=None)))
    assert (found[0].verdict, found[0].item) == (GENUINE_MATCH, told.label.id)
    assert matcher.judged == [5]
    # It lies about before the camera: no look is spent on it again.
    assert list(prints.told(sighting, told)) == []
    assert list(prints.see(seen[0])) == []
    clock.now += 11
    assert list(prints.told(sighting, told)) == []
    assert list(prints.see(seen[0])) == []
    prints.close()


def test_without_a_good_frame_it_cannot_tell_once_the_time_is_over(shown: Any) -> None:
    sighting, told, _ = shown
    matcher, clock = Slow(), Clock()
    prints = Prints(matcher, always=True, live="camera 0", clock=clock)
    assert list(prints.told(sighting, told)) == []
    clock.now += LOOK_S - 0.1
    assert list(prints.see(replace(sighting, frame=None))) == []
    clock.now += 0.2
    [late] = prints.see(replace(sighting, frame=None))
    assert (late.verdict, [one.code for one in late.reasons]) == (CANNOT_TELL, ["no-frames"])
    assert matcher.judged == []
    prints.close()


def test_a_slow_machine_sends_three_frames_and_none_sends_two_too_soon(shown: Any) -> None:
    sighting, told, seen = shown
    matcher, clock = Slow(), Clock()
    prints = Prints(matcher, always=True, live="camera 0", clock=clock)
    assert list(prints.told(sighting, told)) == []
    clock.now += SOON_S
    for one in seen[:2]:
        assert list(prints.see(one)) == []
        assert prints.advice.startswith("Hold it so")
    found = list(prints.see(seen[2]))
    while not found:
        found = list(prints.see(replace(sighting, frame=None)))
    assert (matcher.judged, found[0].verdict) == ([3], GENUINE_MATCH)
    prints.close()


def test_a_picture_that_does_not_move_spends_none_of_the_days_looks(shown: Any) -> None:
    sighting, told, seen = shown
    matcher, clock = Slow(), Clock()
    prints = Prints(matcher, always=True, live="camera 0", clock=clock)
    assert list(prints.told(sighting, told)) == []
    rng = np.random.default_rng(1)
    for number in range(6):
        noise = rng.normal(0, 5, seen[0].frame.shape)
        frame = np.clip(seen[0].frame + noise, 0, 255).astype(np.uint8)
        assert list(prints.see(replace(sighting, frame=frame))) == []
        assert number == 0 or prints.advice.endswith("Move it a little.")
    clock.now += GATHER_S
    [found] = prints.see(replace(sighting, frame=seen[0].frame))
    assert [one.code for one in found.reasons] == ["still-image"]
    assert matcher.judged == []
    prints.close()


def test_an_answer_that_does_not_come_is_not_waited_for(shown: Any) -> None:
    sighting, told, seen = shown
    clock, let = Clock(), Event()

    class Stuck(Slow):
        def judge(self, *_: Any) -> Outcome:  # type: ignore[override]
            let.wait(60)
            return Outcome(GENUINE_MATCH)

    prints = Prints(Stuck(), always=True, live="camera 0", clock=clock)
    assert list(prints.told(sighting, told)) == []
    for one in seen:
        assert list(prints.see(one)) == []
    clock.now += LOOK_S
    [late] = prints.see(replace(sighting, frame=None))
    assert (late.verdict, late.reasons[0].code) == (CANNOT_TELL, "late")
    assert late.word == NOT_CHECKED
    let.set()
    prints.close()


def test_where_nobody_asks_no_look_is_spent(shown: Any) -> None:
    sighting, told, seen = shown
    matcher = Slow("")
    prints = Prints(matcher, live="camera 0", clock=Clock())
    assert list(prints.told(sighting, told)) == []
    for one in [*seen, replace(sighting, frame=None, ends=True)]:
        assert list(prints.see(one)) == []
        assert prints.advice == ""
    assert (matcher.judged, list(prints.end())) == ([], [])
    # A reading that is in doubt, a text and what is no pack are never looked at.
    always = Prints(matcher, always=True, live="camera 0", clock=Clock())
    for other in (replace(told, label=None), replace(told, again=object())):
        assert list(always.told(sighting, other)) == []
        assert list(always.see(seen[0])) == []
    assert list(always.end()) == []
    # A text shows no print: who insists on a look is told so, and nobody else.
    text = replace(sighting, frame=None)
    assert list(prints.told(text, told)) == []
    [found] = always.told(text, told)
    assert (found.verdict, found.reasons[0].code, found.item) == (
        CANNOT_TELL, "no-frames", told.label.id,
    )  # fmt: skip


def test_the_meter_says_how_large_and_how_sharp_and_another_pack_is_not_looked_at(
    shown: Any, counter: Counter
) -> None:
    sighting, told, seen = shown
    matcher, clock = Slow(), Clock()
    prints = Prints(matcher, always=True, live="camera 0", clock=clock)
    assert list(prints.told(sighting, told)) == []
    far = frames(counter.packs[0], camera=FAR)[0]
    assert list(prints.see(replace(sighting, frame=far))) == []
    assert prints.advice == "Hold it closer: 8 of 12 pixels/mm."
    other = frames(counter.packs[1])[0]
    assert list(prints.see(replace(sighting, frame=other))) == []
    assert prints.advice == MORE["other-pack"]
    for number, one in enumerate(seen[:2], 1):
        assert list(prints.see(one)) == []
        assert prints.advice.startswith(
            f"Hold it so: {number} of 5 good pictures (25 of 12 pixels/mm"
        )
    clock.now += GATHER_S
    found = list(prints.see(seen[2]))
    while not found:
        found = list(prints.see(replace(sighting, frame=None)))
    assert (matcher.judged, found[0].verdict) == ([3], GENUINE_MATCH)
    assert prints.advice == ""
    prints.close()


@settings(max_examples=30)
@given(st.lists(st.tuples(
    st.sampled_from(["told", "seen", "text", "ends", "later", "end"]), st.integers(0, 2),
    st.sampled_from(["camera 0", "film.avi"]), st.booleans(), st.booleans(),
), max_size=14))  # fmt: skip
def test_no_order_of_what_happens_is_a_match_or_a_crash(
    steps: list[tuple[str, int, str, bool, bool]],
) -> None:
    """Packs, cameras and films in any order: each verdict has at most one outcome, and none is a match."""
    matcher, clock = Slow(), Clock()
    prints = Prints(matcher, always=True, live="camera 0", clock=clock)
    blank, now = np.full((40, 40), 200, np.uint8), datetime(2026, 10, 1, tzinfo=UTC)
    verdicts, outcomes = 0, []
    for what, number, name, stream, known in steps:
        frame = None if what in ("text", "ends") else blank
        sighting = Sighting(name, "camera", frame=frame, stream=stream, ends=what == "ends")
        if what in ("told", "text"):
            code = f"https://id.gs1.org/01/09521101000016/21/A{number}"
            label = parse_scan(code if known else f"(00){'0' * 18}", year=2026)
            told = Told(name, "camera", verdict({"in-stock": ""}, "check"), now, label=label)
            outcomes += prints.told(sighting, told)
            verdicts += 1
        elif what == "later":
            clock.now += number * GATHER_S
        elif what == "end":
            outcomes += prints.end()
        else:
            outcomes += prints.see(sighting)
    outcomes += prints.end()
    prints.close()
    assert {one.verdict for one in outcomes} <= {CANNOT_TELL}
    assert len(outcomes) <= verdicts
    assert all(one.item and one.reasons for one in outcomes)
    assert matcher.judged == []


def test_a_live_run_without_a_window_says_on_standard_error_what_to_do(
    counter: Counter, scan: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole command, with a device that sends its next frame once the last one was looked at."""
    item = counter.packs[0]
    far, near = frames(item, camera=FAR, count=4), frames(item, COPY, count=30)
    device = Paced([cv2.cvtColor(one, cv2.COLOR_GRAY2BGR) for one in (*far, *near)])

    class Pacing(LookingSession):
        def look(self, sighting: Sighting) -> Any:
            yield from super().look(sighting)
            device.turn.release()

    left = iter([device])
    monkeypatch.setattr("scanner.__main__.Session", Pacing)
    monkeypatch.setattr(
        "scanner.__main__.Camera",
        partial(
            Camera, opener=lambda _: next(left, Plugged([], opens=False)), pause=lambda _: None
        ),
    )
    monkeypatch.setattr("scanner.__main__.Prints", partial(Prints, clock=Clock()))
    monkeypatch.setattr("scanner.prints.LOOK_S", 600.0)  # a slow machine is none of this test's
    status, verdicts, looks, err = scan(
        counter.words("--camera", "0", "--headless", "--wait", "0", "--quiet")
    )
    assert (verdicts[0]["id"], verdicts[0]["verdict"]) == (item, OK)
    assert looks[0]["fingerprint"]["verdict"] == COPY_SUSPECTED
    assert looks[0]["input"] == "camera 0"
    assert status == 2, "the camera went away in the end"
    lines = err.splitlines()
    assert sum(line.startswith("Hold it closer: 8 of 12 pixels/mm") for line in lines) == 1
    assert sum(line.startswith("Hold it so: 1 of 5") for line in lines) == 1


def test_an_outcome_ranks_beside_the_ledgers_verdicts() -> None:
    words = {GENUINE_MATCH: OK, COPY_SUSPECTED: HOLD, CANNOT_TELL: NOT_CHECKED}
    assert {one: Outcome(one).word for one in words} == words
