"""The console script `packtrace`: the app's command line, where the app is installed.

Installed for the scanner alone there is none, and this says so.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line."""
    try:
        from app.cli import main as command
    except ModuleNotFoundError as error:
        sys.exit(
            f"The command packtrace needs {error.name}: pip install 'packtrace[app]'. "
            "Packs are checked by `python -m scanner`."
        )
    command()
