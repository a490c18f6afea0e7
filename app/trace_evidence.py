"""The evidence for a trace: proof bundles about packs whose lives are what the trace tells.

Each is what `packtrace verify` checks without any server. A bundle holds a bounded number of packs,
and a trace may have a million; so packs are chosen that together show as many of the statements as
they can, those that moved most packs first. How many that is, is told with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from app.node import answers, node
from app.trace_files import statements_of
from app.traces import Trace
from ledger.bundle import MAX_BUNDLE, Bundle
from ledger.rules.trace import LEFT
from ledger.store import traces
from ledger.store.desk import Person

MOST_PACKS: Final = 40
_TRIED: Final = 400  # flows that are looked at for a pack of theirs


@dataclass(frozen=True, slots=True)
class Evidence:
    """Proof bundles, and how many of the trace's statements they show."""

    bundles: list[Bundle]
    packs: list[str]
    shown: int
    of: int


def evidence(trace: Trace, who: Person) -> Evidence:
    """Gather it for somebody, as their site may see those packs."""
    wanted = set(statements_of(trace))
    packs = _chosen(trace, wanted)
    bundles: list[Bundle] = []
    todo = [packs] if packs else []
    while todo:
        some = todo.pop()
        try:
            bundle = answers().bundle(some, who.site)
        except LookupError:
            bundle = None  # of one of them something was erased
        if bundle is not None and len(bundle.to_json()) <= MAX_BUNDLE:
            bundles.append(bundle)
        elif len(some) > 1:
            todo += [some[: len(some) // 2], some[len(some) // 2 :]]
    shown = {entry.index for bundle in bundles for entry in bundle.entries} & wanted
    return Evidence(bundles, packs, len(shown), len(wanted))


def _chosen(trace: Trace, wanted: set[int]) -> list[str]:
    reader = node().reader
    found: list[str] = []
    with reader.snapshot():
        left = set(wanted)
        # What moved goods from place to place first; a supply of single packs shows but itself.
        order = sorted(trace.flows, key=lambda f: (f.kind == LEFT, -f.packs, -f.index))
        for flow in order[:_TRIED]:
            if len(found) >= MOST_PACKS:
                break
            if flow.index not in left:
                continue
            pack = traces.example(reader.store, flow.index, flow.id, flow.key)
            left.discard(flow.index)
            if pack and pack not in found:
                found.append(pack)
                left -= {step.index for step in reader.history(pack)}
    return sorted(found)
