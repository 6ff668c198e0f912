"""How noisy a session was, in one word, and what it would take to see a difference on such a machine.

The word comes from what the session itself shows: two copies of one arm, and how far apart they came
out. Readings of the machine explain it and are no part of it, for the noise that matters most is seen by
none of them.

An arm's ratio differs from process to process (`between`) and from round to round (`within`). The
median of N rounds errs by sqrt(pi / 2 / N) of the latter, so over K process-sets

    error^2 = (between^2 + pi / 2 * within^2 / N) / K

>>> spread = Spread(between=0.005, within=0.02)
>>> round(spread.error(sets=5, rounds=30), 4)
0.003
>>> spread.effort(0.02).sets
5
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from harness.stats.estimate import CONFIDENCE, FloatArray, t_quantile

POWER = 0.90  # of what is there is to be found, when it is said what finding it takes
LOOKS = (5, 10, 15, 20)
ROUNDS = 30  # of a process-set, as a session has them
LEAST_ROUNDS = 5
MOST_ROUNDS = 1000  # beyond it rounds are no longer what is wanting
MOST_SETS = 60  # three times what a run ever measures: more is no plan
_NORMAL = 1.4826  # the standard deviation of a normal distribution over its median absolute deviation
_OF_MEDIAN = math.pi / 2  # the variance of a median over that of a mean


class Grade(StrEnum):
    """What a session is good for."""

    QUIET = "quiet"
    FAIR = "fair"
    NOISY = "noisy"
    UNUSABLE = "unusable"


# What could be seen, at most, and the word for it (reasons: docs/noise.md).
LIMITS = ((0.01, Grade.QUIET), (0.02, Grade.FAIR), (0.05, Grade.NOISY))


def grade_of(seen: float) -> Grade:
    """Return the word for a session in which a difference of the share `seen` could be seen."""
    return next((grade for limit, grade in LIMITS if seen <= limit), Grade.UNUSABLE)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """The difference that could be seen, as a share: in the middle one of several cases.

    `set_sd` is the standard deviation of a logarithm from process-set to process-set. Of a single one
    there is none, and `share` is what its rounds alone allow: the differences of processes are not in it.
    """

    share: float
    sets: int
    cases: int
    set_sd: float | None

    @property
    def grade(self) -> Grade:
        """The word for it."""
        return grade_of(self.share)

    def sets_to_find(self, difference: float) -> int | None:
        """Return how many process-sets such a difference would take; nothing if that cannot be said, or is absurd."""
        if self.set_sd is None:
            return None
        wanted = math.log1p(difference)
        return next((sets for sets in range(5, MOST_SETS + 1) if _reach(sets) * self.set_sd <= wanted), None)


def seen_of(cases: Iterable[FloatArray], *, confidence: float = CONFIDENCE) -> Seen | None:
    """Return what could be seen in cases, each the logarithms [set, round] of the ratio of two copies of an arm.

    `confidence` is that of the intervals of the run, so that both say the same.
    """
    known = [logs for logs in map(_without_gaps, cases) if logs]
    if not known:
        return None
    several = [logs for logs in known if len(logs) > 1]
    if several:
        spreads = [float(np.std([np.median(rounds) for rounds in logs], ddof=1)) for logs in several]
        pairs = zip(several, spreads, strict=True)
        halves = [t_quantile(len(logs) - 1, confidence) * sd / len(logs) ** 0.5 for logs, sd in pairs]
        set_sd: float | None = float(np.median(spreads))
    else:
        halves = [_half_of_rounds(logs[0], confidence) for logs in known if logs[0].size >= LEAST_ROUNDS]
        set_sd = None
    if not halves:
        return None
    return Seen(
        share=math.expm1(float(np.median(halves))),
        sets=max(map(len, known)),
        cases=len(halves),
        set_sd=set_sd,
    )


@dataclass(frozen=True, kw_only=True)
class Effort:
    """What finding a difference takes."""

    sets: int
    rounds: int

    def seconds(self, turn_s: float) -> float:
        """Return the measuring time of one case with two arms; `turn_s` is one block with all that belongs to it."""
        return 2 * self.sets * self.rounds * turn_s


@dataclass(frozen=True, kw_only=True)
class Spread:
    """How far the ratio of two copies of an arm strays: standard deviations of logarithms."""

    between: float  # from process to process, beyond what the rounds explain
    within: float  # from round to round, by the median deviation

    def error(self, *, sets: int, rounds: int) -> float:
        """Return the standard error of a session of this size."""
        return math.sqrt((self.between**2 + _OF_MEDIAN * self.within**2 / rounds) / sets)

    def seen(self, *, sets: int, rounds: int = ROUNDS) -> float:
        """Return the half-width of the interval that such a session would have, as a share."""
        return math.expm1(t_quantile(sets - 1) * self.error(sets=sets, rounds=rounds))

    def effort(self, difference: float) -> Effort | None:
        """Return what a difference takes to be found nine times in ten; nothing where processes differ too much.

        The fewest sets whose rounds are not more than a session's; else the least measuring time.
        """
        found = [Effort(sets=sets, rounds=rounds) for sets in LOOKS if (rounds := self._rounds(sets, difference))]
        usual = [effort for effort in found if effort.rounds <= ROUNDS]
        return usual[0] if usual else min(found, key=lambda effort: effort.seconds(1.0), default=None)

    def _rounds(self, sets: int, difference: float) -> int | None:
        """Return how many rounds a set must have; nothing where no number of them would do."""
        left = (math.log1p(difference) / _reach(sets)) ** 2 - self.between**2  # for the rounds of one set
        if left <= 0:
            return None
        rounds = max(LEAST_ROUNDS, math.ceil(_OF_MEDIAN * self.within**2 / left))
        return rounds if rounds <= MOST_ROUNDS else None


def spread_of(logs: FloatArray) -> Spread | None:
    """Return how far logarithms [set, round] stray; nothing below two process-sets."""
    sets = _without_gaps(logs)
    if len(sets) < 2:  # noqa: PLR2004  (one has no spread)
        return None
    medians = [float(np.median(rounds)) for rounds in sets]
    deviations = np.concatenate([rounds - middle for rounds, middle in zip(sets, medians, strict=True)])
    within = _NORMAL * float(np.median(np.abs(deviations)))
    explained = float(np.mean([_OF_MEDIAN * within**2 / rounds.size for rounds in sets]))
    return Spread(between=math.sqrt(max(0.0, float(np.var(medians, ddof=1)) - explained)), within=within)


def _reach(sets: int) -> float:
    """Return the difference, over the error of one set, that `sets` of them find with the wanted power."""
    quantiles = t_quantile(sets - 1) + t_quantile(sets - 1, 2 * POWER - 1)
    return quantiles / math.sqrt(sets)


def _half_of_rounds(rounds: FloatArray, confidence: float) -> float:
    """Return the half-width of an interval for the median of the rounds of a single process-set."""
    within = _NORMAL * float(np.median(np.abs(rounds - np.median(rounds))))
    return t_quantile(rounds.size - 1, confidence) * math.sqrt(_OF_MEDIAN / rounds.size) * within


def _without_gaps(logs: FloatArray) -> Sequence[FloatArray]:
    """Return the rounds of each process-set that has any."""
    return [known for rounds in np.atleast_2d(logs) if (known := rounds[np.isfinite(rounds)]).size]
