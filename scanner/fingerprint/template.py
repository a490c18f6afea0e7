"""A label's fingerprint as bytes (`AFP1`), and the commitment to it that a log keeps.

Whoever has a template can print or inject what matches it, so it never goes on a log: the
commitment does. There is one encoding of a template, since it is hashed. Big endian:

    off   size          field
    0     4             "AFP1"
    4     1             version, 1
    5     1             extractor
    6     1             flags, none known: 0
    7     1             frames averaged
    8     2             pixels a millimetre x 100
    10    2             focus x 10,000
    12    2             n, points on edges
    14    2             m, points beside edges: 0 or 2n
    16    16            seed
    32    32            the design's SHA-256
    64    ceil(n/8)     signs of the n, first point first, from the highest bit; 1 is above 0
    ..    ceil(n/8)     strengths of the n: 1 is above their median
    ..    2 ceil(m/8)   likewise of the m
    end   4             CRC-32 of all before
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ledger.errors import Malformed
from scanner.fingerprint.design import MOST_POINTS
from scanner.fingerprint.limits import LIMITS
from scanner.fingerprint.rectify import Field
from scanner.fingerprint.residual import Vector

MAGIC: Final = b"AFP1"
VERSION: Final = 1
SEED: Final = 16  # bytes
SALT: Final = 32
MOST_FRAMES: Final = 255
_HEAD: Final = struct.Struct(">4sBBBBHHHH16s32s")
_COMMIT: Final = b"AFP-commit-1\0"
_STRONG: Final = 3.0  # what a strong point counts, of a weak one's 1

Bits = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Planes:
    """Sign and strength of each point."""

    signs: Bits
    strengths: Bits

    @classmethod
    def of(cls, values: Field) -> Planes:
        """A vector's signs, and which of its values are above their median in size."""
        sizes = np.abs(values)
        return cls(values > 0, sizes > np.median(sizes) if len(sizes) else sizes > 0)

    @property
    def values(self) -> Field:
        """Each point as -3, -1, 1 or 3."""
        return np.where(self.signs, 1.0, -1.0) * np.where(self.strengths, _STRONG, 1.0)


@dataclass(frozen=True, slots=True)
class Template:
    """What enrolment keeps of a label. `design` is the digest of its design."""

    extractor: int
    frames: int
    px_per_mm: float
    focus: float
    seed: bytes
    design: bytes
    edge: Planes
    off: Planes

    @classmethod
    def of(
        cls, vector: Vector, *, extractor: int, frames: int, px_per_mm: float, focus: float,
        seed: bytes, design: bytes,
    ) -> Template:  # fmt: skip
        """A mean vector as a template, with what it was measured by, as far as bytes hold it."""
        return cls(
            extractor, min(frames, MOST_FRAMES), _rounded(px_per_mm, 100), _rounded(focus, 10_000),
            seed, design, Planes.of(vector.edge), Planes.of(vector.off),
        )  # fmt: skip

    def __bytes__(self) -> bytes:
        head = _HEAD.pack(
            MAGIC, VERSION, self.extractor, 0, self.frames, round(self.px_per_mm * 100),
            round(self.focus * 10_000), len(self.edge.signs), len(self.off.signs), self.seed,
            self.design,
        )  # fmt: skip
        planes = self.edge.signs, self.edge.strengths, self.off.signs, self.off.strengths
        body = head + b"".join(np.packbits(one).tobytes() for one in planes)
        return body + struct.pack(">I", zlib.crc32(body))

    @classmethod
    def parse(cls, data: bytes) -> Template:
        """Raises Malformed for all but the one encoding of a template of a known extractor."""
        if len(data) < _HEAD.size + 4 or data[:4] != MAGIC:
            raise Malformed("this is no fingerprint template: it does not begin as one")
        _, version, extractor, flags, frames, density, focus, n, m, seed, design = _HEAD.unpack(
            data[: _HEAD.size]
        )
        if version != VERSION or extractor not in LIMITS:
            raise Malformed(
                f"a fingerprint template of version {version}, extractor {extractor}: this program "
                "knows version 1 with extractor 1; enrol the label again"
            )
        if flags or not frames or not 0 < n <= MOST_POINTS or m not in (0, 2 * n):
            raise Malformed("the fingerprint template's head holds values that no template has")
        sizes = [n, n, m, m]
        if len(data) != _HEAD.size + sum(-(-size // 8) for size in sizes) + 4:
            raise Malformed("the fingerprint template is cut off, or has bytes behind its end")
        planes, at = [], _HEAD.size
        for size in sizes:
            packed = np.frombuffer(data, np.uint8, -(-size // 8), at)
            planes.append(np.unpackbits(packed, count=size).astype(np.bool_))
            at += len(packed)
        found = cls(
            extractor, frames, density / 100, focus / 10_000, seed, design,
            Planes(planes[0], planes[1]), Planes(planes[2], planes[3]),
        )  # fmt: skip
        if bytes(found) != data:
            raise Malformed("the fingerprint template is damaged: its checksum or padding is wrong")
        return found

    def commitment(self, salt: bytes) -> bytes:
        """What a log keeps: SHA-256 of a name, a secret salt of 32 bytes and the template."""
        return commitment(bytes(self), salt)


def commitment(template: bytes, salt: bytes) -> bytes:
    """The commitment to a template's bytes. Raises Malformed for a salt of another length."""
    if len(salt) != SALT:
        raise Malformed(f"a template's salt has {SALT} bytes, not {len(salt)}")
    return hashlib.sha256(_COMMIT + salt + template).digest()


def _rounded(value: float, steps: int) -> float:
    return min(65_535, max(0, round(value * steps))) / steps
