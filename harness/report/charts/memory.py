"""How much memory was taken at most: of the device, and of the host, each in a picture of its own.

The two are never laid on one another: their peaks are of different moments, and their sum is nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.core.units import size
from harness.report import words
from harness.report.charts.look import Look, facets, left_out, time_of
from harness.report.content import Cell, Chart, Column, Row, Table, name
from harness.report.findings import RunFindings, case_of, name_of
from harness.report.lazy import Rows
from harness.report.picture import Bar, Stacks
from harness.store.record import Measurement

MOST_BARS_OF = 12  # cases


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of memory: the column that tells its peak, and what that figure is."""

    column: str
    part: str
    reading: str


_MORE = "There are no intervals: it is the largest figure of all fresh starts."
KINDS = (
    Kind(
        column="peak_memory_bytes",
        part="device memory",
        reading="Each bar is the most memory of the device that the framework's own account shows. It counts from "
        "the start of the process, which may have measured larger cases before, so a small case may show the figure "
        f"of a larger one. A target without a bar does not tell. {_MORE}",
    ),
    Kind(
        column="peak_host_bytes",
        part="host memory",
        reading="Each bar is the most memory of the host that the process took while the case was made ready and "
        "first run, beyond what it held before: what the framework took when it was loaded is not in it, and what it "
        "had taken for an earlier case and kept is not either. What a framework takes when it works for the first time "
        f"is borne by whichever case came first in its process, so one bar may stand out for no other reason. {_MORE}",
    ),
)


def charts(run: RunFindings, look: Look) -> list[Chart]:
    """Return a picture for each kind of memory that any target tells of; the first bears the table of both."""
    told = [arm for arm in run.arms if time_of(arm) is not None and any(_bytes(arm, kind) for kind in KINDS)]
    made = [chart for kind in KINDS for chart in _charts(kind, told, look)]
    return [replace(made[0], table=_table(told, look)), *made[1:]] if made else []


def _bytes(arm: Measurement, kind: Kind) -> int | None:
    found = getattr(arm, kind.column)
    return found if isinstance(found, int) and found > 0 else None


def _charts(kind: Kind, arms: Sequence[Measurement], look: Look) -> list[Chart]:
    cases: dict[str, list[Bar]] = defaultdict(list)
    for arm in arms:
        held = _bytes(arm, kind)
        if held is not None:
            cases[case_of(arm)].append(Bar(name=case_of(arm), target=name_of(arm), parts={kind.part: float(held)}))
    if not cases:
        return []
    most = sorted(cases, key=lambda case: -max(bar.parts[kind.part] for bar in cases[case]))[:MOST_BARS_OF]
    few = f", the {len(most)} of {len(cases)} cases that take most" if len(most) < len(cases) else ""
    title = f"Peak of {kind.part}{few}"
    picture = Stacks(
        name=look.file(f"memory-{kind.part.partition(' ')[0]}"),
        section="memory",
        title=title,
        alt=f"{title}, in bytes for each target",
        unit="bytes",
        targets=look.targets,
        bars=tuple(bar for case, found in cases.items() if case in most for bar in found),
        parts=(kind.part,),
    )
    return [Chart(picture=picture, reading=f"{kind.reading}{left_out(len(most), len(cases))}")]


def _table(arms: Sequence[Measurement], look: Look) -> Table:
    columns = [Column(title=kind.part, number=True, unit="B", about=f"the most {kind.part} taken") for kind in KINDS]
    return Table(
        name=look.file("memory"),
        title="Peaks of memory",
        columns=(Column(title="case"), Column(title="target"), *columns),
        rows=Rows(_row, arms),
        note="A dash stands where a figure was not told.",
    )


def _row(arm: Measurement) -> Row:
    peaks = [_bytes(arm, kind) for kind in KINDS]
    return Row(
        cells=(
            Cell(text=name(case_of(arm))),
            Cell(text=name(name_of(arm))),
            *(Cell(text=words.UNKNOWN if held is None else size(held), value=held) for held in peaks),
        ),
        facets=facets(arm),
    )
