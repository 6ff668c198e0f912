"""Small pictures of what happens step by step, one a case, for losses and for accuracies, and the table of the same.

A row of the table holds the values of one arm. Long ones are shown in part, so that a page stays small however many
steps there were; the file of figures then has all of them in one field, or in several where they are very many.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from harness.report import words
from harness.report.charts.look import Look, facets, numbered, parted
from harness.report.content import Cell, Chart, Column, Row, Table, name
from harness.report.escape import visible
from harness.report.findings import RunFindings, case_of, name_of
from harness.report.lazy import Rows
from harness.report.picture import Curves, Panel
from harness.store.record import Measurement

PANELS = 12  # of a picture
MOST_PANELS, FEW_PANELS = 60, 12
MOST_STEPS = 40  # columns of values in a table
FEWEST_STEPS = 8
MOST_VALUES = 1_500  # in a table, where that leaves as many columns as there have to be
A_FIELD = 600  # values in one field of a file


def panels_of(arms: Sequence[Measurement], column: str) -> list[Panel]:
    """Return a panel for each case of which any target tells these values."""
    cases: dict[str, dict[str, tuple[float, ...]]] = defaultdict(dict)
    for arm in arms:
        values = getattr(arm, column)
        if values and arm.replica == 0:
            cases[case_of(arm)][name_of(arm)] = tuple(values)
    return [Panel(name=case, lines=lines) for case, lines in cases.items()]


def arms_with(run: RunFindings, column: str) -> list[Measurement]:
    """Return the arms that tell values of a column."""
    return [arm for arm in run.arms if getattr(arm, column)]


def curves(
    panels: Sequence[Panel], look: Look, *, file: str, section: str, title: str, step: str, goal: float | None = None
) -> list[Curves]:
    """Return pictures of these panels, a few in each."""
    parts = parted(panels, PANELS)
    return [
        Curves(
            name=look.file(f"{file}-{at + 1:02d}"),
            section=section,
            title=numbered(title, at, len(parts)),
            alt=f"{title}, a small picture for each of {', '.join(visible(panel.name, 40) for panel in part)}",
            unit=title,
            targets=look.targets,
            panels=tuple(part),
            step=step,
            goal=goal,
        )
        for at, part in enumerate(parts)
    ]


def charted(pictures: Sequence[Curves], reading: str, table: Table) -> list[Chart]:
    """Return charts of these pictures, the first of which bears the table of all."""
    return [
        Chart(picture=picture, reading=reading, table=table if at == 0 else None) for at, picture in enumerate(pictures)
    ]


def by_step(arms: Sequence[Measurement], column: str, *, file: str, title: str, step: str) -> Table:
    """Return a table with a line for each arm: its values by step, all of them or some."""
    told = [arm for arm in arms if arm.replica == 0]
    longest = max((len(getattr(arm, column)) for arm in told), default=0)
    every = _every(longest, len(told))
    shown = sorted({*range(1, longest + 1, every), longest})
    packed = range(0, longest, A_FIELD) if every > 1 else range(0)
    return Table(
        name=file,
        title=title,
        columns=(
            Column(title="case"),
            Column(title="target"),
            *(Column(title=f"{step} {at}", number=True) for at in shown),
            *(Column(title=f"{step}s {start + 1} to {min(start + A_FIELD, longest)}") for start in packed),
        ),
        rows=Rows(lambda arm: _row(arm, getattr(arm, column), shown, packed), told),
        note=_thinned(longest, every, step) if every > 1 else "",
    )


def _every(longest: int, rows: int) -> int:
    """Return which of the steps have a column: the first one of so many."""
    most = max(FEWEST_STEPS, min(MOST_STEPS, MOST_VALUES // max(1, rows)))
    return 1 if longest <= most else -(-longest // (most - 1))  # the last one has a column too


def _thinned(longest: int, every: int, step: str) -> str:
    return (
        f"Of {longest:,} {step}s one in {every:,} is shown, and the last. The last columns stand for all values: where "
        "this table is written as a file, they hold them, one after the other."
    )


def _row(arm: Measurement, values: Sequence[float], shown: Sequence[int], packed: Sequence[int]) -> Row:
    cells = (
        Cell(text=name(case_of(arm))),
        Cell(text=name(name_of(arm))),
        *(_value(values[at - 1]) if at <= len(values) else Cell(text=words.UNKNOWN) for at in shown),
        *(_packed(values[start : start + A_FIELD]) for start in packed),
    )
    return Row(cells=cells, facets=facets(arm))


def _value(value: float) -> Cell:
    return Cell(text=f"{value:.4g}", value=value) if words.known(value) else Cell(text="no number")


def _packed(values: Sequence[float]) -> Cell:
    """Return a cell that counts values, and holds them for a file."""
    text = f"{len(values):,} value{'s' * (len(values) != 1)}"
    return Cell(text=text, value=" ".join(f"{value:.9g}" for value in values)) if values else Cell(text=words.UNKNOWN)
