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

LEAST_SESSIONS = 5
LEAST_RATIO = 1.25
LEAST_NODES = 3
ODD_MARGIN = 0.05  # by how much a machine has to differ from its like before it is called odd


@dataclass(frozen=True, kw_only=True)
class Apart:
    """The time of the new over the time of the base, as a logarithm, without any pairing."""

    log: float
    log_low: float | None
    log_high: float | None
    sessions: tuple[int, int]
    too_close: bool  # no verdict: too few sessions, an interval with 1 in it, or a ratio below 1.25

    @property
    def ratio(self) -> float:
        """Above 1, the new one is the slower."""
        return math.exp(self.log)

    @property
    def low(self) -> float | None:
        """The lower end of the interval."""
        return None if self.log_low is None else math.exp(self.log_low)

    @property
    def high(self) -> float | None:
        """The upper end of the interval."""
        return None if self.log_high is None else math.exp(self.log_high)


def apart(base_s: Sequence[float], new_s: Sequence[float], *, confidence: float = CONFIDENCE) -> Apart:
    """Compare times of a call, one a session, of two that never ran side by side."""
    base, new = (np.log(checked_times(np.asarray(times, dtype=np.float64))) for times in (base_s, new_s))
    log = float(new.mean() - base.mean())
    half = _half(base, new, confidence)
    enough = min(base.size, new.size) >= LEAST_SESSIONS
    sure = enough and half is not None and abs(log) > half and abs(log) >= math.log(LEAST_RATIO)
    return Apart(
        log=log,
        log_low=None if half is None else log - half,
        log_high=None if half is None else log + half,
        sessions=(base.size, new.size),
        too_close=not sure,
    )


def _half(base: FloatArray, new: FloatArray, confidence: float) -> float | None:
    """Return half of Welch's interval; two sessions of each are the least that have a spread."""
    if min(base.size, new.size) < 2:  # noqa: PLR2004
        return None
    parts = [float(values.var(ddof=1)) / values.size for values in (base, new)]
    total = sum(parts)
    if total == 0:
        return 0.0
    degrees = total**2 / sum(part**2 / (values.size - 1) for part, values in zip(parts, (base, new), strict=True))
    from scipy.special import stdtrit

    return float(stdtrit(degrees, 0.5 + confidence / 2)) * math.sqrt(total)


@dataclass(frozen=True, kw_only=True)
class Node:
    """One machine among its like: how its times stand to those of the median machine."""

    name: str
    log: float | None  # missing where it shares no case with enough others
    log_low: float | None
    log_high: float | None
    sessions: int
    cases: int
    odd: bool

    @property
    def ratio(self) -> float | None:
        """Above 1, it is slower than the median machine."""
        return None if self.log is None else math.exp(self.log)

    @property
    def low(self) -> float | None:
        """The lower end of the interval."""
        return None if self.log_low is None else math.exp(self.log_low)

    @property
    def high(self) -> float | None:
        """The upper end of the interval."""
        return None if self.log_high is None else math.exp(self.log_high)


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
