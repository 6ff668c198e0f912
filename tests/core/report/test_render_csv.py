"""Tables as files of figures: numbers to their last digit, text that no spreadsheet runs."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report.content import Cell, Column, Row, Table, link, name, said
from harness.report.escape import visible
from harness.report.render.csv_file import csv_of
from tests.core.report.test_escape import HOSTILE

COLUMNS = (Column(title="case"), Column(title="time", number=True, unit="s"), Column(title="verdict"))


def read(*rows: tuple[Cell, ...], columns: tuple[Column, ...] = COLUMNS) -> list[list[str]]:
    """Write a table and read it back."""
    written = csv_of(Table(name="t", title="t", columns=columns, rows=tuple(Row(cells=cells) for cells in rows)))
    assert "\r" not in written
    return list(csv.reader(io.StringIO(written, newline=""), strict=True))


def test_numbers_are_those_that_were_measured_and_not_those_that_are_shown() -> None:
    time = 0.1 + 0.2
    assert read((Cell(text=name("a,b")), Cell(text="300 ms", value=time), Cell(text="tie"))) == [
        ["case", "time [s]", "verdict"],
        ["a,b", "0.30000000000000004", "tie"],
    ]


def test_an_interval_has_two_columns_of_its_own() -> None:
    columns = (Column(title="time / reference", number=True), Column(title="rows", number=True))
    known = (Cell(text="0.8 [0.7, 0.9]", value=0.8, span=(0.7, 0.9)), Cell(text="3", value=3))
    none = (Cell(text="1", value=1.0), Cell(text="–"))
    assert read(known, none, columns=columns) == [
        ["time / reference", "time / reference low", "time / reference high", "rows"],
        ["0.8", "0.7", "0.9", "3"],
        ["1.0", "", "", ""],
    ]


def test_the_unit_stands_with_each_end() -> None:
    columns = (Column(title="time", number=True, unit="s"),)
    assert read((Cell(text="1 s", value=1.0, span=(0.5, 1.5)),), columns=columns)[0] == [
        "time [s]",
        "time low [s]",
        "time high [s]",
    ]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_is_left_out(value: float) -> None:
    assert read((Cell(text="a"), Cell(text="?", value=value), Cell(text="tie")))[1][1] == ""


def test_a_word_in_a_column_of_numbers_stays() -> None:
    """What was not measured says what became of it."""
    assert read((Cell(text="a"), Cell(text="refused"), Cell(text="refused")))[1] == ["a", "refused", "refused"]


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0"])
def test_text_is_no_formula(formula: str) -> None:
    """A number below zero is one all the same."""
    told = read(
        (Cell(text=name(formula)), Cell(text="-0.5", value=-0.5), Cell(text="x", value=formula)),
        columns=(*COLUMNS[:2], Column(title=formula)),
    )
    assert told == [["case", "time [s]", f"'{formula}"], [f"'{formula}", "-0.5", f"'{formula}"]]


@given(st.sampled_from(HOSTILE) | st.text(max_size=80))
def test_any_text_comes_back_as_it_is_seen(text: str) -> None:
    """Through marks, quotes, commas and lines."""
    shown = visible(text) if text.strip() else "(no name)"
    guard = "'" if shown[:1] in "=+-@" else ""
    (_, row) = read((Cell(text=name(text)), Cell(text="–"), Cell(text=f"{said(text)}; {link('there', 'x')}")))
    assert row[0] == f"{guard}{shown}"
    assert row[1] == ""
    assert row[2].endswith("; there")


def test_an_empty_table_has_its_head() -> None:
    assert read() == [["case", "time [s]", "verdict"]]
