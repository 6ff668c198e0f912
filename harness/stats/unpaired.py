"""What can be said of arms that never ran side by side: on other machines, or in other sessions.

Nothing cancels there. The unit is the session, one number each: a machine that had a bad hour had it
in all blocks of that hour. Intervals are Welch's, over sessions, and a verdict asks for a difference
that no bad hour explains.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.stats.estimate import CONFIDENCE, FloatArray, checked_times, mean_interval
from harness.stats.interval import KnownRatio, LogRatio
from harness.stats.multiplicity import Correction
from harness.stats.verdict import Estimates, Judgement, judge_estimates, mean_of

LEAST_SESSIONS = 5
LEAST_RATIO = 1.25
LEAST_NODES = 3
ODD_MARGIN = 0.05  # by how much a machine has to differ from its like before it is called odd


@dataclass(frozen=True, kw_only=True)
class Apart(KnownRatio):
    """The time of the new over the time of the base, without any pairing."""

    sessions: tuple[int, int]
    too_close: bool  # no verdict: too few sessions, an interval with 1 in it, or a ratio below 1.25


def apart(base_s: Sequence[float], new_s: Sequence[float], *, confidence: float = CONFIDENCE) -> Apart:
    """Compare times of a call, one a session, of two that never ran side by side."""
    base, new = (np.log(checked_times(np.asarray(times, dtype=np.float64))) for times in (base_s, new_s))
    known = _welch(base[None], new[None])
    log, half = float(known.mean[0]), _half(known, confidence)
    enough = known.sets[0] >= LEAST_SESSIONS
    sure = enough and half is not None and abs(log) > half and abs(log) >= math.log(LEAST_RATIO)
    return Apart(
        log=log,
        log_low=None if half is None else log - half,
        log_high=None if half is None else log + half,
        sessions=(base.size, new.size),
        too_close=not sure,
    )


def judge_apart(
    base: FloatArray,
    new: FloatArray,
    *,
    margins: Sequence[float],
    confidence: float,
    correction: Correction,
    pairing: Sequence[str],
) -> list[Judgement]:
    """Judge pairs of two runs by logarithms of either side [pair, set], NaN where there is none; all are one family.

    It is what remains when somebody insists, or when both runs hold the same third arm. Sets of a run share
    its hour, and an interval over them knows nothing of other hours; those who show these verdicts say so.
    """
    known = _welch(base, new)
    return judge_estimates(known, margins=margins, confidence=confidence, correction=correction, pairing=pairing)


def _welch(base: FloatArray, new: FloatArray) -> Estimates:
    """Return the differences of means [pair] and Welch's errors and degrees of them; two of each are the least."""
    (before, base_mean, base_part), (after, new_mean, new_part) = mean_of(base), mean_of(new)
    counts = np.stack([before, after])
    parts = np.stack([base_part, new_part])
    total = parts.sum(axis=0)
    below = (parts**2 / np.maximum(counts - 1, 1)).sum(axis=0)
    sets = counts.min(axis=0)
    return Estimates(
        sets=sets,
        mean=new_mean - base_mean,
        error=np.where(sets > 1, np.sqrt(total), np.nan),
        degrees=np.where(below > 0, total**2 / np.where(below > 0, below, 1.0), 1.0),
    )


def _half(known: Estimates, confidence: float) -> float | None:
    """Return half of the interval of the only pair, or nothing where it has none."""
    from scipy.special import stdtrit

    half = float(stdtrit(known.degrees[0], 0.5 + confidence / 2) * known.error[0])
    return half if math.isfinite(half) else None


@dataclass(frozen=True, kw_only=True)
class Node(LogRatio):
    """One machine among its like: how its times stand to those of the median machine.

    There is no ratio where it shares no case with enough others.
    """

    name: str
    sessions: int
    cases: int
    odd: bool


def nodes(
    times_s: Mapping[str, FloatArray], *, margin: float = ODD_MARGIN, confidence: float = CONFIDENCE
) -> list[Node]:
    """Judge machines of one kind by their times [session, case], the cases the same for all; NaN where there is none.

    A session of a machine is one number: the mean over cases of the logarithm of its time over that of
    the median machine. Of two machines nobody can say which one is odd, so a case counts where three
    have it. All machines are tested, so the error is shared out among them.
    """
    logs = {name: np.log(times) for name, times in times_s.items()}
    if not logs:
        return []
    centre = _centre(np.stack([_medians(each) for each in logs.values()]))
    level = 1 - (1 - confidence) / len(logs)
    return [_node(name, each - centre, margin, level) for name, each in logs.items()]


def _centre(per_machine: FloatArray) -> FloatArray:
    """Return the median machine's logarithm of each case; NaN where too few have it."""
    enough = np.isfinite(per_machine).sum(axis=0) >= LEAST_NODES
    return np.where(enough, _medians(per_machine), np.nan)


def _medians(values: FloatArray) -> FloatArray:
    """Return the median of each column, without NaN; NaN where there is nothing else."""
    known = np.isfinite(values)
    some = known.any(axis=0)
    return np.where(some, np.nanmedian(np.where(some, values, 0.0), axis=0), np.nan)


def _node(name: str, beside: FloatArray, margin: float, level: float) -> Node:
    known = np.isfinite(beside)
    per_session = np.array([row[kept].mean() for row, kept in zip(beside, known, strict=True) if kept.any()])
    found = mean_interval(per_session, level) if per_session.size else None
    low, high = (None, None) if found is None else (found.low, found.high)
    edge = math.log1p(margin)
    sure = low is not None and high is not None and (low > edge or high < -edge)
    return Node(
        name=name,
        log=None if found is None else found.mean,
        log_low=low,
        log_high=high,
        sessions=per_session.size,
        cases=int(known.any(axis=0).sum()),
        odd=sure and per_session.size >= LEAST_SESSIONS,
    )
