"""A line for each target against a size: how speed, time or what more threads bring changes with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.report.draw import frame
from harness.report.draw.axis import (
    MOST_TICKS,
    Written,
    amount,
    duration,
    is_bytes,
    is_time,
    log_axis,
    prefixed,
    sound_points,
    whole,
)
from harness.report.draw.frame import HEAD, MARGIN, Say
from harness.report.draw.legend import Entry, legend, of_targets
from harness.report.draw.plane import Plane, plane
from harness.report.draw.scene import Group, Item, Line, Point, Scene
from harness.report.picture import Dot, Lines

_HEIGHT = 360.0
_WIDTH = 1.5
_MOST_MARKS = 60  # of a line; more would hide it
_APART, _FEW, _FURTHER = 3.0, 6, 7.0  # between two targets at one size, or they would hide each other; few of them
_HIDDEN = 1.5  # of an interval that reaches no further from its value, a mark shows nothing
_LEVEL = Entry(text="launch-bound: time hardly grows with the work", dash=True)


def lines_scene(picture: Lines, width: float, say: Say) -> Scene:
    """Return the lines between two logarithmic axes."""
    found = {target: sound_points(dots) for target, dots in picture.lines.items()}
    dots = [dot for line in found.values() for dot in line]
    if not dots:
        return frame.nothing(picture, width, say)
    shown = frame.shown(picture.targets, [target for target, line in found.items() if line])
    text = duration if is_time(picture.unit) else prefixed
    sizes = [dot.x for dot in dots]
    sized = amount if is_bytes(picture.size) else whole
    axes = plane(
        log_axis(sizes, prefixed, exact=sizes, exactly=sized),
        log_axis([value for dot in dots for value in (dot.low, dot.y, dot.high)], text),
        (MARGIN, HEAD, width - MARGIN, HEAD + _HEIGHT),
        names=(say(picture.size), say(picture.unit)),
    )
    apart = (_FURTHER if len(shown) <= _FEW else _APART) if len(set(sizes)) <= MOST_TICKS else 0.0
    lines = [
        _line(
            picture,
            target,
            found[target],
            axes,
            shift=apart * (turn - (len(shown) - 1) / 2),
            text=(sized, text),
            say=say,
        )
        for turn, target in enumerate(shown)
    ]
    entries = [*of_targets(picture, shown, say), *([_LEVEL] if _levels(picture, found) else [])]
    key, end = legend(entries, top=HEAD + _HEIGHT + 8, width=width)
    return frame.finished(picture, (*axes.items, *lines, *key), width=width, height=end + 10, say=say)


def _levels(picture: Lines, found: Mapping[str, Sequence[Dot]]) -> bool:
    """Whether any line has a part that is launch-bound."""
    return any(len(_level(picture, target, dots)) > 1 for target, dots in found.items())


def _level(picture: Lines, target: str, dots: Sequence[Dot]) -> Sequence[Dot]:
    """Return the first dots of a line, up to where it is launch-bound."""
    return [dot for dot in dots if dot.x <= picture.level.get(target, 0.0)]


def _line(
    picture: Lines, target: str, dots: list[Dot], axes: Plane, *, shift: float, text: tuple[Written, Written], say: Say
) -> Group:
    sized, told = text
    looks = frame.look(picture.targets, target)
    left, _, right, _ = axes.inner
    placed = [(max(left, min(axes.x.at(dot.x) + shift, right)), dot) for dot in dots]
    level = len(_level(picture, target, dots))
    items: list[Item] = [
        *_strokes([(x, axes.y.at(dot.y)) for x, dot in placed], level, looks[0]),
        *(_whisker(x, dot, axes, looks[0]) for x, dot in placed if _spread(dot, axes) > _HIDDEN),
    ]
    unit = say(picture.unit).removeprefix("seconds " if told is duration else "")
    for at in range(0, len(placed), frame.every(len(placed), _MOST_MARKS)):
        x, dot = placed[at]
        tip = f"{say(target)} at {say(picture.size)} {sized(dot.x)}: {_said(dot, told)} {unit}"
        bound = ", launch-bound" if at < level else ""
        items.append(Group(items=(frame.mark(x, axes.y.at(dot.y), looks),), tip=f"{tip}{bound}"))
    return Group(items=tuple(items), target=target)


def _strokes(points: Sequence[Point], level: int, ink: str) -> list[Line]:
    """Return a line, dashed through its first points where these are launch-bound."""
    if level <= 1:
        return [Line(points=tuple(points), ink=ink, width=_WIDTH)]
    parts = (points[:level], points[level - 1 :])
    return [Line(points=tuple(part), ink=ink, width=_WIDTH, dash=at == 0) for at, part in enumerate(parts) if part[1:]]


def _whisker(x: float, dot: Dot, axes: Plane, ink: str) -> Line:
    return Line(points=((x, axes.y.at(dot.low)), (x, axes.y.at(dot.high))), ink=ink, width=1.8)


def _spread(dot: Dot, axes: Plane) -> float:
    """Return how far an interval reaches from its value, in pixels."""
    low, value, high = (axes.y.at(end) for end in (dot.low, dot.y, dot.high))
    return max(abs(low - value), abs(high - value))


def _said(dot: Dot, text: Written) -> str:
    if dot.low == dot.high:
        return text(dot.y)
    return f"{text(dot.y)} [{text(dot.low)}, {text(dot.high)}]"
