"""Two sides beside each other: two targets of a run, or two runs, and what may be said of each pair of arms.

Only arms of one session are compared without further ado, for only there the machine is the same for
both. What two runs say of each other is `not-comparable`, unless somebody insists on absolute times or
names an arm that is the same in both and through which the two may be seen; either is labelled.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.errors import ExitCode, UsageError
from harness.report.compare_build import JUDGED, Ground
from harness.report.compare_confirm import decided
from harness.report.compare_judge import terms_of
from harness.report.compare_load import Run, load_run, same_run
from harness.report.compare_through import anchors_of
from harness.report.comparison import How, Page
from harness.stats.multiplicity import Correction
from harness.stats.verdict import Verdict


def compare_sides(
    root: Path,
    base: str,
    new: str,
    *,
    margin: float | None = None,
    margins: Mapping[str, float] | None = None,
    correction: Correction = Correction.BENJAMINI_HOCHBERG,
    insist: bool = False,
    through: str = "",
) -> Page:
    """Compare what `base` and `new` name: runs below `root`, or paths, each with an optional ``::target``.

    `margin` is the share by which times have to differ before it matters, `margins` the same for
    single cases, by their key; what is not said is taken from the run. `insist` compares two runs by
    absolute times, `through` by their ratios to a target that is the same in both.
    """
    if insist and through:
        raise UsageError("two ways at once: to insist and to go through a target", remedy="choose one of them")
    left = load_run(root, base)
    right = load_run(root, new, left)
    terms = terms_of(left, right, margin, margins, correction)
    how = _how(left, right, insist=insist, through=through)
    anchors = anchors_of(left, right, through) if how is How.THROUGH else None
    comparisons = Ground(base=left, new=right, how=how, terms=terms, anchors=anchors).comparisons()
    page = Page(comparisons=comparisons, problems=_problems(left, right, needless=insist or bool(through)))
    return decided(page, left.info, right.info)


def sides_of(root: Path, name: str) -> tuple[str, str]:
    """Return the two sides that a single run has by itself: those of `ab`, or the reference and all others."""
    run = load_run(root, name)
    whole = name.partition("::")[0]
    if run.selected:
        return whole, name
    made = run.manifest.get("ab")
    if isinstance(made, Mapping) and made.get("a") and made.get("b"):
        return f"{whole}::{made['a']}", f"{whole}::{made['b']}"
    reference = next((arm.name for arm in run.arms if arm.replica == 1), run.arms[0].reference)
    if not reference:
        raise UsageError(f"the run {run.info.run_id} has no reference", remedy=f"write {whole}::BASE {whole}::NEW")
    return f"{whole}::{reference}", whole


def exit_code(page: Page) -> ExitCode:
    """Return how `compare` ends: it says what is, and only a gate closes."""
    verdicts = {line.verdict for comparison in page.comparisons for line in comparison.lines}
    refused = Verdict.NOT_COMPARABLE in verdicts and not verdicts & JUDGED
    return ExitCode.UNDECIDED if refused else ExitCode.FINE


def _how(left: Run, right: Run, *, insist: bool, through: str) -> How:
    if same_run(left.info, right.info):
        return How.SESSION
    if through:
        return How.THROUGH
    return How.INSISTED if insist else How.REFUSED


def _problems(left: Run, right: Run, *, needless: bool) -> tuple[str, ...]:
    alike = same_run(left.info, right.info)
    said = ("both sides are of one session, so they are compared block by block and nothing else is needed",)
    return tuple(dict.fromkeys((*left.problems, *right.problems, *(said if needless and alike else ()))))
