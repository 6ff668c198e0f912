"""Bars from zero, in groups by name, made of parts that are laid one after another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from harness.report import words
from harness.report.draw import frame
from harness.report.draw.axis import amount, axis_from_zero, duration, is_bytes, usable
from harness.report.draw.frame import BODY, HEAD, MARGIN, MIDDLE, TICK, Say
from harness.report.draw.ink import PARTS
from harness.report.draw.legend import Entry, legend
from harness.report.draw.plane import AXIS, across
from harness.report.draw.scene import HATCHES, Box, Group, Item, Label, Scale, Scene
from harness.report.draw.text import extent, shortened
from harness.report.draw.text import width as width_of
from harness.report.picture import Bar, Stacks

_NAME, _NOTE = 190.0, 470.0
_ROW, _BAR = 19.0, 13.0
_GROUP = 24.0  # height of the name of a group
_BEHIND = 8.0  # between a bar and the words behind it
_SEAM = 1.0  # between two parts
_LEAST_WIDTH = 1.5
_HATCHED = 8.0  # a narrower part has no hatching that could be seen
_UNITS = (2**40, 2**30, 2**20, 2**10)  # of bytes


@dataclass(frozen=True, kw_only=True)
class _Paper:
    """What all bars of a picture share."""

    scale: Scale
    right: float  # where the words behind a bar have to end
    parts: Mapping[str, int]  # their places in the order of parts
    text: Callable[[float], str]
    say: Say


def stacks_scene(picture: Stacks, width: float, say: Say) -> Scene:
    """Return the bars above a shared linear axis, each with its sum and what is noted beside it."""
    if not any(map(_parts, picture.bars)):
        return frame.nothing(picture, width, say)
    text = amount if is_bytes(picture.unit) else words.time
    order = tuple(dict.fromkeys((*picture.parts, *(part for bar in picture.bars for part in bar.parts))))
    left = MARGIN + max(width_of(shortened(say(bar.target), _NAME, BODY), BODY) for bar in picture.bars) + 10
    totals = [sum(_parts(bar).values()) for bar in picture.bars]
    notes = [width_of(_behind(bar, text, say), TICK) for bar in picture.bars]
    right = width - MARGIN
    end = left + _longest(totals, [right - left - _BEHIND - note for note in notes])
    axis = axis_from_zero(totals, amount, _unit(totals)) if is_bytes(picture.unit) else axis_from_zero(totals, duration)
    places = {part: at for at, part in enumerate(order)}
    paper = _Paper(scale=axis.scale(left, end), right=right, parts=places, text=text, say=say)
    groups: dict[str, list[Bar]] = defaultdict(list)
    for bar in picture.bars:
        groups[bar.name].append(bar)
    items: list[Item] = []
    y = HEAD
    for name, bars in groups.items():
        items.append(_heading(say(name), y, width))
        items += [_bar(bar, paper, y + _GROUP + at * _ROW) for at, bar in enumerate(bars)]
        y += _GROUP + len(bars) * _ROW
    lines = across(paper.scale, axis.ticks, top=HEAD + _GROUP, bottom=y + 4, within=(MARGIN, width - 4))
    unit = Label(x=left, y=y + AXIS + 22, text=shortened(say(picture.unit), width - left - MARGIN, BODY), size=BODY)
    used = [part for part in order if any(part in _parts(bar) for bar in picture.bars)]
    key, below = legend([_entry(part, paper) for part in used], top=y + AXIS + 32, width=width)
    return frame.finished(picture, (lines, *items, unit, *key), width=width, height=below + 10, say=say)


def _parts(bar: Bar) -> dict[str, float]:
    """Return the parts that can be drawn."""
    return {part: value for part, value in bar.parts.items() if usable(value)}


def _longest(totals: Sequence[float], rooms: Sequence[float]) -> float:
    """Return how long the longest bar may be, so that each one ends within its room."""
    return min(max(totals) / total * room for total, room in zip(totals, rooms, strict=True) if total)


def _heading(name: str, y: float, width: float) -> Group:
    text = shortened(name, width - 2 * MARGIN, BODY, bold=True)
    return _on_paper(Label(x=MARGIN, y=y + 16, text=text, size=BODY, bold=True))


def _on_paper(label: Label) -> Group:
    """Return words that no line runs through."""
    left, top, right, bottom = extent(label)
    return Group(items=(Box(x=left, y=top, w=right - left, h=bottom - top, ink="paper"), label))


def _bar(bar: Bar, paper: _Paper, y: float) -> Group:
    middle = y + _ROW / 2
    name = shortened(paper.say(bar.target), _NAME, BODY)
    beside = Label(x=paper.scale.start - 10, y=middle + MIDDLE * BODY, text=name, size=BODY, anchor="end")
    items: list[Item] = [beside]
    laid = 0.0
    drawn = _parts(bar)
    for part in sorted(drawn, key=paper.parts.__getitem__):
        start, end = paper.scale.at(laid), paper.scale.at(laid + drawn[part])
        laid += drawn[part]
        ink, hatch = _look(paper.parts[part])
        wide = max(end - start - _SEAM, _LEAST_WIDTH)
        box = Box(x=start, y=middle - _BAR / 2, w=wide, h=_BAR, ink=ink, hatch=hatch if wide >= _HATCHED else 0)
        tip = f"{paper.say(part)}, {paper.say(bar.target)}, {paper.say(bar.name)}: {paper.text(drawn[part])}"
        items.append(Group(items=(box,), tip=tip))
    x = paper.scale.at(laid) + _BEHIND
    behind = _behind(bar, paper.text, paper.say, max(_NOTE, paper.right - x))
    after = _on_paper(Label(x=x, y=middle + MIDDLE * TICK, text=behind, size=TICK, ink="soft"))
    return Group(items=(*items, after), target=bar.target)


def _behind(bar: Bar, text: Callable[[float], str], say: Say, room: float = _NOTE) -> str:
    """Return what stands behind a bar: its sum, where it has one, and the note."""
    drawn = _parts(bar)
    total = text(sum(drawn.values())) if drawn else "not told"
    return shortened(f"{total}, {say(bar.note)}" if bar.note else total, room, TICK)


def _look(at: int) -> tuple[str, int]:
    """Return the ink and the hatching of a part: both differ from those of its neighbours."""
    return PARTS[at % len(PARTS)], (at + at // len(PARTS)) % HATCHES


def _entry(part: str, paper: _Paper) -> Entry:
    ink, hatch = _look(paper.parts[part])
    return Entry(text=paper.say(part), ink=ink, hatch=hatch, box=True)


def _unit(totals: Sequence[float]) -> float:
    """Return the unit of bytes in which the numbers at the axis are round."""
    return float(next((unit for unit in _UNITS if max(totals) >= unit), 1))
