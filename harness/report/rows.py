"""Tables as rows and back: what is read as a frame is spoken of as `Measurement`s.

A frame knows no missing integer, and says NaN where nothing was measured. Rows know None, and here
is the one place where the one becomes the other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import MISSING, asdict, fields
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pandas as pd

from harness.store.record import Measurement, Sample

if TYPE_CHECKING:
    from datetime import datetime

SAMPLE_COLUMNS = ("case_key", "target", "label", "replica", "quantity", "set", "round", "inner", "wall_ns", "flags")

_FIELDS = {field.name: field for field in fields(Measurement)}
_NUMBER = re.compile(r"([0-9]+)")


def measurements_of(frame: pd.DataFrame) -> tuple[Measurement, ...]:
    """Return the rows of `frame`; columns that this version does not know are left out."""
    columns = {name: _values(frame[name], name) for name in frame.columns if name in _FIELDS}
    absent = {name: _stand_in(name) for name in _FIELDS if name not in columns}
    names = list(columns)
    return tuple(
        _measurement(dict(zip(names, values, strict=True)) | absent) for values in zip(*columns.values(), strict=True)
    )


def frame_of(rows: Sequence[Measurement]) -> pd.DataFrame:
    """Return `rows` as a frame."""
    return pd.DataFrame([asdict(row) for row in rows], columns=list(_FIELDS))


def sample_frame(samples: Iterable[Sample]) -> pd.DataFrame:
    """Return the columns of `samples` that comparisons need."""
    rows = [tuple(getattr(sample, name) for name in SAMPLE_COLUMNS) for sample in samples]
    return pd.DataFrame(rows, columns=list(SAMPLE_COLUMNS))


def params_of(row: Measurement) -> dict[str, Any]:
    """Return the parameters of a row's case; a store may come from anywhere, and what is no object has none."""
    return dict(_object(row.params))


@lru_cache(maxsize=1 << 14)  # all arms of a case have the same, and each is asked several times
def _object(text: str) -> dict[str, Any]:
    try:
        known = json.loads(text)
    except ValueError:
        return {}
    return known if isinstance(known, dict) else {}


def natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """Return a key that sorts ``m=128`` before ``m=1024``."""
    parts = _NUMBER.split(text)
    return tuple((0, int(part), part) if index % 2 else (1, 0, part) for index, part in enumerate(parts) if part)


def _measurement(values: dict[str, Any]) -> Measurement:
    """Return a row of all its fields at once: one by one, as a frozen class has them set, takes five times as long."""
    row = Measurement.__new__(Measurement)
    vars(row).update(values)
    return row


def _values(column: pd.Series[Any], name: str) -> list[Any]:
    kind = str(_FIELDS[name].type)
    missing = column.isna() if "None" in kind else None
    if kind.startswith("tuple"):
        empty = None if "None" in kind else ()
        held = float if kind.startswith("tuple[float") else str
        return [empty if value is None else tuple(held(item) for item in value) for value in column]
    convert = {"int": int, "float": float}.get(kind.partition(" ")[0])
    values = column.tolist()
    if missing is not None and missing.any():
        gaps = missing.tolist()
        return [None if gap else _as(value, convert) for value, gap in zip(values, gaps, strict=True)]
    return [_as(value, convert) for value in values]


def _as(value: Any, convert: Any) -> Any:
    return value if convert is None else convert(value)


def _stand_in(name: str) -> Any:
    """Return what a column holds that an old file does not have."""
    default = _FIELDS[name].default
    if default is not MISSING:
        return default
    return _EMPTY.get(str(_FIELDS[name].type), "")


def _epoch() -> datetime:
    return pd.Timestamp(0, tz="UTC").to_pydatetime()


_EMPTY: dict[str, Any] = {"int": 0, "datetime": _epoch()}
