"""Tables of an HTML page. Without the script they are whole; with it they are sorted, filtered and follow a choice.

A long table is most of a page, so its cells say little: which columns hold numbers is said once (`n3`, the third), and
which hold names alone (`c1`); a row bears the number of its facets (`data-f`), a cell the number by which it sorts
(`data-v`). A cell ends where the next one begins, as HTML has it, and the first of a row is its head without saying so:
all of its column are heads.
"""

from __future__ import annotations

import math
import re
from collections.abc import Container, Iterator, Sequence
from urllib.parse import quote

from harness.report.content import Cell, Column, Row, Table, is_name, plain
from harness.report.render.html_shared import MOST_ROWS, Shared
from harness.report.render.html_text import attribute, rich, text

ROLES = {"case": "case", "time / reference": "ratio", "verdict": "verdict"}  # of a column, by its title
MOST_NUMBERED = 44  # columns that can stand to the right
MOST_NAMED = 8  # that can be set in the letters of names as a whole

_NOT_IN_A_CLASS = re.compile(r"[^a-z0-9]+")


def table_of(table: Table, shared: Shared) -> Iterator[str]:
    """Yield a table in a region of its own that scrolls, and what is to be said below it."""
    identity = shared.ids.claim(table.name)
    label = attribute(f"Table: {plain(table.title)}")
    rows = table.rows[:MOST_ROWS]
    named = _named(rows)
    numbers = [f"n{at}" for at, column in enumerate(table.columns, start=1) if column.number]
    classes = " ".join((*numbers, *(f"c{at + 1}" for at in named)))
    yield '<div class="table">'
    yield f'<div class="scroll" tabindex="0" role="region" aria-label="{label}">'
    yield f'<table id="{identity}"{_attribute("class", classes)}>'
    yield f"<caption>{rich(table.title, shared.anchors)}</caption>"
    yield f"<thead><tr>{''.join(map(_head, table.columns))}</tr></thead>"
    yield "<tbody>"
    yield from (_row(row, named, shared) for row in rows)
    yield "</tbody>"
    yield "</table>"
    yield "</div>"
    yield from _below(table, shared)
    yield "</div>"


def column_rules() -> str:
    """Return the style of columns of numbers, and of names as `page.css` has it for one."""
    numbers = ",".join(f".n{at} tr>:nth-child({at})" for at in range(1, MOST_NUMBERED + 1))
    names = ",".join(f".c{at} td:nth-child({at}),.c{at} tbody th:nth-child({at})" for at in range(1, MOST_NAMED + 1))
    return (
        f"{numbers}{{text-align:right;white-space:nowrap}}"
        f"{names}{{max-width:32ch;font-family:var(--code);font-size:.7875rem;line-height:1.3125rem;unicode-bidi:isolate;white-space:pre-wrap}}"
    )


def _named(rows: Sequence[Row]) -> list[int]:
    """Return which columns hold names and nothing else: their cells need not say so one by one."""
    if not rows:
        return []
    count = min(MOST_NAMED, *(len(row.cells) for row in rows))
    return [at for at in range(count) if all(is_name(row.cells[at].text) for row in rows)]


def _head(column: Column) -> str:
    role = _attribute("data-role", ROLES.get(plain(column.title), ""))
    return f'<th scope="col"{role}{_attribute("title", plain(column.about))}>{rich(column.title)}</th>'


def _row(row: Row, named: Container[int], shared: Shared) -> str:
    identity = _bare("id", shared.ids.claim(row.anchor) if row.anchor else "")
    facets = _bare("data-f", str(shared.facets.number(row.facets)) if row.facets else "")
    cells = [_cell(cell, shared, first=at == 0, named=at in named) for at, cell in enumerate(row.cells)]
    return f"<tr{identity}{facets}>{''.join(cells)}</tr>"


def _cell(cell: Cell, shared: Shared, *, first: bool, named: bool) -> str:
    said = (
        _bare("class", f"is-{_word(cell.state)}" if cell.state else ""),
        _bare("data-v", _number(cell.value)),
        _attribute("title", plain(cell.tip)),
    )
    shown = text(plain(cell.text)) if named else rich(cell.text, shared.anchors)
    return f"<{'th' if first else 'td'}{''.join(said)}>{shown}"


def _below(table: Table, shared: Shared) -> Iterator[str]:
    if len(table.rows) > MOST_ROWS:
        rest = "the file has them all" if shared.tables else "the others are left out here"
        yield f'<p class="note">These are the first {MOST_ROWS:,} of {len(table.rows):,} rows; {rest}.</p>'
    if table.note:
        yield f'<p class="note">{rich(table.note, shared.anchors)}</p>'
    if shared.tables:
        to = attribute(f"{quote(shared.tables)}/{quote(table.name, safe='')}.csv")
        yield f'<p class="file">As a file: <a href="{to}">{text(table.name)}.csv</a></p>'


def _attribute(key: str, value: str) -> str:
    return f' {key}="{attribute(value)}"' if value else ""


def _bare(key: str, value: str) -> str:
    """Return an attribute without quotes: for numbers and names that are made here of letters, digits and dashes."""
    return f" {key}={value}" if value else ""


def _word(state: str) -> str:
    return _NOT_IN_A_CLASS.sub("-", state.lower()).strip("-")


def _number(value: float | str | None) -> str:
    """Return what a cell sorts by, to more digits than are shown; text sorts by itself."""
    return f"{value:.7g}" if isinstance(value, int | float) and math.isfinite(value) else ""
