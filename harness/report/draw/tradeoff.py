"""Latency against throughput: a line for each target, with the size of the batch at each of its dots."""

from __future__ import annotations

from collections.abc import Sequence

from harness.report import words
from harness.report.draw import frame
from harness.report.draw.axis import duration, log_axis, prefixed, sound_points
from harness.report.draw.frame import HEAD, MARGIN, TICK, Say
from harness.report.draw.legend import legend, of_targets
from harness.report.draw.plane import Plane, plane
from harness.report.draw.scene import Anchor, Group, Item, Label, Line, Scene
from harness.report.draw.text import Extent, extent, first_free, shortened, strokes
from harness.report.picture import Dot, Tradeoff

_HEIGHT = 380.0
_LABEL = 90.0  # how wide the name of a dot may be
_MOST_MARKS = 60  # of a line
_BESIDE: tuple[tuple[Anchor, float, float], ...] = (
    ("start", 7.0, -5.0),
    ("end", -7.0, -5.0),
    ("start", 7.0, 13.0),
    ("end", -7.0, 13.0),
    ("middle", 0.0, -9.0),
    ("middle", 0.0, 19.0),
)


def tradeoff_scene(picture: Tradeoff, width: float, say: Say) -> Scene:
    """Return the lines between two logarithmic axes; a name that would lie on another one is left to its tip."""
    found = {target: _sound(line) for target, line in picture.lines.items()}
    dots = [dot for line in found.values() for _, dot in line]
    if not dots:
        return frame.nothing(picture, width, say)
    shown = frame.shown(picture.targets, [target for target, line in found.items() if line])
    axes = plane(
        log_axis([dot.x for dot in dots], prefixed),
        log_axis([value for dot in dots for value in (dot.low, dot.y, dot.high)], duration),
        (MARGIN, HEAD, width - MARGIN, HEAD + _HEIGHT),
        names=(say(picture.across), say(picture.unit)),
    )
    taken = [axes.about(dot) for dot in dots]
    for sizes in found.values():
        taken += strokes([(axes.x.at(dot.x), axes.y.at(dot.y)) for _, dot in sizes])
    groups = []
    for target in shown:
        line, labels = _line(picture, target, found[target], axes, taken=taken, say=say)
        groups.append(line)
        taken += map(extent, labels)
    key, end = legend(of_targets(picture, shown, say), top=HEAD + _HEIGHT + 8, width=width)
    return frame.finished(picture, (*axes.items, *groups, *key), width=width, height=end + 10, say=say)


def _sound(line: Sequence[tuple[str, Dot]]) -> list[tuple[str, Dot]]:
    return [(label, dot) for label, given in line for dot in sound_points([given])]


def _line(
    picture: Tradeoff, target: str, dots: Sequence[tuple[str, Dot]], axes: Plane, *, taken: Sequence[Extent], say: Say
) -> tuple[Group, list[Label]]:
    """Return a line with its dots, and the labels that found room."""
    looks = frame.look(picture.targets, target)
    placed = [(axes.x.at(dot.x), label, dot) for label, dot in dots]
    items: list[Item] = [Line(points=tuple((x, axes.y.at(dot.y)) for x, _, dot in placed), ink=looks[0], width=1.5)]
    labels: list[Label] = []
    for x, name, dot in placed[:: frame.every(len(placed), _MOST_MARKS)]:
        y = axes.y.at(dot.y)
        whisker = Line(points=((x, axes.y.at(dot.low)), (x, axes.y.at(dot.high))), ink=looks[0], width=1.8)
        tip = f"{say(target)}, {say(name)}: {say(picture.across)} {prefixed(dot.x)}, {say(picture.unit)} {_time(dot)}"
        shape = frame.mark(x, y, looks)
        marks: tuple[Item, ...] = (shape,) if dot.low == dot.high else (whisker, shape)
        items.append(Group(items=marks, tip=tip))
        label = _label(shortened(say(name), _LABEL, TICK), x, y, [*taken, *map(extent, labels)], axes.inner)
        labels += [label] if label is not None else []
    return Group(items=(*items, *labels), target=target), labels


def _label(text: str, x: float, y: float, taken: Sequence[Extent], within: Extent) -> Label | None:
    beside = [Label(x=x + right, y=y + down, text=text, size=TICK, anchor=side) for side, right, down in _BESIDE]
    return first_free(beside, taken, within)


def _time(dot: Dot) -> str:
    if dot.low == dot.high:
        return words.time(dot.y)
    return f"{words.time(dot.y)} ({words.time_span(dot.low, dot.high)})"
