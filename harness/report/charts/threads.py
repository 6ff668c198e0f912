"""What more threads bring: each target beside itself at its fewest threads, a picture a case."""

from __future__ import annotations

from harness.report.charts.look import NO_INTERVALS, Look, left_out, marked, sureness
from harness.report.content import Chart
from harness.report.escape import visible
from harness.report.findings import RunFindings, Scaling
from harness.report.picture import Dot, Lines
from harness.store.record import Outcome

MOST_PICTURES = 6

_HOW = (
    "Each line is one target beside itself: how many times as fast it is with so many threads as with the fewest "
    "that were tried, where it stands at 1. With twice the threads nothing can be expected beyond 2, and small cases "
    "often gain nothing or lose. The lines say nothing of which target is the faster: that is ranked at equal "
    "threads, in the tables of cases."
)


def charts(run: RunFindings, look: Look) -> list[Chart]:
    """Return a picture for each of the first cases that were measured at several numbers of threads."""
    cases: dict[str, dict[str, tuple[Dot, ...]]] = {}
    for scaling in run.scalings:
        dots = _dots(scaling)
        if len(dots) > 1:
            cases.setdefault(scaling.case, {}).setdefault(scaling.target, dots)
    shown = list(cases.items())[:MOST_PICTURES]
    bars = f"The bar through a mark is the {sureness(run)} interval of that ratio." if run.sets > 1 else NO_INTERVALS
    reading = f"{_HOW} {bars}{left_out(len(shown), len(cases))}"
    return [Chart(picture=_picture(case, lines, run, look), reading=reading) for case, lines in shown]


def _dots(scaling: Scaling) -> tuple[Dot, ...]:
    """Return the speed-ups of a target; what was measured and has none is what the others are beside."""
    found = []
    for step in scaling.steps:
        if step.arm.outcome != Outcome.MEASURED:
            continue
        if step.speed_up is None:
            found.append(Dot(x=float(step.threads), y=1.0, low=1.0, high=1.0))
        elif (ratio := step.speed_up.ratio) is not None:
            low, high = step.speed_up.low or ratio, step.speed_up.high or ratio
            found.append(Dot(x=float(step.threads), y=ratio, low=low, high=high))
    return tuple(found)


def _picture(case: str, lines: dict[str, tuple[Dot, ...]], run: RunFindings, look: Look) -> Lines:
    title = marked(f"Speed-up by threads: {visible(case, 60)}", run)
    return Lines(
        name=look.file(f"threads-{case}", case),
        section="threads",
        title=title,
        alt=f"{title}: times as fast as with the fewest threads, against the number of threads",
        unit="times as fast",
        targets=look.targets,
        lines=lines,
        size="threads",
    )
