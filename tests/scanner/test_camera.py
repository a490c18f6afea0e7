"""Cameras fail in many ways; each is told in a sentence, and none is scanned on in silence."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from threading import Event
from typing import Any

import cv2
import numpy as np
import pytest

from ledger.errors import Malformed
from scanner.camera import (
    Camera,
    Device,
    Listed,
    Picture,
    Settings,
    fault_of,
    list_cameras,
    open_device,
    video,
)
from scanner.symbols import read
from tests.scanner import pictures
from tests.scanner.pictures import LABEL
from tests.test_architecture import ROOT


def colour(value: tuple[int, int, int], size: tuple[int, int] = (480, 640)) -> Picture:
    """A frame of one colour, blue green red."""
    return np.full((*size, 3), value, np.uint8)


def scene() -> Picture:
    return cv2.cvtColor(pictures.noisy(pictures.printed(), 3), cv2.COLOR_GRAY2BGR)


class Plugged:
    """A device that sends these frames, then none: as one that is pulled out."""

    def __init__(self, frames: list[Any], *, opens: bool = True, lacks: tuple[int, ...] = ()):
        self._frames = iter(frames)
        self._opens, self._lacks = opens, lacks
        self.values: dict[int, float] = {
            cv2.CAP_PROP_FRAME_WIDTH: 640, cv2.CAP_PROP_FRAME_HEIGHT: 480,
        }  # fmt: skip
        self.released = Event()

    def isOpened(self) -> bool:
        return self._opens

    def read(self) -> tuple[bool, Any]:
        frame = next(self._frames, None)
        return frame is not None, frame

    def get(self, prop: int) -> float:
        return self.values.get(prop, 0.0)

    def set(self, prop: int, value: float) -> bool:
        if prop in self._lacks:
            return False
        self.values[prop] = value
        return True

    def release(self) -> None:
        self.released.set()


class Time:
    """Waiting that takes no time."""

    def __init__(self) -> None:
        self.now = 0.0

    def pause(self, seconds: float) -> None:
        self.now += seconds

    def clock(self) -> float:
        return self.now


def camera(devices: list[Device], wait_s: float = 5.0, **fields: Any) -> Camera:
    """A camera that opens as these devices, one after the other, then as one that is away."""
    left = iter(devices)
    time = Time()

    def opener(index: int) -> Device:
        return next(left, Plugged([], opens=False))

    nodes = fields.pop("nodes", Path("nowhere"))
    return Camera(
        0, opener=opener, wait_s=wait_s, pause=time.pause, clock=time.clock, nodes=nodes, **fields
    )


def told(frames: Iterator[Picture | str]) -> tuple[list[str], str]:
    """The sentences until the camera is given up, and the last one."""
    words = []
    try:
        for one in frames:
            if isinstance(one, str):
                words.append(one)
    except Malformed as error:
        return words, str(error)
    raise AssertionError("it was never given up")


@pytest.fixture
def nodes(tmp_path: Path) -> Path:
    """What Linux says of two cameras, the first with a node for its metadata."""
    for name, index, words in (
        ("video0", "0", "HD Webcam"), ("video1", "1", "HD Webcam"), ("video2", "0", "Document"),
    ):  # fmt: skip
        (tmp_path / name).mkdir()
        (tmp_path / name / "index").write_text(f"{index}\n")
        (tmp_path / name / "name").write_text(f"{words}\n")
    return tmp_path


def test_a_camera_pulled_out_is_told_and_goes_on_when_it_is_back() -> None:
    first, second = Plugged([scene()]), Plugged([scene()])
    away = Plugged([], opens=False)
    frames = camera([first, away, away, second]).frames()
    assert isinstance(next(frames), np.ndarray)
    assert "sends no frames" in next(frames)
    assert first.released.is_set()
    assert "no camera 0" in next(frames)
    assert next(frames) == "camera 0 is there"
    assert isinstance(next(frames), np.ndarray)


def test_a_camera_that_stays_away_is_given_up_after_the_wait(nodes: Path) -> None:
    words, last = told(camera([Plugged([scene()])], nodes=nodes).frames())
    assert len(words) == 2  # each trouble is told once, not with every attempt
    assert "sends no frames" in words[0]
    assert "waited 5 s" in last


def test_a_busy_camera_is_told_apart_from_one_that_is_not_there(nodes: Path) -> None:
    _, busy = told(camera([], nodes=nodes).frames())
    assert "close the other program" in busy
    time = Time()
    absent = Camera(
        7, opener=lambda index: Plugged([], opens=False), wait_s=0, pause=time.pause,
        clock=time.clock, nodes=nodes,
    )  # fmt: skip
    _, missing = told(absent.frames())
    assert "no camera 7 (cameras here: 0, 2)" in missing


def test_a_camera_that_opens_and_sends_nothing_is_not_tried_for_ever() -> None:
    words, last = told(camera([Plugged([]) for _ in range(20)]).frames())
    assert len(words) == 1
    assert "in use elsewhere" in last


def test_of_a_flood_of_frames_only_the_newest_is_looked_at() -> None:
    begun, drained, more = Event(), Event(), Event()

    def flood() -> Iterator[Picture]:
        yield colour((0, 0, 0), (8, 8))
        begun.wait(10)
        for number in range(500):
            yield colour((number % 256, number // 256, 0), (8, 8))
        drained.set()
        more.wait(10)

    device = Plugged([])
    device._frames = flood()
    frames = camera([device]).frames()
    next(frames)
    begun.set()
    assert drained.wait(10)
    newest = next(frames)
    assert isinstance(newest, np.ndarray)
    assert tuple(newest[0, 0]) == (499 % 256, 499 // 256, 0)
    more.set()
    frames.close()
    assert device.released.is_set()


def test_size_focus_and_exposure_are_set_and_what_a_camera_lacks_is_told() -> None:
    device = Plugged([scene()])
    wanted = Settings(1280, 720, focus=40, exposure=120)
    frames = camera([device], settings=wanted).frames()
    assert isinstance(next(frames), np.ndarray)
    assert device.values[cv2.CAP_PROP_AUTOFOCUS] == 0
    assert device.values[cv2.CAP_PROP_FOCUS] == 40
    assert device.values[cv2.CAP_PROP_EXPOSURE] == 120
    assert device.values[cv2.CAP_PROP_FRAME_WIDTH] == 1280
    frames.close()
    plain = Plugged(
        [scene()],
        lacks=(cv2.CAP_PROP_FOCUS, cv2.CAP_PROP_EXPOSURE, cv2.CAP_PROP_FRAME_WIDTH),
    )
    frames = camera([plain], settings=wanted).frames()
    words = list(islice(frames, 3))
    assert "sends 640 x 720" in str(words[0])
    assert "focus" in str(words[1])
    assert "exposure" in str(words[2])
    frames.close()


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        (colour((0, 135, 0)), "all green"),
        (colour((0, 77, 0)), "all green"),
        (colour((0, 0, 0)), "all black"),
        (colour((200, 200, 200)), "of one colour"),
        (np.vstack([scene()[:400], colour((0, 135, 0), (400, scene().shape[1]))]), "cut off"),
        (np.vstack([scene()[:400], colour((128, 128, 128), (400, scene().shape[1]))]), "cut off"),
        (scene(), ""),
        (np.vstack([scene(), colour((255, 255, 255), (400, scene().shape[1]))]), ""),
        (colour((0, 0, 0), (1, 1)), "all black"),
    ],
    ids=[
        "green", "dark green", "black", "white", "half green", "half grey", "a scene",
        "a white table", "tiny",
    ],
)  # fmt: skip
def test_frames_that_no_scene_looks_like_are_named(frame: Picture, says: str) -> None:
    assert says in fault_of(frame)
    assert bool(says) == bool(fault_of(frame))


def test_the_real_driver_says_that_a_camera_is_not_there() -> None:
    time = Time()
    absent = Camera(99, wait_s=0, pause=time.pause, clock=time.clock)
    _, last = told(absent.frames())
    assert "camera 99" in last


def test_cameras_are_listed_by_number_name_and_size(nodes: Path) -> None:
    devices = {0: Plugged([]), 2: Plugged([], opens=False)}
    assert list_cameras(devices.__getitem__, nodes) == [
        Listed(0, "HD Webcam", 640, 480),
        Listed(2, "Document", 0, 0),
    ]
    assert list_cameras(open_device, nodes / "nothing") == []


def film(path: Path, frames: list[Picture], code: str = "MJPG") -> Path:
    """A real video file."""
    high, wide = frames[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*code), 10, (wide, high))
    for frame in frames:
        writer.write(frame)
    writer.release()
    return path


def test_a_video_is_read_frame_by_frame(tmp_path: Path) -> None:
    found = list(video(film(tmp_path / "label.avi", [scene()] * 7)))
    assert len(found) == 7
    last = found[-1]
    assert isinstance(last, np.ndarray)
    grey = cv2.cvtColor(last, cv2.COLOR_BGR2GRAY)
    assert [symbol.text for symbol in read(grey, budget_s=5.0)] == [LABEL.link]


def test_of_a_video_with_a_broken_index_what_is_there_is_read_and_the_rest_told(
    tmp_path: Path,
) -> None:
    whole = film(tmp_path / "label.avi", [scene()] * 20).read_bytes()
    assert b"idx1" in whole
    for name, content in {
        "no index": whole[: whole.rindex(b"idx1")],
        "cut off": whole[: len(whole) // 2],
        "garbage index": whole[: whole.rindex(b"idx1") + 8] + b"\xff" * 320,
    }.items():
        path = tmp_path / f"{name}.avi"
        path.write_bytes(content)
        found = list(video(path))
        frames = [one for one in found if isinstance(one, np.ndarray)]
        assert len(frames) >= 8, name
        assert len(frames) >= 19 or any("could be read" in str(one) for one in found), name


@pytest.mark.parametrize("content", [b"", b"RIFF\x00\x00\x00\x00AVI ", bytes(4000), b"#EXTM3U\n"])
def test_what_is_no_video_is_refused_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "some.avi").write_bytes(content)
    with pytest.raises(Malformed, match=r"some\.avi"):
        list(video(tmp_path / "some.avi"))


def test_what_decodes_a_broken_video_writes_nothing_of_its_own(tmp_path: Path) -> None:
    whole = film(tmp_path / "cut.avi", [scene()] * 9).read_bytes()
    (tmp_path / "cut.avi").write_bytes(whole[: len(whole) * 2 // 3])
    (tmp_path / "not.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + b"\x1b[2J" * 60)
    (tmp_path / "not.avi").write_bytes(b"RIFF\0\0\0\0AVI LIST" + b"\x1b[2J" * 60)
    for name in ("cut.avi", "not.mp4", "not.avi"):
        words = [sys.executable, "-m", "scanner", "--read", str(tmp_path / name)]
        done = subprocess.run(words, capture_output=True, cwd=ROOT, timeout=60, check=False)
        told = done.stderr.decode().splitlines()
        assert all(line.startswith(f"{tmp_path / name}: ") for line in told), name
