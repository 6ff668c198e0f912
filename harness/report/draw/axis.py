"""Axes: limits with some air, and round numbers within them.

The usual numbers of a logarithmic axis are decades; a comparison often spans a few per cent, and would have
none. Values that no axis can hold (not finite, not positive, absurdly small or large) are left out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeAlias

from harness.core.units import size
from harness.report.draw.scene import Scale
from harness.report.picture import Dot
from harness.report.words import UNITS

Ticks: TypeAlias = tuple[tuple[float, str], ...]
Written: TypeAlias = Callable[[float], str]

MOST_TICKS = 9

_SMALLEST, _LARGEST = 1e-200, 1e200  # beyond these, arithmetic with logarithms and ratios would fail
_ONE_DECADE = 9.9
_DOUBLE = 2.0  # below it even steps are the round ones, whatever the axis
_ROOM_FOR_ONE = 0.08  # of an axis that counts
_FINER = ((1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8), (1, 1.5, 2, 3, 5, 7))  # within a decade
_THOUSAND, _TEN_THOUSAND = 999.5, 9999.5
_FIVE_DIGITS = 1e5
_STEPS = (1, 2, 2.5, 5, 10)
_TIME = re.compile(r"\b(?:time|latency|duration|seconds)\b(?! over)|^s$")
_BYTES = re.compile(r"\b(?:bytes|memory)\b|^B$")


def prefixed(value: float) -> str:
    """Return a number with a decimal prefix where it is long."""
    for factor, prefix in ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k")):
        if value >= factor * 0.9995:
            return f"{value / (1e3 if prefix == 'k' else factor):.4g} {prefix}"
    return f"{value:.6g}"


def whole(value: float) -> str:
    """Return a size: with all its digits where they are few."""
    return f"{value:.0f}" if value < _FIVE_DIGITS and value == round(value) else prefixed(value)


@dataclass(frozen=True, kw_only=True)
class Axis:
    """From where to where, and which numbers stand at it."""

    low: float
    high: float
    ticks: Ticks
    log: bool = True

    def scale(self, start: float, end: float) -> Scale:
        """Return the axis laid out from one pixel to another."""
        return Scale(low=self.low, high=self.high, start=start, end=end, log=self.log)


def usable(value: float) -> bool:
    """Whether a value has a place on a logarithmic axis."""
    return _SMALLEST < value < _LARGEST


def sound(dot: Dot, value: float) -> Dot | None:
    """Return a dot whose interval, about `value`, can be drawn; None where the value itself cannot."""
    if not usable(value):
        return None
    return replace(dot, low=dot.low if usable(dot.low) else value, high=dot.high if usable(dot.high) else value)


def sound_points(dots: Iterable[Dot]) -> list[Dot]:
    """Return the dots that have a place on two logarithmic axes."""
    return [dot for given in dots if usable(given.x) and (dot := sound(given, given.y)) is not None]


def span(values: Iterable[float]) -> tuple[float, float]:
    """Return limits around `values`, at least a twentieth apart and with some air."""
    known = [value for value in values if usable(value)] or [1.0]
    low, high = math.log(min(known)), math.log(max(known))
    air = max(0.06 * (high - low), (0.05 - (high - low)) / 2, 0.005)
    return math.exp(low - air), math.exp(high + air)


def log_axis(values: Iterable[float], text: Written, exact: Iterable[float] = (), exactly: Written = whole) -> Axis:
    """Return a logarithmic axis with round numbers, or with the `exact` ones where they have room."""
    low, high = span(values)
    chosen = _apart(sorted(set(exact)), low, high)
    if chosen:
        return Axis(low=low, high=high, ticks=tuple((value, exactly(value)) for value in chosen))
    chosen = _even(low, high) if high / low < _DOUBLE else _decades(low, high)
    return Axis(low=low, high=high, ticks=_written(chosen, text))


def even_axis(values: Iterable[float], text: Written, *, most: int = 6) -> Axis:
    """Return a linear axis around `values`; values that differ by nothing get room on both sides."""
    known = [value for value in values if abs(value) < _LARGEST] or [0.0, 1.0]
    low, high = min(known), max(known)
    least = 1e-3 * max(abs(low), abs(high))
    wide = max(high - low, least if least > _SMALLEST else 1.0)
    low, high = (low + high - 1.12 * wide) / 2, (low + high + 1.12 * wide) / 2
    return Axis(low=low, high=high, ticks=_written(_even(low, high, most), text), log=False)


def axis_from_zero(values: Iterable[float], text: Written, unit: float = 1.0) -> Axis:
    """Return a linear axis from zero to the largest value, with round multiples of `unit`."""
    high = max((value for value in values if _SMALLEST < value < math.inf), default=1.0)
    ticks = tuple((value * unit, text(value * unit)) for value in _even(0.0, high / unit))
    return Axis(low=0.0, high=high, ticks=ticks, log=False)


def counting_axis(last: int) -> Axis:
    """Return a linear axis from one to `last` that shows whole numbers only."""
    if last <= 1:
        return Axis(low=0.5, high=1.5, ticks=((1.0, "1"),), log=False)
    whole_ones = [value for value in _even(1.0, float(last)) if value == round(value)]
    if whole_ones[0] - 1.0 > _ROOM_FOR_ONE * (last - 1):
        whole_ones.insert(0, 1.0)
    return Axis(low=1.0, high=float(last), ticks=tuple((value, plain(value)) for value in whole_ones), log=False)


def plain(value: float) -> str:
    """Return a number as a tick shows it."""
    return f"{value:.6g}"


def duration(value: float) -> str:
    """Return a duration as a tick shows it, without digits that say nothing."""
    if value == 0:
        return "0"
    factor, name = next(((unit, name) for unit, name in UNITS if value >= unit * 0.9995), UNITS[-1])
    return f"{value / factor:.4g} {name}"


def amount(value: float) -> str:
    """Return a number of bytes."""
    return "0" if value == 0 else size(round(value))


def is_time(unit: str) -> bool:
    """Whether a unit says that values are seconds."""
    return _TIME.search(unit.lower()) is not None


def is_bytes(unit: str) -> bool:
    """Whether a unit says that values are bytes."""
    return _BYTES.search(unit) is not None


def _apart(values: Sequence[float], low: float, high: float) -> list[float]:
    """Return `values` where there are few and none would touch another."""
    gaps = [math.log(b / a) / math.log(high / low) for a, b in pairwise(values)]
    return list(values) if 0 < len(values) <= MOST_TICKS and min(gaps, default=1.0) > 1 / (MOST_TICKS + 3) else []


def _decades(low: float, high: float) -> list[float]:
    """Return the powers of ten, with as many numbers between them as have room."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found: list[float] = []
    for steps in (*(_FINER if high / low <= _ONE_DECADE else ()), (1, 2, 5), (1, 3), (1,)):
        found = [value for power in powers for step in steps if low <= (value := _times(step, power)) <= high]
        if len(found) <= MOST_TICKS:
            break
    return found[:: math.ceil(len(found) / MOST_TICKS)]


def _times(step: float, power: int) -> float:
    """Return a step of a decade; of small ones the quotient is the number that is written, the product is not."""
    return step * 10.0**power if power >= 0 else step / 10.0**-power


def _written(values: Sequence[float], text: Written) -> Ticks:
    """Return ticks with their numbers; where one has a k, so have all from a thousand on."""
    if text is prefixed and values and max(values) >= _TEN_THOUSAND:
        return tuple((value, _with_k(value)) for value in values)
    return tuple((value, text(value)) for value in values)


def _with_k(value: float) -> str:
    return f"{value / 1e3:.4g} k" if _THOUSAND <= value < _TEN_THOUSAND else prefixed(value)


def _even(low: float, high: float, most: int = 6) -> list[float]:
    """Return multiples of a round step."""
    raw = (high - low) / most
    unit = 10.0 ** math.floor(math.log10(raw))
    step = next((factor * unit for factor in _STEPS if factor * unit >= raw), 10 * unit)
    return [at * step for at in range(math.ceil(low / step), math.floor(high / step) + 1)]
