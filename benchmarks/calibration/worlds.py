"""Made-up noise whose truth is known: process-sets that differ in many ways, and rounds within them.

A world draws the effects of process-sets on the logarithm of the ratio of two identical arms. What it
is held against is `truth`, the mean over processes: with a kernel that one process in ten picks and
that is 10 % slower, the mean lies 0.95 % above what nine of ten processes show.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from harness.stats.estimate import FloatArray

Draw = Callable[[np.random.Generator, tuple[int, int]], FloatArray]

ROUNDS = 30
ROUND_SPREAD = 0.02  # of a round's ratio on a quiet machine
DISTURBED, DISTURBED_SPREAD = 0.1, 0.3  # a tenth of the rounds meet a neighbour
LIKE = 0.003  # between processes of a mixture that picked the same kernel


@dataclass(frozen=True, kw_only=True)
class World:
    """How process-sets differ, and the mean over all that there could be."""

    name: str
    draw: Draw
    truth: float = 0.0
    mixture: bool = False
    alike: bool = True  # both arms draw from the same, so that any difference between them is false


def gaussian(spread: float) -> World:
    """Process-sets that differ a little for many reasons."""
    return World(name=f"normal {spread:.1%}", draw=lambda rng, shape: rng.normal(0, spread, shape))


def heavy(spread: float) -> World:
    """As wide, but some sets lie far out: Student's t with three degrees of freedom."""
    return World(
        name=f"heavy tails {spread:.1%}", draw=lambda rng, shape: rng.standard_t(3, shape) * spread / math.sqrt(3)
    )


def autotuner(share: float, slower: float, *, both: bool) -> World:
    """Each process of one arm, or of both, picks a kernel that is slower in so many cases of a hundred."""

    def draw(rng: np.random.Generator, shape: tuple[int, int]) -> FloatArray:
        effects = rng.normal(0, LIKE, shape) + math.log1p(slower) * (rng.random(shape) < share)
        return effects - math.log1p(slower) * (rng.random(shape) < share) if both else effects

    return World(
        name=f"{share:.0%} of {'both' if both else 'one'} {slower:.0%} slower",
        draw=draw,
        truth=0.0 if both else share * math.log1p(slower),
        mixture=True,
        alike=both,
    )


def rounds(rng: np.random.Generator, shape: tuple[int, int]) -> FloatArray:
    """Return what the median over rounds adds to each set: drawn round by round."""
    drawn = rng.normal(0, ROUND_SPREAD, (*shape, ROUNDS))
    disturbed = rng.random(drawn.shape) < DISTURBED
    drawn[disturbed] = rng.normal(0, DISTURBED_SPREAD, int(disturbed.sum()))
    return np.asarray(np.median(drawn, axis=-1))


HIERARCHICAL = [*map(gaussian, (0.003, 0.007, 0.015, 0.03)), *map(heavy, (0.003, 0.007, 0.015, 0.03))]
MIXTURES = [
    autotuner(share, slower, both=both)
    for both in (False, True)
    for slower in (0.02, 0.05, 0.10)
    for share in (0.05, 0.10, 0.30, 0.50)
]
