"""The first screen of a page about several runs: what came out of each, whether to trust it, and the way to its part.

A number of two runs is made nowhere. What is not the same in them is said below the table, and listed after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.report.answers import first_sentence
from harness.report.changes import Difference, among
from harness.report.content import Block, Cell, Prose, Row, Section, Table, link, name, relinked
from harness.report.findings import RunFindings
from harness.report.pages.cells import columns
from harness.report.pages.differences import ANCHOR, table_of, unlike
from harness.report.trust import light


def overview(runs: Sequence[RunFindings], prefixes: Sequence[str]) -> Iterator[Section]:
    """Yield what comes before the parts of several runs, whose anchors begin with `prefixes`; of one run, nothing."""
    if len(runs) < 2:  # noqa: PLR2004  (several)
        return
    found = among(runs)
    yield Section(anchor="answers", title="The answers", blocks=tuple(_blocks(runs, prefixes, found)), level=2)
    if found:
        title = "What is not the same in these runs"
        yield Section(anchor=ANCHOR, title=title, blocks=(table_of(found, runs),), level=2)


def runs_table(runs: Sequence[RunFindings]) -> Table:
    """Return a row for each run, and no number of two."""
    heads = columns("run", "when (UTC)", "what came out", "trust")
    return Table(name="runs", title="What came out of each run", columns=heads, rows=tuple(map(_row, runs)))


def _blocks(runs: Sequence[RunFindings], prefixes: Sequence[str], found: Sequence[Difference]) -> Iterator[Block]:
    table = runs_table(runs)
    rows = map(_leading, table.rows, prefixes, range(1, len(runs) + 1))
    yield replace(table, columns=(*table.columns, *columns("more")), rows=tuple(rows))
    own = f"{len(runs)} runs, each in a part of its own: numbers of different runs are never mixed."
    yield Prose(text=" ".join((own, *_methods(runs), *unlike(found))))


def _row(run: RunFindings) -> Row:
    trust = light(run).trust
    partial = "" if run.state == "complete" else f" ({run.state})"
    return Row(
        cells=(
            Cell(text=f"{name(run.suite)}{partial}"),
            Cell(text=f"{min(arm.started_at for arm in run.arms):%Y-%m-%d %H:%M}"),
            Cell(text=first_sentence(run)),
            Cell(text=trust.word, state=str(trust)),
        )
    )


def _leading(row: Row, prefix: str, number: int) -> Row:
    """Return a row that leads to the part of its run, whose anchors begin with `prefix`."""
    cells = (replace(cell, text=relinked(cell.text, lambda anchor: f"{prefix}{anchor}")) for cell in row.cells)
    return replace(row, cells=(*cells, Cell(text=link(f"part {number}", f"{prefix}answer"))))


def _methods(runs: Sequence[RunFindings]) -> Iterator[str]:
    methods = sorted({arm.method_version for run in runs for arm in run.arms})
    if len(methods) > 1:
        versions = " and version ".join(map(str, methods))
        yield (
            f"The method of measuring is not the same everywhere (version {versions}): what was measured in one way "
            "says nothing beside what was measured in another."
        )
