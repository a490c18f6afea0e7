"""Packtrace's ledger: standards, rules, proofs, storage. It knows no Flask, no OpenCV, no HTML.

    tlog/       the transparency log: notes, checkpoints, Merkle proofs, tiles         -- pure
    statement/  what people sign: envelopes, items, GS1 identifiers, events            -- pure
    rules/      what statements mean: authority, custody, marks, verdicts              -- pure
    build       from what a person means to a signed submission                        -- pure
    proof       the proof bundle, and its verification without any server              -- pure
    chain       one pack's path through what a site may see                            -- pure
    disclose    which statements a bundle shows to whom                                -- pure
    store/      tables, the write path, queries, answers: the only place with peewee   -- shell
    cli/        the command line                                                       -- shell

Pure means: no clock, no randomness, no environment, no file, no socket, no database. Importing
`ledger` pulls in nothing of the shell.
"""

from ledger.errors import BadProof, BadSignature, LedgerError, Malformed, Refused

__all__ = ["BadProof", "BadSignature", "LedgerError", "Malformed", "Refused"]
