"""`packtrace enrol` at the line: from real picture files to a real store and log. SIMULATED prints."""

from __future__ import annotations

import json
import multiprocessing
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.config import Settings
from app.enrolling.line import Asking
from app.enrolling.line import Line as LineOf
from app.enrolling.look import Asked, glance, judge
from app.enrolling.packs import ENROLLED, REFUSED, TURNED_AWAY, Reason, Told
from app.enrolling.shots import shots
from app.node import open_node
from ledger.cli.target import now_ms
from ledger.errors import Malformed
from ledger.statement import gs1, keyfile
from ledger.statement.submission import Submission
from ledger.store.check import check
from ledger.store.fingerprints import DATABASE, Fingerprints
from scanner.camera import Camera
from scanner.fingerprint.match import COPY_SUSPECTED, GENUINE_MATCH, match
from scanner.fingerprint.session import Rules, Session
from scanner.fingerprint.template import Template, commitment
from scanner.frames import read_image
from scanner.label import PrintedLabel, datamatrix_modules, qr_modules
from scanner.simulated import station
from scanner.simulated.camera import STATION, shot
from scanner.simulated.paper import dots, printed
from tests.app.enrolling import (
    EXPIRY,
    LOT,
    PASSPHRASE,
    Line,
    empty,
    frames,
    jpeg,
    photograph,
    picture,
    run,
)
from tests.nodes import serving
from tests.world import Chain, seed

NOT_THIS = Reason("wrong-lot", "It is of another lot.")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2id at its least: what it costs in earnest is `keyfile`'s."""
    slow = keyfile.seal

    def seal(seed: bytes, passphrase: bytes, **more: object) -> bytes:
        return slow(seed, passphrase, **{**more, "ops": 1, "memory": 8192})  # type: ignore[arg-type]

    monkeypatch.setattr(keyfile, "seal", seal)


@pytest.fixture(params=["sqlite", "postgres"])
def line(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Line]:
    """A line over a log on either database."""
    url = ""
    if request.param == "postgres":
        url = request.getfixturevalue("postgres").database()
    chain = Chain(tmp_path / "log", url=url)
    yield Line(chain)
    chain.store.close()


@pytest.fixture
def here(chain: Chain) -> Line:
    """A line over a log in a file."""
    return Line(chain)


def opened(line: Line) -> closing[Fingerprints]:
    return closing(Fingerprints.open(line.store, PASSPHRASE.encode()))


def test_a_folder_of_pictures_is_enrolled_and_only_the_very_print_matches(
    line: Line, tmp_path: Path
) -> None:
    packs = line.chain.commission(LOT, 3)
    done = line.enrol(photograph(tmp_path / "pictures", packs), "--lot", LOT, "--batch", 2)
    assert done.code == 0, done
    assert list(done.commitments) == packs
    assert all(one["frames"] == 3 and one["px_per_mm"] > 30 for one in done.of("enrolled"))
    assert done.of("done")[0]["pictures"] == 9
    assert done.notes.count("statement") == 2  # a batch of two packs, and one of the last
    with opened(line) as store:
        assert store.due() == []
        assert store.outgoing() == []
        for item in packs:
            assert line.fingerprint(item) == done.commitments[item]
            kept = store.find(item, done.commitments[item])
            assert kept is not None
            assert commitment(kept.template, kept.salt) == done.commitments[item]
        verdicts = {}
        for seed in (1, 2):
            template = Template.parse(kept.template)
            session = Session(template.seed, template.design, rules=Rules.FILES)
            for frame in frames(packs[-1], 2, seed=seed, camera=station.CLOSE):
                session.add(frame)
            verdicts[seed] = match(template, session).verdict
    assert verdicts == {1: GENUINE_MATCH, 2: COPY_SUSPECTED}
    assert check(line.chain.store, line.chain.log_key.verifier) is None


