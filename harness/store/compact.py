"""From a journal to the files of a run: one way for a run that ends well and for one that was killed.

Closing a run appends how it ended to its journal and then does what recovery does. So what a killed
run loses is what was not in its journal, and nothing else; and doing it twice does no harm.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.store import files, rows
from harness.store.journal import DamagedJournalError, read_entries
from harness.store.layout import MEASUREMENTS, SAMPLES, TABLES, Layout, RunPaths
from harness.store.manifest import PARTIAL, SCHEMA, iso, to_bytes
from harness.store.record import sample_schema

if TYPE_CHECKING:
    import pyarrow as pa

_ROW_GROUP = 1 << 17


def compact(layout: Layout, run_id: str, *, recovered_at: datetime | None = None) -> RunPaths:
    """Write the files of `run_id` from its journal, the manifest last; the journal stays."""
    content = read_content(layout.journal(run_id))
    tables = {MEASUREMENTS: content.measurements(), SAMPLES: content.samples.finish()}
    described = {name: _save(layout.table(name, run_id), data, count) for name, (data, count) in tables.items()}
    path = layout.manifest(run_id)
    files.write_whole(path, to_bytes(_manifest(content, described, recovered_at)))
    measurements, samples = (layout.table(name, run_id) for name in TABLES)
    return RunPaths(measurements=measurements, samples=samples, manifest=path)


@dataclass
class Content:
    """What a journal says, its last word on each arm."""

    manifest: dict[str, Any]
    rows: dict[rows.Key, dict[str, Any]]
    samples: SampleFile
    state: str = PARTIAL
    torn_bytes: int = 0

    def measurements(self) -> tuple[memoryview, int]:
        """Return the Parquet file of the measurements, and its number of rows."""
        table = rows.measurement_table(list(self.rows.values()))
        return to_parquet([table], table.schema), table.num_rows

    def take(self, entry: Mapping[str, Any]) -> None:
        """Add one entry of the journal."""
        if "measurement" in entry:
            row = rows.decode_measurement(entry["measurement"])
            self.rows[rows.key_of(row)] = row
        elif "samples" in entry:
            self.samples.add(entry["samples"])
        elif "note" in entry:
            self.manifest |= entry["note"]
        elif "end" in entry:
            self.state = entry["end"]["state"]
            self.manifest |= entry["end"]["manifest"]


def read_content(path: Path) -> Content:
    """Read a journal, up to the first line that is not whole."""
    entries = read_entries(path)
    first = next(entries, None)
    try:
        content = _begun(first.value["begin"] if first else {})
        end = first.end if first else 0
        for entry in entries:
            content.take(entry.value)
            end = entry.end
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedJournalError(
            f"the journal {path} cannot be understood: {type(error).__name__}: {error}",
            remedy="it was damaged, or written by another version of the harness",
        ) from error
    content.torn_bytes = path.stat().st_size - end
    return content


def _begun(begin: Mapping[str, Any]) -> Content:
    planned = [rows.decode_measurement(row) for row in begin["planned"]]
    return Content(dict(begin["manifest"]), {rows.key_of(row): row for row in planned}, SampleFile())


@dataclass
class SampleFile:
    """A Parquet file of samples in the making: written group by group, so a long run does not fill the memory."""

    count: int = 0
    _batches: list[pa.RecordBatch] = field(default_factory=list)
    _waiting: int = 0
    _sink: Any = None
    _writer: Any = None

    def add(self, columns: Mapping[str, Sequence[Any]]) -> None:
        """Add one entry's samples."""
        batch = rows.sample_batch(columns)
        self._batches.append(batch)
        self._waiting += batch.num_rows
        self.count += batch.num_rows
        if self._waiting >= _ROW_GROUP:
            self._write_group()

    def finish(self) -> tuple[memoryview, int]:
        """Return the file, and its number of rows."""
        self._write_group()
        self._writer.close()
        return memoryview(self._sink.getvalue()), self.count

    def _write_group(self) -> None:
        import pyarrow as pa

        if self._writer is None:
            self._sink = pa.BufferOutputStream()
            self._writer = open_parquet(self._sink, sample_schema())
        if self._batches:
            self._writer.write_table(pa.Table.from_batches(self._batches), row_group_size=_ROW_GROUP)
        self._batches, self._waiting = [], 0


def to_parquet(tables: Sequence[pa.Table], schema: pa.Schema) -> memoryview:
    """Return a Parquet file as bytes: made in memory, for Arrow deletes or truncates files that it fails to write."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with open_parquet(sink, schema) as writer:
        for table in tables:
            writer.write_table(table)
    return memoryview(sink.getvalue())


def open_parquet(sink: pa.BufferOutputStream, schema: pa.Schema) -> Any:
    """Return a writer with the options of all our files: without page checksums most flipped bits go unseen."""
    from pyarrow import parquet

    return parquet.ParquetWriter(sink, schema, compression="zstd", write_page_checksum=True)


def describe(path: Path, data: memoryview, count: int) -> dict[str, Any]:
    """Return what a manifest says of a file."""
    return {
        "path": f"{path.parent.name}/{path.name}",
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "rows": count,
    }


def _save(path: Path, data: memoryview, count: int) -> dict[str, Any]:
    files.write_whole(path, data)
    return describe(path, data, count)


def _manifest(content: Content, described: Mapping[str, Any], recovered_at: datetime | None) -> dict[str, Any]:
    arms = Counter(row["outcome"] for row in content.rows.values())
    document = {
        "schema": SCHEMA,
        "run_id": content.manifest["run_id"],
        "state": content.state,
        **content.manifest,
        "arms": dict(sorted(arms.items())),
        "files": dict(described),
    }
    if recovered_at is not None:
        document |= {"recovered_at": iso(recovered_at), "torn_bytes": content.torn_bytes}
    return document
