"""When to stop measuring a ratio: a few looks, fixed beforehand, and never because something became significant.

After 5, 10, 15 and 20 process-sets each ratio is looked at. It is done when its interval is as narrow
as asked for, when it is decided beyond doubt, or when it will plainly not get there. Whoever looks
four times has four chances to be wrong, so every look works with a quarter of the error that one
look would be allowed. All four intervals then hold together 95 times in 100, so that whatever ends a
measurement - the rule, a budget, a person - the interval that is told is right as often as it says.

"Plainly" is a chance: what the sets left to measure would bring, by the mean and the spread seen so
far and by how little a few sets know of both, settles it less than once in ten. A rule that takes the
spread of five sets for the truth gives up on a fifth of the differences that going on would prove.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from harness.stats.estimate import CONFIDENCE, FloatArray, t_quantile
from harness.stats.verdict import DECIDED, LEAST_SETS, MARGIN, Judgement, judge

LOOKS = {"round": (5, 10, 15, 20), "process": (10, 15, 20)}
TARGET = 0.01
HOPELESS = 0.1  # the chance of being settled at the last look, below which nobody waits for it


class Ending(StrEnum):
    """Why nothing more is measured of a ratio."""

    PRECISE = "precise"  # the interval is as narrow as asked for
    DECIDED = "decided"  # the verdict holds at this look's share of the error
    HOPELESS = "hopeless"  # the spread is such that the last look would not do either
    EXHAUSTED = "exhausted"  # this was the last look
    MISSING = "missing"  # there is nothing to look at


@dataclass(frozen=True, kw_only=True)
class Rule:
    """How precisely a ratio is to be known, and how often it is looked at for that."""

    target: float = TARGET  # half of the interval, as a share
    margin: float = MARGIN
    looks: tuple[int, ...] = LOOKS["round"]
    confidence: float = CONFIDENCE
    hopeless: float = HOPELESS  # 0 never gives up

    @property
    def spent(self) -> float:
        """The confidence of each look, so that all of them together have the confidence that is told."""
        return 1 - (1 - self.confidence) / len(self.looks)

    @property
    def last(self) -> int:
        """The most process-sets that are measured."""
        return self.looks[-1]


@dataclass(frozen=True, kw_only=True)
class Look:
    """What one look shows: the judgement, and why it is the last, or that it is not."""

    judgement: Judgement
    ending: Ending | None
    half: float | None  # of the interval, as a logarithm
    expected_half: float | None  # at the last look, by the spread seen so far
    chance: float | None  # that the last look would settle it; missing where nothing can be said of that

    @property
    def uncertainty(self) -> float:
        """How far this is from done: what is spent on it goes first where this is largest."""
        return math.inf if self.half is None else self.half


def look(per_set: FloatArray, rule: Rule = Rule(), *, pairing: str = "round") -> list[Look]:
    """Look at pairs, logarithms [pair, set], after a number of sets that `rule` looks at."""
    found = judge(per_set, margins=rule.margin, confidence=rule.spent, pairing=pairing)
    spread = np.array([_spread(one, rule) for one in found])
    chances = _chances(np.array([one.log or 0.0 for one in found]), spread, np.array([one.sets for one in found]), rule)
    return [
        _look(one, float(wide), float(chance), rule, pairing)
        for one, wide, chance in zip(found, spread, chances, strict=True)
    ]


def next_look(sets: int, looks: Sequence[int]) -> int | None:
    """Return the number of sets at which the next look is due, or nothing after the last."""
    return next((number for number in looks if number > sets), None)


def _look(found: Judgement, spread: float, chance: float, rule: Rule, pairing: str) -> Look:
    known = found.log_low is not None and found.log_high is not None
    half = ((found.log_high or 0.0) - (found.log_low or 0.0)) / 2 if known else None
    return Look(
        judgement=found,
        ending=_ending(found, half, chance, rule, pairing),
        half=half,
        expected_half=_half(spread, max(rule.last, found.sets), rule) if known else None,
        chance=None if math.isnan(chance) else chance,
    )


def _ending(found: Judgement, half: float | None, chance: float, rule: Rule, pairing: str) -> Ending | None:
    if found.log is None:
        return Ending.MISSING
    if half is not None and found.sets >= LEAST_SETS[pairing]:
        if half <= math.log1p(rule.target):
            return Ending.PRECISE
        if found.verdict in DECIDED:
            return Ending.DECIDED
        if chance < rule.hopeless:
            return Ending.HOPELESS
    return Ending.EXHAUSTED if found.sets >= rule.last else None


def _spread(found: Judgement, rule: Rule) -> float:
    """Return the standard deviation of the sets; NaN below two."""
    if found.log_low is None or found.log_high is None:
        return math.nan
    return (found.log_high - found.log_low) / 2 * math.sqrt(found.sets) / t_quantile(found.sets - 1, rule.spent)


def _half(spread: float, sets: int, rule: Rule) -> float:
    return t_quantile(sets - 1, rule.spent) * spread / math.sqrt(sets)


def _chances(mean: FloatArray, spread: FloatArray, sets: FloatArray, rule: Rule) -> FloatArray:
    """Return how probable it is, by what was seen, that the last look settles each; NaN where it cannot be said."""
    chances = np.full(mean.shape, np.nan)
    going = (sets >= 2) & (sets < rule.last) & (spread > 0)  # noqa: PLR2004  (one set has no spread)
    if going.any():
        narrow = _chance_of_precise(spread[going], sets[going], rule)
        sure = _chance_of_decided(mean[going], spread[going], sets[going], rule)
        chances[going] = np.maximum(narrow, sure)
    return chances


def _chance_of_precise(spread: FloatArray, sets: FloatArray, rule: Rule) -> FloatArray:
    """Return the chance that the sets to come are alike enough; of their variance to that seen is told by F."""
    from scipy.special import fdtr

    allowed = math.log1p(rule.target) * math.sqrt(rule.last) / t_quantile(rule.last - 1, rule.spent)
    left = rule.last - sets
    room = (rule.last - 1) * allowed**2 - (sets - 1) * spread**2
    return np.asarray(fdtr(left, sets - 1, np.maximum(room, 0) / left / spread**2))


def _chance_of_decided(mean: FloatArray, spread: FloatArray, sets: FloatArray, rule: Rule) -> FloatArray:
    """Return the chance that the mean comes to lie beyond the margin, or inside it, by an interval of the last look."""
    from scipy.special import stdtr

    edge = math.log1p(rule.margin)
    beyond = edge + spread * _half(1.0, rule.last, rule)
    one_sided = t_quantile(rule.last - 1, 1 - 2 * (1 - rule.spent)) / math.sqrt(rule.last)
    inside = np.maximum(edge - spread * one_sided, 0)
    wander = spread * np.sqrt(1 / sets - 1 / rule.last)  # how far the mean may still move

    def below(log: FloatArray) -> FloatArray:
        return np.asarray(stdtr(sets - 1, (log - mean) / wander))

    return below(-beyond) + 1 - below(beyond) + below(inside) - below(-inside)
