"""What was flagged is measured again by fresh processes, before anybody is told of it.

``ab`` and ``gate --confirm`` end here. A confirmation is a run like any other, of the flagged cases alone; its
manifest says of which run, and a page that is made later takes it up from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness import api
from harness.errors import BudgetSpent, ExitCode, Terminated, first_of
from harness.store.manifest import COMPLETE
from harness.store.runs import resolve

if TYPE_CHECKING:
    from harness.report.comparison import Comparison, Page
    from harness.run.terms import Observer

SETS = 10  # process-sets of a confirmation
_STOPPED = {"terminated": Terminated, "budget": BudgetSpent}


@dataclass(frozen=True, kw_only=True)
class MeasuredAgain:
    """What came of measuring flagged differences again.

    Attributes:
        page: The page; a difference that was not measured to the end is as open in it as before.
        exit_code: How a command ends by what happened meanwhile, whatever came out.
        stopped: Why it was stopped, as a run says it; empty where it was not.
        runs: The runs that measured again.

    """

    page: Page
    exit_code: ExitCode = ExitCode.FINE
    stopped: str = ""
    runs: tuple[str, ...] = ()


def confirm(page: Page, *, results: Path, observer: Observer, sets: int = SETS) -> Page:
    """Measure the flagged differences of a page again by fresh processes, and let what they say decide.

    As `measure_again`, but raises where it was stopped, for then nothing is decided: `KeyboardInterrupt`,
    `Terminated` or `BudgetSpent`.
    """
    again = measure_again(page, results=results, observer=observer, sets=sets)
    if again.stopped == "interrupt":
        raise KeyboardInterrupt
    if again.stopped:
        raise _STOPPED.get(again.stopped, Terminated)(
            "the confirmation was interrupted, so what was flagged is neither confirmed nor refuted",
            remedy="ask for it once more: it begins anew",
        )
    return again.page


def measure_again(page: Page, *, results: Path, observer: Observer, sets: int = SETS) -> MeasuredAgain:
    """Measure the flagged differences of a page that nothing has decided yet, by fresh processes that decide them.

    For each pair of runs that the page compares there is a new run of the flagged cases alone, with
    another seed; one that does not reach its end decides nothing, now or later. Raises, before anything is
    measured, where the environments are no longer those of the runs: `DeviceUnavailable` where an
    interpreter is gone, `UsageError` where it holds other versions.
    """
    from harness.report.compare_confirm import decided_by, interrupted, seen_once

    groups: dict[tuple[str, str], list[Comparison]] = {}
    for comparison in page.comparisons:
        if any(line.seen_once for line in comparison.lines):
            groups.setdefault((comparison.base.run_id, comparison.new.run_id), []).append(comparison)
    codes, runs, stopped = [], [], ""
    for compared, comparisons in groups.items():
        made = _measured_again(compared, comparisons, results=results, observer=observer, sets=sets)
        stopped = made.result.stopped
        codes.append(made.result.exit_code)
        runs.append(made.id)
        if stopped or made.state != COMPLETE:
            page = interrupted(page)
            break
        page = decided_by(page, resolve(results, made.id).run)
    codes += [ExitCode.UNDECIDED] if seen_once(page) else []
    return MeasuredAgain(page=page, exit_code=first_of(codes), stopped=stopped, runs=tuple(runs))


def _measured_again(
    compared: tuple[str, str], comparisons: Sequence[Comparison], *, results: Path, observer: Observer, sets: int
) -> api.Measured:
    """Measure what is open between two runs again; the run tells of what, and what its targets were called there."""
    from harness.report.compare_confirm import NAMES
    from harness.run.again import Wanted, plan_again, refuse_changes
    from harness.run.environments import environments_now
    from harness.run.runner import confirming_pace

    base, new = (resolve(results, run_id).run for run_id in compared)
    pairs = [(line.case_key, *line.arms) for one in comparisons for line in one.lines if line.seen_once]
    again = plan_again(results, Wanted(base=base, new=new, pairs=tuple(pairs)))
    observer.phase("looking at the environments")
    refuse_changes(again.known, environments_now(again.plan))
    names: dict[str, dict[str, str]] = {}
    for (run_id, name), called in again.names.items():
        names.setdefault(run_id, {})[name] = called
    return api.measure(
        again.plan,
        results=results,
        observer=observer,
        required=True,
        pace=confirming_pace(again.plan, sets),
        notes={"confirms": new.run_id, NAMES: names},
    )
