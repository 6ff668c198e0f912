"""The table of a class: one row an arm of each case, with its time and how it stands."""

from __future__ import annotations

from collections.abc import Iterator

from harness.report import words
from harness.report.content import Cell, Row, Table
from harness.report.findings import Board, CaseFindings, Entry, Standing, name_of
from harness.report.lazy import Rows
from harness.report.marks import is_left_alone
from harness.report.pages.cells import (
    DASH,
    columns,
    duration,
    named,
    numbers,
    outcome,
    rates,
    ratio,
    row_of,
    share,
    work_rate,
)

NAME_ONLY = "; nothing was compiled"
_BEHIND = (Standing.BEHIND, Standing.INDICATIVE, Standing.WITHHELD)


def cases(board: Board) -> Table:
    """Return one row an arm of a class."""
    entries = [entry for case in board.cases for entry in case.entries]
    unit, speeds = rates([entry.arm for entry in entries], work_rate)
    figures = {"time": "s", "95 % interval": "", "speed": unit, "of the ceiling": "", "time / reference": ""}
    return Table(
        name=table_name(board),
        title=f"Every case: {board.mode_class}",
        columns=(*columns("case", "target"), *numbers(figures), *columns("verdict", "in its class")),
        rows=Rows(lambda item: _row(*item, board.mode_class), zip(placed(board), speeds, strict=True)),
        note=(
            "Time is that of one call. Time / reference below 1 means faster than the reference; it is the middle of "
            "the ratios of blocks that were timed side by side, and so not the quotient of the two times shown. "
            "A dash stands where a number was not told."
        ),
    )


def placed(board: Board) -> Iterator[tuple[str, CaseFindings, Entry]]:
    """Yield all arms of a class with the anchors of their rows."""
    pairs = ((case, entry) for case in board.cases for entry in case.entries)
    for at, (case, entry) in enumerate(pairs, start=1):
        yield f"{table_name(board)}-{at}", case, entry


def table_name(board: Board) -> str:
    """Return what the table of a class is called."""
    return f"cases-{board.mode_class.replace(' ', '-')}"


def standing(entry: Entry) -> str:
    """Say how a measured arm stands in its class, in a word or two, and by how much it is behind."""
    beside = entry.beside_fastest
    if entry.standing in _BEHIND and beside and beside.ratio:
        return f"{entry.standing}, {words.ratio(beside.ratio)} x the fastest"
    return str(entry.standing)


def _row(place: tuple[str, CaseFindings, Entry], speed: Cell, mode_class: str) -> Row:
    anchor, case, entry = place
    head = (named(case.name), named(name_of(entry.arm)))
    told = outcome(entry.arm)
    rest = _measured(entry, speed) if entry.measured else (*[DASH] * 5, told, told)
    return row_of(entry.arm, (*head, *rest), mode_class=mode_class, anchor=anchor)


def _measured(entry: Entry, speed: Cell) -> tuple[Cell, ...]:
    arm = entry.arm
    is_reference = entry.verdict == "reference"
    return (
        duration(arm.time_s, arm.time_low_s, arm.time_high_s),
        Cell(text=words.time_span(arm.time_low_s, arm.time_high_s)),
        speed,
        share(arm.ceiling_share),
        Cell(text="1", value=1.0) if is_reference else ratio(entry.beside_reference),
        Cell(text=str(entry.verdict), state=str(entry.verdict)),
        Cell(text=f"{standing(entry)}{NAME_ONLY * is_left_alone(arm)}", state=str(entry.standing)),
    )
