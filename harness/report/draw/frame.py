"""What drawings of every kind share: sizes, a heading, and how a target looks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from textwrap import wrap
from typing import TypeAlias

from harness.report.draw.ink import SERIES
from harness.report.draw.scene import SHAPES, Item, Label, Scale, Scene, Shape
from harness.report.draw.text import folded, shortened
from harness.report.escape import LONGEST, visible
from harness.report.picture import Picture

Say: TypeAlias = Callable[[str], str]  # makes other people's text harmless, for where it will be drawn

MARGIN = 16.0
HEAD = 40.0  # where a drawing begins below its title
TITLE, BODY, TICK, SMALL = 13.5, 12.0, 11.0, 10.0
MIDDLE = 0.36  # of the size: how far below the middle of a line its letters stand

_TOLD, _MOST_LINES = 17.0, 4  # of what is told below: a line, and how many each has

_THINNEST, _WIDER = 1.3, 5.0
_MARK, _ROUND_IT = 7.0, 4.0


def finished(
    picture: Picture, items: Sequence[Item], *, width: float, height: float, say: Say, scale: Scale | None = None
) -> Scene:
    """Return a scene of `items` below the title of the picture."""
    title = shortened(say(picture.title), width - 2 * MARGIN, TITLE, bold=True)
    told = _told(picture, top=height, width=width, say=say)
    return Scene(
        width=width,
        height=height + _TOLD * (len(told) + 1) if told else height,
        items=(Label(x=MARGIN, y=24, text=title, size=TITLE, bold=True), *items, *told),
        title=visible(picture.title, 4 * LONGEST),
        alt=visible(picture.alt, 4 * LONGEST),
        scale=scale,
    )


def _told(picture: Picture, *, top: float, width: float, say: Say) -> tuple[Label, ...]:
    """Return what is told below a picture, a label a line."""
    room = width - 2 * MARGIN
    lines = [
        (line, at)
        for at, text in enumerate(picture.told)
        for line in folded(_whole(text, say), room, BODY, _MOST_LINES, bold=not at)
    ]
    return tuple(
        Label(x=MARGIN, y=top + _TOLD * (row + 1), text=line, size=BODY, bold=at == 0, ink="soft" if at else "ink")
        for row, (line, at) in enumerate(lines)
    )


def _whole(text: str, say: Say) -> str:
    """Return a sentence that is longer than a name may be."""
    return " ".join(map(say, wrap(text, LONGEST, break_on_hyphens=False)))


def nothing(picture: Picture, width: float, say: Say) -> Scene:
    """Return a scene that says that there is nothing in it: an empty frame would look like a result."""
    said = Label(x=MARGIN, y=HEAD + 14, text="There is no number to draw.", ink="soft", italic=True)
    return finished(picture, (said,), width=width, height=HEAD + 32, say=say)


def shown(targets: Iterable[str], met: Iterable[str]) -> list[str]:
    """Return the targets that a picture has something of, in their order."""
    present = set(met)
    return [target for target in targets if target in present]


def look(targets: Sequence[str], target: str) -> tuple[str, str]:
    """Return the ink and the shape of a target, which are the same in all pictures of a run."""
    at = targets.index(target)
    return SERIES[at % len(SERIES)], SHAPES[(at + at // len(SERIES)) % len(SHAPES)]


def mark(x: float, y: float, looks: tuple[str, str], thick: float = 0.0) -> Shape:
    """Return the mark of a target, larger than the line below it is thick."""
    ink, shape = looks
    return Shape(x=x, y=y, shape=shape, ink=ink, size=max(_MARK, thick + _ROUND_IT))


def thickness(turn: int, count: int) -> float:
    """Return how thick a line is, so that none hides those below it: the first one thick, each after it thinner."""
    return _THINNEST + _WIDER * (count - 1 - turn) / count


def every(count: int, most: int) -> int:
    """Return which ones of `count` to mark, so that there are no more than `most`."""
    return max(1, -(-count // most))
