"""Limits and ticks for logarithmic axes, wide ones and narrow ones.

The usual ticks of a logarithmic axis are decades; a comparison often spans a few per cent, and would
have none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from harness.report.words import UNITS

if TYPE_CHECKING:
    from matplotlib.axis import Axis

MOST_TICKS = 9

_ONE_DECADE = 9.9
_FIVE_DIGITS = 1e5
_STEPS = (1, 2, 2.5, 5, 10)


def span(values: Sequence[float]) -> tuple[float, float]:
    """Return limits around `values`, at least a twentieth apart and with some air."""
    sound = [value for value in values if value > 0 and math.isfinite(value)] or [1.0]
    low, high = math.log(min(sound)), math.log(max(sound))
    air = max(0.06 * (high - low), (0.05 - (high - low)) / 2, 0.005)
    return math.exp(low - air), math.exp(high + air)


def put_ticks(axis: Axis, low: float, high: float, text: Callable[[float], str], exact: Sequence[float] = ()) -> None:
    """Put round numbers on a logarithmic axis, or the `exact` ones; the usual ticks leave a narrow one without any."""
    chosen = _apart(sorted(set(exact)), low, high)
    if chosen:
        text = _exact
    else:
        chosen = _decades(low, high) if high / low > _ONE_DECADE else _round_steps(low, high)
    axis.set_major_locator(FixedLocator(chosen))
    axis.set_major_formatter(FixedFormatter([text(value) for value in chosen]))
    axis.set_minor_locator(NullLocator())


def _apart(values: Sequence[float], low: float, high: float) -> list[float]:
    """Return `values` where there are few and none would touch another."""
    gaps = [math.log(b / a) / math.log(high / low) for a, b in pairwise(values)]
    return list(values) if 0 < len(values) <= MOST_TICKS and min(gaps, default=1.0) > 1 / (MOST_TICKS + 3) else []


def _decades(low: float, high: float) -> list[float]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    steps = (1, 2, 5) if last - first <= 3 else (1,)  # noqa: PLR2004  (as many as fit)
    every = max(1, math.ceil((last - first) / MOST_TICKS))
    found = [step * 10.0**power for power in range(first, last + 1, every) for step in steps]
    return [value for value in found if low <= value <= high]


def _round_steps(low: float, high: float) -> list[float]:
    raw = (high - low) / 6
    unit = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * unit for factor in _STEPS if factor * unit >= raw)
    return [at * step for at in range(math.ceil(low / step), math.floor(high / step) + 1)]


def plain(value: float) -> str:
    """Return a ratio as a tick shows it."""
    return f"{value:.6g}"


def _exact(value: float) -> str:
    return f"{value:.0f}" if value < _FIVE_DIGITS and value == round(value) else prefixed(value)


def duration(value: float) -> str:
    """Return a duration as a tick shows it, without digits that say nothing."""
    factor, name = next(((unit, name) for unit, name in UNITS if value >= unit * 0.9995), UNITS[-1])
    return f"{value / factor:.4g} {name}"


def prefixed(value: float) -> str:
    """Return a number with a decimal prefix where it is long."""
    for factor, prefix in ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k")):
        if value >= factor * 0.9995:
            return f"{value / (1e3 if prefix == 'k' else factor):.4g} {prefix}"
    return f"{value:.6g}"
