"""How wide a text is drawn, without a font: by kinds of letters, on the generous side.

The numbers are those of DejaVu Sans, which is as wide as a font of screens gets.

>>> round(width("ab", 10), 1)
12.8
>>> shortened("abcdefghijklmnop", 60, 10)
'abcd…nop'
"""

from __future__ import annotations

import math
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TypeAlias

from harness.report.draw.scene import Label, Point

Extent: TypeAlias = tuple[float, float, float, float]  # left, top, right, bottom

_NARROW = frozenset(" !\"'(),-./:;IJ[\\]fijlrt|")
_ENDS = frozenset("[,; ")  # behind these a name may go on in the next line
_BROAD = frozenset("#&+<=>^~")
_WIDE = frozenset("%@MWmw")
_BOLDER = 1.12
_ABOVE, _BELOW = 0.8, 0.24  # of the size: how far letters reach from where they stand
_LAST_ASCII = "\x7f"


def width(text: str, size: float, *, bold: bool = False) -> float:
    """Return how many pixels a text takes at most."""
    return sum(map(_em, text)) * size * (_BOLDER if bold else 1.0)


def shortened(text: str, room: float, size: float, *, bold: bool = False) -> str:
    """Return `text`, without its middle where it is wider than `room`."""
    if width(text, size, bold=bold) <= room:
        return text
    fitting = bisect_right(range(len(text)), room, key=lambda kept: width(_cut(text, kept), size, bold=bold))
    return _cut(text, max(fitting - 1, 0))


def folded(text: str, room: float, size: float, most: int = 2, *, bold: bool = False) -> tuple[str, ...]:
    """Return `text` on one line, or up to `most` where it is wider than `room`: cut behind a comma, bracket or space.

    >>> folded("square[m=512,n=512]", 90, 10)
    ('square[m=512,', 'n=512]')
    >>> folded("square[m=512], 1 thread of 2", 140, 10)
    ('square[m=512],', '1 thread of 2')
    """
    lines: list[str] = []
    while width(text, size, bold=bold) > room and len(lines) < most - 1:
        ends = [at for at, char in enumerate(text, start=1) if char in _ENDS and at < len(text)]
        fitting = [at for at in ends if width(text[:at].rstrip(), size, bold=bold) <= room]
        if not fitting:
            break
        commas = [at for at in fitting if "," in text[at - 2 : at] and width(text[:at], size, bold=bold) > room / 2]
        end = (commas or fitting)[-1]
        lines.append(text[:end].rstrip())
        text = text[end:]
    return (*lines, shortened(text, room, size, bold=bold))


def strokes(points: Sequence[Point], step: float = 6.0) -> list[Extent]:
    """Return small rectangles along a line, on which no words should lie."""
    found = []
    for (x, y), (next_x, next_y) in pairwise(points):
        pieces = max(1, math.ceil(math.hypot(next_x - x, next_y - y) / step))
        for at in range(pieces + 1):
            across, down = x + (next_x - x) * at / pieces, y + (next_y - y) * at / pieces
            found.append((across - 1, down - 1, across + 1, down + 1))
    return found


def extent(label: Label) -> Extent:
    """Return the rectangle that holds a label."""
    wide = width(label.text, label.size, bold=label.bold)
    start = {"start": 0.0, "middle": -wide / 2, "end": -wide}[label.anchor]
    turn = math.radians(label.angle)
    corners = [
        (
            label.x + along * math.cos(turn) - down * math.sin(turn),
            label.y + along * math.sin(turn) + down * math.cos(turn),
        )
        for along in (start, start + wide)
        for down in (-_ABOVE * label.size, _BELOW * label.size)
    ]
    across, upright = zip(*corners, strict=True)
    return min(across), min(upright), max(across), max(upright)


def overlap(one: Extent, other: Extent, air: float = 0.0) -> bool:
    """Whether two rectangles touch, or come nearer than `air`."""
    return one[0] < other[2] + air and other[0] < one[2] + air and one[1] < other[3] + air and other[1] < one[3] + air


def first_free(candidates: Iterable[Label], taken: Sequence[Extent], within: Extent) -> Label | None:
    """Return the first label that lies within a rectangle and on none that is taken."""
    for label in candidates:
        left, top, right, bottom = place = extent(label)
        inside = within[0] <= left and within[1] <= top and right <= within[2] and bottom <= within[3]
        if inside and not any(overlap(place, other, 1.0) for other in taken):
            return label
    return None


def _cut(text: str, kept: int) -> str:
    tail = kept // 2
    return f"{text[: kept - tail]}…{text[len(text) - tail :]}"


def _em(char: str) -> float:
    """Return the width of a character of size one."""
    if char <= _LAST_ASCII:
        if char in _NARROW:
            return 0.47
        if char in _WIDE:
            return 1.0
        return 0.84 if char.isupper() or char in _BROAD else 0.64
    return 1.3 if unicodedata.east_asian_width(char) in "WF" else 1.0
