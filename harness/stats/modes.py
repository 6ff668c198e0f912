"""Do processes fall into two groups? An autotuner that picks one of two kernels makes them.

Such process-sets scatter about two values, and their mean is the time of no process at all. Worse, a
kernel that one process in ten picks is often missing from five sets, and no interval knows of what was
never drawn. This cannot mend that, but where both groups were seen it says so: "3 of 5 processes 10 %
slower" tells a reader more than an interval from 0 to 12 %.

Sets are split where the gap between neighbours, beside the spread within the two sides, is widest. A
gap is wide enough where sets without groups (normally distributed, of any spread) show one like it in
1 of 100 samples; `benchmarks/calibration/simulate.py` makes that table and tries it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from harness.stats.estimate import TOLERATED, FloatArray

# The gap, in standard errors of a difference between two groups of these sizes, by the number of sets: what 1 in 100
# of two million samples exceeded. More sets than 20 are held to the last.
WIDE = {5: 13.4, 6: 9.71, 7: 7.96, 8: 6.93, 9: 6.26, 10: 5.74, 11: 5.36, 12: 5.06, 13: 4.80, 14: 4.60, 15: 4.42}
WIDE |= {16: 4.27, 17: 4.13, 18: 4.01, 19: 3.90, 20: 3.80}
LEAST_GAP = math.log1p(TOLERATED)  # what two copies of the same thing may differ by is no second group


@dataclass(frozen=True, kw_only=True)
class Groups:
    """Two groups of process-sets: how many lie low and high, and the mean of each, as a logarithm."""

    low_sets: int
    high_sets: int
    log_low: float
    log_high: float

    @property
    def sets(self) -> int:
        """All of them."""
        return self.low_sets + self.high_sets

    @property
    def apart(self) -> float:
        """By which share the high group lies above the low one."""
        return math.expm1(self.log_high - self.log_low)


def two_groups(per_set: FloatArray) -> Groups | None:
    """Return the groups that the process-sets of one pair fall into, or nothing; NaN is left out."""
    values = np.sort(per_set[np.isfinite(per_set)])
    if values.size < min(WIDE):
        return None
    gaps, steps = gaps_of(values[None, :])
    at = int(np.argmax(steps[0]))
    if steps[0, at] <= WIDE[min(values.size, max(WIDE))] or gaps[0, at] < LEAST_GAP:
        return None
    low, high = values[: at + 1], values[at + 1 :]
    return Groups(low_sets=low.size, high_sets=high.size, log_low=float(low.mean()), log_high=float(high.mean()))


def gaps_of(ordered: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the gaps [sample, place] of ordered samples, and each beside the spread of both its sides.

    The spread is pooled: the squares about the means of the two sides. A gap between sides of no spread
    at all is infinitely wide, and no gap has no width whatever surrounds it.
    """
    count = ordered.shape[1]
    below = np.arange(1, count)
    centred = ordered - ordered.mean(axis=1, keepdims=True)
    sums, squares = np.cumsum(centred, axis=1), np.cumsum(centred**2, axis=1)
    left = squares[:, :-1] - sums[:, :-1] ** 2 / below
    right = squares[:, -1:] - squares[:, :-1] - (sums[:, -1:] - sums[:, :-1]) ** 2 / (count - below)
    noise = np.sqrt(np.maximum(left + right, 0) / (count - 2) * count / (below * (count - below)))
    gaps = np.diff(ordered, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return gaps, np.where(gaps > 0, gaps / noise, 0.0)
