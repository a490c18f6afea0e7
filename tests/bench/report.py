"""What every run of benchmarks shares: its options, its parts one by one, its lines."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

Line: TypeAlias = dict[str, Any]
Part: TypeAlias = Callable[[Path], Iterator[Line]]
_WIDTH: Final = 32


def options(prog: str, doc: str | None) -> argparse.Namespace:
    """`--json` and `--plots FOLDER`."""
    parser = argparse.ArgumentParser(prog=f"{prog} BENCH_ARGS=…", description=doc)
    parser.add_argument("--json", action="store_true", help="one object a line")
    parser.add_argument("--plots", type=Path, metavar="FOLDER", help="draw what was measured there")
    return parser.parse_args()


def measure(parts: Sequence[Part], goals: Mapping[str, str], *, as_json: bool) -> list[Line]:
    """Measure each part in a folder of its own, printing each line as it comes."""
    if not as_json:
        head = f"{'name':<{_WIDTH}} {'value':>12} {'unit':<14} {'limit':>12} {'ratio':>7}  goal"
        print(head, flush=True)
    lines: list[Line] = []
    for part in parts:
        with tempfile.TemporaryDirectory(prefix="packtrace-bench-") as folder:
            for line in part(Path(folder)):
                show(line, goals, as_json=as_json)
                lines.append(line)
    return lines


def show(line: Mapping[str, Any], goals: Mapping[str, str], *, as_json: bool) -> None:
    """Print one figure."""
    full = {"name": "", "value": None, "unit": "", "limit": None, "ratio": None, **line}
    if as_json:
        print(json.dumps(full), flush=True)
        return
    value, limit, ratio = full["value"], full["limit"], full["ratio"]
    print(
        f"{full['name']:<{_WIDTH}} {'-' if value is None else format(value, '.2f'):>12} "
        f"{full['unit']:<14} {'' if limit is None else format(limit, '.2f'):>12} "
        f"{'' if ratio is None else format(ratio, '.3f'):>7}  {goals.get(full['name'], '')}",
        flush=True,
    )
