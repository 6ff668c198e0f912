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
class Judgement:
    """One pair: the time of the new arm over that of the base, as a logarithm, and what follows.

    The ends of the interval are missing below two sets, and so are the probabilities: `p_slower` and
    `p_faster` of seeing this were the truth inside the margin, `p_equal` of seeing it were the truth
    outside, `p_none` were there no difference at all.
    """

    verdict: Verdict
    log: float | None
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
    def ratio(self) -> float | None:
        """Above 1, the new arm is the slower."""
        return None if self.log is None else math.exp(self.log)

    @property
    def low(self) -> float | None:
        """The lower end of the interval of the ratio."""
        return None if self.log_low is None else math.exp(self.log_low)

    @property
    def high(self) -> float | None:
        """The upper end of it."""
        return None if self.log_high is None else math.exp(self.log_high)

    @property
    def found(self) -> bool:
        """Whether the interval misses 1: there is a difference, whatever its size."""
        return self.log_low is not None and self.log_high is not None and not self.log_low <= 0 <= self.log_high

    @property
    def detectable(self) -> float | None:
        """The share by which times had to differ before this comparison could have seen it."""
        if self.log_low is None or self.log_high is None:
            return None
        return math.expm1((self.log_high - self.log_low) / 2)


def judge(
    per_set: FloatArray,
    *,
    margins: float | Sequence[float] | FloatArray = MARGIN,
    confidence: float = CONFIDENCE,
    correction: Correction = Correction.NONE,
    pairing: str | Sequence[str] = "round",
) -> list[Judgement]:
    """Judge pairs from logarithms [pair, set], NaN where a set has none; all of them are one family."""
    count = per_set.shape[0]
    shares = np.broadcast_to(np.asarray(margins, dtype=np.float64), (count,))
    named = [pairing] * count if isinstance(pairing, str) else list(pairing)
    least = np.array([LEAST_SETS[name] for name in named], dtype=np.int64)
    return _Family(per_set, shares, confidence, correction, least).judgements()


class _Family:
    """All pairs at once: a thousand of them one by one would take a second."""

    def __init__(
        self, per_set: FloatArray, margins: FloatArray, confidence: float, correction: Correction, least: IntArray
    ) -> None:
        self._margins = margins
        self._confidence = confidence
        self._correction = correction
        known = np.isfinite(per_set)
        self.sets = known.sum(axis=1)
        filled = np.where(known, per_set, 0.0)
        counted = np.maximum(self.sets, 1)
        self.mean = np.where(self.sets > 0, filled.sum(axis=1) / counted, np.nan)
        squares = np.where(known, (per_set - self.mean[:, None]) ** 2, 0.0).sum(axis=1)
        degrees = np.maximum(self.sets - 1, 1)
        self.error = np.where(self.sets > 1, np.sqrt(squares / degrees / counted), np.nan)
        self.degrees = degrees.astype(np.float64)
        self.enough = self.sets >= least

    def judgements(self) -> list[Judgement]:
        from scipy.special import stdtrit  # here, for many commands never need it

        error = 1 - self._confidence
        half = stdtrit(self.degrees, 1 - error / 2) * self.error
        edge = np.log1p(self._margins)
        p_slower, p_faster = self._upper(self.mean - edge), self._upper(-self.mean - edge)
        p_equal = np.maximum(self._upper(self.mean + edge), self._upper(edge - self.mean))
        p_none = np.minimum(1.0, 2 * self._upper(np.abs(self.mean)))
        sure_slower, sure_faster = self._corrected(p_slower, error), self._corrected(p_faster, error)
        made = []
        for at in range(self.mean.size):
            alone = self._alone(at, half[at], edge[at], p_equal[at], error)
            sure = {Verdict.REGRESSED: sure_slower[at], Verdict.IMPROVED: sure_faster[at]}.get(alone, True)
            some = bool(self.sets[at] > 1)
            made.append(
                Judgement(
                    verdict=alone if sure else Verdict.SMALL_CHANGE,
                    log=float(self.mean[at]) if self.sets[at] else None,
                    log_low=float(self.mean[at] - half[at]) if some else None,
                    log_high=float(self.mean[at] + half[at]) if some else None,
                    sets=int(self.sets[at]),
                    margin=float(self._margins[at]),
                    confidence=self._confidence,
                    p_slower=float(p_slower[at]) if some else None,
                    p_faster=float(p_faster[at]) if some else None,
                    p_equal=float(p_equal[at]) if some else None,
                    p_none=float(p_none[at]) if some else None,
                    among=int(self.enough.sum()),
                    alone=None if sure else alone,
                )
            )
        return made

    def _alone(self, at: int, half: float, edge: float, p_equal: float, error: float) -> Verdict:
        """Return the verdict of one pair as if there were no other."""
        mean = self.mean[at]
        if self.sets[at] == 0:
            return Verdict.NOT_COMPARABLE
        if not self.enough[at]:
            return Verdict.INCONCLUSIVE
        if mean - half > edge:
            return Verdict.REGRESSED
        if mean + half < -edge:
            return Verdict.IMPROVED
        if p_equal < error:
            return Verdict.EQUIVALENT
        return Verdict.SMALL_CHANGE if abs(mean) > half else Verdict.INCONCLUSIVE

    def _upper(self, excess: FloatArray) -> FloatArray:
        """Return the probability of a mean at least `excess` above the truth; sets without spread are certain."""
        from scipy.special import stdtr

        with np.errstate(divide="ignore", invalid="ignore"):
            steps = np.where(self.error > 0, excess / self.error, np.sign(excess) * np.inf)
        steps = np.where(excess == 0, 0.0, steps)
        return np.where(self.sets > 1, stdtr(self.degrees, -steps), np.nan)

    def _corrected(self, p: FloatArray, error: float) -> BoolArray:
        """Return which of one-sided tests hold among all of the family."""
        adjusted = np.ones(p.size)
        tested = self.enough & np.isfinite(p)
        adjusted[tested] = adjust(p[tested], self._correction)
        return adjusted <= error
