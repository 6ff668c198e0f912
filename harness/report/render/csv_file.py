r"""A table as a file of figures: the numbers as they were measured, one line a row.

Lines end in ``\n``. Text that a spreadsheet would take for a formula gets an apostrophe in front.

>>> from harness.report.content import Cell, Column, Row, Table
>>> columns = (Column(title="case"), Column(title="time", number=True, unit="s"))
>>> row = Row(cells=(Cell(text="=a"), Cell(text="2.00 s", value=2.0, span=(1.5, 2.5))))
>>> print(csv_of(Table(name="t", title="t", columns=columns, rows=(row,))), end="")
case,time [s],time low [s],time high [s]
'=a,2.0,1.5,2.5
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from harness.report.content import Cell, Column, Table, plain
from harness.report.escape import visible
from harness.report.words import UNKNOWN, known

LONGEST = 10_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\0")


def csv_of(table: Table) -> str:
    """Return a table as comma-separated values under the titles of its columns."""
    rows = table.rows[:]
    spans = [any(row.cells[at].span for row in rows) for at in range(len(table.columns))]
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(
        [head for column, wide in zip(table.columns, spans, strict=True) for head in _heads(column, wide=wide)]
    )
    for row in rows:
        writer.writerow(_fields(row.cells, table.columns, spans))
    return file.getvalue()


def _heads(column: Column, *, wide: bool) -> Iterator[str]:
    unit = f" [{column.unit}]" if column.unit else ""
    for end in ("", " low", " high") if wide else ("",):
        yield _guarded(f"{plain(column.title)}{end}{unit}")


def _fields(cells: Sequence[Cell], columns: Sequence[Column], spans: Sequence[bool]) -> Iterator[str]:
    for cell, column, wide in zip(cells, columns, spans, strict=True):
        yield _field(cell, column)
        if wide:
            low, high = cell.span or (None, None)
            yield from (_number(low), _number(high))


def _field(cell: Cell, column: Column) -> str:
    """Return the number of a cell, or its text; where a number was not told, nothing."""
    if cell.value is None:
        text = plain(cell.text)
    elif isinstance(cell.value, str):
        text = visible(cell.value, LONGEST)
    else:
        return _number(cell.value)
    return "" if column.number and text == UNKNOWN else _guarded(text)


def _number(value: float | None) -> str:
    """Return a number to its last digit; what is none is left out."""
    if isinstance(value, int):
        return str(value)
    return repr(float(value)) if known(value) else ""


def _guarded(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
