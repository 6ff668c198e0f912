"""Many tests at once: what remains sure when all of them are counted.

>>> import numpy as np
>>> [float(p) for p in adjust(np.array([0.01, 0.04, 0.03]), Correction.HOLM)]
[0.03, 0.06, 0.06]
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from harness.stats.estimate import FloatArray


class Correction(StrEnum):
    """How the number of tests is accounted for."""

    NONE = "none"
    BENJAMINI_HOCHBERG = "benjamini-hochberg"  # of the differences told, how many are none: for a nightly list
    HOLM = "holm"  # the chance that any is none: for a gate, which one false alarm closes


def adjust(p: FloatArray, correction: Correction) -> FloatArray:
    """Return probabilities to be held against the error that is allowed for all tests together."""
    if p.size == 0 or correction is Correction.NONE:
        return p
    order = np.argsort(p, kind="stable")
    place = np.arange(1, p.size + 1)
    if correction is Correction.HOLM:
        raised = np.maximum.accumulate(p[order] * (p.size + 1 - place))
    else:
        raised = np.minimum.accumulate((p[order] * p.size / place)[::-1])[::-1]
    adjusted = np.empty(p.size)
    adjusted[order] = np.minimum(raised, 1.0)
    return adjusted
