"""Old files get the columns that newer ones have, so that ``pandas.read_parquet`` sees all columns of all runs.

Only columns are added, null in every row; no value changes, the row's ``schema`` included. The
harness itself reads old files as they are and does not need this: pandas does, for it takes the first
file's columns for all. At every step of a migration the manifest names the hash of the file that is
there: it lists both hashes before the file is replaced, and the new one alone after.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import StoreError, StoreLocked
from harness.store import files
from harness.store.compact import describe, to_parquet
from harness.store.layout import RUNS, TABLES, Layout
from harness.store.manifest import to_bytes
from harness.store.parquet import LIMITS, SetAsideError, column_names, load
from harness.store.runs import RunInfo, find_runs

if TYPE_CHECKING:
    import pyarrow as pa

_LOCK = ".migrate.lock"


def migrate(root: Path) -> list[Path]:
    """Rewrite the files that lack columns, and return them."""
    root = Path(root)
    runs = find_runs(root)
    if not runs:
        return []
    with _locked(root / RUNS / _LOCK):
        return [path for run in find_runs(root) for path in _migrate_run(Layout(root), run)]


def _migrate_run(layout: Layout, run: RunInfo) -> Iterator[Path]:
    for name in TABLES:
        path = layout.table(name, run.run_id)
        try:
            table, unknown = load(path, name, run, LIMITS[name])
            outdated = set(table.column_names) - set(column_names(path))
        except SetAsideError as error:
            raise StoreError(f"cannot migrate {path}: {error}", remedy="python -m harness store verify") from error
        if outdated and not unknown:
            _replace(layout, run, name, table)
            yield path


def _replace(layout: Layout, run: RunInfo, name: str, table: pa.Table) -> None:
    path, manifest = layout.table(name, run.run_id), layout.manifest(run.run_id)
    data = to_parquet([table], table.schema)
    document = _read(manifest)
    before = document["files"][name]["sha256"]
    after = describe(path, data, table.num_rows)
    for facts, write_file in ((after | {"sha256_before": before}, True), (after, False)):
        document["files"][name] = facts
        files.write_whole(manifest, to_bytes(document))
        if write_file:
            files.write_whole(path, data)


def _read(manifest: Path) -> dict[str, Any]:
    with files.storing(manifest, doing="read"):
        document: dict[str, Any] = json.loads(manifest.read_bytes())
    return document


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with files.storing(path):
        descriptor = files.open_file(path, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise StoreLocked(f"another migration holds {path}", remedy="wait until it has ended") from error
    finally:
        os.close(descriptor)
