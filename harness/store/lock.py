"""One writer at a time: a lock on a file, which the kernel frees when its owner ends, however it ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import StoreLocked
from harness.store import files


@contextmanager
def locked(path: Path, *, what: str) -> Iterator[None]:
    """Hold the lock at `path`, or raise where somebody else does; `what` says what keeps them busy."""
    with files.storing(path):
        descriptor = files.open_file(path, os.O_RDWR | os.O_CREAT)
    try:
        _lock(descriptor, path, what)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, path: Path, what: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise StoreLocked(f"{what}: {path} is held", remedy="wait until that has ended") from error
