"""A scene as SVG, within a page or as a file of its own.

Every piece draws with `currentColor` and bears the class of its role, or stands in a group that does: a style sheet
gives roles a `color` (`ink.rules`), and so a page can be light or dark without being drawn again. There are no style
attributes, scripts or references to anything outside, and every text is escaped here, wherever it comes from.

Within a page, groups bear `data-target` and `data-lane`; the root bears `data-low`, `data-high`, `data-x0` and
`data-x1` where dots may be moved along a logarithmic axis. An entry of a legend has the class `key`, an axis
with its lines and numbers the class `axis`. An upright line keeps both its ends in full, for a script to move it.

A page holds thousands of pieces, so what most of them have in common is said once: by the root the width of lines and
how letters are set, by a group the role of all that is in it.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from html import escape

from harness.report.draw.ink import LIGHT, rules
from harness.report.draw.marks import outline
from harness.report.draw.scene import Box, Group, Item, Label, Line, Point, Scene, Shape, flat
from harness.report.escape import visible

_LONGEST = 1000
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]")
_FILLED = "text,circle{fill:currentColor}"  # said once: a page holds thousands of them
_FONTS = "text{font-family:'DejaVu Sans',Verdana,sans-serif}"
_STRIPES = ((4, 4), (4, -4), (8, 0), (0, 8))  # how far, and which way, the next one is: rising, falling, upright, level
_STRIPE = 1.2  # how wide one is
_HATCHES = ((), (0,), (1,), (2,), (3,), (0, 1), (2, 3))  # which stripes each is made of
_WIDTH, _ANCHOR = "1", "start"  # of lines, and of letters, where nothing is said
_GRID = "1"  # the width of a grid, in the style of a page


@dataclass(frozen=True, kw_only=True)
class _Root:
    """What is said once for all pieces, so that a piece says only what is its own."""

    own: str  # what ids begin with
    fill: str  # what a filled piece says for itself
    width: str  # of lines
    size: str  # of letters
    anchor: str

    def says(self) -> dict[str, str]:
        """Return the attributes of the root."""
        return {
            # A file says it with each piece: not everybody's program hands on `currentColor` as a colour yet to be.
            "fill": "" if self.fill else "currentColor",
            "stroke-width": "" if self.width == _WIDTH else self.width,
            "font-size": self.size,
            "text-anchor": "" if self.anchor == _ANCHOR else self.anchor,
        }


def svg(scene: Scene, *, identity: str, alone: bool) -> str:
    """Return `scene` as SVG; `identity` is what its ids begin with, and differs from picture to picture."""
    root = _root(scene, _NOT_IN_NAMES.sub("-", identity), alone=alone)
    width, height = _number(scene.width), _number(scene.height)
    says = {
        "xmlns": "http://www.w3.org/2000/svg" if alone else "",
        "viewBox": f"0 0 {width} {height}",
        "width": width,
        "height": height,
        "role": "img",
        "aria-labelledby": f"{root.own}-title {root.own}-desc",
        **_scale(scene),
        **root.says(),
    }
    parts = [
        f"<svg{_attributes(says)}>",
        f'<title id="{root.own}-title">{_text(scene.title)}</title>',
        f'<desc id="{root.own}-desc">{_text(scene.alt)}</desc>',
        *_background(scene, root, alone=alone),
        *_stripes(scene, root.own),
        *(_item(item, root, "") for item in scene.items),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _root(scene: Scene, own: str, *, alone: bool) -> _Root:
    """Return what most pieces of a scene have in common."""
    marks = list(flat(scene.items))
    labels = [mark for mark in marks if isinstance(mark, Label)]
    return _Root(
        own=own,
        fill="currentColor" if alone else "",
        width=_commonest([_place(mark.width) for mark in marks if isinstance(mark, Line)], _WIDTH),
        size=_commonest([_place(label.size) for label in labels], ""),
        anchor=_commonest([label.anchor for label in labels], _ANCHOR),
    )


def _commonest(values: list[str], usual: str) -> str:
    return Counter(values).most_common(1)[0][0] if values else usual


def _scale(scene: Scene) -> dict[str, str]:
    if scene.scale is None:
        return {}
    scale = scene.scale
    return {
        "data-low": repr(float(scale.low)),
        "data-high": repr(float(scale.high)),
        "data-x0": _number(scale.start),
        "data-x1": _number(scale.end),
    }


def _background(scene: Scene, root: _Root, *, alone: bool) -> tuple[str, ...]:
    """Return what a file needs that a page has: colours and paper."""
    if not alone:
        return ()
    paper = Box(x=0, y=0, w=scene.width, h=scene.height, ink="paper")
    return f"<style>{_FONTS}{_FILLED}{rules(LIGHT)}</style>", _box(paper, root, "")


def _stripes(scene: Scene, own: str) -> tuple[str, ...]:
    """Return the stripes that are used, as gradients that repeat: printed, a pattern becomes a heap of pixels."""
    used = {at for mark in flat(scene.items) if isinstance(mark, Box) for at in _HATCHES[mark.hatch]}
    if not used:
        return ()
    return ("<defs>", *(_stripe(at, own) for at in sorted(used)), "</defs>")


def _stripe(at: int, own: str) -> str:
    x, y = _STRIPES[at]
    says = f'id="{own}-h{at}" gradientUnits="userSpaceOnUse" x1="0" y1="0" x2="{x}" y2="{y}" spreadMethod="repeat"'
    stop = {"class": "paper", "offset": _number(1 - _STRIPE / math.hypot(x, y)), "stop-color": "currentColor"}
    stops = f"<stop{_attributes(stop | {'stop-opacity': '0'})}/><stop{_attributes(stop)}/>"
    return f"<linearGradient {says}>{stops}</linearGradient>"


def _item(item: Item, root: _Root, ink: str) -> str:
    """Return a piece, within a group whose role is `ink`, where all that is in it has one."""
    match item:
        case Group():
            return _group(item, root, ink)
        case Line():
            return _line(item, root, ink)
        case Shape():
            return _shape(item, root, ink)
        case Box():
            return _box(item, root, ink)
        case Label():
            return _label(item, root, ink)


def _group(group: Group, root: _Root, ink: str) -> str:
    shared = ink or _shared(group)
    says = {
        "class": " ".join(filter(None, (group.kind, "" if shared == ink else shared))),
        "data-target": visible(group.target, _LONGEST),
        "data-lane": visible(group.lane, _LONGEST),
    }
    said = group.tip and [mark.text for mark in flat(group.items) if isinstance(mark, Label)] != [group.tip]
    tip = f"<title>{_text(group.tip)}</title>" if said else ""
    return f"<g{_attributes(says)}>{tip}{''.join(_item(one, root, shared) for one in group.items)}</g>"


def _shared(group: Group) -> str:
    """Return the role of all that is in a group, where it is one."""
    marks = flat(group.items)
    inks = {ink for mark in marks for ink in ((mark.ink, mark.edge) if isinstance(mark, Box) else (mark.ink,)) if ink}
    return inks.pop() if len(inks) == 1 else ""


def _line(line: Line, root: _Root, ink: str) -> str:
    """Return a line; the style of a page gives all of them the colour of their role, and a grid its width."""
    width = _place(line.width)
    usual = _GRID if line.ink == "grid" and not root.fill else root.width
    says = {
        "class": _role(line.ink, ink),
        "d": _path(line.points),
        "fill": "none",
        "stroke": root.fill,
        "stroke-width": "" if width == usual else width,
        "stroke-dasharray": "5 4" if line.dash else "",
    }
    return f"<path{_attributes(says)}/>"


def _shape(shape: Shape, root: _Root, ink: str) -> str:
    role, corners = _role(shape.ink, ink), outline(shape)
    if corners:
        return f"<path{_attributes({'class': role, 'd': _path(corners) + 'Z', 'fill': root.fill})}/>"
    says = {"class": role, "cx": _place(shape.x), "cy": _place(shape.y), "r": _place(shape.size / 2)}
    return f"<circle{_attributes(says)}/>"


def _box(box: Box, root: _Root, ink: str) -> str:
    place = {"x": _place(box.x), "y": _place(box.y), "width": _place(box.w), "height": _place(box.h)}
    looks: list[dict[str, str]] = []
    if box.ink:
        looks.append({"class": _role(box.ink, ink), "fill": root.fill})
    looks += [{"fill": f"url(#{root.own}-h{at})"} for at in _HATCHES[box.hatch]]
    if box.edge:
        dash, width = "3 3" if box.dash else "", "" if root.width == _WIDTH else _WIDTH
        edge = {"class": _role(box.edge, ink), "fill": "none", "stroke": "currentColor"}
        looks.append({**edge, "stroke-width": width, "stroke-dasharray": dash})
    return "".join(f"<rect{_attributes(place | look)}/>" for look in looks)


def _label(label: Label, root: _Root, ink: str) -> str:
    x, y, size = _place(label.x), _place(label.y), _place(label.size)
    says = {
        "class": _role(label.ink, ink),
        "x": x,
        "y": y,
        "font-size": "" if size == root.size else size,
        "text-anchor": "" if label.anchor == root.anchor else label.anchor,
        "font-weight": "bold" if label.bold else "",
        "font-style": "italic" if label.italic else "",
        "transform": f"rotate({_place(label.angle)} {x} {y})" if label.angle else "",
    }
    return f"<text{_attributes(says)}>{_text(label.text)}</text>"


def _role(ink: str, around: str) -> str:
    """Return the class of a piece; one that the group around it has is not said again."""
    return "" if ink == around else ink


def _path(points: tuple[Point, ...]) -> str:
    places = [(_place(x), _place(y)) for x, y in points]
    if len(places) == 2 and places[0][1] == places[1][1]:  # noqa: PLR2004  (a level line)
        return f"M{places[0][0]} {places[0][1]}H{places[1][0]}"
    return "M" + " ".join(f"{x} {y}" for x, y in places)  # what follows a first point is joined by lines


def _attributes(says: dict[str, str]) -> str:
    """Return attributes; an empty one is not said."""
    return "".join(f' {name}="{escape(value)}"' for name, value in says.items() if value)


def _text(text: str) -> str:
    return escape(visible(text, _LONGEST))


def _place(value: float) -> str:
    """Return a length to a tenth of a pixel, which is less than anybody sees."""
    return _number(value, 1)


def _number(value: float, decimals: int = 2) -> str:
    short = f"{value:.{decimals}f}".rstrip("0").rstrip(".")
    return "0" if short == "-0" else short
