"""Old files get the columns that newer ones have, so that ``pandas.read_parquet`` sees all columns of all runs.

Only columns are added, null in every row; no value changes, the row's ``schema`` included. The
harness itself reads old files as they are and does not need this: pandas does, for it takes the first
file's columns for all. At every step of a migration the manifest names the hash of the file that is
there: it lists both hashes before the file is replaced, and the new one alone after.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.errors import StoreError, StoreLocked
from harness.store import files
from harness.store.compact import describe, to_parquet
from harness.store.layout import RUNS, TABLES, Layout
from harness.store.manifest import to_bytes
from harness.store.parquet import LIMITS, SetAsideError, column_names, load
from harness.store.runs import RunInfo, find_runs

_LOCK = ".migrate.lock"


def migrate(root: Path) -> list[Path]:
    """Rewrite the files that lack columns, and return them; harmed ones stay as they are and are an error."""
    root = Path(root)
    if not find_runs(root):
        return []
    rewritten, harmed = [], []
    with _locked(root / RUNS / _LOCK):
        for run in find_runs(root):
            for name in TABLES:
                try:
                    rewritten += [run.paths[name]] if _migrate_file(Layout(root), run, name) else []
                except SetAsideError as error:
                    harmed.append(f"{run.paths[name]}: {error}")
    if harmed:
        raise StoreError("not migrated: " + "; ".join(harmed), remedy="python -m harness store verify")
    return rewritten


def _migrate_file(layout: Layout, run: RunInfo, name: str) -> bool:
    path, manifest = layout.table(name, run.run_id), layout.manifest(run.run_id)
    table, unknown = load(path, name, run, LIMITS[name])
    document, there = _read(manifest), path.read_bytes()
    outdated = set(table.column_names) - set(column_names(there))
    unfinished = "sha256_before" in document["files"][name]
    if unknown or not (outdated or unfinished):
        return False  # columns that only a newer harness knows would be lost
    data = to_parquet([table], table.schema) if outdated else memoryview(there)
    after = describe(path, data, table.num_rows)
    if outdated:
        document["files"][name] = after | {"sha256_before": hashlib.sha256(there).hexdigest()}
        files.write_whole(manifest, to_bytes(document))
        files.write_whole(path, data)
    document["files"][name] = after
    files.write_whole(manifest, to_bytes(document))
    return bool(outdated)


def _read(manifest: Path) -> dict[str, Any]:
    with files.storing(manifest, doing="read"):
        document: dict[str, Any] = json.loads(manifest.read_bytes())
    return document


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with files.storing(path):
        descriptor = files.open_file(path, os.O_RDWR | os.O_CREAT)
    try:
        _lock(descriptor, path)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise StoreLocked(f"another migration holds {path}", remedy="wait until it has ended") from error
