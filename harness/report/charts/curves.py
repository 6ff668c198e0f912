"""Small pictures of what happens step by step, one a case, for losses and for accuracies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from harness.report.charts.look import Look, numbered, parted
from harness.report.escape import visible
from harness.report.findings import RunFindings, case_of, name_of
from harness.report.picture import Curves, Panel
from harness.store.record import Measurement

PANELS = 12  # of a picture
MOST_PANELS = 60


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
    parts = parted(panels[:MOST_PANELS], PANELS)
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
