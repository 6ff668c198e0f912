"""A report as a page: of several runs what came out of each, then a part for each, then what the words mean.

It is put together here as values (`harness.report.content`); how they look is for `harness.report.render`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.report.content import Document, Section, name
from harness.report.escape import visible
from harness.report.explained import explained
from harness.report.findings import RunFindings
from harness.report.load import Reported
from harness.report.pages.contests import contests_of
from harness.report.pages.notes import notes
from harness.report.pages.overview import overview
from harness.report.pages.part import sections_of
from harness.report.pages.prefixed import Prefix


def document(reported: Reported, *, pictured: bool = True, scripted: bool = True) -> Document:
    """Return the page about some runs; no number on it is of two of them.

    One that will not be `pictured` has of its charts those alone that hold a table of their own, and one that will not
    be `scripted` has nothing for a script to choose from.
    """
    words = explained()
    shared = frozenset(_anchors(words))
    prefixes = [_prefix(at) for at in range(len(reported.runs))]
    parts = [(run, Prefix(text=text, shared=shared)) for run, text in zip(reported.runs, prefixes, strict=True)]
    suites = list(dict.fromkeys(run.suite for run in reported.runs))
    return Document(
        title=f"Report: {', '.join(map(name, suites))}",
        description=f"Measured, proved and compared: {', '.join(visible(suite, 60) for suite in suites)}",
        sections=(
            *overview(reported.runs, prefixes),
            *notes(reported.problems),
            *_sections(parts, pictured=pictured),
            *words,
        ),
        contests=tuple(contest for run, prefix in parts if scripted for contest in contests_of(run, prefix.text)),
    )


def _sections(parts: Sequence[tuple[RunFindings, Prefix]], *, pictured: bool) -> Iterator[Section]:
    for run, prefix in parts:
        yield from map(prefix.section, sections_of(run, prefix.text, pictured=pictured))


def _prefix(at: int) -> str:
    """Return how the anchors of a run begin: those of the first one are bare."""
    return f"r{at + 1}-" if at else ""


def _anchors(sections: Sequence[Section]) -> Iterator[str]:
    yield from (section.anchor for section in sections)
    for table in Document(title="", sections=tuple(sections)).tables():
        yield table.name
        yield from (row.anchor for row in table.rows if row.anchor)
