"""Serves the app by gunicorn, with settings that fit one machine."""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from flask import Flask
from gunicorn.app.base import BaseApplication

THREADS: Final = 16
LARGE_BLOCK: Final = 1024 * 1024  # bytes: a picture, not a page
_M_MMAP_THRESHOLD: Final = -3  # of glibc's malloc.h
_PR_SET_PDEATHSIG: Final = 1  # of linux/prctl.h


def _choose_core(arbiter: Any, worker: Any) -> None:
    """Give a worker the core that the fewest others have."""
    taken = [other.core for other in arbiter.WORKERS.values()]
    worker.core = min(sorted(os.sched_getaffinity(0)), key=taken.count)


def _listen(arbiter: Any, worker: Any) -> None:
    """Give a worker a listening socket of its own beside the shared one.

    The kernel spreads connections over the sockets of a port (SO_REUSEPORT); from the shared one
    alone, whichever worker is awake first takes all that come at once.
    """
    del arbiter
    own = [type(shared)(shared.getsockname(), worker.cfg, worker.log) for shared in worker.sockets]
    worker.sockets = [*worker.sockets, *own]


def _settle(worker: Any) -> None:
    """Keep a worker on its core where all are taken, and what it loaded from the garbage collector.

    Threads that pass the interpreter's lock between cores wake each other dearly, see
    docs/measurements.md.
    """
    _give_back_large_blocks()
    cores = os.sched_getaffinity(0)
    if worker.cfg.workers >= len(cores):  # else others may want the core more than this one
        os.sched_setaffinity(0, {worker.core})
    gc.collect()
    gc.freeze()


def _give_back_large_blocks() -> None:
    """Let glibc return each large block to the system as soon as it is freed.

    Left alone it raises the size from which it does so with every picture that is decoded
    (mallopt(3), M_MMAP_THRESHOLD), and each thread then keeps the memory of its last ones.
    """
    with suppress(AttributeError, OSError):  # another C library
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, LARGE_BLOCK)


def _leave(arbiter: Any, worker: Any) -> None:
    """Let the interpreter clear up as usual."""
    del arbiter, worker
    gc.unfreeze()


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


def default_workers() -> int:
    """One process for each core that this one may use, up to four."""
    return min(len(os.sched_getaffinity(0)), 4)


def serve(make: Callable[[], Flask], host: str, port: int, workers: int) -> None:
    """Serve until stopped: threads in each worker, so that waiting statements share a commit.

    Any number of workers may write to one log; their transactions wait for each other. `make` is
    called in each worker.
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
        "reuse_port": True,
        "pre_fork": _choose_core,
        "post_fork": _listen,
        "post_worker_init": _settle,
        "worker_exit": _leave,
    }
    _Server(make, options).run()


def start_beside(*words: str) -> int:
    """Start another `packtrace` command beside this process, which ends with it; its process id.

    The kernel ends it (prctl(2)), so that none is left behind however this process comes to its end,
    SIGKILL included. It has a session of its own: Ctrl-C is for the server, and it follows.
    """
    parent, system = os.getpid(), ctypes.CDLL(None)

    def follow() -> None:
        system.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it ended meanwhile
            os._exit(0)

    command = [sys.executable, "-c", "from packtrace import main; main()", *words]
    started = subprocess.Popen(  # noqa: S603  # our own program
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True,
        preexec_fn=follow,  # before there is any other thread
    )  # fmt: skip
    started.returncode = 0  # nobody waits for it here: the server reaps its children itself
    return started.pid
