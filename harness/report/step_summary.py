"""A summary for the page of a CI job, within a budget of bytes.

Such pages drop a summary whole when it is too large, so it is put together from what matters most:
the headlines, the tables of each class, what was not measured. What does not fit is counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.errors import StoreError
from harness.report.answers import answer
from harness.report.content import Table, name, said
from harness.report.escape import code
from harness.report.findings import RunFindings, case_of, name_of
from harness.report.headline import headline
from harness.report.load import Reported
from harness.report.pages.outcomes import TROUBLES, details
from harness.report.render.markdown import inline, table_of
from harness.report.room import BUDGET_BYTES, fitting


def append_summary(path: Path, reported: Reported, *, budget: int = BUDGET_BYTES) -> None:
    """Add the summary to the file at `path`."""
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(summary(reported, budget=budget))
    except OSError as error:
        raise StoreError(f"cannot write the summary to {path}: {error.strerror or error}") from error


def summary(reported: Reported, *, budget: int = BUDGET_BYTES) -> str:
    """Return Markdown of at most `budget` bytes; whole blocks are left out, the least important first."""
    blocks = [f"{block}\n" for block in _blocks(reported)]
    kept = fitting(blocks, budget)
    left = len(blocks) - len(kept)
    if left:
        kept.append(f"Left out for want of room: {left} of {len(blocks)} parts. The report itself has them all.\n")
    return "\n".join(kept)


def _blocks(reported: Reported) -> Iterator[str]:
    for run in reported.runs:
        partial = "" if run.state == "complete" else f" ({run.state})"
        yield f"### {code(run.suite)}, run {code(run.run_id)}{partial}"
        yield "\n".join(f"- {inline(line)}" for line in headline(run, name))
    for problem in reported.problems:
        yield inline(f"- {name(problem.place)}: {said(problem.message)}")
    for run in reported.runs:
        for block in answer(run).blocks:
            if isinstance(block, Table):
                yield inline(f"{block.title} ({name(run.suite)})")
                yield table_of(block)
    for run in reported.runs:
        yield from _troubles(run)


def _troubles(run: RunFindings) -> Iterator[str]:
    for outcome in TROUBLES:
        for arm in run.arms:
            if arm.outcome == outcome:
                yield inline(f"- {outcome}: {name(case_of(arm))} on {name(name_of(arm))}: {details(arm)}")
