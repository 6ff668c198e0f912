"""A summary for the page of a CI job, within a budget of bytes.

Such pages drop a summary whole when it is too large, so it is put together from what matters most:
who wins and whether to trust that, what the data support, the tables of each class, what was not
measured. What does not fit is counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.errors import NothingSelected, StoreError
from harness.report.answers import answer, conclusions, first_sentence
from harness.report.content import Table, name, said
from harness.report.escape import code
from harness.report.findings import RunFindings, case_of, name_of
from harness.report.headline import besides, stopped
from harness.report.load import Reported
from harness.report.pages.outcomes import TROUBLES, details
from harness.report.pages.overview import runs_table
from harness.report.render.markdown import inline, light_of, table_of
from harness.report.room import BUDGET_BYTES, fitting
from harness.report.trust import light


def append_summary(path: Path, reported: Reported, *, budget: int = BUDGET_BYTES) -> None:
    """Add the summary to the file at `path`."""
    _append(path, summary(reported, budget=budget))


def append_nothing(path: Path, reason: NothingSelected, *, budget: int = BUDGET_BYTES) -> None:
    """Add why there is no report: a page that says nothing of it would look like that of a job without one."""
    told = ["### Nothing to report\n", *(f"{inline(said(line.strip()))}\n" for line in str(reason).splitlines())]
    kept = fitting(told, budget)
    if len(kept) < len(told):
        kept.append("There was more to say than there is room for; the command said all of it.\n")
    _append(path, "\n".join(kept))


def summary(reported: Reported, *, budget: int = BUDGET_BYTES) -> str:
    """Return Markdown of at most `budget` bytes; whole blocks are left out, the least important first."""
    blocks = [f"{block}\n" for block in (*_several(reported.runs, budget // 3), *_blocks(reported))]
    kept = fitting(blocks, budget)
    left = len(blocks) - len(kept)
    if left:
        kept.append(f"Left out for want of room: {left} of {len(blocks)} parts. The report itself has them all.\n")
    return "\n".join(kept)


def _append(path: Path, text: str) -> None:
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise StoreError(f"cannot write the summary to {path}: {error.strerror or error}") from error


def _several(runs: Sequence[RunFindings], room: int) -> Iterator[str]:
    """Yield what came out of each of several runs in a table, where that leaves room for what it rests on."""
    told = table_of(runs_table(runs)) if len(runs) > 1 else ""
    if told and len(told.encode()) <= room:
        yield f"### {len(runs)} runs"
        yield told


def _blocks(reported: Reported) -> Iterator[str]:
    for run in reported.runs:
        yield from _heads(run)
    for problem in reported.problems:
        yield inline(f"- {name(problem.place)}: {said(problem.message)}")
    for run in reported.runs:
        for block in answer(run).blocks:
            if isinstance(block, Table):
                yield inline(f"{block.title} ({name(run.suite)})")
                yield table_of(block)
    for run in reported.runs:
        yield from _troubles(run)


def _heads(run: RunFindings) -> Iterator[str]:
    """Yield what the page of a run says first, and the sentences that its data support."""
    partial = "" if run.state == "complete" else f" ({run.state})"
    yield f"### {code(run.suite)}, run {code(run.run_id)}{partial}"
    yield inline(first_sentence(run))
    yield light_of(light(run))
    told = [*stopped(run), *conclusions(run), *besides(run, name)]
    yield "\n".join(f"- {inline(line)}" for line in told)


def _troubles(run: RunFindings) -> Iterator[str]:
    for outcome in TROUBLES:
        for arm in run.arms:
            if arm.outcome == outcome:
                yield inline(f"- {outcome}: {name(case_of(arm))} on {name(name_of(arm))}: {details(arm)}")
