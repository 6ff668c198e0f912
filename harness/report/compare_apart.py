"""Two runs that were not one session, judged all the same: Welch's interval over process-sets.

It is what remains when somebody insists, or when both runs hold the same third arm. Sets of a run share
its hour, and an interval over them knows nothing of other hours; those who show these verdicts say so.
The words and their order are those of `harness.stats.verdict`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.stats.estimate import FloatArray
from harness.stats.multiplicity import Correction, adjust
from harness.stats.verdict import LEAST_SETS, Judgement, Verdict


def judge_apart(
    base: FloatArray,
    new: FloatArray,
    *,
    margins: Sequence[float],
    confidence: float,
    correction: Correction,
    pairing: Sequence[str],
) -> list[Judgement]:
    """Judge pairs by logarithms of either side [pair, set], NaN where there is none; all are one family."""
    from scipy.special import stdtrit

    counts = np.stack([np.isfinite(base).sum(axis=1), np.isfinite(new).sum(axis=1)])
    sets, mean = counts.min(axis=0), _mean(new, counts[1]) - _mean(base, counts[0])
    error, degrees = _welch(base, new, counts)
    half = stdtrit(degrees, (1 + confidence) / 2) * error
    edge = np.log1p(np.asarray(margins, dtype=np.float64))
    enough = sets >= np.array([LEAST_SETS[name] for name in pairing], dtype=np.int64)
    tails = {
        "p_slower": _upper(mean - edge, error, degrees),
        "p_faster": _upper(-mean - edge, error, degrees),
        "p_equal": np.maximum(_upper(mean + edge, error, degrees), _upper(edge - mean, error, degrees)),
        "p_none": np.minimum(1.0, 2 * _upper(np.abs(mean), error, degrees)),
    }
    sure = {
        Verdict.REGRESSED: _corrected(tails["p_slower"], enough, correction) <= 1 - confidence,
        Verdict.IMPROVED: _corrected(tails["p_faster"], enough, correction) <= 1 - confidence,
    }
    made = []
    for at in range(mean.size):
        alone = _alone(mean[at], half[at], edge[at], equal=tails["p_equal"][at] < 1 - confidence, enough=enough[at])
        held = alone not in sure or bool(sure[alone][at])
        some = bool(sets[at] > 1)
        made.append(
            Judgement(
                verdict=alone if held else Verdict.SMALL_CHANGE,
                log=float(mean[at]) if sets[at] else None,
                log_low=float(mean[at] - half[at]) if some else None,
                log_high=float(mean[at] + half[at]) if some else None,
                sets=int(sets[at]),
                margin=float(margins[at]),
                confidence=confidence,
                **{name: float(values[at]) if some else None for name, values in tails.items()},
                among=int(enough.sum()),
                alone=None if held else alone,
            )
        )
    return made


def _alone(mean: float, half: float, edge: float, *, equal: bool, enough: bool) -> Verdict:
    if not np.isfinite(mean):
        return Verdict.NOT_COMPARABLE
    if not enough:
        return Verdict.INCONCLUSIVE
    if mean - half > edge:
        return Verdict.REGRESSED
    if mean + half < -edge:
        return Verdict.IMPROVED
    if equal:
        return Verdict.EQUIVALENT
    return Verdict.SMALL_CHANGE if abs(mean) > half else Verdict.INCONCLUSIVE


def _mean(values: FloatArray, count: FloatArray) -> FloatArray:
    total = np.where(np.isfinite(values), values, 0.0).sum(axis=1)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))


def _welch(base: FloatArray, new: FloatArray, counts: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the standard errors of the differences and their degrees of freedom; NaN below two sets of either."""
    parts, squares = [], []
    for values, count in zip((base, new), counts, strict=True):
        beside = np.where(np.isfinite(values), values - _mean(values, count)[:, None], 0.0)
        part = (beside**2).sum(axis=1) / np.maximum(count - 1, 1) / np.maximum(count, 1)
        parts.append(part)
        squares.append(part**2 / np.maximum(count - 1, 1))
    total, below = parts[0] + parts[1], squares[0] + squares[1]
    degrees = np.where(below > 0, total**2 / np.where(below > 0, below, 1.0), 1.0)
    return np.where(counts.min(axis=0) > 1, np.sqrt(total), np.nan), degrees


def _upper(excess: FloatArray, error: FloatArray, degrees: FloatArray) -> FloatArray:
    """Return the probability of a mean at least `excess` above the truth; sides without spread are certain."""
    from scipy.special import stdtr

    with np.errstate(divide="ignore", invalid="ignore"):
        steps = np.where(error > 0, excess / error, np.sign(excess) * np.inf)
    steps = np.where(excess == 0, 0.0, steps)
    return np.where(np.isfinite(error), stdtr(degrees, -steps), np.nan)


def _corrected(p: FloatArray, enough: FloatArray, correction: Correction) -> FloatArray:
    adjusted = np.ones(p.size)
    tested = enough & np.isfinite(p)
    adjusted[tested] = adjust(p[tested], correction)
    return adjusted
