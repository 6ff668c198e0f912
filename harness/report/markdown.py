"""The page of a report: answers first, then every arm, then what stands behind them.

Only this module and `tables` know Markdown. Names and reasons pass through `escape`, numbers through
`words`; pictures are named here by relative links and drawn elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.report import learning, noise, serving, tables
from harness.report.escape import alt, code, words
from harness.report.findings import Board, Problem, RunFindings
from harness.report.headline import ceilings, headline, machine
from harness.report.picture import Picture
from harness.report.pictures import MOST_CASES
from harness.report.reading import READING
from harness.report.reproduce import environment, reproduce

FIGURES = "figures"  # the folder beside the page


def page(runs: Sequence[RunFindings], problems: Sequence[Problem], pictures: Sequence[Sequence[Picture]]) -> str:
    """Return the page for `runs`, with the pictures of each."""
    lines = list(_page(runs, problems, pictures))
    return "\n".join(lines) + "\n"


def _page(
    runs: Sequence[RunFindings], problems: Sequence[Problem], pictures: Sequence[Sequence[Picture]]
) -> Iterator[str]:
    yield f"# Report: {', '.join(code(run.suite) for run in runs)}"
    if len(runs) > 1:
        yield from ("", f"{len(runs)} runs, each in a section of its own: numbers of different runs are never mixed.")
    if problems:
        yield from ("", "Files that need a look:", "")
        yield from (f"- {code(problem.place)}: {words(problem.message)}" for problem in problems)
    for run, own in zip(runs, pictures, strict=True):
        yield from _run(run, own)
    yield from ("", "## How to read this", "", READING)


def _run(run: RunFindings, pictures: Sequence[Picture]) -> Iterator[str]:
    partial = "" if run.state == "complete" else f" ({run.state})"
    yield from ("", f"## {code(run.suite)}, run {code(run.run_id)}{partial}", "")
    yield from (f"- {line}" for line in headline(run, code))
    yield f"- machine: {words(machine(run))}"
    if ceilings(run):
        yield f"- ceilings: {words(ceilings(run))}"
    yield f"- command: {code(reproduce(run)[0])}"
    for board in run.boards:
        yield from _board(board, run.reference, pictures)
    yield from _section("Scaling with threads", tables.scaling(run))
    yield from _section("Speed against size", _pictures(pictures, "size"))
    yield from _section("Training: is it the same?", learning.sameness(run))
    yield from _section("Training: loss, step by step", _pictures(pictures, learning.LOSSES))
    yield from _section("Training: where a step's time goes", learning.phases(run))
    yield from _section("Training: quality", _quality(run, pictures))
    yield from _section("Serving: latency and throughput", serving.latencies(run))
    yield from _section("First calls", tables.first_calls(run))
    yield from _section("Every planned arm", tables.outcomes(run))
    yield from _section("What the machine did meanwhile", _meanwhile(run))
    yield from _section("Environment", environment(run))
    yield from _section("To reproduce", ["```sh", *reproduce(run), "```"])


def _board(board: Board, reference: str, pictures: Sequence[Picture]) -> Iterator[str]:
    title = f"Who wins: {board.mode_class}" if board.ranked else "Not ranked"
    yield from ("", f"### {title}")
    if board.overall:
        yield from ("", *tables.overall(board, reference))
    drawn = list(_pictures(pictures, board.mode_class))
    if drawn:
        yield from ("", *drawn)
    if drawn and len(board.cases) > MOST_CASES:
        yield from (
            "",
            f"The pictures show the first {MOST_CASES} of {len(board.cases)} cases; the table has them all.",
        )
    yield from ("", *tables.cases(board))


def _quality(run: RunFindings, pictures: Sequence[Picture]) -> Iterator[str]:
    drawn = list(_pictures(pictures, learning.QUALITY))
    yield from drawn
    found = list(learning.quality(run))
    yield from ([""] if drawn and found else [])
    yield from found


def _meanwhile(run: RunFindings) -> Iterator[str]:
    head, rows = noise.table(run.manifest)
    if not rows:
        return
    yield from tables.table(head, rows, right=range(len(head)))
    remarks = noise.remarks(run.manifest)
    if remarks:
        yield from ("", *(f"- {line}" for line in remarks))


def _section(title: str, lines: Sequence[str] | Iterator[str]) -> Iterator[str]:
    content = list(lines)
    if content:
        yield from ("", f"### {title}", "", *content)


def _pictures(pictures: Sequence[Picture], section: str) -> Iterator[str]:
    for at, picture in enumerate(one for one in pictures if one.section == section):
        if at:
            yield ""
        yield f"![{alt(picture.alt)}]({FIGURES}/{picture.name}.png)"
