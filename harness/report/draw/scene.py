"""A drawing as values: lines, shapes, boxes and words, each at its place in pixels, y downwards.

A scene knows no format and no colour. Its texts are harmless already: whoever laid it out made them so.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

Point: TypeAlias = tuple[float, float]
Anchor: TypeAlias = Literal["start", "middle", "end"]

SHAPES = ("o", "s", "^", "D", "v", "P", "X", "<", ">")
HATCHES = 7  # of a box: 0 is none


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line through points."""

    points: tuple[Point, ...]
    ink: str
    width: float = 1.0
    dash: bool = False


@dataclass(frozen=True, kw_only=True)
class Shape:
    """One of nine small shapes, filled, about its middle."""

    x: float
    y: float
    shape: str
    ink: str
    size: float = 7.0


@dataclass(frozen=True, kw_only=True)
class Box:
    """A rectangle; without `ink` it is not filled, without `edge` it has none."""

    x: float
    y: float
    w: float
    h: float
    ink: str = ""
    edge: str = ""
    dash: bool = False
    hatch: int = 0


@dataclass(frozen=True, kw_only=True)
class Label:
    """Words on one line; `y` is where the letters stand. `angle` turns them clockwise, in degrees."""

    x: float
    y: float
    text: str
    size: float = 12.0
    anchor: Anchor = "start"
    ink: str = "ink"
    bold: bool = False
    italic: bool = False
    angle: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Group:
    """What belongs together: `tip` says more where one points at it.

    `target` and `lane` (the key of a contest) say whose it is, as they are called elsewhere, so that a script
    can find it. `kind` is "axis", "key" (an entry of a legend) or nothing.
    """

    items: tuple[Item, ...]
    tip: str = ""
    target: str = ""
    lane: str = ""
    kind: Literal["", "axis", "key"] = ""


Mark: TypeAlias = Line | Shape | Box | Label
Item: TypeAlias = Mark | Group


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Where a value stands: `low` at `start`, `high` at `end`."""

    low: float
    high: float
    start: float
    end: float
    log: bool = True

    def at(self, value: float) -> float:
        """Return the place of `value` in pixels."""
        if self.log:
            share = (math.log(value) - math.log(self.low)) / (math.log(self.high) - math.log(self.low))
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A drawing. `scale` is there where dots may be moved along one axis, which is logarithmic."""

    width: float
    height: float
    items: tuple[Item, ...]
    title: str
    alt: str
    scale: Scale | None = None


def flat(items: Iterable[Item]) -> Iterator[Mark]:
    """Yield all that is drawn, in the order in which it is."""
    for item in items:
        if isinstance(item, Group):
            yield from flat(item.items)
        else:
            yield item
