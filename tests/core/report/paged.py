"""Reports of made-up runs as pages, for the tests of what stands on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.report.content import Document, Table
from harness.report.explained import explained
from harness.report.findings import Problem, RunFindings
from harness.report.load import Reported
from harness.report.pages import document
from harness.report.render.markdown import inline, markdown


def paged(*runs: RunFindings, problems: Sequence[Problem] = ()) -> Document:
    """Return the page about `runs`, as values."""
    return document(Reported(runs=runs, problems=tuple(problems)))


def page(*runs: RunFindings, problems: Sequence[Problem] = ()) -> str:
    """Return the same in Markdown."""
    return markdown(paged(*runs, problems=problems))


def of_runs(text: str) -> str:
    """Return what a page in Markdown says of its runs, without the explanation of words at its end."""
    return text.partition(f"\n## {inline(explained()[0].title)}\n")[0]


def section(text: str, title: str) -> str:
    """Return what stands under a title of the third level."""
    return text.partition(f"\n### {title}\n")[2].partition("\n### ")[0].partition("\n## ")[0]


def table_called(document: Document, name: str) -> Table:
    """Return a table by its name."""
    (found,) = [table for table in document.tables() if table.name == name]
    return found


def texts(table: Table, title: str) -> list[str]:
    """Return the texts of one column."""
    (at,) = [at for at, column in enumerate(table.columns) if column.title == title]
    return [row.cells[at].text for row in table.rows]


def anchors(document: Document) -> Iterator[str]:
    """Yield all anchors of a page."""
    yield from (section.anchor for section in document.sections)
    for table in document.tables():
        yield table.name
        yield from (row.anchor for row in table.rows if row.anchor)
