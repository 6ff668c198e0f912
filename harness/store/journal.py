"""The journal: what a run has found so far, safe against being killed at any moment.

One line an entry, each a JSON array ``[length, "crc32", entry]`` over the entry's own text, so a
line that was cut short or damaged is known for what it is, and reading stops at the first such.
Lines go straight to the kernel (a killed process loses none); entries that must survive a power cut
are flushed to the disk as well.

The writer holds a lock on the file. The kernel frees it when the process ends, however it ends: a
journal whose lock is free has no owner, and may be recovered. A journal gets its final name only
once it is locked and holds its first entry, so no recovery can mistake a new one for an abandoned one.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import InternalError, StoreError
from harness.store import files

_HEAD = re.compile(rb'\[([0-9]{1,12}),"([0-9a-f]{8})",')
_TAIL = b"]\n"


class DamagedJournalError(StoreError):
    """A journal of which not even the beginning can be read."""


class Journal:
    """A journal that this process owns."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor
        self._end = os.fstat(descriptor).st_size
        self._broken = False

    @classmethod
    def create(cls, path: Path, first: Mapping[str, Any]) -> Journal:
        """Start the journal that will be called `path`, with its `first` entry already on the disk."""
        if path.exists():
            raise StoreError(f"there is a journal already: {path}", remedy="every run needs a name of its own")
        temporary = files.temporary_name(path)
        with files.storing(path):
            files.remove_if_there(temporary)
            journal = cls(temporary, _open_locked(temporary, os.O_CREAT | os.O_EXCL))
        try:
            journal.append(first, durable=True)
            journal.rename(path)
        except BaseException:
            journal.release()
            with suppress(OSError):
                files.remove_if_there(temporary)
            raise
        return journal

    @classmethod
    def adopt(cls, path: Path) -> Journal | None:
        """Take over the journal of a run that has ended, or return None where somebody holds it or did this already."""
        with files.storing(path, doing="read"):
            try:
                descriptor = _open_locked(path, 0)
            except (BlockingIOError, FileNotFoundError):
                return None
            # Whoever recovered it between our opening and our locking has removed it since.
            if path.exists() and os.path.samestat(os.fstat(descriptor), path.stat()):
                return cls(path, descriptor)
            os.close(descriptor)
            return None

    def append(self, entry: Mapping[str, Any], *, durable: bool) -> None:
        """Add `entry`: all of it, or, with an error, nothing of it."""
        if self._broken:
            raise StoreError(f"the journal {self.path} cannot be written any more", remedy="see the error before")
        data = _line(entry)
        try:
            with files.storing(self.path):
                files.write_all(self._descriptor, data)
                if durable:
                    files.flush(self._descriptor)
        except BaseException:
            self._cut_back()
            raise
        self._end += len(data)

    def rename(self, path: Path) -> None:
        """Give the journal its final name; the lock goes with it."""
        with files.storing(path):
            files.rename(self.path, path)
            self.path = path

    def remove(self) -> None:
        """Delete the journal: everything in it stands elsewhere now."""
        files.remove(self.path)
        self.release()

    def release(self) -> None:
        """Let go of the journal and leave the file, as being killed would."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
            self._broken = True

    def _cut_back(self) -> None:
        # Half a line in the middle would hide all that comes after it.
        try:
            files.cut(self._descriptor, self._end)
        except OSError:
            self._broken = True


@dataclass(frozen=True)
class Entry:
    """One whole entry and where its line ends."""

    value: Mapping[str, Any]
    end: int


def read_entries(path: Path) -> Iterator[Entry]:
    """Yield the entries of a journal up to the first line that is not whole."""
    end = 0
    with files.storing(path, doing="read"), path.open("rb") as file:
        for line in file:
            payload = _payload(line)
            if payload is None:
                return
            end += len(line)
            yield Entry(json.loads(payload), end)


def is_live(path: Path) -> bool:
    """Whether the journal at `path` is held by a process."""
    journal = Journal.adopt(path)
    if journal is not None:
        journal.release()
    return journal is None and path.exists()


def _open_locked(path: Path, flags: int) -> int:
    descriptor = files.open_file(path, os.O_RDWR | os.O_APPEND | flags)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _line(entry: Mapping[str, Any]) -> bytes:
    try:
        payload = json.dumps(entry, separators=(",", ":")).encode("ascii")
    except TypeError as error:
        raise InternalError(f"an entry cannot be kept: {error}") from error
    return b'[%d,"%08x",%s%s' % (len(payload), zlib.crc32(payload), payload, _TAIL)


def _payload(line: bytes) -> bytes | None:
    head = _HEAD.match(line)
    if head is None or not line.endswith(_TAIL):
        return None
    payload = line[head.end() : -len(_TAIL)]
    whole = len(payload) == int(head[1]) and zlib.crc32(payload) == int(head[2], 16)
    return payload if whole else None
