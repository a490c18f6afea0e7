"""From pictures to packs at the line: each pack's are gathered by its code until they suffice.

Bounded: the pictures held of packs that are not done, and the packs that are remembered as done. Decides nothing
of a picture; who looks at them is `line`, what a look finds `look`.
"""

from __future__ import annotations

import secrets
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final, NamedTuple

from app.enrolling.look import Asked, Glance, Judged
from scanner.fingerprint.template import SEED
from scanner.fingerprint.wording import REASONS
from scanner.frames import Frame

ENROLLED: Final = "enrolled"
REFUSED: Final = "refused"  # a pack, or a picture that nobody can tell a pack by
TURNED_AWAY: Final = "turned-away"  # a picture; others of its pack may do
MOST_HELD: Final = 256 * 1024 * 1024  # bytes of pictures
MOST_DONE: Final = 10_000  # packs
AWAY: Final = 90  # pictures of a stream in which a pack was not seen: three seconds of a camera's
TRIES: Final = 5  # pictures of a pack that came back, to see whether it is the same label
WORDS: Final = {
    **REASONS,
    "no-pack": "The code names no single pack.",
    "two-packs": "Two packs are in the picture. Show one alone.",
    "two-prints": "Another label bears the code of one that was enrolled: two packs have one serial.",
}


class Reason(NamedTuple):
    """Why not: a code for programs, and words."""

    code: str
    words: str


# The reasons against a pack, by lot and expiry of its label: "" and None where its code says none.
Check = Callable[[str, str, date | None], tuple[Reason, ...]]


@dataclass(frozen=True, slots=True)
class Told:
    """What became of a pack, or of a picture; `name` is where it was seen last."""

    outcome: str
    name: str
    item: str = ""
    reasons: tuple[Reason, ...] = ()
    judged: Judged | None = None


class Picture(NamedTuple):
    """A part of a picture, and where it comes from."""

    name: str
    crop: Frame


@dataclass(slots=True)
class _Open:
    """A pack of which pictures are gathered. `asked` are those that are being judged."""

    item: str
    name: str
    stream: bool
    seen: int
    seed: bytes = field(default_factory=lambda: secrets.token_bytes(SEED))
    good: list[Picture] = field(default_factory=list)
    waiting: list[Picture] = field(default_factory=list)
    asked: list[Picture] = field(default_factory=list)
    against: Counter[str] = field(default_factory=Counter)
    closing: bool = False
    back: bool = False  # it was away while it was being judged

    @property
    def held(self) -> list[Picture]:
        """All pictures of it that are kept."""
        return [*(self.asked or self.good), *self.waiting]


@dataclass(slots=True)
class _Done:
    """A pack that needs no more pictures; of one that was enrolled, the template."""

    seen: int
    template: bytes = b""
    tries: int = 0


