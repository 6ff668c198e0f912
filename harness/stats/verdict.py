"""What may be concluded from the process-sets of many pairs of arms, and how surely.

Each pair has one number a process-set: the logarithm of the time of the new arm over that of the base.
Over sets stands Student's t, and a margin says which differences matter at all. The words, in the
order in which they are tried:

========================  ==================================================================
``regressed``             the interval lies above the margin: slower by more than it
``improved``              it lies below
``equivalent``            two one-sided tests put the ratio inside the margin
``small-change``          the interval misses 1 but not the margin: a difference, of no proved size
``inconclusive``          none of these
========================  ==================================================================

Among many pairs some intervals miss by chance, so `judge` corrects for their number: a difference that
is not sure beyond the margin once all its neighbours are counted is a small change and no more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from harness.stats.estimate import CONFIDENCE, FloatArray, IntArray
from harness.stats.interval import LogRatio
from harness.stats.multiplicity import Correction, adjust

LEAST_SETS = {"round": 5, "process": 10}  # by pairing: below these nothing is concluded
MARGIN = 0.02  # the share by which times have to differ before anybody is told


BoolArray = NDArray[np.bool_]


class Verdict(StrEnum):
    """What is said of an arm beside what it is compared with."""

    REGRESSED = "regressed"
    IMPROVED = "improved"
    EQUIVALENT = "equivalent"
    SMALL_CHANGE = "small-change"
    INCONCLUSIVE = "inconclusive"
    INVALID = "invalid"
    MISSING = "missing"
    NEW = "new"
    NOT_COMPARABLE = "not-comparable"
    FAILED = "failed"


DECIDED = frozenset({Verdict.REGRESSED, Verdict.IMPROVED, Verdict.EQUIVALENT})
FLAGGED = frozenset({Verdict.REGRESSED, Verdict.IMPROVED})  # differences that are measured again before they are told


@dataclass(frozen=True, kw_only=True)
class Judgement(LogRatio):
    """One pair: the time of the new arm over that of the base, and what follows.

    The ends of the interval are missing below two sets, and so are the probabilities: `p_slower` and
    `p_faster` of seeing this were the truth inside the margin, `p_equal` of seeing it were the truth
    outside, `p_none` were there no difference at all.
    """

    verdict: Verdict
    log_low: float | None = None
    log_high: float | None = None
    sets: int = 0
    margin: float = MARGIN
    confidence: float = CONFIDENCE
    p_slower: float | None = None
    p_faster: float | None = None
    p_equal: float | None = None
    p_none: float | None = None
    among: int = 1  # pairs that were judged together
    alone: Verdict | None = None  # what it would have been by itself, where its number of neighbours changed that

    @property
    def found(self) -> bool:
        """Whether the interval misses 1: there is a difference, whatever its size."""
        return self.covers_one is False


@dataclass(frozen=True, kw_only=True)
class Estimates:
    """What is known of many pairs, one number of each: sets that count, mean of logarithms, its error and degrees."""

    sets: IntArray
    mean: FloatArray
    error: FloatArray  # NaN below two sets
    degrees: FloatArray


def judge(
    per_set: FloatArray,
    *,
    margins: float | Sequence[float] | FloatArray = MARGIN,
    confidence: float = CONFIDENCE,
    correction: Correction = Correction.NONE,
    pairing: str | Sequence[str] = "round",
) -> list[Judgement]:
    """Judge pairs from logarithms [pair, set], NaN where a set has none; all of them are one family."""
    return judge_estimates(
        _paired(per_set), margins=margins, confidence=confidence, correction=correction, pairing=pairing
    )


def judge_estimates(
    known: Estimates,
    *,
    margins: float | Sequence[float] | FloatArray,
    confidence: float,
    correction: Correction,
    pairing: str | Sequence[str],
) -> list[Judgement]:
    """Judge pairs by their means and errors, however these came about; all of them are one family.

    All at once: a thousand of them one by one would take a second.
    """
    from scipy.special import stdtrit  # a third of a second, and many commands never need it

    count = known.mean.size
    shares = np.broadcast_to(np.asarray(margins, dtype=np.float64), (count,))
    named = [pairing] * count if isinstance(pairing, str) else list(pairing)
    enough = known.sets >= np.array([LEAST_SETS[name] for name in named], dtype=np.int64)
    error, edge = 1 - confidence, np.log1p(shares)
    half = stdtrit(known.degrees, 1 - error / 2) * known.error
    tails = {
        "p_slower": _upper(known, known.mean - edge),
        "p_faster": _upper(known, -known.mean - edge),
        "p_equal": np.maximum(_upper(known, known.mean + edge), _upper(known, edge - known.mean)),
        "p_none": np.minimum(1.0, 2 * _upper(known, np.abs(known.mean))),
    }
    sure = {
        Verdict.REGRESSED: _corrected(tails["p_slower"], enough, correction) <= error,
        Verdict.IMPROVED: _corrected(tails["p_faster"], enough, correction) <= error,
    }
    made = []
    for at in range(count):
        mean, some = float(known.mean[at]), bool(known.sets[at] > 1)
        alone = _alone(mean, half[at], edge[at], equal=tails["p_equal"][at] < error, enough=enough[at])
        held = alone not in sure or bool(sure[alone][at])
        made.append(
            Judgement(
                verdict=alone if held else Verdict.SMALL_CHANGE,
                log=mean if known.sets[at] else None,
                log_low=mean - float(half[at]) if some else None,
                log_high=mean + float(half[at]) if some else None,
                sets=int(known.sets[at]),
                margin=float(shares[at]),
                confidence=confidence,
                **{name: float(values[at]) if some else None for name, values in tails.items()},
                among=int(enough.sum()),
                alone=None if held else alone,
            )
        )
    return made


def mean_of(values: FloatArray) -> tuple[IntArray, FloatArray, FloatArray]:
    """Return for each row of numbers, NaN left out, how many there are, their mean and the square of its error."""
    known = np.isfinite(values)
    count = known.sum(axis=1)
    counted = np.maximum(count, 1)
    mean = np.where(count > 0, np.where(known, values, 0.0).sum(axis=1) / counted, np.nan)
    squares = np.where(known, (values - mean[:, None]) ** 2, 0.0).sum(axis=1)
    return count, mean, squares / np.maximum(count - 1, 1) / counted


def _paired(per_set: FloatArray) -> Estimates:
    sets, mean, squared = mean_of(per_set)
    error = np.where(sets > 1, np.sqrt(squared), np.nan)
    return Estimates(sets=sets, mean=mean, error=error, degrees=np.maximum(sets - 1, 1).astype(np.float64))


def _alone(mean: float, half: float, edge: float, *, equal: bool, enough: bool) -> Verdict:
    """Return the verdict of one pair as if there were no other."""
    if not math.isfinite(mean):
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


def _upper(known: Estimates, excess: FloatArray) -> FloatArray:
    """Return the probability of a mean at least `excess` above the truth; what has no spread is certain."""
    from scipy.special import stdtr

    with np.errstate(divide="ignore", invalid="ignore"):
        steps = np.where(known.error > 0, excess / known.error, np.sign(excess) * np.inf)
    steps = np.where(excess == 0, 0.0, steps)
    return np.where(known.sets > 1, stdtr(known.degrees, -steps), np.nan)


def _corrected(p: FloatArray, enough: NDArray[np.bool_], correction: Correction) -> FloatArray:
    """Return probabilities of one-sided tests among all of the family, to be held against the error."""
    adjusted = np.ones(p.size)
    tested = enough & np.isfinite(p)
    adjusted[tested] = adjust(p[tested], correction)
    return adjusted
