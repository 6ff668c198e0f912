"""Ratios everywhere at once: a field for each case and target, with a colour, a sign and a number."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.report import words
from harness.report.draw import frame
from harness.report.draw.axis import usable
from harness.report.draw.frame import BODY, HEAD, MARGIN, MIDDLE, SMALL, Say
from harness.report.draw.ink import HEAT
from harness.report.draw.legend import Entry, legend
from harness.report.draw.scene import Box, Group, Item, Label, Line, Scene
from harness.report.draw.text import shortened
from harness.report.draw.text import width as width_of
from harness.report.picture import Map, Row, Shade

SIGNS = {"faster": "▼", "tie": "=", "slower": "▲"}
LIMITS = (1.1, 1.5, 2.5)  # where a step of colour ends, as a ratio or the inverse of one

_ROW = 22.0
_NAME, _LONGEST_NAME = 190.0, 430.0  # how wide the names of rows may be, at least and at most
_NARROWEST, _EASY, _WIDEST = 54.0, 72.0, 180.0  # of a column
_TURNED_HEAD = 190.0  # how long the name of a column may be where it does not fit above it
_TURN = -45.0
_KEY_BOX = 56.0
_LARGEST, _LEAST = 999.5, 0.005  # beyond these a number is not written out
_REFERENCE, _REFERENCE_SIGN = "reference", "ref."
_BRACKETS = ("()", "[]", "{}", "||")  # about a number without a verdict, each pair for another reason
_ALPHABET = 26


@dataclass(frozen=True, kw_only=True)
class _Grid:
    """Where the fields of a map stand."""

    left: float
    top: float
    pitch: float

    def corner(self, row: int, column: int) -> tuple[float, float]:
        """Return the upper left corner of a field."""
        return self.left + column * self.pitch, self.top + row * _ROW


def map_scene(picture: Map, width: float, say: Say) -> Scene:
    """Return the map, wider than `width` where its columns would be too narrow to read."""
    shown = frame.shown(picture.targets, [target for row in picture.rows for target in row.fields])
    if not shown:
        return frame.nothing(picture, width, say)
    room = max(_NAME, min(_LONGEST_NAME, width - 2 * MARGIN - _EASY * len(shown)))
    names = [shortened(say(row.name), room, BODY) for row in picture.rows]
    left = MARGIN + max(width_of(name, BODY) for name in names) + 12
    turned = max(width_of(say(target), BODY) for target in shown) > _pitch(width - left - MARGIN, len(shown)) - 6
    heads = [shortened(say(target), _TURNED_HEAD if turned else _WIDEST, BODY) for target in shown]
    long = math.sqrt(0.5) * max(width_of(head, BODY) for head in heads) if turned else 0.0
    right = MARGIN + max(0.0, long - _NARROWEST / 2 + 4)
    pitch = max(_NARROWEST, _pitch(width - left - right, len(shown)))
    grid = _Grid(left=left, top=HEAD + (long + 14 if turned else 22), pitch=pitch)
    shades = [row.fields[target] for row in picture.rows for target in shown if target in row.fields]
    letters, brackets = _letters(shades, pitch - 8, say), _brackets(shades)
    signs = letters | brackets
    items: list[Item] = [_head(head, grid, at, turned=turned) for at, head in enumerate(heads)]
    for at, (row, name) in enumerate(zip(picture.rows, names, strict=True)):
        label = Label(x=MARGIN, y=grid.corner(at, 0)[1] + _ROW / 2 + MIDDLE * BODY, text=name, size=BODY)
        items.append(Group(items=(label,), tip=say(row.name)))
        for column, target in enumerate(shown):
            if target in row.fields:
                items.append(_field(row, target, grid.corner(at, column), pitch, signs=signs, say=say))
    whole = max(width, left + pitch * len(shown) + right)
    key, end = _key(picture, shades, letters, brackets, top=grid.corner(len(names), 0)[1] + 14, width=whole, say=say)
    return frame.finished(picture, (*items, *key), width=whole, height=end + 10, say=say)


def _pitch(room: float, columns: int) -> float:
    """Return how wide columns are that share some room."""
    return min(_WIDEST, room / columns)


def _letters(shades: Iterable[Shade], room: float, say: Say) -> dict[str, str]:
    """Return a letter for each word that is too wide for a field; the key tells what it stands for."""
    bare = [shade.standing for shade in shades if not _has_number(shade) and shade.standing != _REFERENCE]
    wide = [word for word in dict.fromkeys(bare) if width_of(say(word), SMALL) > room]
    return {word: _letter(at) for at, word in enumerate(wide)}


def _brackets(shades: Iterable[Shade]) -> dict[str, str]:
    """Return a pair of brackets for each reason why a number is no verdict; beyond so many reasons they share one."""
    reasons = dict.fromkeys(shade.standing for shade in shades if _has_number(shade) and not _heat(shade))
    return {reason: _BRACKETS[min(at, len(_BRACKETS) - 1)] for at, reason in enumerate(reasons)}


def _letter(at: int) -> str:
    """Return the letters of a place: a, b ... z, aa, ab ..."""
    last = chr(ord("a") + at % _ALPHABET)
    return last if at < _ALPHABET else _letter(at // _ALPHABET - 1) + last


def _head(text: str, grid: _Grid, column: int, *, turned: bool) -> Label:
    x, y = grid.corner(0, column)[0] + grid.pitch / 2, grid.top - 7
    if turned:
        return Label(x=x, y=y, text=text, size=BODY, angle=_TURN)
    return Label(x=x, y=y, text=text, size=BODY, anchor="middle")


def _field(
    row: Row, target: str, corner: tuple[float, float], pitch: float, *, signs: dict[str, str], say: Say
) -> Group:
    shade = row.fields[target]
    x, y = corner
    ink = _heat(shade)
    box = Box(
        x=x + 1,
        y=y + 1,
        w=pitch - 2,
        h=_ROW - 2,
        ink=ink,
        edge="void" if _has_number(shade) and not ink else "",
        dash=True,
    )
    if _has_number(shade):
        text = _number(shade.ratio or 0.0)
        text = f"{SIGNS[shade.standing]} {text}" if ink else text.join(signs[shade.standing])
    elif shade.standing == _REFERENCE:
        text = _REFERENCE_SIGN
    else:
        text = signs.get(shade.standing) or say(shade.standing)
    label = Label(
        x=x + pitch / 2, y=y + _ROW / 2 + MIDDLE * SMALL, text=text, size=SMALL, anchor="middle",
        ink="ink" if ink else "soft", italic=not ink,
    )  # fmt: skip
    tip = f"{say(target)} at {say(row.name)}: {_said(shade, say)}"
    return Group(items=(box, label), tip=tip, target=target)


def _has_number(shade: Shade) -> bool:
    return shade.standing != _REFERENCE and shade.ratio is not None and usable(shade.ratio)


def _heat(shade: Shade) -> str:
    """Return the colour of a verdict; what is none has no colour, for a neutral one would say that two are equal."""
    if not _has_number(shade) or shade.standing not in SIGNS:
        return ""
    if shade.standing == "tie":
        return "h0"
    ratio = _shown(shade.ratio or 1.0)
    step = 1 + sum(max(ratio, 1 / ratio) >= limit for limit in LIMITS)
    return f"h-{step}" if shade.standing == "faster" else f"h{step}"


def _shown(ratio: float) -> float:
    """Return the ratio as it is written: what looks equal has one colour.

    >>> [_shown(ratio) for ratio in (1.4996, 1.5004, 12.34, 0.004)]
    [1.5, 1.5, 12.3, 0.005]
    """
    return max(_LEAST, round(ratio, _decimals(ratio)))


def _number(ratio: float) -> str:
    if ratio >= _LARGEST:
        return ">999"
    if ratio < _LEAST:
        return "<0.01"
    return f"{ratio:.{_decimals(ratio)}f}"


def _decimals(ratio: float) -> int:
    return 2 if ratio < 9.995 else 1 if ratio < 99.95 else 0  # noqa: PLR2004  (three digits)


def _said(shade: Shade, say: Say) -> str:
    if shade.standing == _REFERENCE:
        return "the reference"
    if not _has_number(shade):
        return say(shade.standing)
    known = shade.low is not None and shade.high is not None and usable(shade.low) and usable(shade.high)
    ratio = words.ratio(shade.ratio, shade.low, shade.high) if known else words.ratio(shade.ratio)
    return f"{ratio} x the reference, {say(shade.standing)}"


def _key(
    picture: Map,
    shades: Sequence[Shade],
    letters: dict[str, str],
    brackets: dict[str, str],
    *,
    top: float,
    width: float,
    say: Say,
) -> tuple[list[Item], float]:
    """Return what explains colours, signs and letters, as far as they occur, and where it ends."""
    items: list[Item] = []
    below = top
    if any(map(_heat, shades)):
        items += _strip(shortened(say(picture.unit), 0.5 * width, BODY), top)
        below += 62
    entries = [
        *([Entry(sign=_REFERENCE_SIGN, text="the reference")] if _has_reference(shades) else []),
        *(Entry(sign=" ".join(pair), text=f"no verdict: {say(reason)}") for reason, pair in brackets.items()),
        *(Entry(sign=letter, text=say(word)) for word, letter in letters.items()),
    ]
    explained, end = legend(entries, top=below, width=width)
    return [*items, *explained], end


def _has_reference(shades: Iterable[Shade]) -> bool:
    return any(shade.standing == _REFERENCE for shade in shades)


def _strip(unit: str, top: float) -> list[Item]:
    """Return the steps of colour from much faster to much slower, with the ratios where one ends."""
    signs = [SIGNS["faster"]] * len(LIMITS) + [SIGNS["faster"], SIGNS["tie"], *[SIGNS["slower"]] * (len(LIMITS) + 1)]
    ends = [f"{1 / limit:.2f}" for limit in reversed(LIMITS)] + ["", ""] + [f"{limit:.2f}" for limit in LIMITS]
    items: list[Item] = [Label(x=MARGIN, y=top + BODY, text=f"{unit}: ▼ faster, = a tie, ▲ slower", size=BODY)]
    for at, (ink, sign) in enumerate(zip(HEAT, signs, strict=True)):
        x = MARGIN + at * _KEY_BOX
        items.append(Box(x=x + 1, y=top + 20, w=_KEY_BOX - 2, h=16, ink=ink))
        middle = x + _KEY_BOX / 2
        items.append(Label(x=middle, y=top + 28 + MIDDLE * SMALL, text=sign, size=SMALL, anchor="middle"))
    for at, end in enumerate(ends, start=1):
        if end:
            x = MARGIN + at * _KEY_BOX
            items.append(Line(points=((x, top + 36), (x, top + 40)), ink="faint"))
            items.append(Label(x=x, y=top + 51, text=end, size=SMALL, anchor="middle", ink="soft"))
    return items
