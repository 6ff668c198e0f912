"""Operations a second against operations a byte, under what the device can do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from harness.core.units import rate
from harness.report.draw import frame
from harness.report.draw.axis import Axis, log_axis, plain, prefixed, sound_points, usable
from harness.report.draw.frame import HEAD, MARGIN, TICK, Say
from harness.report.draw.legend import Entry, legend, of_targets
from harness.report.draw.plane import Plane, plane
from harness.report.draw.scene import Anchor, Group, Item, Label, Line, Point, Scene
from harness.report.draw.text import Extent, extent, first_free, shortened, strokes
from harness.report.picture import Dot, Roof, Roofline

_HEIGHT = 400.0
_LABEL = 300.0  # how wide the name of a roof may be
_ABOVE, _BELOW = -6.0, 15.0  # of a roof, where its name stands
_BESIDE: tuple[tuple[Anchor, float], ...] = (("end", _ABOVE), ("start", _BELOW))  # where a slope leaves room
_ALONG = tuple(at / 10 for at in range(9, 0, -1))
_ACROSS = "FLOPs a byte"


def roofline_scene(picture: Roofline, width: float, say: Say) -> Scene:
    """Return dots by target between two logarithmic axes, below a line for each roof."""
    found = {
        target: [(case, dot) for case, given in points for dot in sound_points([given])]
        for target, points in picture.points.items()
    }
    dots = [dot for points in found.values() for _, dot in points]
    if not dots:
        return frame.nothing(picture, width, say)
    shown = frame.shown(picture.targets, [target for target, points in found.items() if points])
    xs = [dot.x for dot in dots]
    roofs = [roof for roof in picture.roofs if _is_sound(roof, min(xs), max(xs))]
    xs += [ridge for roof in roofs if (ridge := _ridge(roof)) is not None]
    ys = [value for dot in dots for value in (dot.low, dot.y, dot.high)]
    level = log_axis(xs, plain)
    upright = log_axis([*ys, *(_top(roof, x) for roof in roofs for x in (min(xs), max(xs)))], prefixed)
    axes = plane(level, upright, (MARGIN, HEAD, width - MARGIN, HEAD + _HEIGHT), names=(_ACROSS, say(picture.unit)))
    taken = [axes.about(dot) for dot in dots]
    items: list[Item] = [*axes.items, *_roofs(roofs, level, upright, axes, taken=taken, say=say)]
    items += [_points(picture, target, found[target], axes, say) for target in shown]
    entries = [*of_targets(picture, shown, say), *(_entry(roof, say) for roof in roofs)]
    key, end = legend(entries, top=HEAD + _HEIGHT + 8, width=width)
    return frame.finished(picture, (*items, *key), width=width, height=end + 10, say=say)


def _points(picture: Roofline, target: str, points: Sequence[tuple[str, Dot]], axes: Plane, say: Say) -> Group:
    looks = frame.look(picture.targets, target)
    items: list[Item] = []
    for case, dot in points:
        x = axes.x.at(dot.x)
        whisker = Line(points=((x, axes.y.at(dot.low)), (x, axes.y.at(dot.high))), ink=looks[0], width=1.8)
        shape = frame.mark(x, axes.y.at(dot.y), looks)
        marks: tuple[Item, ...] = (shape,) if dot.low == dot.high else (whisker, shape)
        tip = f"{say(target)} at {say(case)}: {_said(dot)}, {plain(dot.x)} {_ACROSS}"
        items.append(Group(items=marks, tip=tip))
    return Group(items=tuple(items), target=target)


def _said(dot: Dot) -> str:
    speed = rate(dot.y, "FLOP/s")
    return speed if dot.low == dot.high else f"{speed} ({rate(dot.low, 'FLOP/s')} to {rate(dot.high, 'FLOP/s')})"


# -- roofs -------------------------------------------------------------------------------------------


def _flops(roof: Roof) -> float | None:
    return roof.flops_per_s if roof.flops_per_s is not None and usable(roof.flops_per_s) else None


def _bytes(roof: Roof) -> float | None:
    return roof.bytes_per_s if roof.bytes_per_s is not None and usable(roof.bytes_per_s) else None


def _ridge(roof: Roof) -> float | None:
    """Return where memory stops to be the limit, for a roof that knows both."""
    flops, moved = _flops(roof), _bytes(roof)
    return None if flops is None or moved is None else flops / moved


def _top(roof: Roof, x: float) -> float:
    """Return how many operations a second a roof allows at `x` operations a byte."""
    flops, moved = _flops(roof), _bytes(roof)
    limits = [limit for limit in (flops, None if moved is None else moved * x) if limit is not None]
    return min(limits)


def _is_sound(roof: Roof, low: float, high: float) -> bool:
    """Whether a roof says anything, and nothing that no axis could hold."""
    if _flops(roof) is None and _bytes(roof) is None:
        return False
    ridge = _ridge(roof)
    return all(usable(_top(roof, x)) for x in (low, high)) and (ridge is None or usable(ridge))


def _corners(roof: Roof, level: Axis, upright: Axis) -> list[Point]:
    """Return the values at the corners of a roof, as far as the axes go."""
    moved, ridge = _bytes(roof), _ridge(roof)
    start = level.low if moved is None else max(level.low, upright.low / moved)
    end = level.high if moved is None or ridge is not None else min(level.high, upright.high / moved)
    return [(x, _top(roof, x)) for x in (start, *([] if ridge is None else [ridge]), end)]


def _roofs(
    roofs: Sequence[Roof], level: Axis, upright: Axis, axes: Plane, *, taken: Sequence[Extent], say: Say
) -> list[Group]:
    """Return the roofs with their names, where there is room for one; the legend has them all."""
    labels: list[Label] = []
    groups = []
    lines = [tuple((axes.x.at(x), axes.y.at(y)) for x, y in _corners(roof, level, upright)) for roof in roofs]
    taken = [*taken, *(stroke for points in lines for stroke in strokes(points))]
    for roof, points in zip(roofs, lines, strict=True):
        items: list[Item] = [Line(points=points, ink="ink", width=1.4, dash=not roof.measured)]
        places = _names(shortened(say(roof.name), _LABEL, TICK), points)
        label = first_free(places, [*taken, *map(extent, labels)], axes.inner)
        if label is not None:
            labels.append(label)
            items.append(label)
        groups.append(Group(items=tuple(items), tip=_told(roof, say)))
    return groups


def _names(text: str, points: Sequence[Point]) -> Iterator[Label]:
    """Yield where the name of a roof may stand: at an end of it, above or below, or else somewhere along it."""
    ends: tuple[tuple[Point, Anchor, float], ...] = ((points[-1], "end", -6.0), (points[0], "start", 6.0))
    for (x, y), anchor, aside in ends:
        for down in (_ABOVE, _BELOW):
            yield Label(x=x + aside, y=y + down, text=text, size=TICK, anchor=anchor, ink="soft", italic=True)
    for (x, y), (next_x, next_y) in reversed([*pairwise(points)]):
        for share in _ALONG:
            along, level = x + share * (next_x - x), y + share * (next_y - y)
            for anchor, down in _BESIDE:
                yield Label(x=along, y=level + down, text=text, size=TICK, anchor=anchor, ink="soft", italic=True)


def _told(roof: Roof, say: Say) -> str:
    return f"{_limits(roof, say)}, {'measured' if roof.measured else 'from a data sheet'}"


def _limits(roof: Roof, say: Say) -> str:
    flops, moved = _flops(roof), _bytes(roof)
    limits = [*([rate(flops, "FLOP/s")] if flops else []), *([rate(moved, "B/s")] if moved else [])]
    return f"{say(roof.name)}: {', '.join(limits)}"


def _entry(roof: Roof, say: Say) -> Entry:
    """Its name and its limits; a solid line was measured, a dashed one was not, and names say so too."""
    return Entry(text=_limits(roof, say), ink="ink", dash=not roof.measured)
