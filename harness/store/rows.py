"""What a row must satisfy before it is kept, and how rows become journal entries and Arrow tables.

A bug that would give a number to an arm that was not proved is stopped here, at the moment of the
bug, and not found in a report later.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from harness.errors import InternalError
from harness.store.record import Failure, Measurement, Outcome, Sample, measurement_schema, sample_schema

if TYPE_CHECKING:
    import pyarrow as pa

Key = tuple[str, str, str, str, int]  # run_id, case_key, target, label, replica

# Speeds: filled for `measured` rows and no others, so that a plain group-by over all rows is safe.
# The first four are what users are promised; the rest follow from them.
PROVED_ONLY = (
    "time_s",
    "latency_s",
    "flops_per_s",
    "bytes_per_s",
    "time_low_s",
    "time_high_s",
    "time_min_s",
    "time_p95_s",
    "latency_low_s",
    "latency_high_s",
    "latency_p90_s",
    "latency_p95_s",
    "latency_p99_s",
    "items_per_s",
    "forward_s",
    "backward_s",
    "update_s",
    "input_s",
    "ceiling_share",
)
_NEEDS_REASON = (Outcome.REFUSED, Outcome.UNAVAILABLE)

SAMPLE_COLUMNS = tuple(field.name for field in fields(Sample))
_sample_values = attrgetter(*SAMPLE_COLUMNS)
_sample_key = attrgetter("run_id", "case_key", "target", "label", "replica")


def check_measurement(row: Measurement, run_id: str) -> None:
    """Raise `InternalError` where `row` says what no row of `run_id` may say."""
    for fault in _faults(row, run_id):
        raise InternalError(f"the row of {row.case!r} on {row.target!r} {fault}")


def encode_measurement(row: Measurement) -> dict[str, Any]:
    """Return `row` as a JSON object without its nulls, its types checked."""
    plain = {name: _plain(getattr(row, name)) for name in _MEASUREMENT_COLUMNS}
    encoded = {name: value for name, value in plain.items() if value is not None}
    _refuse_misfits({name: [value] for name, value in decode_measurement(encoded).items()}, measurement_schema())
    return encoded


def decode_measurement(encoded: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `encode_measurement` made, as Arrow takes it."""
    decoded = dict(encoded)
    if "started_at" in decoded:
        decoded["started_at"] = datetime.fromisoformat(decoded["started_at"])
    return decoded


def key_of(row: Mapping[str, Any]) -> Key:
    """Return the key of a decoded row."""
    return (row["run_id"], row["case_key"], row["target"], row["label"], row["replica"])


def encode_samples(samples: Sequence[Sample]) -> dict[str, list[Any]]:
    """Return `samples` as columns, their types checked."""
    columns = {
        name: list(values)
        for name, values in zip(SAMPLE_COLUMNS, zip(*map(_sample_values, samples), strict=True), strict=True)
    }
    _refuse_misfits(columns, sample_schema())
    return columns


def keys_of(samples: Sequence[Sample]) -> set[Key]:
    """Return the keys of the arms that `samples` belong to."""
    return set(map(_sample_key, samples))


def measurement_table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Return decoded rows as a table; columns that a row does not know are null in it."""
    import pyarrow as pa

    return pa.Table.from_pylist([dict(row) for row in rows], schema=measurement_schema())


def sample_batch(columns: Mapping[str, Sequence[Any]]) -> pa.RecordBatch:
    """Return one entry's samples; columns that it does not know are null."""
    import pyarrow as pa

    schema = sample_schema()
    count = len(next(iter(columns.values())))
    arrays = [pa.array(columns.get(field.name, [None] * count), field.type) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


_MEASUREMENT_COLUMNS = tuple(field.name for field in fields(Measurement))


def _faults(row: Measurement, run_id: str) -> Iterator[str]:
    filled = [name for name in PROVED_ONLY if getattr(row, name) is not None]
    if row.run_id != run_id:
        yield f"belongs to the run {row.run_id!r}, not to {run_id!r}"
    if row.outcome not in tuple(Outcome):
        yield f"has the outcome {row.outcome!r}, which there is not"
    if row.outcome != Outcome.MEASURED and filled:
        yield f"is {row.outcome!r} and has {', '.join(filled)}, which only a measured arm may have"
    if row.outcome == Outcome.MEASURED and not _is_time(row.time_s):
        yield f"is measured, and its time_s is {row.time_s!r}"
    if row.outcome == Outcome.MEASURED and row.validity:
        yield f"is measured, and failed {', '.join(row.validity)}"
    if row.outcome == Outcome.INVALID and not row.validity:
        yield "is invalid, and names no check that it failed"
    if row.outcome == Outcome.FAILED and row.detail.partition(":")[0] not in tuple(Failure):
        yield f"failed, and its detail begins with no kind of failure and a colon: {row.detail!r}"
    if row.outcome in _NEEDS_REASON and not row.detail:
        yield f"is {row.outcome!r} for no reason"


def _is_time(value: float | None) -> bool:
    return value is not None and math.isfinite(value) and value > 0


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        # What a dying worker wrote may hold bytes that are no text; a row is not lost over that.
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise InternalError(f"a time without a time zone: {value}")
        return value.astimezone(UTC).isoformat()
    return [_plain(each) for each in value] if isinstance(value, tuple) else value


def _refuse_misfits(columns: Mapping[str, Sequence[Any]], schema: pa.Schema) -> None:
    import pyarrow as pa

    for field in schema:
        try:
            # Without a type, for with one Arrow makes 1 of 1.5 where integers are wanted.
            found = pa.array(columns.get(field.name, [None]))
        except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
            raise InternalError(f"{field.name} does not hold {field.type}: {error}") from error
        if not _fits(found.type, field.type):
            raise InternalError(f"{field.name} does not hold {field.type} but {found.type}")
        if found.null_count and not field.nullable:
            raise InternalError(f"{field.name} may not be null")


def _fits(found: pa.DataType, wanted: pa.DataType) -> bool:
    import pyarrow as pa

    whole = found == pa.int64() and wanted == pa.float64()
    empty = found == pa.list_(pa.null()) and pa.types.is_list(wanted)
    return bool(found == wanted or pa.types.is_null(found) or whole or empty)
