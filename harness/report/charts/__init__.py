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


def charts_of(run: RunFindings, prefix: str) -> Mapping[str, tuple[Chart, ...]]:
    """Return the charts of one run by question, ranked classes first; a question without an answer is not there.

    Names of files begin with `prefix`.
    """
    targets = tuple(dict.fromkeys(name_of(arm) for arm in run.arms if arm.replica == 0))
    look = Look(targets=targets, prefix=prefix, huge=len(set(map(contest_of, run.arms))) > MANY)
    found = {board.mode_class: winners.charts(run, look, board) for board in run.boards if board.ranked}
    found |= {question: charts(run, look) for question, charts in _QUESTIONS.items()}
    return {question: tuple(charts) for question, charts in found.items() if charts}
