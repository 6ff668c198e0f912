"""How far two right trainings may lie apart, by the type of their products and by how many follow each other.

Rounding grows with the root of that depth, and so do the bounds, but no further than where they would let a wrong
training pass: a learning rate that is 5 % off in float32, and one that is twice as large in a short type. All are
relative: of a gradient to its length, of a weight to the way that it went, of a loss to the largest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.core.dtype import DType
from harness.core.math_mode import MathMode

FLOAT32_STEP, SHORT_STEP = 4096.0, 16.0  # roundings of a layer that are let pass, of the better types and the short
ADAM_SLACK, FIRST = 4.0, 16.0
MOST_WAY, MOST_LOSS = 0.03, 0.02  # in float32
SHORT_GRADIENT, SHORT_WAY, SHORT_ALONE = 0.25, 0.35, 2.5  # the most in a short type, about three times what is seen
SURE, ANY = 3.0, 8.0  # how much the largest of 64 numbers exceeds their root mean square: by chance, and at the most
CLOSEST = 1e-4  # to float64, of gradients by products in bfloat16; honest ones are 3e-3 off at the least


@dataclass(frozen=True, kw_only=True)
class Share:
    """What may be wrong: of the gradients of the first step, of the ways after a few steps and after all, of losses.

    `alone` is how many times further than all of its kind together a single array may be off.
    """

    gradient: float
    early: float
    way: float
    loss: float
    alone: float = 1.0


IN_FLOAT32 = Share(gradient=0.0, early=0.01, way=0.2, loss=0.02, alone=0.0)  # what corners add
SHORT = Share(gradient=0.25, early=0.5, way=0.5, loss=0.25, alone=2.5)  # what corners leave, of both together
NORMALISED = Share(gradient=0.5, early=0.75, way=0.75, loss=0.25, alone=3.0)  # a batch spreads what one sample lost


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How far a training may be off.

    Attributes:
        held: Root mean squares over all arrays. No step has led the first gradients astray, so they are held most
            closely. Adam divides each element by its own size, so that a small one, of which little is right, goes as
            far as a large one: its ways may be further off.
        open: What is let pass beside it where relu or max-pooling met a corner; of losses at the twentieth step.
        largest: How many times further than its root mean square a single number of an array may be off; in a short
            type an element that Adam sends the other way is as far off as can be.
        closest: How much gradients are off at the least where products are done in the type that is asked for.

    """

    held: Share
    open: Share
    largest: float = SURE
    closest: float = 0.0


def bounds_of(depth: int, *, math_mode: MathMode, is_mixed: bool, is_adam: bool, is_normalised: bool) -> Bounds:
    """Return the bounds of a training whose products are `depth` deep, with batch normalisation or without."""
    slack, root = ADAM_SLACK if is_adam else 1.0, math.sqrt(depth)
    if math_mode == MathMode.IEEE and not is_mixed:
        step = FLOAT32_STEP * DType.FLOAT32.epsilon * root
        way = min(MOST_WAY, slack * step)
        held = Share(gradient=step / FIRST, early=way, way=way, loss=min(MOST_LOSS, step))
        return Bounds(held=held, open=IN_FLOAT32)
    step = SHORT_STEP * _unit(math_mode, is_mixed=is_mixed) * root
    way = min(SHORT_WAY, slack * step)
    held = Share(gradient=min(SHORT_GRADIENT, step), early=way, way=way, loss=min(MOST_LOSS, step), alone=SHORT_ALONE)
    return Bounds(
        held=held,
        open=_left(held, NORMALISED if is_normalised else SHORT, is_adam=is_adam),
        largest=ANY,
        closest=CLOSEST if is_mixed else 0.0,
    )


def _left(held: Share, most: Share, *, is_adam: bool) -> Share:
    """Return what is left beside `held` up to the most; others than Adam go half as far astray in the first steps."""
    return Share(
        gradient=most.gradient - held.gradient,
        early=max(0.0, most.early / (1 if is_adam else 2) - held.early),
        way=most.way - held.way,
        loss=most.loss,
        alone=most.alone - held.alone,
    )


def _unit(math_mode: MathMode, *, is_mixed: bool) -> float:
    """Return the rounding of a factor."""
    if is_mixed:
        return DType.BFLOAT16.epsilon
    return 2.0**-11 if math_mode == MathMode.TF32 else 2.0**-8
