"""One Parquet file in, one table of exactly our columns out, or the reason why not.

The bytes are read once, so what is hashed is what is parsed. Rows are counted before any is decoded:
a file of 91 KB can hold 20 million rows, and says of itself that it is small.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.store.layout import MEASUREMENTS, SAMPLES
from harness.store.record import Outcome, measurement_schema, sample_schema
from harness.store.rows import PROVED_ONLY

if TYPE_CHECKING:
    import pyarrow as pa

    from harness.store.runs import RunInfo


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much of a file is believed."""

    rows: int
    file_bytes: int = 1 << 30
    table_bytes: int = 1 << 32
    columns: int = 1000


LIMITS = {MEASUREMENTS: Limits(rows=1_000_000), SAMPLES: Limits(rows=10_000_000)}

_BATCH = 1 << 14  # rows decoded before the size of what they became is looked at
_THRIFT_LIMIT = 1 << 24
_KEY = ("run_id", "case_key", "target", "label", "replica")


class SetAsideError(Exception):
    """The file is not to be used, for the reason that this says."""


def load(path: Path, name: str, run: RunInfo, limits: Limits) -> tuple[pa.Table, list[str]]:
    """Return the table `name` of `run`, which lies at `path`, and notes on it; or raise `SetAsideError`."""
    import pyarrow as pa

    schema = measurement_schema() if name == MEASUREMENTS else sample_schema()
    data, facts = checked_bytes(path, name, run, limits), run.files.get(name)
    try:
        file = open_file(data)
        notes = check_columns(file, schema, limits)
        table = _conform(_rows(file, schema, limits), schema)
    except (pa.ArrowException, OSError, ValueError, TypeError, OverflowError, MemoryError) as error:
        raise SetAsideError(f"not readable as Parquet: {' '.join(str(error).split())}") from error
    check_count(run, name, table.num_rows)
    for fault in _faults(table, name, run.run_id if facts is not None else None):
        raise SetAsideError(fault)
    return table, notes


def column_names(data: bytes) -> list[str]:
    """Return the columns of a file that `load` has accepted."""
    return list(open_file(data).schema_arrow.names)


def checked_bytes(path: Path, name: str, run: RunInfo, limits: Limits) -> bytes:
    """Return what the file at `path` holds, if it is what `run` wrote as its table `name`."""
    data = _bytes(path, limits)
    facts = run.files.get(name)
    if facts is not None and hashlib.sha256(data).hexdigest() not in facts.sha256:
        raise SetAsideError("it is not the file that its run wrote: the SHA-256 differs from the manifest's")
    return data


def check_count(run: RunInfo, name: str, rows: int) -> None:
    """Raise where the table `name` of `run` has not as many rows as its manifest says."""
    facts = run.files.get(name)
    if facts is not None and rows != facts.rows:
        raise SetAsideError(f"{rows} rows, and the manifest says {facts.rows}")


def _bytes(path: Path, limits: Limits) -> bytes:
    try:
        size = path.stat().st_size
        if size > limits.file_bytes:
            raise SetAsideError(f"{size} bytes, and at most {limits.file_bytes} are read")
        return path.read_bytes()
    except OSError as error:
        raise SetAsideError(f"cannot be read: {error.strerror or error}") from error


def open_file(data: bytes, codes: Sequence[str] = ()) -> Any:
    """Open a file whose parts are of bounded length; columns in `codes` come as numbers beside a dictionary."""
    import pyarrow as pa
    from pyarrow import parquet

    return parquet.ParquetFile(
        pa.BufferReader(data),
        page_checksum_verification=True,
        read_dictionary=list(codes),
        thrift_string_size_limit=_THRIFT_LIMIT,
        thrift_container_size_limit=_THRIFT_LIMIT,
    )


