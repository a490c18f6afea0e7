"""Serves the app by gunicorn, with settings that fit one machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from flask import Flask
from gunicorn.app.base import BaseApplication

THREADS: Final = 16


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
    """gunicorn with its settings in code."""

    def __init__(self, make: Callable[[], Flask], options: dict[str, Any]) -> None:
        self._make, self._options = make, options
        super().__init__()

    def load_config(self) -> None:
        """Take the settings given."""
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """The app, made in each worker: a database connection is no two processes' own."""
        return self._make()


def serve(make: Callable[[], Flask], host: str, port: int, workers: int = 1) -> None:
    """Serve until stopped: threads in each worker, so that waiting statements share a commit.

    Any number of workers may write to one log; on SQLite they wait for each other.
    """
    bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    options = {
        "bind": bind,
        "workers": workers,
        "threads": THREADS,
        "worker_class": "gthread",
        "accesslog": None,
        "loglevel": "warning",
        "keepalive": 30,
        "timeout": 120,
        "limit_request_line": 8190,
        "worker_tmp_dir": None,
    }
    _Server(make, options).run()
