"""Serves the app by gunicorn, with settings that fit one machine."""

from __future__ import annotations

from typing import Any, Final

from flask import Flask
from gunicorn.app.base import BaseApplication

THREADS: Final = 16


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
    """gunicorn with its settings in code."""

    def __init__(self, app: Flask, options: dict[str, Any]) -> None:
        self._app, self._options = app, options
        super().__init__()

    def load_config(self) -> None:
        """Take the settings given."""
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """The app itself."""
        return self._app


def serve(app: Flask, host: str, port: int) -> None:
    """Serve until stopped: one process, many threads, so that waiting statements share a commit."""
    bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    options = {
        "bind": bind,
        "workers": 1,
        "threads": THREADS,
        "worker_class": "gthread",
        "accesslog": None,
        "loglevel": "warning",
        "keepalive": 30,
        "timeout": 120,
        "limit_request_line": 8190,
        "worker_tmp_dir": None,
    }
    _Server(app, options).run()
