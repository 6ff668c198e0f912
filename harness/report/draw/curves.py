"""Small pictures beside one another: what happens step by step, each on axes of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby

from harness.report.draw import frame
from harness.report.draw.axis import counting_axis, even_axis, plain
from harness.report.draw.frame import BODY, HEAD, MARGIN, Say
from harness.report.draw.legend import Entry, legend, of_targets
from harness.report.draw.plane import Plane, plane
from harness.report.draw.scene import Group, Item, Label, Line, Point, Scene
from harness.report.draw.text import Extent, folded
from harness.report.picture import Curves, Panel

_A_ROW = 3  # panels beside one another
_HEIGHT, _GAP = 190.0, 22.0
_LINE = 15.0  # of a title of two
_MOST_MARKS = 24  # of a line
_TICKS = 5
_LARGEST = 1e200  # beyond it a value has no place


def curves_scene(picture: Curves, width: float, say: Say) -> Scene:
    """Return the panels in rows."""
    panels = [panel for panel in picture.panels if any(map(_known, panel.lines.values()))]
    if not panels:
        return frame.nothing(picture, width, say)
    met = [target for panel in panels for target, line in panel.lines.items() if _known(line)]
    shown = frame.shown(picture.targets, met)
    columns = min(_A_ROW, len(panels))
    wide = (width - 2 * MARGIN - (columns - 1) * _GAP) / columns
    titles = [folded(say(panel.name), wide, BODY) for panel in panels]
    above = _LINE * (max(map(len, titles)) - 1)
    high = above + _HEIGHT
    items: list[Item] = []
    for at, (panel, title) in enumerate(zip(panels, titles, strict=True)):
        row, column = divmod(at, columns)
        left, top = MARGIN + column * (wide + _GAP), HEAD + row * (high + 8)
        *first, last = title
        items += [Label(x=left, y=top + above - _LINE + BODY, text=text, size=BODY) for text in first]
        items += _panel(picture, panel, last, (left, top + above, left + wide, top + high), shown, say=say)
    bottom = HEAD + math.ceil(len(panels) / columns) * (high + 8)
    entries = of_targets(picture, shown, say)
    if picture.goal is not None and _known([picture.goal]):
        entries.append(Entry(text=f"the goal, {plain(picture.goal)}", ink="faint", dash=True))
    key, end = legend(entries, top=bottom + 4, width=width)
    return frame.finished(picture, (*items, *key), width=width, height=end + 10, say=say)


def _panel(picture: Curves, panel: Panel, title: str, place: Extent, shown: Sequence[str], *, say: Say) -> list[Item]:
    """Return lines that may lie on each other: the first one thick, each after it thinner, marks in turn."""
    turns = [target for target in shown if _known(panel.lines.get(target, ()))]
    goal = [picture.goal] if picture.goal is not None and _known([picture.goal]) else []
    axes = plane(
        counting_axis(max(map(len, panel.lines.values()))),
        even_axis([*goal, *(value for line in panel.lines.values() for value in line)], plain, most=_TICKS),
        place,
        names=(say(picture.step), title),
    )
    left, _, right, _ = axes.inner
    level = [Line(points=((left, y), (right, y)), ink="faint", width=1.4, dash=True) for y in map(axes.y.at, goal)]
    drawn = [_curve(picture, panel, target, axes, (turn, len(turns)), say=say) for turn, target in enumerate(turns)]
    return [*axes.items, *level, *drawn]


def _curve(picture: Curves, panel: Panel, target: str, axes: Plane, turn: tuple[int, int], *, say: Say) -> Group:
    at, count = turn
    looks = frame.look(picture.targets, target)
    values = panel.lines[target]
    pieces = _pieces(values, axes)
    thick = frame.thickness(at, count)
    items: list[Item] = [Line(points=piece, ink=looks[0], width=thick) for piece in pieces if len(piece) > 1]
    points = [point for piece in pieces for point in piece]
    step = max(count, frame.every(len(points), _MOST_MARKS))
    lonely = [piece[0] for piece in pieces if len(piece) == 1]  # no line would show it
    marked = dict.fromkeys([*points[at % max(1, len(points)) :: step], *lonely])
    items += [frame.mark(x, y, looks, thick) for x, y in marked]
    tip = f"{say(target)}, {say(panel.name)}: {_ends(values, say(picture.step))}"
    return Group(items=tuple(items), tip=tip, target=target)


def _pieces(values: Sequence[float], axes: Plane) -> list[tuple[Point, ...]]:
    """Return the runs of values that are numbers: a line is broken where there is none."""
    numbered = enumerate(values, start=1)
    return [
        tuple((axes.x.at(step), axes.y.at(value)) for step, value in run)
        for known, run in groupby(numbered, key=lambda pair: abs(pair[1]) < _LARGEST)
        if known
    ]


def _known(values: Sequence[float]) -> bool:
    return any(abs(value) < _LARGEST for value in values)


def _ends(values: Sequence[float], step: str) -> str:
    """Say with which number a line begins and ends."""
    first, last = (plain(value) if math.isfinite(value) else "no number" for value in (values[0], values[-1]))
    begins = f"{first} at {step} 1"
    return begins if len(values) == 1 else f"{begins}, {last} at {step} {len(values)}"
