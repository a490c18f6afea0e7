"""The transparency log's formats, pharma-free: bytes in, bytes out.

Signed notes, checkpoints, RFC 6962 proofs, tiles and trust policies as C2SP writes them. What a log
is used for is left to the rest of `ledger`.
"""
