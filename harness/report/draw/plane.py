"""Two axes with their numbers and names: where values of two kinds are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from harness.report.draw.axis import Axis, Ticks
from harness.report.draw.frame import BODY, MIDDLE, TICK
from harness.report.draw.scene import Group, Item, Label, Line, Scale
from harness.report.draw.text import Extent, extent, overlap, shortened, width
from harness.report.picture import Dot

AXIS = 22.0  # height of the numbers below an axis
_ABOVE, _BELOW = 28.0, 42.0  # what names and numbers take of the height
_AIR = 4.0  # between two numbers
_BESIDE = 10.0  # how far the last number may reach beyond the axis
_HALF = 4.0  # of a mark


@dataclass(frozen=True, kw_only=True)
class Plane:
    """Where values stand, what is drawn below them, and the rectangle that holds them."""

    x: Scale
    y: Scale
    items: tuple[Item, ...]
    inner: Extent

    def about(self, dot: Dot) -> Extent:
        """Return the rectangle that the mark of a dot and its interval take."""
        x, low, y, high = self.x.at(dot.x), self.y.at(dot.low), self.y.at(dot.y), self.y.at(dot.high)
        return x - _HALF, min(y - _HALF, high), x + _HALF, max(y + _HALF, low)


def plane(x: Axis, y: Axis, place: Extent, *, names: tuple[str, str]) -> Plane:
    """Return axes within the rectangle `place`; the name of the upright one stands above it."""
    left, top, right, bottom = place
    start = left + max((width(text, TICK) for _, text in y.ticks), default=0.0) + 8
    ceiling, floor = top + _ABOVE, bottom - _BELOW
    level, upright = x.scale(start, right), y.scale(floor, ceiling)
    above = Label(x=left, y=top + BODY, text=shortened(names[1], right - left, BODY), size=BODY)
    below = Label(x=start, y=bottom - 6, text=shortened(names[0], right - start, BODY), size=BODY)
    return Plane(
        x=level,
        y=upright,
        items=(
            above,
            below,
            _upright(upright, y.ticks, start, right),
            across(level, x.ticks, top=ceiling, bottom=floor, within=(left, right + _BESIDE)),
        ),
        inner=(start, ceiling, right, floor),
    )


def across(scale: Scale, ticks: Ticks, *, top: float, bottom: float, within: tuple[float, float]) -> Group:
    """Return a level axis at `bottom`, its numbers, none of which reaches out of `within`, and lines up to `top`."""
    low, high = within
    found = []
    for value, text in ticks:
        x, half = scale.at(value), width(text, TICK) / 2
        held = max(low + half, min(x, high - half))
        found.append((x, Label(x=held, y=bottom + 17, text=text, size=TICK, anchor="middle", ink="soft")))
    kept = _thinned(found)
    lines = [Line(points=((x, top), (x, bottom)), ink="grid") for x, _ in kept]
    base = Line(points=((scale.start, bottom), (scale.end, bottom)), ink="faint")
    return Group(items=(*lines, base, *(label for _, label in kept)), kind="axis")


def _upright(scale: Scale, ticks: Ticks, left: float, right: float) -> Group:
    found = []
    for value, text in ticks:
        y = scale.at(value)
        label = Label(x=left - 6, y=y + MIDDLE * TICK, text=text, size=TICK, anchor="end", ink="soft")
        found.append((y, label))
    kept = _thinned(found)
    lines = [Line(points=((left, y), (right, y)), ink="grid") for y, _ in kept]
    base = Line(points=((left, scale.start), (left, scale.end)), ink="faint")
    return Group(items=(*lines, base, *(label for _, label in kept)), kind="axis")


def _thinned(found: Sequence[tuple[float, Label]]) -> Sequence[tuple[float, Label]]:
    """Return every one, every second, every third ... label: the most of which none touches the next."""
    for step in range(1, len(found)):
        kept = found[::step]
        if not any(overlap(extent(a), extent(b), _AIR) for (_, a), (_, b) in pairwise(kept)):
            return kept
    return found[:1]
