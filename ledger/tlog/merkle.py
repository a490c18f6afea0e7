"""RFC 6962 hash trees: roots, inclusion and consistency proofs, made and checked.

Where hashes are kept is left to the caller: a proof asks a function for them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from hashlib import sha256
from typing import Final, TypeAlias

from ledger.errors import BadProof

EMPTY_ROOT: Final = sha256(b"").digest()
HASH_BYTES: Final = 32

# (level, index) -> hash of the complete subtree over leaves [index * 2**level, (index+1) * 2**level)
HashReader: TypeAlias = Callable[[int, int], bytes]
Nodes: TypeAlias = dict[tuple[int, int], bytes]


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 || data), RFC 6962 section 2.1."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right), RFC 6962 section 2.1."""
    return sha256(b"\x01" + left + right).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes (not leaf data), RFC 6962 section 2.1."""
    row = list(leaves)
    if not row:
        return EMPTY_ROOT
    while len(row) > 1:
        # The last hash of an odd row has no sibling and moves up as it is.
        odd = [row[-1]] if len(row) % 2 else []
        row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)] + odd
    return row[0]


def _split(size: int) -> int:
    """The largest power of two below `size`, which is at least 2."""
    return 1 << ((size - 1).bit_length() - 1)


def _range_root(start: int, end: int, hashes: HashReader) -> bytes:
    """Root over leaves [start, end) of a tree whose splits it follows."""
    parts = []
    while start < end:
        level = (end - start).bit_length() - 1
        if start:
            level = min(level, (start & -start).bit_length() - 1)
        parts.append(hashes(level, start >> level))
        start += 1 << level
    return reduce(lambda right, left: node_hash(left, right), reversed(parts))


def tree_root(size: int, hashes: HashReader) -> bytes:
    """The root of the tree of `size` leaves."""
    return _range_root(0, size, hashes) if size else EMPTY_ROOT


def inclusion_path(index: int, size: int, hashes: HashReader) -> list[bytes]:
    """PATH(index, D[0:size]) of RFC 6962 section 2.1.1: the leaf's sibling first.

    Raises ValueError unless 0 <= index < size.
    """
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    path = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range_root(middle, end, hashes))
            end = middle
        else:
            path.append(_range_root(start, middle, hashes))
            start = middle
    return path[::-1]


def consistency_path(size1: int, size2: int, hashes: HashReader) -> list[bytes]:
    """PROOF(size1, D[0:size2]) of RFC 6962 section 2.1.2.

    Empty for equal sizes and for size1 = 0, where there is nothing to prove. Raises ValueError
    unless 0 <= size1 <= size2.
    """
    if not 0 <= size1 <= size2:
        raise ValueError(f"no consistency from {size1} to {size2}")
    if size1 in (0, size2):
        return []
    path = []
    start, end, whole = 0, size2, True
    while size1 < end:
        middle = start + _split(end - start)
        if size1 <= middle:
            path.append(_range_root(middle, end, hashes))
            end = middle
        else:
            path.append(_range_root(start, middle, hashes))
            start, whole = middle, False
    if not whole:
        path.append(_range_root(start, end, hashes))
    return path[::-1]


def _check_path(path: Sequence[bytes]) -> None:
    if len(path) > 63 or any(len(node) != HASH_BYTES for node in path):
        raise BadProof("a proof is at most 63 hashes of 32 bytes")


def root_from_inclusion(index: int, size: int, leaf: bytes, path: Sequence[bytes]) -> bytes:
    """The root that an inclusion path leads to, RFC 9162 section 2.1.3.2. Raises BadProof."""
    _check_path(path)
    if len(leaf) != HASH_BYTES:
        raise BadProof("a leaf hash has 32 bytes")
    if not 0 <= index < size:
        raise BadProof(f"no leaf {index} in a tree of {size}")
    fn, sn, root = index, size - 1, leaf
    for node in path:
        if sn == 0:
            raise BadProof("the inclusion path is too long")
        if fn & 1 or fn == sn:
            root = node_hash(node, root)
            while not fn & 1 and fn:
                fn >>= 1
                sn >>= 1
        else:
            root = node_hash(root, node)
        fn >>= 1
        sn >>= 1
    if sn:
        raise BadProof("the inclusion path is too short")
    return root


def verify_inclusion(
    index: int, size: int, leaf: bytes, path: Sequence[bytes], root: bytes
) -> None:
    """Check that a leaf hash is leaf `index` of the tree (size, root). Raises BadProof."""
    if root_from_inclusion(index, size, leaf, path) != root:
        raise BadProof(f"leaf {index} is not in the tree of this root")


def verify_consistency(
    size1: int, size2: int, root1: bytes, root2: bytes, path: Sequence[bytes]
) -> None:
    """Check that (size1, root1) is a prefix of (size2, root2), RFC 9162 section 2.1.4.2.

    From size 0 there is no proof to check: it is refused here, a witness treats it apart. Raises
    BadProof.
    """
    _check_path(path)
    if not 0 < size1 <= size2:
        raise BadProof(f"there is no consistency from size {size1} to {size2}")
    if size1 == size2:
        if path or root1 != root2:
            raise BadProof("two trees of one size have different roots, or a proof too many")
        return
    if not path:
        raise BadProof("the consistency proof is empty")
    nodes = list(path)
    if size1 & (size1 - 1) == 0:
        nodes.insert(0, root1)
    fn, sn = size1 - 1, size2 - 1
    while fn & 1:
        fn >>= 1
        sn >>= 1
    first = second = nodes[0]
    for node in nodes[1:]:
        if sn == 0:
            raise BadProof("the consistency proof is too long")
        if fn & 1 or fn == sn:
            first = node_hash(node, first)
            second = node_hash(node, second)
            while not fn & 1 and fn:
                fn >>= 1
                sn >>= 1
        else:
            second = node_hash(second, node)
        fn >>= 1
        sn >>= 1
    if sn or first != root1 or second != root2:
        raise BadProof("the smaller tree is not a prefix of the larger one")
