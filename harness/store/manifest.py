"""The manifest of a run: the last file to be written, and so the proof that the others are whole.

It is JSON for people and other programs: what was run, where, from which seeds, how it ended, and
for each file its size, its rows and its SHA-256. What the caller says is kept as it is; the names in
`RESERVED` are the store's own.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import singledispatch
from typing import Any

from harness.errors import InternalError

SCHEMA = "harness.run/1"
COMPLETE = "complete"
PARTIAL = "partial"
STATES = (COMPLETE, PARTIAL)
RESERVED = ("schema", "state", "arms", "files", "recovered_at", "torn_bytes")
REQUIRED = ("run_id", "suite", "started_at")


def plain_manifest(values: Mapping[str, Any], *, reserved: Iterable[str] = RESERVED) -> dict[str, Any]:
    """Return the caller's `values` as JSON knows them, or raise where they claim the store's own names."""
    taken = sorted(set(values) & set(reserved))
    if taken:
        raise InternalError(f"a manifest's {', '.join(taken)} is filled in by the store")
    return {str(name): plain(value) for name, value in values.items()}


@singledispatch
def plain(value: Any) -> Any:
    """Return `value` in the types of JSON; what has none becomes text, for a run must not be lost over it."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return str(value)


@plain.register(int)
@plain.register(str)
@plain.register(type(None))
def _same(value: Any) -> Any:
    return value


@plain.register
def _(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)


@plain.register
def _(value: datetime) -> str:
    return iso(value)


@plain.register(Mapping)
def _(value: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(key): plain(each) for key, each in value.items()}


@plain.register(list)
@plain.register(tuple)
@plain.register(set)
@plain.register(frozenset)
def _(value: Iterable[Any]) -> list[Any]:
    return [plain(each) for each in value]


def iso(moment: datetime) -> str:
    """Return a moment in UTC, as manifests write it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def to_bytes(manifest: Mapping[str, Any]) -> bytes:
    """Return the text of a manifest."""
    return (json.dumps(manifest, indent=2, ensure_ascii=True, allow_nan=False) + "\n").encode("ascii")
