"""How far sums of products may lie from the truth, by the type they are kept in.

Matrix products and convolutions are the same arithmetic, so they are judged by the same bound. It is
for errors over the largest, or the usual, element of the answer.
"""

from __future__ import annotations

import math

from harness.core.dtype import DType
from harness.core.math_mode import MathMode
from harness.workloads.base import Tolerance, Workload

TF32_BORDER_BITS = 14.0  # TF32 gives about 12 effective bits, float32 at least 15 up to a million terms
TF32_LEAST_BITS = 10.5  # operands rounded to bfloat16 give about 9
FEW_ELEMENTS = 64  # fewer may be right by luck, or cancel


def product_tolerance(workload: Workload, *, terms: int, elements: int, loss: float = 1.0) -> Tolerance:
    """Return the tolerance of sums of `terms` products; an answer has `elements` of them.

    Rounding grows with the root of the number of terms; a short type rounds once more at the end.
    Beyond some ten thousand terms that bound would let TF32 pass for float32, so the effective bits
    are bounded too, on whichever side the other arithmetic lies; a handful of elements shows none.
    `loss` is what an algorithm that is known to lose more than plain sums may lose.
    """
    growth = 4 * loss * math.sqrt(terms)
    border, least = (TF32_BORDER_BITS, TF32_LEAST_BITS) if elements >= FEW_ELEMENTS else (None, None)
    if workload.math == MathMode.TF32:
        bound = 4 * 2.0**-11 + growth * DType.FLOAT32.epsilon
        return Tolerance(
            bound=bound, reason="operands rounded to 11 bits, sums in float32", least_bits=least, most_bits=border
        )
    if workload.math == MathMode.DEFAULT:
        return Tolerance(bound=2.0**-6, reason="whatever precision the framework chooses untouched")
    if workload.element in (DType.FLOAT32, DType.FLOAT64):
        reason = f"{4 * loss:g} eps sqrt(terms of a sum)"
        return Tolerance(bound=growth * workload.element.epsilon, reason=reason, least_bits=border)
    # One rounding is half a gap; partial sums kept in the short type come to more.
    bound = 0.51 * workload.element.epsilon + growth * DType.FLOAT32.epsilon
    return Tolerance(bound=bound, reason=f"sums in float32, rounded once to {workload.dtype}")