def test_each_poor_or_wrong_capture_is_refused_with_its_reason_and_the_others_go_on(
    here: Line, tmp_path: Path
) -> None:
    chain, pictures = here.chain, tmp_path / "pictures"
    good, blurred, coarse, one_only, twice, gone, mixed, dim, relabelled = chain.commission(LOT, 9)
    [other_lot] = chain.commission("L2", 1)
    unknown = gs1.sgtin(chain.gtin, "NOBODY")
    before = photograph(tmp_path / "before", [relabelled])
    assert here.enrol(before).code == 0
    chain.act("sample", chain.maker, [gone])
    photograph(pictures, [good])
    cameras = {
        blurred: replace(STATION, defocus=9.0), coarse: replace(STATION, px_per_mm=14.0),
        dim: replace(STATION, light=0.12),
    }  # fmt: skip
    files = {
        **{f"{name}-{n}.png": picture(item, n, camera=camera)
           for name, (item, camera) in zip("bcd", cameras.items(), strict=True) for n in range(3)},
        "e.png": picture(one_only, 0),
        **{f"f-{n}.png": picture(twice, min(n, 1)) for n in range(3)},
        **{f"g-{n}.png": picture(gone, n) for n in range(3)},
        **{f"h-{n}.png": picture(mixed, n, seed=1 + n // 2) for n in range(3)},
        **{f"i-{n}.png": picture(other_lot, n, lot="L2") for n in range(2)},
        **{f"j-{n}.png": picture(unknown, n) for n in range(2)},
        **{f"k-{n}.png": picture(relabelled, n, seed=5) for n in range(3)},
        "l.png": empty(), "m.jpg": b"no picture",
        "n.png": station.to_png(np.hstack([*frames(good, 1), *frames(mixed, 1)])),
        "o.png": picture(gs1.sgtin("09521101000016", "ELSEWHERE"), 0),
    }  # fmt: skip
    for name, data in files.items():
        (pictures / name).write_bytes(data)
    done = here.enrol(pictures, "--gtin", chain.gtin, "--lot", LOT)
    assert done.code == 1
    assert set(done.commitments) == {good}
    assert {name: codes[0] for name, codes in done.codes.items()} == {
        blurred: "few-frames", coarse: "few-frames", dim: "few-frames", one_only: "few-frames",
        twice: "few-frames", gone: "wrong-state", mixed: "label-changed",
        other_lot: "wrong-lot", unknown: "unknown-item", relabelled: "enrolled-before",
        "l.png": "no-code", "m.jpg": "unreadable", "n.png": "two-packs",
        gs1.sgtin("09521101000016", "ELSEWHERE"): "wrong-product",
    }  # fmt: skip
    why = {item: set(codes[1:]) for item, codes in done.codes.items()}
    assert "low-resolution" in why[coarse]
    assert "identical-frames" in why[twice]
    assert why[one_only] == set()
    assert "out-of-focus" in why[blurred] or "no-code" in why[blurred]
    away = {Path(one["input"]).name: one["reasons"][0]["code"] for one in done.of("turned-away")}
    assert away["c-0.png"] == "low-resolution"
    assert away["f-2.png"] == "identical-frames"
    assert all(reason["words"] for one in done.lines for reason in one.get("reasons", ()))
    assert here.fingerprint(mixed) == b""
    # Relabelled, it is enrolled by the new label, and that holds.
    first = here.fingerprint(relabelled)
    again = here.enrol(*sorted(pictures.glob("k-*")), "--again")
    assert again.code == 0
    assert again.commitments[relabelled] == here.fingerprint(relabelled) != first
    with opened(here) as store:
        assert store.find(relabelled, first) is not None


def test_a_carton_is_enrolled_by_its_datamatrix_whatever_code_stands_beside_it() -> None:
    """A manufacturer's cartons as they are: no new label, and a code for something else."""
    label = PrintedLabel("09521101000016", LOT, EXPIRY, "CARTON1")
    own = printed(dots(datamatrix_modules(label)), 3)
    other = printed(dots(qr_modules("https://example.com/leaflet")), 4)
    crops = []
    for number in range(3):
        left, right = shot(other, STATION, number), shot(own, STATION, number)
        high = max(left.shape[0], right.shape[0])
        sides = [np.pad(one, ((0, high - len(one)), (0, 0)), "edge") for one in (left, right)]
        seen = glance(np.hstack(sides), 2026, stream=False)
        assert (seen.item, seen.lot) == ("https://id.gs1.org/01/09521101000016/21/CARTON1", LOT)
        assert seen.crop is not None
        crops.append(seen.crop)
    judged = judge(Asked(seen.item, tuple(crops), bytes(16), 3, 0.4233, 2026))
    assert (judged.frames, judged.reasons) == (3, ())
    assert Template.parse(judged.template).px_per_mm > 30


def test_labels_are_enrolled_before_their_packs_are_commissioned(
    here: Line, tmp_path: Path
) -> None:
    """The commitments come onto the log with the packs."""
    chain = here.chain
    packs = chain.pack_ids("NEW", 2)
    prints, store = tmp_path / "prints.tsv", tmp_path / "store"
    words = ("--prints", prints, "--store", store, "--jobs", 1, "--json", "--lot", "NEW")
    for item in packs:  # one after the other: the file grows
        pictures = photograph(tmp_path / "pictures", [item], lot="NEW")
        done = run("enrol", pictures, *words)
        assert done.code == 0, done
    assert len(prints.read_text().splitlines()) == 2
    assert run("enrol", pictures, *words).codes == {packs[1]: ["enrolled-before"]}
    common = ("--key", here.key, "--log", here.log, "--lot", "NEW", "--expiry", str(EXPIRY))
    bare = gs1.sgtin(chain.gtin, "BARE")
    refused = run("commission", *common, "--prints", prints, bare)
    assert (refused.code, "is not named" in refused.notes) == (2, True)
    assert run("commission", *common, "--prints", prints, bare, *packs).code == 0
    kept = Fingerprints.open(store, PASSPHRASE.encode())
    for item in packs:
        found = chain.reader.fingerprint(item)
        assert found is not None
        assert found.op == "commission"
        assert kept.find(item, found.commitment) is not None
    kept.close()
    assert here.fingerprint(bare) == b""
    for bad in ("x", f"{packs[0]}\tabc", f"{packs[0]}\t{'zz' * 32}", f"{packs[0]}\t{'ab ' * 32}"):
        prints.write_text(bad + "\n")
        told = run("commission", *common, "--prints", prints)
        assert (told.code, "64 hex digits" in told.notes) == (2, True)


def test_a_stream_and_a_video_show_pack_after_pack(here: Line, tmp_path: Path) -> None:
    packs = here.chain.commission(LOT, 3)
    shown = [[*(picture(item, n) for n in range(4)), empty()] for item in packs]
    stream = b"--frame\r\n\r\n".join(
        jpeg(data) if n % 2 else data for pack in shown[:2] for n, data in enumerate(pack)
    )
    done = here.enrol("-", stdin=stream)
    assert (done.code, list(done.commitments)) == (0, packs[:2])
    film = tmp_path / "line.avi"
    size = read_image(shown[2][0]).shape
    writer = cv2.VideoWriter(str(film), cv2.VideoWriter.fourcc(*"MJPG"), 30, size[::-1])
    for data in shown[2]:
        seen = cv2.resize(read_image(data), size[::-1])
        writer.write(cv2.cvtColor(seen, cv2.COLOR_GRAY2BGR))
    writer.release()
    done = here.enrol(film)
    assert (done.code, list(done.commitments)) == (0, packs[2:])
    assert done.of("done")[0]["pictures"] == 5


def test_a_second_pack_with_the_serial_of_another_is_told(
    here: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same label that comes back is none."""
    monkeypatch.setattr("app.enrolling.packs.AWAY", 5)
    first, *others = here.chain.commission(LOT, 2)
    gone = [empty(60)] * 7

    def shown(item: str, seed: int = 1, start: int = 0) -> list[bytes]:
        return [picture(item, start + n, seed=seed) for n in range(3)]

    back = shown(first, start=3)
    done = here.enrol("-", stdin=b"".join([*shown(first), *gone, *back, *shown(others[0])]))
    assert (done.code, done.codes) == (0, {})
    stream = [*shown(first), *gone, *shown(first, seed=2)]
    done = here.enrol("-", "--again", stdin=b"".join(stream))
    assert (done.code, done.codes) == (1, {first: ["two-prints"]})
    assert done.commitments == {first: here.fingerprint(first)}
    files = photograph(tmp_path / "pictures", [first], 4)
    (files / "zzz.png").write_bytes(picture(first, 0, seed=2))
    done = here.enrol(files, "--again")
    assert (done.code, done.codes) == (1, {first: ["two-prints"]})


def test_all_cores_come_to_the_same_as_one(here: Line, tmp_path: Path) -> None:
    packs = here.chain.commission(LOT, 4)
    pictures = photograph(tmp_path / "pictures", packs, 2)
    done = here.enrol(pictures, "--frames", 2, "--jobs", 2)
    assert (done.code, list(done.commitments)) == (0, packs)


def ended(
    line: Line, packs: list[str], by: signal.Signals
) -> tuple[subprocess.Popen[bytes], dict[str, bytes]]:
    """A process that is shown packs by a stream, and gets a signal once it has told of all."""
    code = "from app.cli import main; main()"
    command = [sys.executable, "-c", code, "enrol", "-", *line.options("--batch", "1000")]
    env = {"PACKTRACE_PASSPHRASE": PASSPHRASE, "PATH": ""}
    told: dict[str, bytes] = {}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for item in packs:
            process.stdin.write(b"".join(picture(item, n) for n in range(3)))
            process.stdin.flush()
            found = json.loads(process.stdout.readline())
            told[found["item"]] = bytes.fromhex(found["commitment"])
        process.send_signal(by)
        process.wait()  # its standard input is still open: the stream has not ended
    return process, told


def test_ctrl_c_ends_a_run_and_hands_on_what_it_has(here: Line) -> None:
    packs = here.chain.commission(LOT, 2)
    process, told = ended(here, packs, signal.SIGINT)
    assert process.returncode == 0
    assert {item: here.fingerprint(item) for item in packs} == told


def test_a_run_that_nobody_hears_any_more_hands_on_what_it_has(here: Line) -> None:
    packs = here.chain.commission(LOT, 2)
    code = "from app.cli import main; main()"
    command = [sys.executable, "-c", code, "enrol", "-", *here.options()]
    shown = [b"".join(picture(item, n) for n in range(3)) for item in packs]
    env = {"PACKTRACE_PASSPHRASE": PASSPHRASE, "PATH": ""}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=env) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(shown[0])
        process.stdin.flush()
        assert process.stdout.readline()
        process.stdout.close()
        process.stdin.write(shown[1])
        process.stdin.close()
        assert process.stderr.read().startswith(b"2 packs: statement")
    assert process.returncode == 2
    assert all(here.fingerprint(item) for item in packs)


class Pointed:
    """A camera that sees one pack until it is pointed at another, from all sides in turn."""

    def __init__(self, packs: list[str]) -> None:
        seen = [[cv2.cvtColor(f, cv2.COLOR_GRAY2BGR) for f in frames(item, 4)] for item in packs]
        self._seen = [*seen, [np.full((700, 700, 3), 168, np.uint8)]]
        self.at = self._read = 0

    def isOpened(self) -> bool:
        return True

    def read(self) -> tuple[bool, np.ndarray]:
        self._read += 1
        here = self._seen[self.at]
        return True, here[self._read % len(here)]

    def get(self, _property: int) -> float:
        return 700.0

    def set(self, _property: int, _value: float) -> bool:
        return True

    def release(self) -> None: ...


def test_a_camera_enrols_whatever_is_before_it(here: Line) -> None:
    packs = here.chain.commission(LOT, 3)
    pointed = Pointed(packs)
    asking = Asking(3, 0.4233, 2026, lambda item, *_: () if item != packs[1] else (NOT_THIS,))
    outcomes = []
    with LineOf(shots([], camera=Camera(0, opener=lambda _index: pointed)), asking, 1) as line:
        for told in line.run():
            if isinstance(told, Told) and told.outcome != TURNED_AWAY:
                outcomes.append((told.item, told.outcome))
                pointed.at += 1
            if len(outcomes) == len(packs):
                break
        outcomes += [(told.item, told.outcome) for told in line.finish()]
    assert outcomes == [(packs[0], ENROLLED), (packs[1], REFUSED), (packs[2], ENROLLED)]


def test_a_line_whose_helper_was_killed_ends_in_a_sentence(here: Line) -> None:
    pointed = Pointed(here.chain.commission(LOT, 2))
    asking = Asking(3, 0.4233, 2026, lambda *_: ())
    with LineOf(shots([], camera=Camera(0, opener=lambda _index: pointed)), asking, 2) as line:
        running = line.run()
        while not isinstance(next(running), Told):
            pass
        for process in multiprocessing.active_children():
            process.kill()
            process.join()
        pointed.at = 1
        with pytest.raises(Malformed, match="a process that looks at pictures ended"):
            list(running)


def test_nothing_is_lost_when_the_line_is_killed_between_store_and_log(
    here: Line, tmp_path: Path
) -> None:
    packs = here.chain.commission(LOT, 3)
    process, told = ended(here, packs[:2], signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert list(told) == packs[:2]
    assert [here.fingerprint(item) for item in packs] == [b"", b"", b""]
    done = here.enrol(photograph(tmp_path / "pictures", packs[2:]))
    assert done.code == 0
    told |= done.commitments
    assert {item: here.fingerprint(item) for item in packs} == told
    with opened(here) as store:
        assert store.due() == []


def test_a_statement_whose_answer_was_lost_stands_once(here: Line, tmp_path: Path) -> None:
    """The run died after the log had it, or before: the next submits the same bytes."""
    chain = here.chain
    packs = chain.commission(LOT, 3)
    pictures = photograph(tmp_path / "pictures", packs[2:])
    made = [bytes([n]) * 32 for n in range(2)]
    signed = [
        chain.event("enrol", chain.maker, [item], extras={item: one})
        for item, one in zip(packs[:2], made, strict=True)
    ]
    chain.log.submit(signed[0])
    with closing(Fingerprints.make(here.store, PASSPHRASE.encode())) as store:
        for item, one, submission in zip(packs[:2], made, signed, strict=True):
            store.put(item, one, b"AFP1", bytes(32), 1, due=True)
            store.send(bytes(submission), 1)
    size = chain.reader.head().size
    assert here.enrol(pictures).code == 0
    assert [here.fingerprint(item) for item in packs[:2]] == made
    assert chain.reader.head().size == size + 2  # the one that was missing, and this run's own
    with opened(here) as store:
        assert (store.due(), store.outgoing()) == ([], [])
        assert Submission.parse(bytes(signed[0])) == signed[0]


def test_a_statement_that_was_signed_too_long_ago_is_signed_anew(
    here: Line, tmp_path: Path
) -> None:
    """The log could not be reached for longer than its policy lets statements lie behind."""
    chain = here.chain
    packs = chain.commission(LOT, 3)
    with closing(Fingerprints.make(here.store, PASSPHRASE.encode())) as store:
        for n, item in enumerate(packs[:2]):
            chain.now -= 30 * 24 * 3_600_000
            old = chain.event("enrol", chain.maker, [item], extras={item: bytes([n]) * 32})
            chain.now = now_ms()
            store.put(item, bytes([n]) * 32, b"AFP1", bytes(32), 1, due=True)
            store.send(bytes(old), 1)
    assert here.enrol(photograph(tmp_path / "pictures", packs[2:])).code == 0
    assert [here.fingerprint(item) for item in packs[:2]] == [bytes(32), b"\1" * 32]
    with opened(here) as store:
        assert (store.due(), store.outgoing()) == ([], [])


def test_a_line_that_was_half_written_is_written_again(here: Line, tmp_path: Path) -> None:
    packs = here.chain.pack_ids(LOT, 3)
    prints, store = tmp_path / "prints.tsv", tmp_path / "store"
    with closing(Fingerprints.make(store, PASSPHRASE.encode())) as kept:
        for n, item in enumerate(packs[:2]):
            kept.put(item, bytes([n]) * 32, b"AFP1", bytes(32), n, due=True, listed=True)
    prints.write_text(f"{packs[0]}\t{'00' * 32}\n{packs[1]}\t0101")
    pictures = photograph(tmp_path / "pictures", packs[2:])
    done = run("enrol", pictures, "--prints", prints, "--store", store, "--jobs", 1, "--json")
    assert done.code == 0
    made = [bytes(32), b"\1" * 32, done.commitments[packs[2]]]
    rows = dict(line.split("\t") for line in prints.read_text().splitlines())
    assert rows == {item: one.hex() for item, one in zip(packs, made, strict=True)}
    assert prints.read_bytes().endswith(b"\n")


def test_no_line_is_taken_away_but_one_that_is_still_due(here: Line, tmp_path: Path) -> None:
    [pack, other] = here.chain.pack_ids(LOT, 2)
    pictures = photograph(tmp_path / "pictures", [pack])
    prints, last = tmp_path / "prints.tsv", f"{other}\t{'01' * 32}"
    words = ("--prints", prints, "--store", tmp_path / "store", "--jobs", 1, "--json")
    prints.write_text("notes of mine, no list")
    told = run("enrol", pictures, *words)
    assert (told.code, prints.read_text()) == (2, "notes of mine, no list")
    prints.write_text(last)  # as an editor leaves it: without an end
    done = run("enrol", pictures, *words)
    assert done.code == 0
    assert prints.read_text() == f"{last}\n{pack}\t{done.commitments[pack].hex()}\n"


def test_the_store_of_a_line_is_of_no_use_to_who_steals_it(here: Line, tmp_path: Path) -> None:
    packs = here.chain.commission(LOT, 2)
    done = here.enrol(photograph(tmp_path / "pictures", packs))
    with opened(here) as store:
        kept = [store.find(item, made) for item, made in done.commitments.items()]
        raw = b"".join(path.read_bytes() for path in here.store.iterdir())
    for one in kept:
        assert one is not None
        template = Template.parse(one.template)
        for secret in (template.seed, template.design, one.salt, one.template[64:96]):
            assert secret not in raw
            assert secret.hex().encode() not in raw
    for text in (*packs, *done.commitments.values()):
        assert (text.encode() if isinstance(text, str) else text) not in raw
    assert b"AFP1" not in raw
    told = run("enrol", *here.options(tmp_path / "pictures"), passphrase="guessed")
    assert told.code == 2
    assert "passphrase is wrong" in json.dumps(told.lines) + told.notes


def test_over_the_web_the_log_itself_refuses_what_it_does_not_have(
    here: Line, app, tmp_path: Path
) -> None:
    known, *_ = here.chain.commission(LOT, 1)
    later = gs1.sgtin(here.chain.gtin, "LATER")
    pictures = photograph(tmp_path / "pictures", [known, later], 1)
    words = ("--store", tmp_path / "store", "--frames", 1, "--site", here.chain.maker.site)
    with serving(app) as url:
        done = here.enrol(pictures, *words, "--log", url)
        assert (done.code, done.codes) == (1, {later: ["unknown-item"]})
        assert set(done.commitments) == {known, later}
        assert here.fingerprint(known) == done.commitments[known]
        # Once it is commissioned, what was kept is handed on.
        here.chain.act("commission", here.chain.maker, [later], lot=LOT, expiry=EXPIRY)
        again = here.enrol(pictures, *words, "--log", url)
        assert again.codes == {known: ["enrolled-before"], later: ["enrolled-before"]}
        assert here.fingerprint(later) == done.commitments[later]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "give pictures or --camera"),
        (["p"], "either --key"),
        (["p", "--key", "KEY", "--prints", "x"], "either --key"),
        (["p", "--key", "KEY", "--draft", "x"], "not for pictures"),
        (["p", "--key", "KEY", "--after-the-fact"], "not for pictures"),
        (["p", "--key", "KEY", "--gtin", "123"], "no GTIN"),
        (["--camera", "0", "--key", "KEY", "--size", "large"], "no size"),
        (["--camera", "0", "--key", "KEY", "--size", f"{'9' * 5000}x1"], "no size"),
        (["--camera", "0", "--key", "KEY", "--size", "0x0"], "no size"),
        (["--camera", "-5", "--key", "KEY"], "--camera"),
        (["--camera", "99999999999", "--key", "KEY"], "--camera"),
        (["--camera", "0", "--key", "KEY", "--focus", "nan"], "--focus"),
        (["--camera", "0", "--key", "KEY", "--exposure", "inf"], "--exposure"),
        (["p", "--key", "KEY", "--module-mm", "nan"], "--module-mm"),
        (["p", "--prints", "x", "--log", "http://localhost:1"], "by --store"),
        (["p", "--key", "OTHER"], "unknown-key"),
        (["p", "--key", "KEY", "--frames", "9"], "--frames"),
        (["nowhere", "--key", "KEY"], "not there"),
    ],
)
def test_what_cannot_be_meant_is_told_in_a_sentence(
    here: Line, words: list[str], told: str
) -> None:
    (here.log / "other.key").write_bytes(
        keyfile.plain(bytes(32), label="line", party=here.chain.maker.gln)
    )
    names = {"KEY": str(here.key), "OTHER": str(here.log / "other.key")}
    given = [names.get(word, word) for word in words]
    if "OTHER" in words:
        given += ["--site", here.chain.maker.site]
    if "--log" not in words:
        given += ["--log", str(here.log)]
    done = run("enrol", *given, "--jobs", 1)
    assert done.code in (1, 2)
    text = done.notes + json.dumps(done.lines)
    out = run("enrol", *given, "--jobs", 1, "--json")
    assert told in text + json.dumps(out.lines)


def test_a_node_opens_the_store_that_a_line_made(here: Line, tmp_path: Path) -> None:
    word = PASSPHRASE.encode()
    settings = Settings(log=here.log, passphrase=word)

    def kept(settings: Settings) -> bool | None:
        node = open_node(settings)
        found = node.fingerprints
        has = None if found is None else found.has("https://id.gs1.org/01/09521101000016/21/A")
        if found is not None:
            found.close()
        node.desk.close()
        node.store.close()
        return has

    assert kept(settings) is None
    here.store.mkdir()  # as a run leaves it that was killed while it made the store
    (here.store / DATABASE).touch()
    assert kept(settings) is None
    shutil.rmtree(here.store)
    elsewhere = tmp_path / "elsewhere"
    with closing(Fingerprints.make(elsewhere, word)) as made:
        made.put("https://id.gs1.org/01/09521101000016/21/A", bytes(32), b"AFP1", bytes(32), 1)
    environ = {"PACKTRACE_FINGERPRINTS": str(elsewhere)}
    assert Settings.from_environ(environ).fingerprints == elsewhere
    assert Settings.from_environ({"PACKTRACE_FINGERPRINTS": ""}).fingerprints is None
    assert kept(replace(settings, fingerprints=elsewhere)) is True
    elsewhere.rename(here.store)
    assert kept(settings) is True
    for wrong in (replace(settings, fingerprints=elsewhere), replace(settings, passphrase=b"x")):
        with pytest.raises(Malformed, match=r"fingerprints\.key"):
            open_node(wrong)


def test_no_store_is_made_by_which_the_node_would_not_start(here: Line, tmp_path: Path) -> None:
    word = PASSPHRASE.encode()
    sealed = keyfile.seal(
        seed("log"), word, label="log", party="",
        salt=bytes(keyfile.SALT_BYTES), nonce=bytes(keyfile.NONCE_BYTES),
    )  # fmt: skip
    (here.log / "keys" / "log.key").write_bytes(sealed)
    words = ("nowhere.png", "--prints", tmp_path / "prints.tsv", "--log", here.log, "--jobs", 1)
    told = run("enrol", *words, passphrase="another")
    assert (told.code, "another passphrase than" in told.notes) == (2, True)
    assert open_node(Settings(log=here.log, passphrase=word)).fingerprints is None
    assert "not there" in run("enrol", *words, "--json").lines[0]["reasons"][0]["words"]
    assert open_node(Settings(log=here.log, passphrase=word)).fingerprints is not None


def test_a_look_reads_lot_and_expiry_of_the_label() -> None:
    item = gs1.sgtin("09521101000016", "LOOK")
    seen = glance(frames(item, 1)[0], 2026, stream=True)
    assert (seen.item, seen.lot, seen.expiry) == (item, LOT, EXPIRY)
