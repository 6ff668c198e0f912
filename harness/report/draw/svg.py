"""A scene as SVG, within a page or as a file of its own.

Every piece bears the class of its role and draws with `currentColor`: a style sheet gives roles a `color`
(`ink.rules`), and so a page can be light or dark without being drawn again. There are no style attributes,
scripts or references to anything outside, and every text is escaped here, wherever it comes from.

Within a page, groups bear `data-target` and `data-lane`; the root bears `data-low`, `data-high`, `data-x0` and
`data-x1` where dots may be moved along a logarithmic axis. An entry of a legend has the class `key`, an axis
with its lines and numbers the class `axis`.
"""

from __future__ import annotations

import math
import re
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


def svg(scene: Scene, *, identity: str, alone: bool) -> str:
    """Return `scene` as SVG; `identity` is what its ids begin with, and differs from picture to picture."""
    own = _NOT_IN_NAMES.sub("-", identity)
    width, height = _number(scene.width), _number(scene.height)
    says = {
        "xmlns": "http://www.w3.org/2000/svg" if alone else "",
        "viewBox": f"0 0 {width} {height}",
        "width": width,
        "height": height,
        "role": "img",
        "aria-labelledby": f"{own}-title {own}-desc",
        **_scale(scene),
    }
    parts = [
        f"<svg{_attributes(says)}>",
        f'<title id="{own}-title">{_text(scene.title)}</title>',
        f'<desc id="{own}-desc">{_text(scene.alt)}</desc>',
        *_background(scene, alone=alone),
        *_stripes(scene, own),
        *(_item(item, own) for item in scene.items),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


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


def _background(scene: Scene, *, alone: bool) -> tuple[str, ...]:
    """Return what a file needs that a page has: colours and paper."""
    if not alone:
        return ()
    paper = Box(x=0, y=0, w=scene.width, h=scene.height, ink="paper")
    return f"<style>{_FONTS}{_FILLED}{rules(LIGHT)}</style>", _box(paper, "")


def _stripes(scene: Scene, own: str) -> tuple[str, ...]:
    """Return the stripes that are used, as gradients that repeat: printed, a pattern becomes a heap of pixels."""
    used = {at for mark in flat(scene.items) if isinstance(mark, Box) for at in _HATCHES[mark.hatch]}
    if not used:
        return ()
    return ("<defs>", *(_stripe(at, own) for at in sorted(used)), "</defs>")


def _stripe(at: int, own: str) -> str:
    x, y = _STRIPES[at]
    says = {
        "id": f"{own}-h{at}",
        "gradientUnits": "userSpaceOnUse",
        "x1": "0",
        "y1": "0",
        "x2": str(x),
        "y2": str(y),
        "spreadMethod": "repeat",
    }
    stop = {"class": "paper", "offset": _number(1 - _STRIPE / math.hypot(x, y)), "stop-color": "currentColor"}
    stops = f"<stop{_attributes(stop | {'stop-opacity': '0'})}/><stop{_attributes(stop)}/>"
    return f"<linearGradient{_attributes(says)}>{stops}</linearGradient>"


def _item(item: Item, own: str) -> str:
    match item:
        case Group():
            whose = {"data-target": visible(item.target, _LONGEST), "data-lane": visible(item.lane, _LONGEST)}
            says = {"class": item.kind, **whose}
            tip = f"<title>{_text(item.tip)}</title>" if item.tip else ""
            return f"<g{_attributes(says)}>{tip}{''.join(_item(one, own) for one in item.items)}</g>"
        case Line():
            return _line(item)
        case Shape():
            return _shape(item)
        case Box():
            return _box(item, own)
        case Label():
            return _label(item)


def _line(line: Line) -> str:
    says = {
        "class": line.ink,
        "d": _path(line.points),
        "fill": "none",
        "stroke": "currentColor",
        "stroke-width": _number(line.width) if line.width != 1 else "",
        "stroke-dasharray": "5 4" if line.dash else "",
    }
    return f"<path{_attributes(says)}/>"


def _shape(shape: Shape) -> str:
    corners = outline(shape)
    if corners:
        return f"<path{_attributes({'class': shape.ink, 'd': _path(corners) + 'Z', 'fill': 'currentColor'})}/>"
    says = {
        "class": shape.ink,
        "cx": _number(shape.x),
        "cy": _number(shape.y),
        "r": _number(shape.size / 2),
    }
    return f"<circle{_attributes(says)}/>"


def _box(box: Box, own: str) -> str:
    place = {"x": _number(box.x), "y": _number(box.y), "width": _number(box.w), "height": _number(box.h)}
    looks: list[dict[str, str]] = []
    if box.ink:
        looks.append({"class": box.ink, "fill": "currentColor"})
    looks += [{"fill": f"url(#{own}-h{at})"} for at in _HATCHES[box.hatch]]
    if box.edge:
        dash = "3 3" if box.dash else ""
        looks.append({"class": box.edge, "fill": "none", "stroke": "currentColor", "stroke-dasharray": dash})
    return "".join(f"<rect{_attributes(place | look)}/>" for look in looks)


def _label(label: Label) -> str:
    x, y = _number(label.x), _number(label.y)
    says = {
        "class": label.ink,
        "x": x,
        "y": y,
        "font-size": _number(label.size),
        "text-anchor": "" if label.anchor == "start" else label.anchor,
        "font-weight": "bold" if label.bold else "",
        "font-style": "italic" if label.italic else "",
        "transform": f"rotate({_number(label.angle)} {x} {y})" if label.angle else "",
    }
    return f"<text{_attributes(says)}>{_text(label.text)}</text>"


def _path(points: tuple[Point, ...]) -> str:
    return "M" + "L".join(f"{_number(x)} {_number(y)}" for x, y in points)


def _attributes(says: dict[str, str]) -> str:
    """Return attributes; an empty one is not said."""
    return "".join(f' {name}="{escape(value)}"' for name, value in says.items() if value)


def _text(text: str) -> str:
    return escape(visible(text, _LONGEST))


def _number(value: float) -> str:
    """Return a length with at most two decimals."""
    short = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if short == "-0" else short
