"""A template's bytes: one encoding each, and a commitment that fits no other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ledger.errors import Malformed
from scanner.fingerprint.residual import Vector
from scanner.fingerprint.template import SALT, Planes, Template, commitment


def made(points: int, *, seed: int = 1, beside: bool = True) -> Template:
    """A template of random values."""
    rng = np.random.default_rng(seed)
    edge = rng.standard_normal(points).astype(np.float32)
    off = rng.standard_normal(2 * points if beside else 0).astype(np.float32)
    return Template.of(
        Vector(edge, off), extractor=1, frames=3, px_per_mm=25.314, focus=0.41237,
        seed=bytes(range(16)), design=bytes(range(32)),
    )  # fmt: skip


TEMPLATE = bytes(made(101))


@given(st.integers(1, 4096), st.integers(0, 1000), st.booleans())
@example(4096, 1, True)
@example(1, 1, False)
def test_a_template_comes_back_from_its_bytes(points: int, seed: int, beside: bool) -> None:
    template = made(points, seed=seed, beside=beside)
    data = bytes(template)
    again = Template.parse(data)
    assert bytes(again) == data
    assert (again.edge.values == template.edge.values).all()
    assert (again.px_per_mm, again.focus, again.frames) == (25.31, 0.4124, 3)


def test_a_whole_labels_template_is_as_long_as_specified() -> None:
    assert len(bytes(made(4096, beside=False))) == 64 + 2 * 512 + 4
    assert len(bytes(made(4096))) == 64 + 2 * 512 + 2 * 1024 + 4


@given(st.integers(0, len(TEMPLATE) - 1), st.integers(1, 255))
def test_no_changed_byte_goes_unseen(place: int, change: int) -> None:
    changed = bytearray(TEMPLATE)
    changed[place] ^= change
    with pytest.raises(Malformed):
        Template.parse(bytes(changed))
    salt = bytes(SALT)
    assert commitment(bytes(changed), salt) != commitment(TEMPLATE, salt)


@given(st.integers(0, len(TEMPLATE) - 1))
def test_a_cut_template_is_refused(length: int) -> None:
    with pytest.raises(Malformed):
        Template.parse(TEMPLATE[:length])


@given(st.binary(min_size=1, max_size=40))
def test_bytes_behind_the_end_are_refused(more: bytes) -> None:
    with pytest.raises(Malformed):
        Template.parse(TEMPLATE + more)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_template_or_refused(data: bytes) -> None:
    for whole in (data, b"AFP1" + data, TEMPLATE[:64] + data):
        with pytest.raises(Malformed):
            Template.parse(whole)


@pytest.mark.parametrize(("place", "value"), [(4, 2), (5, 2), (6, 1), (6, 128), (7, 0)])
def test_another_version_or_flag_is_refused_even_with_its_checksum(place: int, value: int) -> None:
    import zlib

    changed = bytearray(TEMPLATE[:-4])
    changed[place] = value
    with pytest.raises(Malformed):
        Template.parse(bytes(changed) + zlib.crc32(changed).to_bytes(4))


def test_a_padding_bit_is_refused_even_with_its_checksum() -> None:
    import zlib

    changed = bytearray(TEMPLATE[:-4])
    changed[64 + 12] |= 1  # 101 signs leave three bits of the thirteenth byte
    with pytest.raises(Malformed):
        Template.parse(bytes(changed) + zlib.crc32(changed).to_bytes(4))


def test_a_commitment_needs_its_salt() -> None:
    template = Template.parse(TEMPLATE)
    one = template.commitment(bytes(32))
    assert one == commitment(TEMPLATE, bytes(32))
    assert one != template.commitment(bytes(31) + b"\1")
    assert len(one) == 32
    with pytest.raises(Malformed):
        template.commitment(bytes(31))


def test_half_of_the_points_are_strong() -> None:
    planes = Planes.of(np.array([-3.0, 2.0, 0.5, -0.1], np.float32))
    assert planes.values.tolist() == [-3, 3, 1, -1]
