"""A line for each target against a size: how speed, time or what more threads bring changes with it."""

from __future__ import annotations

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
from harness.report.draw.legend import legend, of_targets
from harness.report.draw.plane import Plane, plane
from harness.report.draw.scene import Group, Item, Line, Scene
from harness.report.picture import Dot, Lines

_HEIGHT = 360.0
_MOST_MARKS = 60  # of a line; more would hide it
_APART = 3.0  # between two targets at one size, or their intervals would hide each other


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
    apart = _APART if len(set(sizes)) <= MOST_TICKS else 0.0
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
    key, end = legend(of_targets(picture, shown, say), top=HEAD + _HEIGHT + 8, width=width)
    return frame.finished(picture, (*axes.items, *lines, *key), width=width, height=end + 10, say=say)


def _line(
    picture: Lines, target: str, dots: list[Dot], axes: Plane, *, shift: float, text: tuple[Written, Written], say: Say
) -> Group:
    sized, told = text
    looks = frame.look(picture.targets, target)
    left, _, right, _ = axes.inner
    placed = [(max(left, min(axes.x.at(dot.x) + shift, right)), dot) for dot in dots]
    points = tuple((x, axes.y.at(dot.y)) for x, dot in placed)
    items: list[Item] = [Line(points=points, ink=looks[0], width=1.5)]
    items += [
        Line(points=((x, axes.y.at(dot.low)), (x, axes.y.at(dot.high))), ink=looks[0], width=1.8)
        for x, dot in placed
        if dot.low != dot.high
    ]
    for x, dot in placed[:: frame.every(len(placed), _MOST_MARKS)]:
        tip = f"{say(target)} at {say(picture.size)} {sized(dot.x)}: {_said(dot, told)} {say(picture.unit)}"
        items.append(Group(items=(frame.mark(x, axes.y.at(dot.y), looks),), tip=tip))
    return Group(items=tuple(items), target=target)


def _said(dot: Dot, text: Written) -> str:
    if dot.low == dot.high:
        return text(dot.y)
    return f"{text(dot.y)} [{text(dot.low)}, {text(dot.high)}]"
