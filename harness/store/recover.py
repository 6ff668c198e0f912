"""After a run was killed: what its journal holds becomes a `partial` run.

A journal whose lock is free has no owner. Whoever recovers takes the lock first, so any number of
recoveries, and running writers, do not get in each other's way; and as compacting a journal twice
gives the same files, a recovery that is itself killed is simply done again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from harness.store import files
from harness.store.compact import compact, read_content
from harness.store.journal import DamagedJournalError, Journal, is_live
from harness.store.layout import FOLDERS, JOURNAL, Layout

_STALE_S = 24 * 3600.0  # no file takes a day to write, so its temporary name is a leftover


class JournalState(StrEnum):
    """How a journal stands."""

    LIVE = "live"  # a run is under way
    ABANDONED = "abandoned"  # to be recovered
    DAMAGED = "damaged"  # nobody's, and unreadable from its first line on


def recover(root: Path, *, now: Callable[[], float] = time.time) -> list[str]:
    """Turn the journals of killed runs into partial runs, and return the names of those runs."""
    layout = Layout(Path(root))
    moment = now()
    recovered = [path.stem for path in journals(layout.root) if _recover_one(layout, path, moment)]
    _sweep(layout, older_than=moment - _STALE_S)
    return recovered


def journals(root: Path) -> list[Path]:
    """Return the journals in a store, oldest run first."""
    return sorted((Path(root) / JOURNAL).glob("[!.]*.jsonl"))


def state_of(path: Path) -> JournalState:
    """Say how the journal at `path` stands; changes nothing."""
    if is_live(path):
        return JournalState.LIVE
    try:
        read_content(path)
    except DamagedJournalError:
        return JournalState.DAMAGED
    return JournalState.ABANDONED


def _recover_one(layout: Layout, path: Path, moment: float) -> bool:
    journal = Journal.adopt(path)
    if journal is None:
        return False
    try:
        # Killed after the manifest and before the journal went: nothing is missing.
        unfinished = not layout.manifest(path.stem).exists()
        if unfinished:
            compact(layout, path.stem, recovered_at=datetime.fromtimestamp(moment, UTC))
        journal.remove()
    except DamagedJournalError:
        return False  # it stays for a person to look at; `store verify` names it
    finally:
        journal.release()
    return unfinished


def _sweep(layout: Layout, *, older_than: float) -> None:
    for path in _leftovers(layout):
        # Whoever writes it may rename it between any two looks.
        with files.storing(path, doing="remove"), suppress(FileNotFoundError):
            if path.stat().st_mtime < older_than:
                files.remove_if_there(path)


def _leftovers(layout: Layout) -> Iterator[Path]:
    for folder in FOLDERS:
        yield from (layout.root / folder).glob(".*.tmp")
