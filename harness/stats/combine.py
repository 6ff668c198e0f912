"""One ratio for many cases: the geometric mean, sure or unsure as whole process-sets say.

A process-set is one draw of everything that differs between processes, and it touches all cases at
once, so sets, not cases, are resampled: each is left out in turn (the jackknife). For a table without
gaps that is exactly Student's interval over the sets' own geometric means; unlike drawing sets at
random it needs no seed, and it does not come out too narrow for five of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.stats.estimate import CONFIDENCE, FloatArray, t_quantile
from harness.stats.interval import KnownRatio

FEWEST, MUCH = 3, 0.1  # cases of which a mean may hang on one, and by how much


@dataclass(frozen=True, kw_only=True)
class Combined(KnownRatio):
    """The geometric mean of the ratios of `cases`; `sets` is the least that a case has, and below 2 no interval is."""

    cases: int
    sets: int
    pairing: str = "round"  # "process" where arms of any case alternated by whole processes


def combine(per_set: FloatArray, *, pairing: str = "round", confidence: float = CONFIDENCE) -> Combined | None:
    """Return the geometric mean over cases of logarithms [case, set]; cases that are all NaN are left out."""
    known = per_set[np.isfinite(per_set).any(axis=1)]
    if known.size == 0:
        return None
    known = known[:, np.isfinite(known).any(axis=0)]
    least = int(np.isfinite(known).sum(axis=1).min())
    mean = _mean(known)
    half = None if least < 2 else t_quantile(least - 1, confidence) * _standard_error(known)  # noqa: PLR2004
    return Combined(
        log=mean,
        log_low=None if half is None else mean - half,
        log_high=None if half is None else mean + half,
        cases=known.shape[0],
        sets=least,
        pairing=pairing,
    )


def carried(per_set: FloatArray) -> tuple[tuple[int, float], ...]:
    """Return which cases a mean hangs on: those without which it would be least and largest, and its logarithm then.

    Only what makes much of a difference, or another of the two the quicker one.

    >>> carried(np.log([[1.4], [1.0], [1.0]]))
    ((0, 0.0),)
    >>> carried(np.log([[1.05], [1.0], [1.0]]))
    ()
    """
    known = np.flatnonzero(np.isfinite(per_set).any(axis=1))
    if len(known) < FEWEST:
        return ()
    logs = np.nanmean(per_set[known], axis=1)
    mean = float(logs.mean())
    without = (logs.sum() - logs) / (len(logs) - 1)
    ends = [(int(known[at]), float(without[at])) for at in (without.argmin(), without.argmax())]
    return tuple((at, left) for at, left in ends if abs(left - mean) > np.log1p(MUCH) or left * mean < 0)


def _mean(per_set: FloatArray) -> float:
    return float(np.nanmean(per_set, axis=1).mean())


def _standard_error(per_set: FloatArray) -> float:
    count = per_set.shape[1]
    without = np.array([_mean(np.delete(per_set, index, axis=1)) for index in range(count)])
    return float(np.sqrt((count - 1) / count * ((without - without.mean()) ** 2).sum()))
