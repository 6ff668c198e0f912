"""How many of the tries had come to their goal after so much time, in steps."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from harness.report import words
from harness.report.draw import frame
from harness.report.draw.axis import Axis, axis_from_zero, duration, log_axis, usable
from harness.report.draw.frame import HEAD, MARGIN, Say
from harness.report.draw.legend import legend, of_targets
from harness.report.draw.plane import Plane, plane
from harness.report.draw.scene import Group, Item, Line, Point, Scene
from harness.report.picture import Reached

_HEIGHT = 320.0
_WIDE_SPAN = 10.0  # times of more than this ratio stand on a logarithmic axis
_MOST_MARKS = 40  # of a line
_MOST_TIMES = 10  # in the words about a line
_NOBODY = "No try came to the goal."  # where times would stand
_SHARES = Axis(
    low=0.0, high=1.0, ticks=((0.0, "0 %"), (0.25, "25 %"), (0.5, "50 %"), (0.75, "75 %"), (1.0, "100 %")), log=False
)


def reached_scene(picture: Reached, width: float, say: Say) -> Scene:
    """Return a staircase for each target; one that never arrives at the top had tries that failed."""
    tried = {target: count for target, (_, count) in picture.lines.items() if count > 0}
    if not tried:
        return frame.nothing(picture, width, say)
    shown = frame.shown(picture.targets, tried)
    times = {target: sorted(filter(usable, picture.lines[target][0]))[: tried[target]] for target in shown}
    arrived = [time for own in times.values() for time in own]
    axes = plane(
        _time_axis(arrived),
        _SHARES,
        (MARGIN, HEAD, width - MARGIN, HEAD + _HEIGHT),
        names=(say(picture.across) if arrived else _NOBODY, say(picture.unit)),
    )
    lines = [
        _line(picture, target, times[target], axes, thick=frame.thickness(turn, len(shown)), say=say)
        for turn, target in enumerate(shown)
    ]
    counted = {target: f": {len(times[target])} of {tried[target]}" for target in shown}
    key, end = legend(of_targets(picture, shown, say, counted), top=HEAD + _HEIGHT + 8, width=width)
    return frame.finished(picture, (*axes.items, *lines, *key), width=width, height=end + 10, say=say)


def _time_axis(times: Sequence[float]) -> Axis:
    if not times:
        return Axis(low=0.0, high=1.0, ticks=(), log=False)
    if max(times) / min(times) > _WIDE_SPAN:
        return log_axis(times, duration)
    return axis_from_zero([1.05 * max(times)], duration)


def _line(picture: Reached, target: str, times: Sequence[float], axes: Plane, *, thick: float, say: Say) -> Group:
    looks = frame.look(picture.targets, target)
    tried = picture.lines[target][1]
    left, _, right, floor = axes.inner
    tops = [(axes.x.at(time), axes.y.at((at + 1) / tried)) for at, time in enumerate(times)]
    corners: list[Point] = [(left, floor), *tops]
    stairs = [point for (x, y), (next_x, next_y) in pairwise(corners) for point in ((x, y), (next_x, y))]
    last = corners[-1][1]
    items: list[Item] = [Line(points=(*stairs, corners[-1], (right, last)), ink=looks[0], width=thick)]
    items += [frame.mark(x, y, looks, thick) for x, y in tops[:: frame.every(len(tops), _MOST_MARKS)]]
    return Group(items=tuple(items), tip=f"{say(target)}: {_said(times, tried)}", target=target)


def _said(times: Sequence[float], tried: int) -> str:
    if not times:
        return f"none of {tried} came to the goal"
    told = ", ".join(words.time(time) for time in times[:_MOST_TIMES])
    more = " and more" if len(times) > _MOST_TIMES else ""
    return f"{len(times)} of {tried} came to the goal, after {told}{more}"
