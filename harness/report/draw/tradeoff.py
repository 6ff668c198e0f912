"""Latency against throughput: a line for each target, with the size of the batch at each of its dots."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from harness.report import words
from harness.report.draw import frame
from harness.report.draw.axis import duration, log_axis, prefixed, sound_points, usable
from harness.report.draw.frame import HEAD, MARGIN, TICK, Say
from harness.report.draw.legend import Entry, legend, of_targets
from harness.report.draw.plane import Plane, plane
from harness.report.draw.scene import Anchor, Group, Item, Label, Line, Point, Scene
from harness.report.draw.text import Extent, extent, first_free, shortened, strokes
from harness.report.picture import Dot, Tradeoff

_HEIGHT = 380.0
_LABEL = 90.0  # how wide the name of a dot may be
_MOST_MARKS = 60  # of a line
_RING, _CAP = 8.0, 4.0  # half of each
_CORNERS = 16  # of a ring
_KEY_OF_TAILS = Entry(text="up to what 99 of 100 calls stay below", dash=True)
_KEY_OF_RINGS = Entry(text="no other has both less latency and more throughput", sign="\u25cb")
_Place: TypeAlias = tuple[Anchor, float, float]

_BESIDE: tuple[_Place, ...] = (
    ("start", 7.0, -5.0),
    ("end", -7.0, -5.0),
    ("start", 7.0, 13.0),
    ("end", -7.0, 13.0),
    ("middle", 0.0, -9.0),
    ("middle", 0.0, 19.0),
)
_BESIDE_RING = tuple((side, 1.6 * right, 1.6 * down) for side, right, down in _BESIDE)


@dataclass(frozen=True, kw_only=True)
class _Mark:
    """A dot with its label; `tail` is above it, where enough calls were made to tell."""

    label: str
    dot: Dot
    tail: float | None
    unbeaten: bool


def tradeoff_scene(picture: Tradeoff, width: float, say: Say) -> Scene:
    """Return the lines between two logarithmic axes; a name that would lie on another one is left to its tip."""
    found = {target: _marks(picture, target) for target in picture.lines}
    marks = [mark for line in found.values() for mark in line]
    if not marks:
        return frame.nothing(picture, width, say)
    shown = frame.shown(picture.targets, [target for target, line in found.items() if line])
    axes = plane(
        log_axis([mark.dot.x for mark in marks], prefixed),
        log_axis([value for mark in marks for value in _values(mark)], duration),
        (MARGIN, HEAD, width - MARGIN, HEAD + _HEIGHT),
        names=(say(picture.across), say(picture.unit)),
    )
    taken = [place for mark in marks for place in _places(mark, axes)]
    for line in found.values():
        taken += strokes([(axes.x.at(mark.dot.x), axes.y.at(mark.dot.y)) for mark in line])
    named = _labels({target: found[target] for target in shown}, axes, taken=taken, say=say)
    groups = [_line(picture, target, found[target], axes, named[target], say=say) for target in shown]
    entries = [*of_targets(picture, shown, say), *_keys(marks)]
    key, end = legend(entries, top=HEAD + _HEIGHT + 8, width=width)
    return frame.finished(picture, (*axes.items, *groups, *key), width=width, height=end + 10, say=say)


def _marks(picture: Tradeoff, target: str) -> list[_Mark]:
    """Return what has a place on two logarithmic axes."""
    tails, best = picture.tails.get(target, {}), frozenset(picture.unbeaten.get(target, ()))
    return [
        _Mark(label=label, dot=dot, tail=_above(dot, tails.get(label)), unbeaten=label in best)
        for label, given in picture.lines[target]
        for dot in sound_points([given])
    ]


def _above(dot: Dot, tail: float | None) -> float | None:
    return tail if tail is not None and usable(tail) and tail > dot.y else None


def _values(mark: _Mark) -> list[float]:
    """Return all that the upright axis has to hold."""
    return [mark.dot.low, mark.dot.y, mark.dot.high, *([mark.tail] if mark.tail is not None else [])]


def _places(mark: _Mark, axes: Plane) -> list[Extent]:
    """Return the rectangles that a mark takes."""
    x, y = axes.x.at(mark.dot.x), axes.y.at(mark.dot.y)
    found = [axes.about(mark.dot)]
    if mark.tail is not None:
        found.append((x - _CAP, axes.y.at(mark.tail), x + _CAP, y))
    if mark.unbeaten:
        found.append((x - _RING, y - _RING, x + _RING, y + _RING))
    return found


def _keys(marks: Sequence[_Mark]) -> list[Entry]:
    """Return what the legend says beside the targets."""
    tails = [_KEY_OF_TAILS] if any(mark.tail is not None for mark in marks) else []
    return [*tails, *([_KEY_OF_RINGS] if any(mark.unbeaten for mark in marks) else [])]


def _labels(
    lines: Mapping[str, Sequence[_Mark]], axes: Plane, *, taken: Sequence[Extent], say: Say
) -> dict[str, list[Label]]:
    """Return the labels that find room, by target: those of what nobody beats first, for they are looked for."""
    marks = [(target, mark) for target, line in lines.items() for mark in _marked(line)]
    found: dict[str, list[Label]] = {target: [] for target in lines}
    full = [*taken]
    for target, mark in sorted(marks, key=lambda pair: not pair[1].unbeaten):
        at = (axes.x.at(mark.dot.x), axes.y.at(mark.dot.y))
        room = _BESIDE_RING if mark.unbeaten else _BESIDE
        label = _label(shortened(say(mark.label), _LABEL, TICK), at, room, full, axes.inner)
        if label is not None:
            found[target].append(label)
            full.append(extent(label))
    return found


def _marked(line: Sequence[_Mark]) -> list[_Mark]:
    """Return those dots of a line that are drawn as marks, the last one always."""
    every = frame.every(len(line), _MOST_MARKS)
    return [*line[:-1:every], *line[-1:]]


def _line(
    picture: Tradeoff, target: str, line: Sequence[_Mark], axes: Plane, labels: Sequence[Label], *, say: Say
) -> Group:
    """Return a line with its dots and labels."""
    looks = frame.look(picture.targets, target)
    places = [(axes.x.at(mark.dot.x), axes.y.at(mark.dot.y)) for mark in line]
    items: list[Item] = [Line(points=tuple(places), ink=looks[0], width=1.5)]
    for mark in _marked(line):
        dot, x, y = mark.dot, axes.x.at(mark.dot.x), axes.y.at(mark.dot.y)
        tip = (
            f"{say(target)}, {say(mark.label)}: {say(picture.across)} {prefixed(dot.x)}, {say(picture.unit)} "
            f"{_time(dot)}{_told(mark)}"
        )
        items.append(Group(items=(*_beside(mark, x, y, axes, looks[0]), frame.mark(x, y, looks)), tip=tip))
    return Group(items=(*items, *labels), target=target)


def _beside(mark: _Mark, x: float, y: float, axes: Plane, ink: str) -> list[Line]:
    """Return the interval of a dot, what its slowest calls take, and its ring, as far as it has them."""
    found = []
    if mark.dot.low != mark.dot.high:
        found.append(Line(points=((x, axes.y.at(mark.dot.low)), (x, axes.y.at(mark.dot.high))), ink=ink, width=1.8))
    if mark.tail is not None:
        end = axes.y.at(mark.tail)
        found.append(Line(points=((x, y), (x, end)), ink=ink, dash=True))
        found.append(Line(points=((x - _CAP, end), (x + _CAP, end)), ink=ink))
    if mark.unbeaten:
        found.append(Line(points=_ring(x, y), ink="ink"))
    return found


def _ring(x: float, y: float) -> tuple[Point, ...]:
    turns = [2 * math.pi * at / _CORNERS for at in range(_CORNERS + 1)]
    return tuple((x + _RING * math.cos(turn), y + _RING * math.sin(turn)) for turn in turns)


def _label(text: str, at: Point, room: Sequence[_Place], taken: Sequence[Extent], within: Extent) -> Label | None:
    x, y = at
    beside = [Label(x=x + right, y=y + down, text=text, size=TICK, anchor=side) for side, right, down in room]
    return first_free(beside, taken, within)


def _told(mark: _Mark) -> str:
    """Say what else is drawn about a dot."""
    tail = "" if mark.tail is None else f", 99 of 100 calls below {words.time(mark.tail)}"
    return f"{tail}, unbeaten" if mark.unbeaten else tail


def _time(dot: Dot) -> str:
    if dot.low == dot.high:
        return words.time(dot.y)
    return f"{words.time(dot.y)} ({words.time_span(dot.low, dot.high)})"
