"""How far an answer lies from the reference: the largest error, and the bits that are right.

The largest error catches a wrong element; the effective bits, from root-mean-square errors, tell
which arithmetic was used: about 21 for float32, 11 for TF32, 8 for bfloat16.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.workloads.base import Tolerance

MOST_BITS = 53.0  # float64 itself; what an exact answer is given


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """How good an answer is, over all its observations."""

    max_error: float
    effective_bits: float


def accuracy(observed: Mapping[str, Any], reference: Mapping[str, Any], scales: Mapping[str, Any]) -> Accuracy:
    """Compare observations; an answer of another shape, or with a NaN in it, is infinitely wrong."""
    import numpy as np

    if observed.keys() != reference.keys():
        return Accuracy(max_error=math.inf, effective_bits=0.0)
    errors, bits = [], []
    for name, expected in reference.items():
        actual = np.asarray(observed[name], dtype=np.float64)
        if actual.shape != np.shape(expected) or not np.all(np.isfinite(actual)):
            return Accuracy(max_error=math.inf, effective_bits=0.0)
        difference = np.abs(actual - expected)
        errors.append(float(np.max(difference / scales[name], initial=0.0)))
        bits.append(_bits(float(np.sqrt(np.mean(np.square(difference)))), float(np.sqrt(np.mean(np.square(expected))))))
    return Accuracy(max_error=max(errors), effective_bits=min(bits))


def _bits(error: float, magnitude: float) -> float:
    if error == 0.0:
        return MOST_BITS
    return min(MOST_BITS, max(0.0, math.log2(magnitude / error))) if magnitude else 0.0


def why_wrong(found: Accuracy, tolerance: Tolerance) -> str | None:
    """Return why an answer cannot be accepted, or nothing where it can."""
    if not found.max_error <= tolerance.bound:
        return f"error {found.max_error:.3g} is above {tolerance.bound:.3g} ({tolerance.reason})"
    if tolerance.least_bits is not None and found.effective_bits < tolerance.least_bits:
        return f"{found.effective_bits:.1f} effective bits, {tolerance.least_bits:.0f} at least expected"
    if tolerance.most_bits is not None and found.effective_bits > tolerance.most_bits:
        return (
            f"{found.effective_bits:.1f} effective bits, at most {tolerance.most_bits:.0f} expected: "
            "this was computed in a better arithmetic than the one named"
        )
    return None
