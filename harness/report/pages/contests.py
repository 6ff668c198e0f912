"""The ratios of any two arms of a case, so that a page's script can take another reference.

There is one contest for each case of a class: the word for a ratio depends on whether the two are ranked together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TypeAlias

from harness.report.boards import is_withheld, verdict_of
from harness.report.content import Chart, Contest
from harness.report.escape import visible
from harness.report.findings import Board, CaseFindings, RunFindings, contest_of, name_of
from harness.report.pages.cases import placed
from harness.report.picture import Lanes
from harness.store.record import Measurement, Outcome

_Beside: TypeAlias = tuple[float, float | None, float | None, str] | None


def contests_of(run: RunFindings, prefix: str) -> Iterator[Contest]:
    """Yield the contests of a run whose arms were all compared; `prefix` is that of its anchors.

    A case that only one target measured is one as well: that target may be the reference that is chosen.
    """
    known = _by_contest(run) if run.matrix else {}
    if len({name_of(arm) for arms in known.values() for arm in arms}) < 2:  # noqa: PLR2004  (to choose from)
        return
    for board in run.boards:
        rows = {(case.key, entry.arm.key): f"{prefix}{anchor}" for anchor, case, entry in placed(board)}
        for case in board.cases:
            arms = known.get(case.key, [])
            rivals = {visible(name_of(arm)): arm for arm in arms}
            # Two arms of one name cannot be told apart by a reader, so no choice is offered there.
            if arms and len(rivals) == len(arms):
                anchors = {name: rows.get((case.key, arm.key), "") for name, arm in rivals.items()}
                yield Contest(
                    key=_key(prefix, board.mode_class, case.key),
                    arms={name: (anchor,) if anchor else () for name, anchor in anchors.items()},
                    ratios={name: _beside(run, board, case, arm, rivals) for name, arm in rivals.items()},
                )


def of_contests(chart: Chart, prefix: str, mode_class: str) -> Chart:
    """Return the chart of a class with lanes that name the contests of this page."""
    picture = chart.picture
    if not isinstance(picture, Lanes):
        return chart
    lanes = tuple(replace(lane, key=_key(prefix, mode_class, lane.key)) for lane in picture.lanes)
    return replace(chart, picture=replace(picture, lanes=lanes))


def _by_contest(run: RunFindings) -> dict[str, list[Measurement]]:
    found: dict[str, list[Measurement]] = defaultdict(list)
    for arm in run.arms:
        if arm.outcome == Outcome.MEASURED and arm.replica == 0:
            found[contest_of(arm)].append(arm)
    return found


def _beside(
    run: RunFindings, board: Board, case: CaseFindings, base: Measurement, rivals: Mapping[str, Measurement]
) -> dict[str, _Beside]:
    """Return how the arms of a class stand beside `base`, which may be of another one."""
    members = {entry.arm.key for entry in case.entries}
    withheld = is_withheld(run.self_check, case.self_check)
    found: dict[str, _Beside] = {}
    for name, arm in rivals.items():
        if arm.key in members and arm.key != base.key:
            ratio = run.matrix[base.key, arm.key]
            word = verdict_of(ratio, ranked=board.ranked, same_class=base.key in members, withheld=withheld)
            found[name] = None if ratio.ratio is None else (ratio.ratio, ratio.low, ratio.high, str(word))
    return found


def _key(prefix: str, mode_class: str, key: str) -> str:
    return f"{prefix}{mode_class}/{key}"
