"""What comparing takes of a run and nothing else of it, for those who have to answer at once.

A run of a thousand arms has a million samples of twenty columns; comparing arms takes one quantity of
them and eleven columns. So only those are decoded, names as numbers, and blocks of other quantities are
dropped batch by batch. Files are held against their manifest as `harness.store.parquet` does it: size,
SHA-256, page checksums, rows, types. Nothing here makes Arrow's values of Python's, or calls `to_numpy`: the
first time that is done, Arrow imports pandas.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import StoreError
from harness.store.layout import MEASUREMENTS, SAMPLES
from harness.store.parquet import LIMITS, Limits, SetAsideError, check_columns, check_count, checked_bytes, open_file
from harness.store.record import UNPROVED, Outcome, measurement_schema, sample_schema
from harness.store.run_id import is_run_id

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.store.runs import RunInfo

QUANTITY = "throughput"
REMEDY = "python -m harness store verify tells more"
OWNER = "run_id"
NAMES = ("case_key", "target", "label", "quantity", "flags")
KEY = ("case_key", "target", "label", "replica")
NUMBERS = ("replica", "set", "round", "inner", "wall_ns")

ArmKey = tuple[str, str, str, int]  # case_key, target, label, replica


@dataclass(frozen=True, kw_only=True)
class Timings:
    """Blocks, five arrays of one length; `arm` is the place of a block's arm among those that were asked for."""

    arm: NDArray[np.int64]
    set: NDArray[np.int64]
    round: NDArray[np.int64]
    inner: NDArray[np.int64]
    wall_ns: NDArray[np.int64]


