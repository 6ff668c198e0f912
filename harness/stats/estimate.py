"""What one arm's blocks say about its time, and how sure that is.

Processes differ from one another far more than blocks within a process do, so the process-set is
the unit: a median over the blocks of each set, and an interval over sets. Pooling the blocks would
give intervals many times too narrow. No block is ever deleted.

>>> import numpy as np
>>> summarise(np.array([0, 0, 0, 1, 1, 1]), np.array([1.0, 2.0, 9.0, 3.0, 3.0, 4.0])).time_s
2.5
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.integer[Any]]

CONFIDENCE = 0.95
# Of what somebody wrote down: below these ends an interval says nothing, and above them it holds everything.
LEAST_CONFIDENCE, MOST_CONFIDENCE = 0.5, 0.999
TOLERATED = 0.01  # what two copies of the same thing may differ by, however sure the difference is


@dataclass(frozen=True, kw_only=True)
class Summary:
    """One arm in seconds a call. `low_s` and `high_s` are missing below two sets."""

    time_s: float  # the median over sets of the medians over blocks
    low_s: float | None
    high_s: float | None
    min_s: float  # over blocks
    p95_s: float  # over blocks
    count: int  # of blocks
    sets: int


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A mean with the ends of its interval; the ends are missing below two values."""

    mean: float
    low: float | None
    high: float | None


def summarise(set_index: IntArray, per_call_s: FloatArray) -> Summary:
    """Return what the blocks of one arm say; `set_index` names the process-set of each block."""
    times = checked_times(per_call_s)
    _, medians = grouped_median(np.asarray(set_index), times)
    low, high = time_interval(medians)
    return Summary(
        time_s=float(np.median(medians)),
        low_s=low,
        high_s=high,
        min_s=float(times.min()),
        p95_s=float(np.quantile(times, 0.95)),
        count=times.size,
        sets=medians.size,
    )


def time_interval(per_set_s: Sequence[float] | FloatArray) -> tuple[float | None, float | None]:
    """Return an interval for the time of a call from one median a set, or nothing below two sets.

    Student's t on logarithms: errors of times are multiplicative, and the interval stays positive. It
    is centred on the mean, while the estimate is the median; so it is widened to hold the estimate.
    """
    times = checked_times(np.asarray(per_set_s, dtype=np.float64))
    found = mean_interval(np.log(times))
    if found.low is None or found.high is None:
        return None, None
    centre = float(np.median(times))
    return min(float(np.exp(found.low)), centre), max(float(np.exp(found.high)), centre)


def mean_interval(values: FloatArray, confidence: float = CONFIDENCE) -> Interval:
    """Return the mean of independent `values` and Student's interval for it."""
    return mean_intervals(values[np.newaxis], confidence)[0]


def mean_intervals(values: FloatArray, confidence: float = CONFIDENCE) -> list[Interval]:
    """Return the mean and its interval for each row of `values`."""
    count = values.shape[1]
    means = values.mean(axis=1)
    if count < 2:  # noqa: PLR2004  (one value has no spread)
        return [Interval(mean=mean, low=None, high=None) for mean in means.tolist()]
    halves = t_quantile(count - 1, confidence) * values.std(axis=1, ddof=1) / count**0.5
    return [
        Interval(mean=mean, low=mean - half, high=mean + half)
        for mean, half in zip(means.tolist(), halves.tolist(), strict=True)
    ]


def grouped_median(groups: IntArray, values: FloatArray) -> tuple[IntArray, FloatArray]:
    """Return the distinct groups, in order, and the median of the values of each."""
    order = np.lexsort((values, groups))
    groups, values = groups[order], values[order]
    starts = np.flatnonzero(np.r_[True, groups[1:] != groups[:-1]])
    counts = np.diff(np.r_[starts, groups.size])
    medians = (values[starts + (counts - 1) // 2] + values[starts + counts // 2]) / 2
    return groups[starts], medians


@cache
def t_quantile(degrees: int, confidence: float = CONFIDENCE) -> float:
    """Return how many standard errors a two-sided interval reaches to either side.

    SciPy's special functions cost 0.2 s of processor time and 22 MiB where they are first needed. Below a
    quarter of a second that is cheaper than functions of our own, which would have to be proved as these are.
    """
    from scipy.special import stdtrit  # here, for many commands never need it

    return float(stdtrit(degrees, 0.5 + confidence / 2))


def believed_confidence(told: object) -> float | None:
    """Return the confidence that somebody wrote down, where it is one that an interval can have; else nothing."""
    if isinstance(told, float) and LEAST_CONFIDENCE <= told <= MOST_CONFIDENCE:
        return told
    return None


def checked_times(times: FloatArray) -> FloatArray:
    """Return `times`, or raise: a call that took no time, or less, was not measured."""
    if times.size == 0:
        msg = "no blocks, so there is no time to estimate"
        raise ValueError(msg)
    if not (np.isfinite(times).all() and (times > 0).all()):
        msg = f"times must be positive and finite, and these are not: {times[~(times > 0) | ~np.isfinite(times)][:5]}"
        raise ValueError(msg)
    return times


def agree(log_low: float, log_high: float) -> bool:
    """Return whether an interval for the ratio of two copies of the same thing gives no alarm.

    One honest interval in twenty misses 1 by its very construction, often by a hair. What takes the
    ground from under verdicts is a difference that is both sure and of a size that matters.
    """
    tolerated = float(np.log1p(TOLERATED))
    return log_low <= 0 <= log_high or max(abs(log_low), abs(log_high)) <= tolerated
