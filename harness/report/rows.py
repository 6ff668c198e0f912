"""Tables as rows: what is read as columns is spoken of as `Measurement`s.

Columns are read one after another and without pandas, for loading that takes longer than the rows of a large run do.
What is null in a table is None in a row, and so is a float that is no number: nothing was measured there.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from harness.store.record import Measurement, Sample

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

SAMPLE_COLUMNS = ("case_key", "target", "label", "replica", "quantity", "set", "round", "inner", "wall_ns", "flags")

_TYPES = {field.name: str(field.type) for field in fields(Measurement)}
_NUMBER = re.compile(r"([0-9]+)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def measurements_of(table: pa.Table) -> tuple[Measurement, ...]:
    """Return the rows of `table`, which has exactly our columns, as `harness.store.read` gives it."""
    columns = [_values(table[name], kind) for name, kind in _TYPES.items()]
    return tuple(_measurement(values) for values in zip(*columns, strict=True))


def sample_frame(samples: Iterable[Sample]) -> pd.DataFrame:
    """Return the columns of `samples` that comparisons need."""
    import pandas as pd

    rows = [tuple(getattr(sample, name) for name in SAMPLE_COLUMNS) for sample in samples]
    return pd.DataFrame(rows, columns=list(SAMPLE_COLUMNS))


def params_of(row: Measurement) -> dict[str, Any]:
    """Return the parameters of a row's case; a store may come from anywhere, and what is no object has none."""
    return dict(_object(row.params))


def precision_of(row: Measurement) -> str:
    """Return in what a row computes: a precision that its case names, or its type."""
    return str(params_of(row).get("precision") or row.dtype)


def is_to_a_goal(row: Measurement) -> bool:
    """Whether a row is a training until it is good, and no second copy of one."""
    return row.workload == "time_to_accuracy" and row.replica == 0


@lru_cache(maxsize=1 << 14)  # all arms of a case have the same, and each is asked several times
def _object(text: str) -> dict[str, Any]:
    try:
        known = json.loads(text)
    except ValueError:
        return {}
    return known if isinstance(known, dict) else {}


@lru_cache(maxsize=1 << 14)  # all arms of a case have the same name
def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """Return a key that sorts ``m=128`` before ``m=1024``."""
    parts = _NUMBER.split(text)
    return tuple((0, int(part), part) if index % 2 else (1, 0, part) for index, part in enumerate(parts) if part)


def _measurement(values: Iterable[Any]) -> Measurement:
    """Return a row of all its fields at once: one by one, as a frozen class has them set, takes five times as long."""
    row = Measurement.__new__(Measurement)
    vars(row).update(zip(_TYPES, values, strict=True))
    return row


def _values(column: Any, kind: str) -> list[Any]:
    """Return a column as a list; `kind` is the type of its field."""
    if column.null_count == len(column):  # most columns of most runs
        return [None] * len(column)
    if kind == "datetime":
        return _moments(column)
    if kind.startswith("tuple"):
        return _tuples(column, math.nan if "float" in kind else "")
    if kind.startswith("str"):
        return _texts(column)
    values: list[Any] = column.to_pylist()
    if kind.startswith("float"):
        return [None if value is None or math.isnan(value) else value for value in values]
    return values


def _texts(column: Any) -> list[str | None]:
    """Return a column of texts, of which each is one object however many rows have it."""
    found: list[str | None] = []
    for chunk in column.chunks:
        coded = chunk.dictionary_encode()
        words = coded.dictionary.to_pylist()
        found += [None if at is None else words[at] for at in coded.indices.to_pylist()]
    return found


def _tuples(column: Any, gap: float | str) -> list[tuple[Any, ...] | None]:
    """Return a column of lists as tuples; what is null within one is `gap`."""
    return [
        None if held is None else tuple(gap if item is None else item for item in held) for held in column.to_pylist()
    ]


def _moments(column: Any) -> list[datetime]:
    import pyarrow as pa

    return [_moment(microseconds) for microseconds in column.cast(pa.int64()).to_pylist()]


def _moment(microseconds: int) -> datetime:
    """Return a moment; one that no calendar holds, as a store from anywhere may tell it, is the first of ours."""
    try:
        return _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        return _EPOCH
