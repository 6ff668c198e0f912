"""A document as one HTML page: opened from a disk, without a network, and complete without its script.

Whatever the page shows is escaped (`html_text`), and a policy in its head lets only its own style and script run: a
slip in the escaping could still not run or send anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from harness.report.content import Document, Section, plain
from harness.report.render.html_assets import policy, script, stylesheet
from harness.report.render.html_blocks import blocks_of
from harness.report.render.html_contests import contests_of
from harness.report.render.html_shared import Ids, Shared, anchors_of
from harness.report.render.html_text import attribute, island, rich, text

_ANSWER = re.compile(r"answers|(?:r\d+-)?answer")  # of several runs at once, of the first run, of another one
_MAIN, _FACETS, _CONTESTS = "page-main", "facets", "contests"
_FOOTER = "This page is one file. It loads nothing and sends nothing, and shows all that it has without its script."
_PART, _WITHIN = 2, 3  # levels of headings


def html(document: Document, *, tables: str = "tables") -> str:
    """Return the page. `tables` is the folder beside it where the tables lie as files; empty where they do not."""
    shared = Shared(anchors=anchors_of(document), tables=tables, ids=Ids(_MAIN, _FACETS, _CONTESTS))
    return "\n".join(_page(document, shared)) + "\n"


def _page(document: Document, shared: Shared) -> Iterator[str]:
    placed = _placed(document.sections, shared)
    yield from ("<!doctype html>", '<html lang="en">')
    yield from _head(document)
    yield "<body>"
    yield f'<a class="skip" href="#{_MAIN}">Skip to the results</a>'
    yield f"<header><h1>{rich(document.title)}</h1></header>"
    yield '<div class="frame">'
    yield from _contents(placed)
    yield f'<main id="{_MAIN}" tabindex="-1">'
    for section, identity, level in placed:
        yield from _section(section, identity, level, shared)
    yield "</main>"
    yield "</div>"
    yield f"<footer><p>{_FOOTER}</p></footer>"
    yield island(_FACETS, shared.facets.listed())
    yield island(_CONTESTS, contests_of(document.contests, shared))
    yield f"<script>{script()}</script>"
    yield from ("</body>", "</html>")


def _head(document: Document) -> Iterator[str]:
    yield "<head>"
    yield '<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy()}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="referrer" content="no-referrer">'
    yield '<meta name="color-scheme" content="light dark">'
    if document.description:
        yield f'<meta name="description" content="{attribute(plain(document.description))}">'
    yield f"<title>{text(plain(document.title))}</title>"
    yield f"<style>{stylesheet()}</style>"
    yield "</head>"


def _placed(sections: Sequence[Section], shared: Shared) -> list[tuple[Section, str, int]]:
    """Return the sections with their ids and the levels of their headings; the first heading is of a part."""
    placed: list[tuple[Section, str, int]] = []
    for section in sections:
        level = _WITHIN if section.level > _PART and placed else _PART
        placed.append((section, shared.ids.claim(section.anchor), level))
    return placed


def _contents(placed: Sequence[tuple[Section, str, int]]) -> Iterator[str]:
    yield '<div class="side">'
    yield '<nav aria-label="Contents"><details open><summary>Contents</summary>'
    yield "<ul>"
    yield from (
        f'<li class="level-{level}"><a href="#{identity}">{rich(section.title)}</a></li>'
        for section, identity, level in placed
    )
    yield "</ul>"
    yield "</details></nav>"
    yield "</div>"


def _section(section: Section, identity: str, level: int, shared: Shared) -> Iterator[str]:
    look = ' class="answer"' if _ANSWER.fullmatch(section.anchor) else ""
    yield f'<section id="{identity}"{look}>'
    yield f"<h{level}>{rich(section.title, shared.anchors)}</h{level}>"
    yield from blocks_of(section.blocks, shared)
    yield "</section>"
