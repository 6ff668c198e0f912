"""Which of two arms is faster, by how much, and how sure that is.

Two arms are compared block by block where they share process-set and round, so that what slows the
whole machine for a second slows both: per set the median of ln(t_b / t_a), over sets Student's t.
Ratios are kept as logarithms: swapping the arms then negates every number exactly.

All pairs of a run are compared at once, in a cube of logarithms [arm, set, round] with NaN where
an arm has no block; a Python loop over a third of a million blocks would take minutes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from harness.stats.estimate import CONFIDENCE, FloatArray, IntArray, Interval, checked_times, mean_intervals
from harness.stats.interval import LogRatio
from harness.stats.verdict import LEAST_SETS

if TYPE_CHECKING:
    from collections.abc import Sequence

PAIRS_AT_ONCE = 2000  # bounds the memory that one comparison takes


class Status(StrEnum):
    """What may be said of b beside a."""

    FASTER = "faster"
    SLOWER = "slower"
    TIE = "tie"  # the interval contains 1
    INDICATIVE = "indicative"  # too few process-sets for any verdict
    NOT_COMPARABLE = "not-comparable"  # no block of one was taken beside a block of the other


@dataclass(frozen=True, kw_only=True)
class Ratio(LogRatio):
    """The time of b over the time of a; the ends are missing below two sets."""

    sets: int
    pairs: int  # of blocks
    status: Status


@dataclass(frozen=True, kw_only=True)
class Blocks:
    """The timed blocks of one arm, three arrays of one length."""

    set: IntArray
    round: IntArray
    per_call_s: FloatArray


@dataclass(frozen=True, kw_only=True)
class Ratios:
    """All the pairs that were asked for, in their order; `per_set` is [pair, set], NaN where it was not measured."""

    ratios: tuple[Ratio, ...]
    per_set: FloatArray


def compare_pair(a: Blocks, b: Blocks, *, pairing: str = "round", confidence: float = CONFIDENCE) -> Ratio:
    """Return the time of `b` over the time of `a`."""
    arm = np.repeat([0, 1], [a.set.size, b.set.size])
    cube = cube_of(
        arm,
        np.r_[a.set, b.set],
        np.r_[a.round, b.round],
        np.r_[a.per_call_s, b.per_call_s],
        arms=2,
    )
    return compare_many(cube, [(0, 1)], pairing=pairing, confidence=confidence).ratios[0]


def cube_of(arm: IntArray, sets: IntArray, rounds: IntArray, per_call_s: FloatArray, *, arms: int) -> FloatArray:
    """Lay blocks out as logarithms of times by arm, set and round; several in one place are averaged."""
    set_count, set_at = _ranks(sets)
    round_count, round_at = _ranks(rounds)
    shape = (arms, max(set_count, 1), max(round_count, 1))
    place = (arm * shape[1] + set_at) * shape[2] + round_at
    logs = np.log(checked_times(per_call_s)) if per_call_s.size else per_call_s
    count = np.bincount(place, minlength=math.prod(shape))
    total = np.bincount(place, weights=logs, minlength=math.prod(shape))
    with np.errstate(invalid="ignore"):
        return np.asarray(total / count, dtype=np.float64).reshape(shape)  # 0 / 0 is NaN: no block


def _ranks(numbers: IntArray) -> tuple[int, IntArray]:
    """Return how many distinct numbers there are, and which of them each is; small ones need no sorting."""
    if numbers.size and numbers.min() >= 0 and numbers.max() < numbers.size:
        there = np.bincount(numbers) > 0
        return int(there.sum()), (np.cumsum(there) - 1)[numbers]
    names, at = np.unique(numbers, return_inverse=True)
    return names.size, at


def compare_many(
    cube: FloatArray, pairs: Sequence[tuple[int, int]], *, pairing: str = "round", confidence: float = CONFIDENCE
) -> Ratios:
    """Compare arm b with arm a for each ``(a, b)`` of `pairs`.

    With ``pairing="process"`` arms did not alternate within a process-set, so the medians of whole
    sets are compared, and a verdict needs twice the sets. A run that was looked at several times has
    spent some of its error on every look; `confidence` is then what is left for one interval.
    """
    ratios: list[Ratio] = []
    parts = [np.empty((0, cube.shape[1]))]
    for start in range(0, len(pairs), PAIRS_AT_ONCE):
        a, b = np.asarray(pairs[start : start + PAIRS_AT_ONCE]).T
        per_set, counted = _by_round(cube, a, b) if pairing == "round" else _by_process(cube, a, b)
        parts.append(per_set)
        ratios += _ratios(per_set, counted, pairing, confidence)
    return Ratios(ratios=tuple(ratios), per_set=np.concatenate(parts))


def _by_round(cube: FloatArray, a: IntArray, b: IntArray) -> tuple[FloatArray, IntArray]:
    differences = cube[b] - cube[a]
    return _median(differences), np.isfinite(differences).sum(axis=(1, 2))


def _by_process(cube: FloatArray, a: IntArray, b: IntArray) -> tuple[FloatArray, IntArray]:
    blocks = np.isfinite(cube).sum(axis=(1, 2))
    return _median(cube[b]) - _median(cube[a]), np.minimum(blocks[a], blocks[b])


def _median(values: FloatArray) -> FloatArray:
    """Return the median over the last axis, without NaN; NaN where there is nothing else."""
    ordered = np.sort(values, axis=-1)  # NaN sorts last
    count = np.isfinite(values).sum(axis=-1, keepdims=True)
    lower = np.take_along_axis(ordered, np.maximum(count - 1, 0) // 2, axis=-1)
    upper = np.take_along_axis(ordered, np.minimum(count // 2, values.shape[-1] - 1), axis=-1)
    return np.where(count > 0, (lower + upper) / 2, np.nan)[..., 0]


def _ratios(per_set: FloatArray, counted: IntArray, pairing: str, confidence: float) -> list[Ratio]:
    """Return a ratio for each row [pair, set]; those that know equally many sets are reckoned at once."""
    known = np.isfinite(per_set)
    sets = known.sum(axis=1)
    none = Ratio(log=None, log_low=None, log_high=None, sets=0, pairs=0, status=Status.NOT_COMPARABLE)
    ratios = [none] * len(per_set)
    for count in np.unique(sets[sets > 0]).tolist():
        (places,) = np.nonzero(sets == count)
        values = per_set[places][known[places]].reshape(-1, count)
        enough = count >= LEAST_SETS[pairing]
        for place, found in zip(places.tolist(), mean_intervals(values, confidence), strict=True):
            ratios[place] = Ratio(
                log=found.mean,
                log_low=found.low,
                log_high=found.high,
                sets=count,
                pairs=int(counted[place]),
                status=_status(found) if enough else Status.INDICATIVE,
            )
    return ratios


def _status(found: Interval) -> Status:
    if found.low is None or found.high is None:
        return Status.INDICATIVE
    if found.low <= 0 <= found.high:
        return Status.TIE
    return Status.FASTER if found.mean < 0 else Status.SLOWER