def check_columns(file: Any, schema: pa.Schema, limits: Limits) -> list[str]:
    """Raise where the columns of a file are not those of `schema`; return notes on others."""
    have = file.schema_arrow
    if not 0 <= file.metadata.num_rows <= limits.rows:
        raise SetAsideError(f"{file.metadata.num_rows} rows, and at most {limits.rows} are read")
    if len(have) > limits.columns:
        raise SetAsideError(f"{len(have)} columns, and at most {limits.columns} are read")
    if len(set(have.names)) < len(have):
        raise SetAsideError("two columns have the same name")
    for field in have:
        if _is_extension(field):
            raise SetAsideError(f"the column {field.name!r} has an extension type, which is never read")
    for field in schema:
        _check_column(have, field)
    unknown = sorted(set(have.names) - set(schema.names))
    return [f"columns that this version does not know are left out: {', '.join(unknown)}"] if unknown else []


def _check_column(have: pa.Schema, want: pa.Field) -> None:
    if want.name not in have.names:
        if not want.nullable:
            raise SetAsideError(f"the column {want.name!r} is missing, and no row is without it")
        return
    kind = have.field(want.name).type
    if not _compatible(kind, want.type):
        raise SetAsideError(f"the column {want.name!r} holds {kind}, and should hold {want.type}")


def _compatible(have: pa.DataType, want: pa.DataType) -> bool:
    """Whether every value of `have` is one of `want`: what other programs make of our files when they rewrite them."""
    import pyarrow as pa

    wider = {
        pa.int64(): (pa.int8(), pa.int16(), pa.int32()),
        pa.float64(): (pa.float32(),),
        pa.string(): (pa.large_string(), pa.string_view()),
    }
    if pa.types.is_list(want):
        return (pa.types.is_list(have) or pa.types.is_large_list(have)) and _compatible(
            have.value_type, want.value_type
        )
    if pa.types.is_timestamp(want):
        return pa.types.is_timestamp(have) and have.tz is not None
    return bool(have == want or pa.types.is_null(have) or have in wider.get(want, ()))


def _is_extension(field: pa.Field) -> bool:
    import pyarrow as pa

    inner = [field.type.field(index) for index in range(field.type.num_fields)]
    return (
        isinstance(field.type, pa.BaseExtensionType)
        or b"ARROW:extension:name" in (field.metadata or {})
        or any(map(_is_extension, inner))
    )


def _rows(file: Any, schema: pa.Schema, limits: Limits) -> pa.Table:
    import pyarrow as pa

    have = file.schema_arrow
    wanted = [name for name in schema.names if name in have.names]
    batches, size, count = [], 0, 0
    for batch in file.iter_batches(batch_size=_BATCH, columns=wanted):
        size += batch.nbytes
        count += batch.num_rows
        if size > limits.table_bytes or count > limits.rows:
            raise SetAsideError(f"it unpacks to more than {limits.table_bytes} bytes or {limits.rows} rows")
        batches.append(batch)
    kept = pa.schema([have.field(name) for name in wanted])
    return pa.Table.from_batches(batches, schema=batches[0].schema if batches else kept)


def _conform(table: pa.Table, schema: pa.Schema) -> pa.Table:
    import pyarrow as pa

    columns = [
        table[field.name].cast(field.type) if field.name in table.column_names else pa.nulls(len(table), field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)


def _faults(table: pa.Table, name: str, run_id: str | None) -> Iterator[str]:
    """Say what is wrong with rows; nothing is compared or grouped by Arrow, which imports pandas for that."""
    for field in table.schema:
        if not field.nullable and table[field.name].null_count:
            yield f"the column {field.name!r} has nulls, and may not"
    if run_id is not None and table["run_id"].unique().to_pylist() not in ([], [run_id]):
        yield f"it holds rows of another run than {run_id}"
    if name == MEASUREMENTS:
        doubled = table.num_rows - len(set(zip(*(table[column].to_pylist() for column in _KEY), strict=True)))
        if doubled:
            yield f"{doubled} rows stand for an arm that has one already"
        unproved = [outcome != Outcome.MEASURED for outcome in table["outcome"].to_pylist()]
        for column in PROVED_ONLY:
            if any(compress(table[column].is_valid().to_pylist(), unproved)):
                yield f"{column} is filled for an arm that was not measured"
