"""A document as Markdown, as it is read on a forge or in a terminal.

Nothing in a text is markup, so all that could be is written as character references; names become code by the rules
of `harness.report.escape`. An anchor is written only where a link leads to it.

>>> from harness.report.content import name
>>> inline(f"{name('a.b')} takes [1.0, 2.0] *s*")
'`a.b` takes [1.0, 2.0] &#42;s&#42;'
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from harness.report.content import (
    Block,
    Bullets,
    Chart,
    Code,
    Document,
    Fold,
    Kind,
    Light,
    Prose,
    Section,
    Span,
    Table,
    plain,
    spans,
)
from harness.report.escape import alt, code, words
from harness.report.leads import capital
from harness.report.markdown_table import table

MOST_ROWS = 1_000  # of one table: a forge shows no page of many megabytes
_LONGEST = 10_000  # of one piece: it was cut when it was marked
_ANCHOR = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_LINKED = re.compile(r"\]\(#([A-Za-z0-9_-]+)\)")  # no text but a link of ours has this, for `#` is escaped or in code
_TICKS = re.compile(r"`+")
# What could be markup in a text that is none: signs of emphasis, code, tables and formulas wherever they stand, an
# underscore at the edge of a word, what makes a link of brackets, and what makes one of an address.
_RISKY = re.compile(
    r"[&<>`*|$~@#\\]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|(?<=\])[(\[:]|(?<=:)//|(?<=www)\.", re.IGNORECASE
)
# Numbers, their intervals and plain words, in which none of that can be: most cells hold nothing else.
_TAME = re.compile(r"[A-VX-Za-vx-z0-9 .,%µ–/()-]*(?:\[[0-9., -]*\])?")
# What makes a paragraph something else where it begins with it.
_FIRST = re.compile(r"\A(?:[+=-]|[0-9]+[.)](?=\s|$)|\s)")


@dataclass(frozen=True, kw_only=True)
class _Mark:
    """A place that links may lead to."""

    anchor: str


@dataclass(frozen=True, kw_only=True)
class _Page:
    """What all parts of a page share: where its pictures and tables are as files, and which anchors there are."""

    figures: str
    kind: str
    tables: str
    anchors: Container[str]


_Chunk: TypeAlias = str | _Mark  # lines between two empty ones


def markdown(document: Document, *, figures: str = "figures", kind: str = "png", tables: str = "") -> str:
    """Return the page; its pictures lie in `figures` as files of one `kind`, or nowhere where that is empty.

    `tables` is the folder where the tables lie as files; empty where they do not.
    """
    page = _Page(figures=figures, kind=kind, tables=tables, anchors=frozenset(_anchors(document)))
    chunks = list(_document(document, page))
    linked = {anchor for chunk in chunks if isinstance(chunk, str) for anchor in _LINKED.findall(chunk)}
    written = [chunk if isinstance(chunk, str) else _place(chunk, linked) for chunk in chunks]
    return "\n\n".join(filter(None, written)) + "\n"


def inline(text: str, anchors: Container[str] = ()) -> str:
    """Return a text on one line; a link to what is not among `anchors` is plain words."""
    if text.isprintable():  # no mark is
        return _own(text)
    return "".join(piece if isinstance(piece, str) else _link(piece, anchors) for piece in _pieces(text))


def light_of(light: Light, anchors: Container[str] = ()) -> str:
    """Return whether to trust something: in a word, and why."""
    return f"**{capital(light.trust.word)}:** {inline(light.text, anchors)}"


def table_of(one: Table, anchors: Container[str] = ()) -> str:
    """Return the lines of a table, without its title and its note; of a long one the first."""
    heads = [inline(column.title) for column in one.columns]
    rows = ([inline(cell.text, anchors) for cell in row.cells] for row in one.rows[:MOST_ROWS])
    return "\n".join(table(heads, rows, right=[at for at, column in enumerate(one.columns) if column.number]))


def _document(document: Document, page: _Page) -> Iterator[_Chunk]:
    yield f"# {inline(document.title)}"
    for section in document.sections:
        yield from _section(section, page)


def _section(section: Section, page: _Page) -> Iterator[_Chunk]:
    yield _Mark(anchor=section.anchor)
    yield f"{'#' * section.level} {inline(section.title, page.anchors)}"
    yield from _blocks(section.blocks, page)


def _blocks(blocks: Sequence[Block], page: _Page) -> Iterator[_Chunk]:
    for block in blocks:
        yield from _block(block, page)


def _block(block: Block, page: _Page) -> Iterator[_Chunk]:
    match block:
        case Prose():
            yield _paragraph(block.text, page)
        case Bullets():
            yield "\n".join(f"- {_paragraph(item, page)}" for item in block.items)
        case Code():
            yield _fenced(block)
        case Light():
            yield light_of(block, page.anchors)
        case Table():
            yield from _table(block, page)
        case Chart():
            yield from _chart(block, page)
        case Fold():
            yield from _fold(block.title, block.blocks, page)


def _table(one: Table, page: _Page) -> Iterator[_Chunk]:
    yield _Mark(anchor=one.name)
    yield f"**{inline(one.title, page.anchors)}**"
    yield table_of(one, page.anchors)
    yield _left(one, page)
    yield inline(one.note, page.anchors)


def _left(one: Table, page: _Page) -> str:
    if len(one.rows) <= MOST_ROWS:
        return ""
    file = code(f"{page.tables}/{one.name}.csv")
    rest = f"{file} has them all" if page.tables else "the others are left out here"
    return f"These are the first {MOST_ROWS:,} of {len(one.rows):,} rows; {rest}."


def _chart(chart: Chart, page: _Page) -> Iterator[_Chunk]:
    picture, own = chart.picture, () if chart.table is None else (chart.table,)
    if not page.kind:  # without a picture there is nothing to read but its table
        yield from _blocks(own, page)
        return
    yield f"![{alt(picture.alt)}]({page.figures}/{picture.name}.{page.kind})"
    if chart.reading:
        yield from _fold("How to read this", (Prose(text=chart.reading),), page)
    if own:
        yield from _fold("The same as a table", own, page)


def _fold(title: str, blocks: Sequence[Block], page: _Page) -> Iterator[_Chunk]:
    yield f"<details>\n<summary>{alt(plain(title))}</summary>"
    yield from _blocks(blocks, page)
    yield "</details>"


def _fenced(block: Code) -> str:
    """Return lines as they are, within a fence that none of them can close."""
    longest = max((len(ticks) for line in block.lines for ticks in _TICKS.findall(line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}{block.language}", *block.lines, fence])


@lru_cache(maxsize=1 << 13)  # a name stands in many rows, and in most tables
def _pieces(text: str) -> tuple[str | Span, ...]:
    """Return the pieces of a text as Markdown, but links as they are: not every page has what they lead to."""
    return tuple(span if span.kind is Kind.LINK else _span(span) for span in spans(text))


def _span(span: Span) -> str:
    match span.kind:
        case Kind.NAME:
            return code(span.text, _LONGEST)
        case Kind.SAID:
            return words(span.text, _LONGEST)
        case _:
            return _own(span.text)


def _link(span: Span, anchors: Container[str]) -> str:
    return f"[{_own(span.text)}](#{span.anchor})" if span.anchor in anchors else _own(span.text)


def _paragraph(text: str, page: _Page) -> str:
    return _FIRST.sub(_reference, inline(text, page.anchors))


def _own(text: str) -> str:
    return text if _TAME.fullmatch(text) else _RISKY.sub(_reference, text)


def _reference(found: re.Match[str]) -> str:
    return "".join(f"&#{ord(char)};" for char in found[0])


def _place(mark: _Mark, linked: Container[str]) -> str:
    return f'<a id="{mark.anchor}"></a>' if mark.anchor in linked else ""


def _anchors(document: Document) -> Iterator[str]:
    """Yield what links of a page may lead to: its sections and tables."""
    yield from (section.anchor for section in document.sections if _ANCHOR.fullmatch(section.anchor))
    yield from (one.name for one in document.tables() if _ANCHOR.fullmatch(one.name))
