"""Which look means what: entries in rows below a drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.report.draw.frame import BODY, MARGIN, MIDDLE, SMALL, Say, look
from harness.report.draw.scene import Box, Group, Label, Line, Mark, Shape
from harness.report.draw.text import shortened
from harness.report.draw.text import width as width_of
from harness.report.picture import Picture

_ROW = 20.0
_SIGN, _AFTER = 24.0, 6.0  # how wide a sign is, and how far from its words
_APART = 18.0
_WIDEST = 480.0


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Words, and the sign beside them: a line with or without a shape, a box, or letters (`sign`)."""

    text: str
    ink: str = "soft"
    shape: str = ""
    sign: str = ""
    dash: bool = False
    box: bool = False
    hatch: int = 0
    target: str = ""


def legend(entries: Sequence[Entry], *, top: float, width: float) -> tuple[tuple[Group, ...], float]:
    """Return the entries, in rows no wider than the drawing, and where they end."""
    x, y = MARGIN, top
    groups = []
    for entry in entries:
        room = min(_WIDEST, width - 2 * MARGIN - _SIGN - _AFTER)
        text = shortened(entry.text, room, BODY)
        wide = _SIGN + _AFTER + width_of(text, BODY)
        if x > MARGIN and x + wide > width - MARGIN:
            x, y = MARGIN, y + _ROW
        middle = y + _ROW / 2
        words = Label(x=x + _SIGN + _AFTER, y=middle + MIDDLE * BODY, text=text, size=BODY)
        groups.append(Group(items=(*_sign(entry, x, middle), words), target=entry.target, kind="key"))
        x += wide + _APART
    return tuple(groups), y + (_ROW if groups else 0)


def of_targets(picture: Picture, shown: Sequence[str], say: Say, more: Mapping[str, str] | None = None) -> list[Entry]:
    """Return an entry for each target; `more` holds what is said behind its name."""
    found = []
    for target in shown:
        ink, shape = look(picture.targets, target)
        name, rest = say(target), (more or {}).get(target, "")
        short = shortened(name, _WIDEST - width_of(rest, BODY), BODY)
        found.append(Entry(text=f"{short}{rest}", ink=ink, shape=shape, target=target))
    return found


def _sign(entry: Entry, x: float, y: float) -> tuple[Mark, ...]:
    middle = x + _SIGN / 2
    if entry.sign:
        letters = Label(x=middle, y=y + MIDDLE * SMALL, text=entry.sign, size=SMALL, anchor="middle", italic=True)
        return (letters,)
    if entry.box:
        return (Box(x=x + 2, y=y - 6, w=_SIGN - 4, h=12, ink=entry.ink, hatch=entry.hatch),)
    line = Line(points=((x, y), (x + _SIGN, y)), ink=entry.ink, width=1.6, dash=entry.dash)
    if entry.shape:
        return line, Shape(x=middle, y=y, shape=entry.shape, ink=entry.ink)
    return (line,)
