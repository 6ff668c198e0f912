"""Every touch of the disk that writes, in one place: whole files or none, and errors with a path.

A file is written under a temporary name, flushed, renamed over its target, and the folder is
flushed: whoever is killed at any step leaves the old file or the new one, never half of one. Other
modules call these functions and no others, so a test can make the Nth operation fail, for every N.

Temporary names start with a dot and do not end in ``.parquet``: pandas leaves out the first, and
DuckDB's ``*.parquet`` the second.
"""

# `os` itself, and here alone: that is the seam at which tests make operations fail.
# ruff: noqa: PTH103, PTH105, PTH108

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from harness.errors import StoreError

_CHUNK = 1 << 22
_REMEDY = "check the space and the permissions there; what was saved before is untouched"


def write_whole(path: Path, data: bytes | memoryview) -> None:
    """Put `data` at `path` so that there is never a moment at which half of it stands there."""
    temporary = temporary_name(path)
    with storing(path):
        remove_if_there(temporary)
        descriptor = open_file(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            write_all(descriptor, data)
            flush(descriptor)
        finally:
            os.close(descriptor)
        rename(temporary, path)


def write_all(descriptor: int, data: bytes | memoryview) -> None:
    """Write all of `data`; the kernel may take less at a time."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view[:_CHUNK]) :]


def flush(descriptor: int) -> None:
    """Make what was written survive a power cut."""
    os.fsync(descriptor)


def cut(descriptor: int, length: int) -> None:
    """Shorten a file to `length`."""
    os.ftruncate(descriptor, length)


def open_file(path: Path, flags: int) -> int:
    """Open `path` without Python's buffers."""
    return os.open(path, flags, 0o666)


def rename(path: Path, to: Path) -> None:
    """Give `path` another name in the same folder, for good."""
    os.replace(path, to)
    sync_folder(to.parent)


def make_folder(path: Path) -> None:
    """Create `path`, and prove that a file can be written in it by writing one."""
    probe = path / f".probe-{secrets.token_hex(8)}.tmp"
    with storing(path):
        os.makedirs(path, exist_ok=True)
        descriptor = open_file(probe, os.O_WRONLY | os.O_CREAT)
        try:
            write_all(descriptor, b"probe")
        finally:
            os.close(descriptor)
            os.unlink(probe)


def sync_folder(path: Path) -> None:
    """Make names in `path` survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(path: Path) -> None:
    """Take `path` away, for good."""
    with storing(path, doing="remove"):
        os.unlink(path)
        sync_folder(path.parent)


def remove_if_there(path: Path) -> None:
    """Take `path` away where it exists."""
    with suppress(FileNotFoundError):
        os.unlink(path)


def temporary_name(path: Path) -> Path:
    """Return what `path` is called until it is whole; always the same, so leftovers do not pile up."""
    return path.with_name(f".{path.name}.tmp")


@contextmanager
def storing(path: Path, *, doing: str = "write") -> Iterator[None]:
    """Turn what the operating system says into a `StoreError` that names `path`."""
    try:
        yield
    except OSError as error:
        raise StoreError(f"cannot {doing} {path}: {error.strerror or error}", remedy=_REMEDY) from error
