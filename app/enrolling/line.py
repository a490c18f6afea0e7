"""The line's work, spread over all cores: pictures are read while others are looked at and judged.

Whatever is under way is bounded, and comes out in the order in which it went in. Which pack a picture belongs to
is left to `packs`, what becomes of templates to `keep`.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from queue import Empty, Full, Queue
from threading import Event, Thread
from types import TracebackType
from typing import Any, Final, Self

from app.enrolling.look import Asked, Glance, glance, is_another_print, judge
from app.enrolling.packs import REFUSED, Check, Packs, Picture, Reason, Told
from app.enrolling.shots import Shot
from ledger.errors import Malformed

TICK_S: Final = 0.2  # how long it waits for a picture before it looks for what is done
_AHEAD: Final = 2  # of each kind of work, for each core


@dataclass(frozen=True, slots=True)
class Asking:
    """What a line asks of each pack: so many good pictures, modules of this side (mm)."""

    least: int
    module_mm: float
    year: int
    check: Check


class Line:
    """One run over some pictures; used as a context, which ends its processes."""

    def __init__(self, shots: Generator[Shot], asking: Asking, jobs: int) -> None:
        self._shots = shots
        self._asking = asking
        self._most = _AHEAD * jobs
        self._queue: Queue[Shot | None] = Queue(self._most)
        self._stopped = Event()
        self._looks: deque[tuple[Shot, Future[Glance]]] = deque()
        self._work: deque[tuple[Future[Any], Callable[[], Iterator[Told]]]] = deque()
        self._read_all = False
        self._packs = Packs(
            least=asking.least, module_mm=asking.module_mm, year=asking.year, check=asking.check,
            ask=self._ask, compare=self._compare,
        )  # fmt: skip
        self._ending = ExitStack()
        self._lookers = self._ending.enter_context(ThreadPoolExecutor(jobs))
        self._judges = self._ending.enter_context(_pool(jobs))
        self.pictures = 0

    def __enter__(self) -> Self:
        Thread(target=self._read, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._stopped.set()
        for future in [one for _, one in self._looks] + [one for one, _ in self._work]:
            future.cancel()
        self._ending.close()

    def run(self) -> Iterator[Told | str | None]:
        """What becomes of packs and pictures, sentences about the sources; None while it waits.

        Raises Malformed when a process that looks at pictures ends.
        """
        try:
            while True:
                try:
                    shot = self._queue.get(timeout=TICK_S)
                except Empty:
                    yield from self._come(self._most)
                    yield None
                    continue
                if shot is None:
                    break
                yield from self._take(shot)
                yield from self._come(self._most)
            yield from self.finish()
            if not self._read_all:
                raise Malformed("the pictures could not be read to their end")
        except BrokenProcessPool as error:
            raise Malformed(
                "a process that looks at pictures ended: is there too little memory? --jobs 1 needs least"
            ) from error

    def finish(self) -> Iterator[Told]:
        """Bring to an end what was begun; no more pictures are taken."""
        self._stopped.set()
        yield from self._come(0)
        while self._work or self._packs.open:
            yield from self._packs.close()
            yield from self._come(0)

    def _take(self, shot: Shot) -> Iterator[Told | str]:
        if shot.notice:
            yield shot.notice
        elif shot.problem:
            yield Told(REFUSED, shot.name, reasons=(Reason("unreadable", shot.problem),))
        else:
            self.pictures += 1
            self._looks.append((shot, self._lookers.submit(_glance, shot, self._asking.year)))

    def _come(self, most: int) -> Iterator[Told]:
        """What is done, in order; waits until no more than `most` of each kind are under way."""
        while self._looks and (len(self._looks) > most or self._looks[0][1].done()):
            shot, look = self._looks.popleft()
            yield from self._packs.show(shot.name, shot.stream, look.result())
            yield from self._judged(self._most)
        yield from self._judged(most)

    def _judged(self, most: int) -> Iterator[Told]:
        while self._work and (len(self._work) > most or self._work[0][0].done()):
            _, told = self._work.popleft()
            yield from told()

    def _ask(self, asked: Asked) -> None:
        future = self._judges.submit(judge, asked)
        self._work.append((future, lambda: self._packs.judged(asked.item, future.result())))

    def _compare(self, item: str, picture: Picture, template: bytes) -> None:
        module_mm = self._asking.module_mm
        future = self._judges.submit(is_another_print, template, picture.crop, module_mm)
        self._work.append((future, lambda: self._packs.compared(item, picture, future.result())))

    def _read(self) -> None:
        """Hand the pictures over, one by one; in a thread of its own."""
        try:
            with closing(self._shots) as shots:
                for shot in shots:
                    self._put(shot)
                    if self._stopped.is_set():
                        break
            self._read_all = True
        finally:
            self._put(None)

    def _put(self, shot: Shot | None) -> None:
        while not self._stopped.is_set():
            with suppress(Full):
                self._queue.put(shot, timeout=TICK_S)
                return


def _glance(shot: Shot, year: int) -> Glance:
    try:
        frame = shot.frame()
    except Malformed as error:
        return Glance(reason="unreadable", words=str(error))
    return glance(frame, year, stream=shot.stream)


def _pool(jobs: int) -> Executor:
    """Where pictures are judged: processes of their own, or where one core is to do it all, a thread."""
    if jobs == 1:
        return ThreadPoolExecutor(1)
    # Each core has a process: numpy's own threads would only be in the others' way.
    os.putenv("OPENBLAS_NUM_THREADS", "1")
    return ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), _deafen)


def _deafen() -> None:
    """Whoever presses Ctrl+C means the line, which ends this process once its work is done."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
