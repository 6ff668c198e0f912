"""A ratio of two times and its interval, kept as logarithms: swapping the two then negates every number exactly.

A logarithm can be one whose ratio no float holds. Such a ratio is infinite: a number that is shown as unknown.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass

from harness.stats.estimate import agree

_LARGEST = math.log(sys.float_info.max)


@dataclass(frozen=True, kw_only=True)
class LogRatio:
    """The time of one over the time of another; the ends are missing where there is no interval."""

    log: float | None
    log_low: float | None
    log_high: float | None

    @property
    def ratio(self) -> float | None:
        """Below 1, the one on top is the faster."""
        return None if self.log is None else _exp(self.log)

    @property
    def low(self) -> float | None:
        """The lower end of the interval of the ratio."""
        return None if self.log_low is None else _exp(self.log_low)

    @property
    def high(self) -> float | None:
        """The upper end of it."""
        return None if self.log_high is None else _exp(self.log_high)

    @property
    def covers_one(self) -> bool | None:
        """Whether the interval contains 1; unknown where there is none."""
        if self.log_low is None or self.log_high is None:
            return None
        return self.log_low <= 0 <= self.log_high

    @property
    def agrees(self) -> bool | None:
        """Whether two copies of the same thing came out the same; unknown where there is no interval."""
        if self.log_low is None or self.log_high is None:
            return None
        return agree(self.log_low, self.log_high)

    @property
    def detectable(self) -> float | None:
        """The share by which times had to differ before this comparison could have seen it."""
        if self.log_low is None or self.log_high is None:
            return None
        half = (self.log_high - self.log_low) / 2
        return math.inf if half > _LARGEST else math.expm1(half)


@dataclass(frozen=True, kw_only=True)
class KnownRatio(LogRatio):
    """A ratio that is always known, if not how surely."""

    log: float

    @property
    def ratio(self) -> float:
        """Below 1, the one on top is the faster."""
        return _exp(self.log)


def _exp(log: float) -> float:
    return math.inf if log > _LARGEST else math.exp(log)
