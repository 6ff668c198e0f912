"""What a page holds, as values, whatever it becomes: HTML, Markdown, CSV, text.

Text is a plain string in which names, other people's sentences and links are marked; nothing in it is
markup, and every renderer escapes all of it in its own way. The marks are characters of a private area.
`visible` writes such characters out wherever a text comes from elsewhere, so nobody can forge one.

>>> [(span.kind, span.text) for span in spans(f"{name('a.b')} is faster")]
[(<Kind.NAME: 'name'>, 'a.b'), (<Kind.OWN: 'own'>, ' is faster')]
>>> plain(f"{name('a.b')}: see {link('the table', 'cases')}")
'a.b: see the table'
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from harness.report.escape import LONGEST, visible
from harness.report.picture import Picture

_NAME, _SAID, _LINK, _TO, _END = "\ue000", "\ue001", "\ue002", "\ue003", "\ue004"
_SPANS = re.compile(f"[{_NAME}{_SAID}{_LINK}][^{_END}]*{_END}")
_LINKS = re.compile(f"{_LINK}([^{_TO}{_END}]*){_TO}")


class Kind(StrEnum):
    """Where a piece of text comes from, and so how far it is trusted."""

    OWN = "own"  # written here
    NAME = "name"  # what somebody calls something: fixed-width letters
    SAID = "said"  # a sentence from elsewhere: a reason, an error
    LINK = "link"  # written here, and leads to an anchor of the same page


@dataclass(frozen=True, kw_only=True)
class Span:
    """A piece of text of one kind; `anchor` is where a link leads."""

    text: str
    kind: Kind = Kind.OWN
    anchor: str = ""


def name(text: str) -> str:
    """Mark a name; it may come from anywhere."""
    return f"{_NAME}{visible(text) if text.strip() else '(no name)'}{_END}"


def said(text: str) -> str:
    """Mark a sentence that comes from elsewhere."""
    return f"{_SAID}{visible(text, 4 * LONGEST)}{_END}"


def link(text: str, anchor: str) -> str:
    """Mark words of ours that lead to an `anchor` of the same page; no name may stand within."""
    return f"{_LINK}{anchor}{_TO}{text}{_END}"


def spans(text: str) -> Iterator[Span]:
    """Yield the pieces of a text."""
    at = 0
    for found in _SPANS.finditer(text):
        if found.start() > at:
            yield Span(text=text[at : found.start()])
        yield _span(found[0])
        at = found.end()
    if at < len(text):
        yield Span(text=text[at:])


def plain(text: str) -> str:
    """Return a text without marks, as a terminal or a file of figures shows it."""
    if text.isascii():  # no mark is
        return text
    bare = _LINKS.sub("", text) if _LINK in text else text
    for mark in (_NAME, _SAID, _END):
        bare = bare.replace(mark, "")
    return bare


def is_name(text: str) -> bool:
    """Whether a text is one name and nothing else."""
    return text.startswith(_NAME) and text.find(_END) == len(text) - 1


def relinked(text: str, change: Callable[[str], str]) -> str:
    """Return a text whose links lead to what `change` makes of their anchors."""
    return _LINKS.sub(lambda found: f"{_LINK}{change(found[1])}{_TO}", text)


def _span(marked: str) -> Span:
    inner = marked[1:-1]
    if marked[0] == _LINK:
        anchor, _, words = inner.partition(_TO)
        return Span(text=words, kind=Kind.LINK, anchor=anchor)
    return Span(text=inner, kind=Kind.NAME if marked[0] == _NAME else Kind.SAID)


# -- blocks ------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Prose:
    """A paragraph."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Bullets:
    """Sentences, one below the other."""

    items: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Code:
    """Lines to copy, in fixed-width letters: commands, a suite. They hold no marks and are shown as they are."""

    lines: tuple[str, ...]
    language: str = ""


class Trust(StrEnum):
    """How far a run's verdicts may be trusted."""

    GOOD = "good"  # verdicts stand
    CAREFUL = "careful"  # they stand, with something to know
    NONE = "none"  # there are none

    @property
    def word(self) -> str:
        """What it is called where people read it."""
        return _WORDS[self]


_WORDS = {Trust.GOOD: "verdicts hold", Trust.CAREFUL: "with care", Trust.NONE: "no verdict"}


@dataclass(frozen=True, kw_only=True)
class Light:
    """Whether to trust this, in a colour, a word and a sentence."""

    trust: Trust
    text: str


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What stands in a table: text, and, where it is a number, the number as it was measured.

    `value` is what sorts, and what a file of figures holds. `span` is the interval around it, in the same
    unit; such a file holds its ends in columns of their own. `state` is a word of ours for a look of its own
    (``wins``, ``tie``, ``invalid``); never the only place that says so. `tip` says more, where one points at it.
    """

    text: str
    value: float | int | str | None = None
    tip: str = ""
    state: str = ""
    span: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class Column:
    """The head of a column; numbers stand to the right. `unit` is that of the cells' values."""

    title: str
    number: bool = False
    unit: str = ""
    about: str = ""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line of a table. `facets` are what a reader may filter by, with names of ours and values from anywhere."""

    cells: tuple[Cell, ...]
    facets: Mapping[str, str] = field(default_factory=dict)
    anchor: str = ""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table; `name` is that of its file of figures, and its anchor."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: Sequence[Row]
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A picture, how to read it, and the table that says the same."""

    picture: Picture
    reading: str = ""
    table: Table | None = None  # where no table of the page holds the same numbers


@dataclass(frozen=True, kw_only=True)
class Fold:
    """What not everybody wants to see at once."""

    title: str
    blocks: tuple[Block, ...]


Block: TypeAlias = Prose | Bullets | Code | Light | Table | Chart | Fold


@dataclass(frozen=True, kw_only=True)
class Section:
    """Blocks under a title. `level` 2 is a part of the page, 3 a section of a part."""

    anchor: str
    title: str
    blocks: tuple[Block, ...]
    level: int = 3


@dataclass(frozen=True, kw_only=True)
class Contest:
    """The ratios of any two arms of one case, by which another reference can be chosen.

    `arms` holds, by the name of the target, the anchors of the table rows of that arm. `ratios[a][b]` is the
    time of `b` over that of `a` with its interval and the word for it; None where nothing may be said.
    """

    key: str
    arms: Mapping[str, tuple[str, ...]]
    ratios: Mapping[str, Mapping[str, tuple[float, float | None, float | None, str] | None]]


@dataclass(frozen=True, kw_only=True)
class Document:
    """A page. The same results give the same document, and that the same bytes."""

    title: str
    sections: tuple[Section, ...]
    description: str = ""  # a sentence without marks, for those who list pages
    contests: tuple[Contest, ...] = ()  # so that a script can take another reference

    def tables(self) -> Iterator[Table]:
        """Yield all tables, those of charts and in folds too."""
        for section in self.sections:
            yield from _tables(section.blocks)

    def pictures(self) -> Iterator[Picture]:
        """Yield all pictures, those in folds too."""
        for section in self.sections:
            yield from _pictures(section.blocks)


def _tables(blocks: Sequence[Block]) -> Iterator[Table]:
    for block in blocks:
        if isinstance(block, Table):
            yield block
        elif isinstance(block, Chart) and block.table is not None:
            yield block.table
        elif isinstance(block, Fold):
            yield from _tables(block.blocks)


def _pictures(blocks: Sequence[Block]) -> Iterator[Picture]:
    for block in blocks:
        if isinstance(block, Chart):
            yield block.picture
        elif isinstance(block, Fold):
            yield from _pictures(block.blocks)
