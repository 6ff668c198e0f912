"""Old files get the columns that newer ones have, so that ``pandas.read_parquet`` sees all columns of all runs.

Only columns are added, null in every row; no value changes, the row's ``schema`` included. The
harness itself reads old files as they are and does not need this: pandas does, for it takes the first
file's columns for all. At every step of a migration the manifest names the hash of the file that is
there: it lists both hashes before the file is replaced, and the new one alone after.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from harness.errors import StoreError
from harness.store import files
from harness.store.compact import describe, to_parquet
from harness.store.layout import RUNS, TABLES, Layout
from harness.store.lock import locked
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
    with locked(root / RUNS / _LOCK, what="another migration is under way"):
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
