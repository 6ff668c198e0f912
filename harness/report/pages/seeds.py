"""Trainings that differ in their seed alone, taken together: who came to the goal, and how good they ended."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from harness.core.target import split_threads
from harness.report import words
from harness.report.charts.look import apart
from harness.report.charts.quality import in_words, params_but, tried
from harness.report.findings import RunFindings, name_of
from harness.report.rows import is_to_a_goal, params_of, precision_of
from harness.stats.estimate import t_quantile
from harness.store.record import Measurement, Outcome

FEWEST = 3  # seeds of which a mean without the best and the worst is anything
_LARGEST = 1e300  # beyond it a number is no goal
_PLAIN = "float32"  # the precision that others are seen beside


@dataclass(frozen=True, kw_only=True)
class Group:
    """The trainings of one target, at one number of threads, that differ in their seed alone."""

    case: str
    target: str
    precision: str
    goal: float | None
    alike: str  # all parameters but the seed and the precision: where these differ, so does the work
    threads: str  # in words, where numbers of threads were compared
    arms: tuple[Measurement, ...]

    @property
    def reached(self) -> list[Measurement]:
        """Those that came to the goal."""
        return [arm for arm in self.arms if arm.epochs is not None and arm.outcome == Outcome.MEASURED]

    def accuracies(self) -> dict[str, float]:
        """Return the accuracy after the last epoch, by seed."""
        return {_seed(arm): arm.accuracy for arm in self.arms if words.known(arm.accuracy)}

    def is_like(self, other: Group) -> bool:
        """Whether the two are the same work at equal threads, whatever their target and their precision."""
        return (self.case, self.alike, self.threads) == (other.case, other.alike, other.threads)

    def is_reference(self, reference: str) -> bool:
        """Whether others are seen beside this one: the reference, in the precision that nothing is changed in."""
        return (self.target, self.precision) == (reference, _PLAIN)


@dataclass(frozen=True, kw_only=True)
class Points:
    """A difference in percentage points, with its interval where there are two seeds or more."""

    mean: float
    span: tuple[float, float] | None = None


def groups_of(run: RunFindings) -> list[Group]:
    """Return the trainings to a goal that were begun."""
    found: dict[tuple[str, str, str, str, str], list[Measurement]] = defaultdict(list)
    for arm in run.arms:
        if is_to_a_goal(arm) and tried(arm):
            precision = precision_of(arm)
            alike, threads = params_but(arm, "seed", "precision"), split_threads(arm.label)[1]
            found[arm.case.partition("[")[0], name_of(arm), precision, alike, threads].append(arm)
    return [
        Group(
            case=case,
            target=target,
            precision=precision,
            goal=_goal(arms[0]),
            alike=alike,
            threads=threads,
            arms=tuple(arms),
        )
        for (case, target, precision, alike, threads), arms in found.items()
    ]


def case_in_full(group: Group, groups: Sequence[Group]) -> str:
    """Return what the case of a group is called: with what tells it from others of that name, and its threads."""
    others = map(in_words, {other.alike for other in groups if other.case == group.case})
    told = apart(in_words(group.alike), [*others], but=("target",))  # the goal has a column
    return ", ".join(filter(None, (group.case, *told, group.threads)))


def beside(group: Group, groups: Sequence[Group], reference: str) -> Points | None:
    """Return the difference in accuracy to float32 on the reference, of equal seeds and equal work."""
    base = next((other for other in groups if other.is_like(group) and other.is_reference(reference)), None)
    if base is None:
        return None
    before, now = base.accuracies(), group.accuracies()
    points = [100 * (now[seed] - before[seed]) for seed in sorted(before.keys() & now.keys())]
    if len(points) < 2:  # noqa: PLR2004  (a spread needs two)
        return Points(mean=points[0]) if points else None
    half = t_quantile(len(points) - 1) * stdev(points) / math.sqrt(len(points))
    return Points(mean=fmean(points), span=(fmean(points) - half, fmean(points) + half))


def olympic(values: Sequence[float], of: int) -> float | None:
    """Return the mean without the least and the largest of so many tries, where there are enough.

    What never arrived was the slowest; where that happened twice, nothing is known of the mean.
    """
    if of < FEWEST:
        return fmean(values) if values and len(values) == of else None
    return fmean(sorted(values)[1 : of - 1]) if len(values) >= of - 1 else None


def mean(values: Sequence[float | None]) -> float | None:
    """Return the mean of those that there are."""
    kept = [value for value in values if words.known(value)]
    return fmean(kept) if kept else None


def _goal(arm: Measurement) -> float | None:
    goal = params_of(arm).get("target")
    return float(goal) if isinstance(goal, int | float) and abs(goal) < _LARGEST else None


def _seed(arm: Measurement) -> str:
    return json.dumps(params_of(arm).get("seed", 0))
