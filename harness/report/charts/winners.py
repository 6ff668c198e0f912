"""Who wins: a lane for each case of a class, a dot with its interval for each target."""

from __future__ import annotations

from collections.abc import Sequence

from harness.report.charts.look import (
    NO_INTERVALS,
    Look,
    became,
    drawn_of,
    gap,
    left_out,
    marked,
    numbered,
    parted,
    sureness,
    time_of,
)
from harness.report.content import Chart, name
from harness.report.escape import visible
from harness.report.findings import Board, CaseFindings, Entry, RunFindings, name_of
from harness.report.headline import is_indicative
from harness.report.leads import NO_BLOCKS
from harness.report.picture import Dot, Lane, Lanes
from harness.stats.verdict import LEAST_SETS
from harness.store.record import Measurement

CASES_A_PICTURE, FEWEST_A_PICTURE = 25, 5
ROWS_A_PICTURE = 125  # a taller one shows its marks without the numbers below them

_TIMES = (
    "Each row is a case, and each mark the time of one call on one target: further left is faster. There are no "
    "ratios, because "
)
_NO_REFERENCE = "no reference was measured beside these targets"
_GAPS = "A word in place of a mark says what became of that target: it has no number here, and is compared with nobody."


def charts(run: RunFindings, look: Look, board: Board) -> list[Chart]:
    """Return the pictures of one class: ratios to the reference, or times where there is none."""
    entries = [entry for case in board.cases for entry in case.entries]
    if all(time_of(entry.arm) is None for entry in entries):
        return []
    relative = any(entry.beside_reference and entry.beside_reference.ratio for entry in entries)
    lanes = [_ratios(case) if relative else _times(case) for case in drawn_of(board.cases)]
    what = f"time over that of {visible(run.reference, 60)}" if relative else "time of a call"
    title = marked(f"Class {board.mode_class}: {what}", run)
    size = _a_picture(lanes)
    parts = parted(lanes, size)
    reading = f"{_reading(run, relative=relative)}{left_out(len(lanes), len(board.cases))}"
    made = []
    for at, part in enumerate(parts):
        bars = any(dot.low < dot.high for lane in part for dot in lane.dots.values())
        first = at * size + 1
        picture = Lanes(
            name=look.file(f"{board.mode_class}-{at + 1:02d}"),
            section=board.mode_class,
            title=numbered(title, at, len(parts)),
            alt=f"{title}{', with intervals' if bars else ''}, cases {first} to {first + len(part) - 1} "
            f"of {len(board.cases)}",
            unit=f"{what}: left is faster",
            targets=look.targets,
            lanes=tuple(part),
            line_at_one=relative,
        )
        made.append(Chart(picture=picture, reading=reading))
    return made


def _a_picture(lanes: Sequence[Lane]) -> int:
    """Return how many lanes a picture holds: fewer where each has many targets."""
    rows = 1 + max(len(lane.dots) + len(lane.gaps) for lane in lanes)
    return max(FEWEST_A_PICTURE, min(CASES_A_PICTURE, ROWS_A_PICTURE // rows))


def _ratios(case: CaseFindings) -> Lane:
    found = {name_of(entry.arm): (_ratio(entry), gap(entry)) for entry in case.entries}
    return _lane(case, found)


def _times(case: CaseFindings) -> Lane:
    found = {name_of(entry.arm): (_time(entry.arm), became(entry.arm)) for entry in case.entries}
    return _lane(case, found)


def _lane(case: CaseFindings, found: dict[str, tuple[Dot | None, str]]) -> Lane:
    return Lane(
        name=case.name,
        dots={target: dot for target, (dot, _) in found.items() if dot is not None},
        gaps={target: word for target, (dot, word) in found.items() if dot is None},
        key=case.key,
    )


def _ratio(entry: Entry) -> Dot | None:
    if entry.measured and entry.verdict == "reference":
        return Dot(x=1.0, y=0.0, low=1.0, high=1.0)
    beside = entry.beside_reference
    if beside is None or beside.ratio is None:
        return None
    return Dot(x=beside.ratio, y=0.0, low=beside.low or beside.ratio, high=beside.high or beside.ratio)


def _time(arm: Measurement) -> Dot | None:
    time = time_of(arm)
    if time is None:
        return None
    return Dot(x=time, y=0.0, low=arm.time_low_s or time, high=arm.time_high_s or time)


def _reading(run: RunFindings, *, relative: bool) -> str:
    times = f"{_TIMES}{_NO_REFERENCE if run.blocks_read else NO_BLOCKS}."
    return " ".join([_what(run) if relative else times, _sure(run, relative=relative), _GAPS])


def _what(run: RunFindings) -> str:
    return (
        f"Each row is a case. A mark is the time of one target divided by the time of {name(run.reference)} in the "
        "same repeats, so 0.50 is half the time, and left of the line at 1 is faster."
    )


def _sure(run: RunFindings, *, relative: bool) -> str:
    if run.sets < 2:  # noqa: PLR2004  (one has no spread)
        return NO_INTERVALS
    level = sureness(run) if relative else "95 %"
    said = f"The bar through a mark is its {level} interval, taken over fresh starts."
    if is_indicative(run):
        return f"{said} They are fewer than the {LEAST_SETS['round']} that a verdict needs: this is indicative."
    if not relative:
        return f"{said} On a machine that wanders, times are far less sure than ratios: close ones prove nothing."
    return (
        f"{said} Where it reaches across 1, this run could not tell the two apart, which does not make them equal. "
        "Compare two targets with each other by the tables, not by how their bars overlap."
    )
