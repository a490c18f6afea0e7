"""Files that are there whole or not at all, also after a power cut."""

from __future__ import annotations

import os
from pathlib import Path
from threading import get_ident


def write_whole(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Write a file durably in one step, over an older one; `mode` is as `os.open` takes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Others may be writing the same file: each writes under a name of its own first.
    new = path.with_name(f".{path.name}.{os.getpid()}-{get_ident()}")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
