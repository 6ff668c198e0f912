"""The outlines of the shapes that mark targets."""

from __future__ import annotations

import math

from harness.report.draw.scene import Point, Shape

_PLUS: tuple[Point, ...] = (
    (-0.4, -1.15), (0.4, -1.15), (0.4, -0.4), (1.15, -0.4), (1.15, 0.4), (0.4, 0.4),
    (0.4, 1.15), (-0.4, 1.15), (-0.4, 0.4), (-1.15, 0.4), (-1.15, -0.4), (-0.4, -0.4),
)  # fmt: skip
_UP: tuple[Point, ...] = ((0.0, -1.15), (1.1, 0.85), (-1.1, 0.85))

# For a shape that is two units wide; a circle has no corners and is not here.
_OUTLINES: dict[str, tuple[Point, ...]] = {
    "s": ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),
    "^": _UP,
    "D": ((0.0, -1.25), (1.25, 0.0), (0.0, 1.25), (-1.25, 0.0)),
    "v": tuple((x, -y) for x, y in _UP),
    "P": _PLUS,
    "X": tuple(((x - y) * math.sqrt(0.5), (x + y) * math.sqrt(0.5)) for x, y in _PLUS),
    "<": tuple((y, x) for x, y in _UP),
    ">": tuple((-y, x) for x, y in _UP),
}


def outline(shape: Shape) -> tuple[Point, ...]:
    """Return the corners of a shape; a circle has none."""
    half = shape.size / 2
    return tuple((shape.x + half * x, shape.y + half * y) for x, y in _OUTLINES.get(shape.shape, ()))
