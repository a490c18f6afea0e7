"""The command line as a person uses it: words in, words and an exit code out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from click.testing import CliRunner

from app.cli import main


@dataclass(frozen=True)
class Ran:
    """What a command left: its exit code, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def told(self) -> Any:
        """Its one JSON object."""
        return json.loads(self.out)


Run = Callable[..., Ran]


@pytest.fixture
def packtrace() -> Run:
    """Runs `packtrace` in this process; an error that is no exit is the test's own failure."""
    runner = CliRunner()

    def run(*words: object, stdin: str | bytes | None = None, **env: str) -> Ran:
        done = runner.invoke(main, [str(word) for word in words], input=stdin, env=env)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Ran(done.exit_code, done.stdout, done.stderr)

    return run
