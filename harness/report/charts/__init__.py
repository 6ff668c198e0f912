"""From what a run says to charts, a module for each question that a reader has.

A chart is a picture as a value, with a few sentences on how to read it; nothing is drawn here.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.report.charts import (
    cold,
    everywhere,
    losses,
    memory,
    phases,
    quality,
    roof,
    size,
    threads,
    tradeoff,
    winners,
)
from harness.report.charts.look import MANY, Look
from harness.report.content import Chart
from harness.report.findings import RunFindings, contest_of, name_of

_QUESTIONS = {
    "map": everywhere.charts,
    "roofline": roof.charts,
    "size": size.charts,
    "threads": threads.charts,
    "tradeoff": tradeoff.charts,
    "cold": cold.charts,
    "losses": losses.charts,
    "phases": phases.charts,
    "quality": quality.charts,
    "memory": memory.charts,
}


_WITH_TABLES = ("roofline", "losses", "quality", "memory")  # what these show stands in no other table


def charts_of(run: RunFindings, prefix: str, *, pictured: bool = True) -> Mapping[str, tuple[Chart, ...]]:
    """Return the charts of one run by question, ranked classes first; a question without an answer is not there.

    Names of files begin with `prefix`. For a page that is not `pictured`, those with numbers of their own are enough.
    """
    targets = tuple(dict.fromkeys(name_of(arm) for arm in run.arms if arm.replica == 0))
    look = Look(targets=targets, prefix=prefix, many=len(set(map(contest_of, run.arms))) > MANY)
    ranked = [board for board in run.boards if board.ranked and pictured]
    found = {board.mode_class: winners.charts(run, look, board) for board in ranked}
    found |= {name: charts(run, look) for name, charts in _QUESTIONS.items() if pictured or name in _WITH_TABLES}
    return {question: tuple(charts) for question, charts in found.items() if charts}
