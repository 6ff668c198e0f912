"""The documentation of the formats says what the code does, column by column and code by code."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pytest

from harness.errors import PRECEDENCE, ExitCode
from harness.store.record import Failure, Outcome, measurement_schema, sample_schema

TYPES = {
    pa.int64(): "int64",
    pa.float64(): "float64",
    pa.string(): "string",
    pa.timestamp("us", tz="UTC"): "timestamp",
    pa.list_(pa.string()): "list of strings",
    pa.list_(pa.float64()): "list of float64",
}
UNITS = {"_s": "s", "_ns": "ns", "_bytes": "B", "_j": "J", "_mhz": "MHz", "_mw": "mW", "_per_hour": "1/h"}
RATES = {"flops_per_s": "FLOP/s", "bytes_per_s": "B/s", "items_per_s": "1/s"}


def table(root: Path, heading: str) -> list[list[str]]:
    """Return the rows of the table below `heading`."""
    text = (root / "docs" / "formats.md").read_text("utf-8")
    section = re.split(r"^#+ ", text.split(f"## {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@pytest.mark.parametrize(("heading", "schema"), [("Measurements", measurement_schema()), ("Samples", sample_schema())])
def test_every_column_is_documented_as_it_is(root: Path, heading: str, schema: pa.Schema) -> None:
    documented = [(name, kind, empty) for name, kind, _, empty, _ in table(root, heading)]
    assert documented == [(f"`{field.name}`", TYPES[field.type], "yes" if field.nullable else "no") for field in schema]


@pytest.mark.parametrize("heading", ["Measurements", "Samples"])
def test_every_column_has_a_meaning_and_the_unit_that_its_name_ends_with(root: Path, heading: str) -> None:
    for name, _, unit, _, meaning in table(root, heading):
        bare = name.strip("`")
        assert len(meaning) >= len("the run"), name
        expected = RATES.get(bare) or next((UNITS[end] for end in UNITS if bare.endswith(end)), None)
        assert expected in (None, unit), name


def test_every_outcome_and_kind_of_failure_is_documented(root: Path) -> None:
    rows = dict(table(root, "Outcomes"))
    assert list(rows) == [f"`{outcome}`" for outcome in Outcome]
    assert re.findall(r"`([a-z-]+)`", rows["`failed`"])[1:] == list(Failure)


def test_every_exit_code_is_documented_and_so_is_which_one_wins(root: Path) -> None:
    assert [int(code) for code, _ in table(root, "Exit codes")] == sorted(ExitCode)
    order = ", ".join(str(int(code)) for code in PRECEDENCE if code is not ExitCode.FINE)
    assert order in (root / "docs" / "formats.md").read_text("utf-8")
