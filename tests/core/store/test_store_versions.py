"""A file of each version of the schema that there ever was stays readable, value by value.

``data/v1`` was written by the first version and is never written again. When a version adds columns,
a folder ``data/v2`` joins it, and the old one must still read as it does here.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from harness.store.read import find_runs, read_measurements, read_samples
from harness.store.record import SCHEMA_VERSION, measurement_schema, sample_schema
from harness.store.verify import verify

DATA = Path(__file__).parent / "data"
VERSIONS = sorted(DATA.glob("v*"))


def expected(version: Path) -> Any:
    return json.loads((version / "expected.json").read_text("utf-8"))


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """Return what of `row` is not null, its moments as text."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in row.items()
        if value is not None
    }


def test_there_is_a_file_of_every_version() -> None:
    assert [version.name for version in VERSIONS] == [f"v{number}" for number in range(1, SCHEMA_VERSION + 1)]


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_an_old_run_reads_as_it_was_written(version: Path) -> None:
    (run,) = find_runs(version)
    assert (run.complete, run.suite, run.manifest["seeds"]) == (True, "gemm", {"inputs": 7})
    for name, read in (("measurements", read_measurements), ("samples", read_samples)):
        found = read(version)
        assert found.findings == ()
        assert [plain(row) for row in found.table.to_pylist()] == expected(version)[name]
    assert verify(version).sound


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_no_column_was_ever_dropped_or_given_another_type(version: Path) -> None:
    for name, schema in (("measurements", measurement_schema()), ("samples", sample_schema())):
        now = {field.name: str(field.type) for field in schema}
        assert expected(version)["columns"][name].items() <= now.items()


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_columns_that_came_later_may_be_empty_or_old_files_could_not_be_read(version: Path) -> None:
    for name, schema in (("measurements", measurement_schema()), ("samples", sample_schema())):
        assert all(field.nullable for field in schema if field.name not in expected(version)["columns"][name])