def read_rows(
    run: RunInfo, columns: Sequence[str], *, limits: Limits = LIMITS[MEASUREMENTS]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return some columns of the measurements of `run`, and notes on the file; or raise where it cannot be trusted."""
    path = _path(run, MEASUREMENTS)
    wanted = dict.fromkeys((*columns, *KEY, "run_id", "outcome", "time_s"))
    with _trusting(path):
        data = checked_bytes(path, MEASUREMENTS, run, limits)
        file = open_file(data)
        notes = check_columns(file, measurement_schema(), limits)
        there = [name for name in wanted if name in file.schema_arrow.names]
        rows = [row for batch in file.iter_batches(columns=there) for row in batch.to_pylist()]
        check_count(run, MEASUREMENTS, len(rows))
        _check_rows(run, rows)
    return [{name: row.get(name) for name in columns} for row in rows], notes


def read_timings(
    run: RunInfo, arms: Sequence[ArmKey], *, quantity: str = QUANTITY, limits: Limits = LIMITS[SAMPLES]
) -> Timings:
    """Return the proved blocks of `arms` in the samples of `run`, or raise where the file cannot be trusted."""
    import numpy as np

    places = {key: place for place, key in enumerate(arms)}
    path = _path(run, SAMPLES)
    with _trusting(path):
        data = checked_bytes(path, SAMPLES, run, limits)
        check_columns(open_file(data), sample_schema(), limits)
        file = open_file(data, codes=(OWNER, *NAMES))
        check_count(run, SAMPLES, file.metadata.num_rows)
        batches = file.iter_batches(batch_size=1 << 17, columns=[OWNER, *NAMES, *NUMBERS])
        own = (_owned(batch, run) for batch in batches)
        parts = [np.empty((5, 0), dtype=np.int64), *(_chosen(batch, places, quantity) for batch in own)]
    arm, sets, rounds, inner, wall_ns = np.concatenate(parts, axis=1)
    return Timings(arm=arm, set=sets, round=rounds, inner=inner, wall_ns=wall_ns)


def _path(run: RunInfo, name: str) -> Path:
    path = run.paths.get(name)
    if path is None:
        raise StoreError(f"the run {run.run_id} has no {name}", remedy="name a run that has a manifest")
    return path


@contextmanager
def _trusting(path: Path) -> Iterator[None]:
    """Turn whatever is wrong with a file into an error that names it."""
    import pyarrow as pa

    try:
        yield
    except SetAsideError as error:
        raise StoreError(f"{path} cannot be used: {error}", remedy=REMEDY) from error
    except (pa.ArrowException, OSError, ValueError, TypeError, OverflowError, MemoryError) as error:
        said = " ".join(str(error).split())
        raise StoreError(f"{path} cannot be used: not readable as Parquet: {said}", remedy=REMEDY) from error


def _check_rows(run: RunInfo, rows: Sequence[Mapping[str, Any]]) -> None:
    """Raise where rows say what no row may say."""
    for field in measurement_schema():
        if not field.nullable and rows and field.name in rows[0] and any(row[field.name] is None for row in rows):
            raise SetAsideError(f"the column {field.name!r} has nulls, and may not")
    if run.files and any(row["run_id"] != run.run_id for row in rows):
        raise SetAsideError(f"it holds rows of another run than {run.run_id}")
    twice = sum(count - 1 for count in Counter(tuple(row[name] for name in KEY) for row in rows).values())
    if twice:
        raise SetAsideError(f"{twice} rows stand for an arm that has one already")
    if any(row.get("time_s") is not None and row["outcome"] != Outcome.MEASURED for row in rows):
        raise SetAsideError("time_s is filled for an arm that was not measured")


def _owned(batch: Any, run: RunInfo) -> Any:
    """Return `batch`, or raise where a block in it is of another run; a file without a manifest may have any name."""
    codes, owners = _coded(batch.column(OWNER), OWNER)
    if (run.files or is_run_id(run.run_id)) and (codes != _code_of(owners, run.run_id)).any():
        raise SetAsideError(f"it holds rows of another run than {run.run_id}")
    return batch


def _chosen(batch: Any, places: Mapping[ArmKey, int], quantity: str) -> NDArray[np.int64]:
    """Return arm, set, round, inner and time of the blocks of `batch` that count."""
    import numpy as np

    codes, words = zip(*(_coded(batch.column(name), name) for name in NAMES), strict=True)
    numbers = {name: _numbers(batch.column(name), name) for name in NUMBERS}
    wanted, unproved = (_code_of(words[at], text) for at, text in ((3, quantity), (4, UNPROVED)))
    kept = (codes[3] == wanted) & (codes[4] != unproved) & (numbers["replica"] >= 0) & (numbers["replica"] <= 1)
    case, target, label = (values[kept] for values in codes[:3])
    replica = numbers["replica"][kept]
    joined = ((case * len(words[1]) + target) * len(words[2]) + label) * 2 + replica
    distinct, first, inverse = np.unique(joined, return_index=True, return_inverse=True)
    keys = [(words[0][case[at]], words[1][target[at]], words[2][label[at]], int(replica[at])) for at in first]
    arm = np.array([places.get(key, -1) for key in keys], dtype=np.int64)[inverse] if distinct.size else inverse
    rows = np.stack([arm, *(numbers[name][kept] for name in NUMBERS[1:])])
    return np.asarray(rows[:, arm >= 0], dtype=np.int64)


def _coded(column: Any, name: str) -> tuple[NDArray[np.int64], list[str]]:
    import numpy as np
    import pyarrow as pa

    _refuse_nulls(column, name)
    coded = column if pa.types.is_dictionary(column.type) else column.cast(pa.string()).dictionary_encode()
    return np.from_dlpack(coded.indices).astype(np.int64), coded.dictionary.to_pylist()


def _numbers(column: Any, name: str) -> NDArray[np.int64]:
    import numpy as np

    _refuse_nulls(column, name)
    return np.from_dlpack(column).astype(np.int64, copy=False)


def _code_of(words: Sequence[str], text: str) -> int:
    return words.index(text) if text in words else -1


def _refuse_nulls(column: Any, name: str) -> None:
    if column.null_count:
        raise SetAsideError(f"the column {name!r} has nulls, and may not")
