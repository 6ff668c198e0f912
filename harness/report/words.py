"""Numbers as text, the same in pages, terminals and pictures. What is not known is a dash, never "nan".

>>> ratio(0.80123, 0.79, 0.81)
'0.80 [0.79, 0.81]'
>>> ratio(0.80123)
'0.80'
>>> share(0.0031)
'0.3 %'
"""

from __future__ import annotations

import math
from typing import TypeGuard

from harness.core.units import rate, seconds, significant

UNKNOWN = "–"

_ONE_PERCENT = 0.01
UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))


def time(value: float | None) -> str:
    """Return a duration."""
    return seconds(value) if known(value) else UNKNOWN


def time_span(low: float | None, high: float | None) -> str:
    """Return the interval of a duration, both ends in one unit."""
    if known(low) and known(high):
        unit, name = next((pair for pair in UNITS if high >= pair[0] * 0.9995), UNITS[-1])
        least = max(0, 2 - math.floor(math.log10(high / unit)))
        decimals = _decimals((high - low) / 2 / unit, least=least)
        return f"{low / unit:.{decimals}f} to {high / unit:.{decimals}f} {name}"
    return UNKNOWN


def per_second(flops: float | None, moved: float | None, items: float | None = None, name: str | None = None) -> str:
    """Return the rate that means something for an arm: FLOP/s, or else bytes, or else what it works through."""
    if known(flops):
        return rate(flops, "FLOP/s")
    if known(moved):
        return rate(moved, "B/s")
    return f"{significant(items)} {name or 'items'}/s" if known(items) else UNKNOWN


def ratio(value: float | None, low: float | None = None, high: float | None = None) -> str:
    """Return a ratio and, where there is one, its interval, with as many digits as the interval supports."""
    if not known(value):
        return UNKNOWN
    if known(low) and known(high):
        decimals = _decimals((high - low) / 2)
        return f"{value:.{decimals}f} [{low:.{decimals}f}, {high:.{decimals}f}]"
    return f"{value:.{_decimals(abs(value) / 50)}f}"


def share(value: float | None) -> str:
    """Return a share in per cent."""
    return f"{significant(100 * value, 2 if abs(value) >= _ONE_PERCENT else 1)} %" if known(value) else UNKNOWN


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural where it is one."""
    return f"{number:,} {noun}{'s' * (number != 1)}"


def known(value: float | None) -> TypeGuard[float]:
    """Whether there is a number to show."""
    return value is not None and math.isfinite(value)


def _decimals(half: float, least: int = 2) -> int:
    """Return how many decimals show a half-width with one digit."""
    return least if half <= 0 else min(max(least, -math.floor(math.log10(half))), 6)
