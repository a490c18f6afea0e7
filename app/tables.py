"""Tables that leave the page as files: CSV for spreadsheets, JSON for programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any, Final

from flask import Response, jsonify

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def csv_table(name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """A table as a CSV file (RFC 4180, UTF-8 with a byte order mark, as spreadsheets expect).

    A text that a spreadsheet would take for a formula is set in an apostrophe, as OWASP advises.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_tamed(cell) for cell in row] for row in rows)
    answer = Response("\ufeff" + out.getvalue(), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


def json_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], **more: Any) -> Response:
    """The same rows, each an object."""
    return jsonify({**more, "rows": [dict(zip(columns, row, strict=True)) for row in rows]})


def _tamed(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
