"""Whether trainings are the same: the losses of their first steps, a small picture a case."""

from __future__ import annotations

from harness.report.charts.curves import FEW_PANELS, MOST_PANELS, arms_with, by_step, charted, curves, panels_of
from harness.report.charts.look import Look, left_out
from harness.report.content import Chart
from harness.report.findings import RunFindings

_READING = (
    "Each small picture is a case: the loss of the first steps, one line a target. All start from the same weights "
    "and are given the same batches, so lines that lie on one another are what is wanted: they are drawn ever "
    "thinner, that each can still be seen. Lines that part mean different trainings, whose speeds are not to be "
    "compared. How fast a loss falls says nothing of a framework here, as only a few steps are shown."
)


def charts(run: RunFindings, look: Look) -> list[Chart]:
    """Return the pictures of losses."""
    arms = arms_with(run, "losses")
    panels = panels_of(arms, "losses")
    shown = panels[: look.most(MOST_PANELS, FEW_PANELS)]
    reading = f"{_READING}{left_out(len(shown), len(panels))}"
    pictures = curves(shown, look, file="losses", section="losses", title="Loss of the first steps", step="step")
    table = by_step(arms, "losses", file=look.file("losses-by-step"), title="Loss, step by step", step="step")
    return charted(pictures, reading, table)
