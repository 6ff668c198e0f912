"""Which pictures a run gets: ratios or times by case, and speed against size."""

from __future__ import annotations

from collections.abc import Sequence

from harness.report import words
from harness.report.escape import visible
from harness.report.findings import Board, Entry, RunFindings, name_of
from harness.report.headline import is_indicative
from harness.report.learning import curves_of
from harness.report.picture import Dot, Lane, Lanes, Picture, slug
from harness.report.speed import lines_of
from harness.store.record import Measurement, Outcome

CASES_A_PICTURE = 25
MOST_CASES = 300  # of a class; the table has them all


def pictures_of(run: RunFindings, prefix: str = "") -> list[Picture]:
    """Return the pictures of one run."""
    targets = tuple(dict.fromkeys(name_of(arm) for arm in run.arms if arm.replica == 0))
    drawn: list[Picture] = []
    for board in [board for board in run.boards if board.ranked]:
        drawn += _lanes(board, targets, prefix, run)
    return [*drawn, *lines_of(run, targets, prefix), *curves_of(run, targets, prefix)]


def _lanes(board: Board, targets: tuple[str, ...], prefix: str, run: RunFindings) -> list[Picture]:
    entries = [entry for case in board.cases for entry in case.entries]
    if not any(entry.measured for entry in entries):
        return []
    relative = any(entry.beside_reference and entry.beside_reference.ratio for entry in entries)
    lanes = [_lane(case.name, case.entries, relative) for case in board.cases[:MOST_CASES]]
    parts = [lanes[at : at + CASES_A_PICTURE] for at in range(0, len(lanes), CASES_A_PICTURE)]
    what = f"time over that of {visible(run.reference, 60)}" if relative else "time of a call"
    # A picture travels without its page, so it says itself that it holds no verdict.
    title = f"{board.mode_class}: {what}{', indicative' if is_indicative(run) else ''}"
    return [
        Lanes(
            name=slug(f"{prefix}{board.mode_class}-{at + 1:02d}"),
            section=board.mode_class,
            title=_numbered(title, at, len(parts)),
            alt=f"{title}{', with intervals' if _has_intervals(part) else ''}, cases {at * CASES_A_PICTURE + 1} to "
            f"{at * CASES_A_PICTURE + len(part)} of {len(board.cases)}",
            unit=f"{what}: left is faster" if relative else what,
            targets=targets,
            lanes=tuple(part),
            line_at_one=relative,
        )
        for at, part in enumerate(parts)
    ]


def _has_intervals(lanes: Sequence[Lane]) -> bool:
    return any(dot.low < dot.high for lane in lanes for dot in lane.dots.values())


def _lane(name: str, entries: Sequence[Entry], relative: bool) -> Lane:  # noqa: FBT001  (two kinds of one picture)
    dots, gaps = {}, {}
    for entry in entries:
        found = _relative(entry) if relative else _absolute(entry.arm)
        if found is None:
            gaps[name_of(entry.arm)] = entry.arm.outcome if not entry.measured else "no reference"
        else:
            dots[name_of(entry.arm)] = found
    return Lane(name=name, dots=dots, gaps=gaps)


def _relative(entry: Entry) -> Dot | None:
    if entry.measured and entry.verdict == "reference":
        return Dot(x=1.0, y=0.0, low=1.0, high=1.0)
    beside = entry.beside_reference
    if beside is None or beside.ratio is None:
        return None
    return Dot(x=beside.ratio, y=0.0, low=beside.low or beside.ratio, high=beside.high or beside.ratio)


def _absolute(arm: Measurement) -> Dot | None:
    if arm.outcome != Outcome.MEASURED or not words.known(arm.time_s):
        return None
    return Dot(x=arm.time_s, y=0.0, low=arm.time_low_s or arm.time_s, high=arm.time_high_s or arm.time_s)


def _numbered(title: str, at: int, count: int) -> str:
    return title if count == 1 else f"{title} ({at + 1} of {count})"
