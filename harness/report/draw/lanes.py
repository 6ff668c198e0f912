"""A lane for each case, a dot with its interval for each target: dots and no bars, for the axis has no zero."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.report import words
from harness.report.draw import frame
from harness.report.draw.axis import duration, log_axis, plain, sound
from harness.report.draw.frame import BODY, HEAD, MARGIN, MIDDLE, SMALL, Say
from harness.report.draw.legend import legend, of_targets
from harness.report.draw.plane import AXIS, across
from harness.report.draw.scene import Box, Group, Item, Label, Line, Scale, Scene
from harness.report.draw.text import folded, shortened
from harness.report.draw.text import width as width_of
from harness.report.picture import Dot, Lane, Lanes

_NAME = 240.0
_RIGHT = 24.0
_ROW = 14.0  # height of one target in a lane
_LINE = 14.0  # of a name
_LINES = 2  # for which every lane has room


def lanes_scene(picture: Lanes, width: float, say: Say) -> Scene:
    """Return the lanes, one below the other, above a shared logarithmic axis."""
    if not picture.lanes:
        return frame.nothing(picture, width, say)
    shown = frame.shown(picture.targets, [target for lane in picture.lanes for target in (*lane.dots, *lane.gaps)])
    dots = [_sound(lane) for lane in picture.lanes]
    values = [value for found in dots for dot in found.values() for value in (dot.low, dot.x, dot.high)]
    axis = log_axis([*values, *([1.0] * picture.line_at_one)], plain if picture.line_at_one else duration)
    names = [folded(say(lane.name), _NAME, BODY, max(_LINES, len(shown))) for lane in picture.lanes]
    left = MARGIN + max(width_of(line, BODY) for name in names for line in name) + 12
    scale = axis.scale(left, width - _RIGHT)
    height = _ROW * max(_LINES, len(shown) + 1)
    bottom = HEAD + height * len(picture.lanes)
    items: list[Item] = []
    for at in range(1, len(names)):
        y = HEAD + at * height
        items.append(Line(points=((MARGIN, y), (width - _RIGHT, y)), ink="grid"))
    below = bottom
    if values:
        below += AXIS + 18
        items.append(across(scale, axis.ticks, top=HEAD, bottom=bottom, within=(MARGIN, width - 4)))
        items.append(Label(x=left, y=below, text=shortened(say(picture.unit), scale.end - left, BODY), size=BODY))
        if picture.line_at_one:
            one = scale.at(1.0)
            items.append(Line(points=((one, HEAD), (one, bottom)), ink="faint", width=1.4))
    for at, (lane, found, name) in enumerate(zip(picture.lanes, dots, names, strict=True)):
        items += _lane(picture, lane, found, scale=scale, shown=shown, place=(HEAD + at * height, height), say=say)
        middle = HEAD + (at + 0.5) * height + MIDDLE * BODY
        labels = tuple(
            Label(x=MARGIN, y=middle + (line - (len(name) - 1) / 2) * _LINE, text=text, size=BODY)
            for line, text in enumerate(name)
        )
        items.append(Group(items=labels, tip=say(lane.name), lane=lane.key))
    key, end = legend(of_targets(picture, shown, say), top=below + 10, width=width)
    return frame.finished(
        picture, (*items, *key), width=width, height=end + 10, say=say, scale=scale if values else None
    )


def _sound(lane: Lane) -> dict[str, Dot]:
    return {target: dot for target, given in lane.dots.items() if (dot := sound(given, given.x)) is not None}


def _lane(
    picture: Lanes,
    lane: Lane,
    found: Mapping[str, Dot],
    *,
    scale: Scale,
    shown: Sequence[str],
    place: tuple[float, float],
    say: Say,
) -> list[Group]:
    top, height = place
    groups = []
    for turn, target in enumerate(shown):
        y = top + height * (turn + 1) / (len(shown) + 1)
        if target in found:
            dot = found[target]
            looks = frame.look(picture.targets, target)
            tip = f"{say(target)} at {say(lane.name)}: {_said(dot, relative=picture.line_at_one)}"
            groups.append(Group(items=_dot(dot, scale, y, looks), tip=tip, target=target, lane=lane.key))
        elif target in lane.gaps:
            items = _gap(say(target), say(lane.gaps[target]), scale, y, scale.at(1.0) if picture.line_at_one else None)
            tip = f"{say(target)} at {say(lane.name)}: {say(lane.gaps[target])}"
            groups.append(Group(items=items, tip=tip, target=target, lane=lane.key))
    return groups


def _dot(dot: Dot, scale: Scale, y: float, looks: tuple[str, str]) -> tuple[Item, ...]:
    shape = frame.mark(scale.at(dot.x), y, looks)
    if dot.low == dot.high:
        return (shape,)
    whisker = Line(points=((scale.at(dot.low), y), (scale.at(dot.high), y)), ink=looks[0], width=1.8)
    return whisker, shape


def _gap(target: str, word: str, scale: Scale, y: float, one: float | None) -> tuple[Item, ...]:
    """Return words on a piece of paper, for lines would run through them; beside the line at one, where there is room.

    Nothing else stands in their row.
    """
    room = scale.end - scale.start - 12
    text = f"{shortened(target, 0.55 * room, SMALL)}: {shortened(word, 0.4 * room, SMALL)}"
    left, wide = scale.start + 6, width_of(text, SMALL) + 3
    if one is not None and left - 3 <= one <= left + wide:
        left = next((place for place in (one + 6, one - wide - 3) if _fits(place, wide, scale)), left)
    paper = Box(x=left - 3, y=y - 0.6 * SMALL, w=wide, h=1.2 * SMALL, ink="paper")
    return paper, Label(x=left, y=y + MIDDLE * SMALL, text=text, size=SMALL, ink="soft", italic=True)


def _fits(left: float, wide: float, scale: Scale) -> bool:
    return scale.start + 3 <= left - 3 and left + wide <= scale.end


def _said(dot: Dot, *, relative: bool) -> str:
    """Return the exact number of a dot with its interval."""
    bare = dot.low == dot.high
    if relative:
        return f"{words.ratio(dot.x) if bare else words.ratio(dot.x, dot.low, dot.high)} x the reference"
    return words.time(dot.x) if bare else f"{words.time(dot.x)} ({words.time_span(dot.low, dot.high)})"
