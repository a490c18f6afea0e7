"""C2SP tlog-proof: the inclusion of one entry in a signed tree, as a file for anybody's tools.

What the entry says is not in it: whoever verifies brings the entry, and knows which logs to trust.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import Final

from ledger.errors import Malformed
from ledger.tlog import merkle
from ledger.tlog.base64 import canonical_base64
from ledger.tlog.checkpoint import parse_decimal
from ledger.tlog.policy import Policy, Verified

_HEAD: Final = b"c2sp.org/tlog-proof@v1"
_MOST_HASHES: Final = 63


@dataclass(frozen=True, slots=True)
class TlogProof:
    r"""An entry's index, its path to the root, and the checkpoint's note (c2sp.org/tlog-proof).

    >>> bytes(TlogProof(0, (), b"log.example/x\n")).split(b"\n\n")[0]
    b'c2sp.org/tlog-proof@v1\nindex 0'
    """

    index: int
    path: tuple[bytes, ...]
    note: bytes
    extra: bytes = b""  # whatever the maker put there; never trusted

    def __bytes__(self) -> bytes:
        lines = [_HEAD]
        if self.extra:
            lines.append(b"extra " + b64encode(self.extra))
        lines.append(b"index %d" % self.index)
        lines += [b64encode(node) for node in self.path]
        return b"\n".join(lines) + b"\n\n" + self.note

    @classmethod
    def parse(cls, data: bytes) -> TlogProof:
        """Read a file. Raises Malformed."""
        head, divider, note = data.partition(b"\n\n")
        lines = head.split(b"\n")
        if not divider or lines[0] != _HEAD:
            raise Malformed(
                "a tlog-proof begins with c2sp.org/tlog-proof@v1 and ends in a checkpoint"
            )
        extra = b""
        rest = lines[1:]
        if rest and rest[0].startswith(b"extra "):
            extra = canonical_base64(_text(rest.pop(0)[6:]), "extra")
        if not rest or not rest[0].startswith(b"index "):
            raise Malformed("a tlog-proof names the entry's index")
        index = parse_decimal(rest.pop(0)[6:])
        if len(rest) > _MOST_HASHES:
            raise Malformed(f"a path has at most {_MOST_HASHES} hashes")
        path = tuple(canonical_base64(_text(line), "a hash", 32) for line in rest)
        return cls(index, path, note, extra)

    def verify(self, leaf: bytes, trust: Policy) -> Verified:
        """Check that a leaf hash is in a tree that the trust file's log signed.

        Raises Malformed, BadSignature or BadProof.
        """
        verified = trust.open_checkpoint(self.note)
        checkpoint = verified.checkpoint
        merkle.verify_inclusion(self.index, checkpoint.size, leaf, self.path, checkpoint.root)
        return verified


def _text(line: bytes) -> str:
    try:
        return line.decode("ascii")
    except UnicodeDecodeError as error:
        raise Malformed("a tlog-proof's first part is ASCII") from error