class Packs:
    """The packs that a line has before it.

    `check` says what is wrong with a pack before its pictures are looked at, `ask` has them judged,
    `compare` has a picture held against a template; what comes of it is handed to `judged` and `compared`.
    """

    def __init__(
        self, *, least: int, module_mm: float, year: int,
        check: Check,
        ask: Callable[[Asked], None],
        compare: Callable[[str, Picture, bytes], None],
        most_held: int = MOST_HELD,
    ) -> None:  # fmt: skip
        self._least, self._module_mm, self._year = least, module_mm, year
        self._check, self._ask, self._compare = check, ask, compare
        self._most_held = most_held
        self._open: OrderedDict[str, _Open] = OrderedDict()  # the longest unseen first
        self._done: OrderedDict[str, _Done] = OrderedDict()
        self._last = Glance()  # of a stream, why it showed no one pack
        self._count = 0

    @property
    def open(self) -> bool:
        """Whether there are packs that are not done."""
        return bool(self._open)

    def show(self, name: str, stream: bool, seen: Glance) -> Iterator[Told]:
        """Take what one picture shows."""
        self._count += 1
        if seen.crop is None:
            yield from self._no_pack(name, stream, seen)
        else:
            yield from self._pack(seen, Picture(name, seen.crop), stream)
        yield from self._let_go()

    def judged(self, item: str, judged: Judged) -> Iterator[Told]:
        """Take what a pack's pictures came to."""
        pack = self._open[item]
        asked, pack.asked = pack.asked, []
        pack.good = []
        for picture, codes in zip(asked, judged.pictures, strict=False):
            if not codes:
                pack.good.append(picture)
                continue
            # Of a camera's many pictures, the first with a fault is told.
            news = [code for code in codes if not pack.stream or not pack.against[code]]
            pack.against.update(codes)
            if news and not judged.reasons:
                yield Told(TURNED_AWAY, picture.name, item, in_words(news))
        if judged.template:
            self._finish(pack, judged.template)
            yield Told(ENROLLED, pack.name, item, judged=judged)
            for picture in pack.waiting if pack.back or not pack.stream else ():
                self._compare(item, picture, judged.template)
        elif judged.reasons:
            self._finish(pack)
            yield Told(REFUSED, pack.name, item, in_words(judged.reasons))
        elif len(pack.held) >= self._least or (pack.closing and pack.waiting):
            self._judge(pack)
        elif pack.closing:
            yield self._too_few(pack)

    def compared(self, item: str, picture: Picture, another: bool) -> Iterator[Told]:
        """Take whether a pack that was enrolled before came back with another label."""
        if another:
            yield Told(REFUSED, picture.name, item, in_words(["two-prints"]))

    def close(self) -> Iterator[Told]:
        """No more pictures come: judge what there is. To be called until nothing is asked."""
        for pack in list(self._open.values()):
            yield from self._close(pack)

    def _no_pack(self, name: str, stream: bool, seen: Glance) -> Iterator[Told]:
        if stream:
            same = (seen.reason, seen.words) == (self._last.reason, self._last.words)
            self._last = seen
            if same or seen.reason == "no-code":  # between two packs there is none
                return
        words = f"{WORDS[seen.reason]} ({seen.words})" if seen.words else WORDS[seen.reason]
        yield Told(REFUSED, name, reasons=(Reason(seen.reason, words),))

    def _pack(self, seen: Glance, picture: Picture, stream: bool) -> Iterator[Told]:
        item = seen.item
        if item in self._done and self._is_done(item, picture, stream):
            return
        pack = self._open.get(item)
        if pack is None:
            pack = _Open(item, picture.name, stream, self._count)
            if reasons := self._check(item, seen.lot, seen.expiry):
                self._finish(pack)
                yield Told(REFUSED, picture.name, item, reasons)
                return
            self._open[item] = pack
        if stream and pack.asked and self._count - pack.seen > AWAY:
            pack.back, pack.waiting = True, []
        pack.seen, pack.name = self._count, picture.name
        self._open.move_to_end(item)
        if not stream or len(pack.waiting) < self._least:
            pack.waiting.append(picture)
        if not pack.asked and len(pack.held) >= self._least:
            self._judge(pack)

    def _is_done(self, item: str, picture: Picture, stream: bool) -> bool:
        """Whether a pack needs no look; of one that came back, whether it is the same is asked."""
        done = self._done[item]
        back = not stream or self._count - done.seen > AWAY
        done.seen = self._count
        self._done.move_to_end(item)
        if back and stream and not done.template:
            del self._done[item]  # it was refused, and is shown again
            return False
        if back and done.template:
            done.tries = TRIES
        if done.tries:
            done.tries = 0 if not stream else done.tries - 1
            self._compare(item, picture, done.template)
        return True

    def _judge(self, pack: _Open) -> None:
        pack.asked, pack.waiting = [*pack.good, *pack.waiting], []
        least = self._least
        crops = tuple(one.crop for one in pack.asked)
        self._ask(Asked(pack.item, crops, pack.seed, least, self._module_mm, self._year))

    def _finish(self, pack: _Open, template: bytes = b"") -> None:
        self._open.pop(pack.item, None)
        self._done[pack.item] = _Done(pack.seen, template)
        self._done.move_to_end(pack.item)
        if len(self._done) > MOST_DONE:
            self._done.popitem(last=False)

    def _close(self, pack: _Open) -> Iterator[Told]:
        if pack.closing:
            return
        pack.closing = True
        if pack.asked:
            return  # what comes of it ends the matter
        if pack.waiting:
            self._judge(pack)
        else:
            yield self._too_few(pack)

    def _too_few(self, pack: _Open) -> Told:
        self._open.pop(pack.item)
        counted = f"{WORDS['few-frames']} (good: {len(pack.good)} of {self._least})"
        codes = [code for code, _ in pack.against.most_common() if code != "few-frames"]
        reasons = (Reason("few-frames", counted), *in_words(codes))
        return Told(REFUSED, pack.name, pack.item, reasons)

    def _let_go(self) -> Iterator[Told]:
        """Close packs that a stream no longer shows, and the longest unseen of too many."""
        for pack in list(self._open.values()):
            if not pack.stream or self._count - pack.seen <= AWAY:
                break
            yield from self._close(pack)
        held = sum(one.crop.size for pack in self._open.values() for one in pack.held)
        for pack in list(self._open.values()):
            if held <= self._most_held:
                break
            held -= sum(one.crop.size for one in pack.held)
            yield from self._close(pack)


def in_words(codes: Iterable[str]) -> tuple[Reason, ...]:
    """Reasons by their codes."""
    return tuple(Reason(code, WORDS[code]) for code in dict.fromkeys(codes))
