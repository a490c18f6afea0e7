"""A real PostgreSQL server for tests: made, started and thrown away by the test run itself."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import psycopg
from psycopg.conninfo import conninfo_to_dict

PLACES: Final = Path("/usr/lib/postgresql")  # where Debian and Ubuntu put each version's programs


class Server:
    """One server on a socket of its own, no port; a database for each test."""

    def __init__(self) -> None:
        self._programs = _programs()
        self.folder = Path(tempfile.mkdtemp(prefix="packtrace-pg-"))
        self._user = _user()
        if self._user is not None:
            shutil.chown(self.folder, self._user)
        self._data = self.folder / "data"
        self._count = 0
        self._run(
            "initdb", "--pgdata", self._data, "--username", "packtrace", "--auth", "trust",
            "--encoding", "UTF8", "--locale", "C.UTF-8", "--wal-segsize", "1", "--no-sync",
        )  # fmt: skip
        self.start()

    def start(self, *, largest_file: int = 0) -> None:
        """Start the server and wait until it answers.

        With `largest_file` (KiB), no file can grow beyond that, as on a full disk.
        """
        options = "-c max_connections=200 -c shared_buffers=128MB -c listen_addresses="
        self._run(
            "pg_ctl", "--pgdata", self._data, "--wait", "--log", self.folder / "log", "--options",
            f"{options} -c unix_socket_directories={self.folder}", "start",
            largest_file=largest_file,
        )  # fmt: skip

    def stop(self, how: str = "fast") -> None:
        """Stop the server: fast, or immediate, which is a crash."""
        self._run("pg_ctl", "--pgdata", self._data, "--wait", "--mode", how, "stop")

    def kill(self) -> None:
        """Kill the server and all its processes where they are."""
        leader = int((self._data / "postmaster.pid").read_text().split("\n")[0])
        children = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(leader)], capture_output=True, text=True, check=True
        )
        every = (leader, *map(int, children.stdout.split()))
        for pid in every:
            os.kill(pid, signal.SIGKILL)
        while not all(map(_is_gone, every)):
            os.sched_yield()
        # Where nobody reaps it, its number still looks alive.
        (self._data / "postmaster.pid").unlink()
        (self.folder / ".s.PGSQL.5432.lock").unlink()

    def copy(self, url: str) -> str:
        """The address of a copy of a database, as of now; nobody may be connected to it."""
        fresh = self.database()
        old, new = (conninfo_to_dict(address)["dbname"] for address in (url, fresh))
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {new}")  # type: ignore[arg-type]  # our own names
            connection.execute(f"CREATE DATABASE {new} TEMPLATE {old}")  # type: ignore[arg-type]  # our own names
        return fresh

    def database(self) -> str:
        """The address of a fresh, empty database."""
        self._count += 1
        name = f"log{self._count}"
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]  # our own name
        return self._url(name)

    def close(self) -> None:
        """Stop the server and delete all it held."""
        self.stop("immediate")
        shutil.rmtree(self.folder)

    def _url(self, database: str) -> str:
        return f"postgresql://packtrace@/{database}?host={self.folder}"

    def _run(self, program: str, *words: object, largest_file: int = 0) -> None:
        command: Sequence[str] = [str(self._programs / program), *map(str, words)]
        if largest_file:
            command = ["sh", "-c", f'ulimit -S -f {largest_file * 2}; exec "$@"', "sh", *command]
        if self._user is not None:
            command = ["runuser", "-u", self._user, "--", *command]
        done = subprocess.run(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=self.folder,
            check=False,
        )  # fmt: skip
        if done.returncode:
            log = self.folder / "log"
            said = log.read_text()[-1000:] if log.exists() else ""
            raise RuntimeError(f"{program} failed: {done.stderr}{said}")


def _programs() -> Path:
    found = sorted(PLACES.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found:
        raise RuntimeError("PostgreSQL is not installed; `make setup-test` installs it")
    return found[-1].parent


def _user() -> str | None:
    """Who runs the server: PostgreSQL refuses to be run by root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise RuntimeError("PostgreSQL is not run by root, and there is no user postgres or nobody")


def _is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True
