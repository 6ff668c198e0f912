"""Tables about trainings: whether they are the same, where the time of a step goes, what quality comes of them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean, median

from harness.report import words
from harness.report.charts.repaid import Repaid, repayments
from harness.report.content import Block, Cell, Prose, Row, Table, name
from harness.report.findings import RunFindings, case_of, name_of
from harness.report.pages.cells import (
    DASH,
    columns,
    duration,
    item_rate,
    named,
    numbers,
    rates,
    repaid,
    row_of,
    share,
    shared_facets,
    small,
    whole,
)
from harness.report.pages.seeds import Group, Points, beside, case_in_full, groups_of, mean, olympic
from harness.store.record import Measurement, Outcome

_PARTS = ("loss_error", "gradient_error", "weight_error", "statistic_error")


# -- are they the same -------------------------------------------------------------------------------


def sameness(run: RunFindings) -> Iterator[Block]:
    """Yield a table with a line for each case: how far the furthest of its arms is from the float64 reference."""
    cases: dict[str, list[Measurement]] = defaultdict(list)
    for arm in run.arms:
        if arm.loss_error is not None and arm.replica == 0:
            cases[arm.case].append(arm)
    if not cases:
        return
    yield Prose(text=_passed(cases))
    titles = ("arms", "loss", "gradients", "weights", "statistics", "of what is allowed", "losses of any two")
    yield Table(
        name="same-training",
        title="How far the arms of a case are from the same training in float64",
        columns=(*columns("case"), *numbers(dict.fromkeys(titles, "")), *columns("furthest")),
        rows=tuple(_same_row(case, arms) for case, arms in cases.items()),
        note=(
            "Largest relative difference from the same training in float64, over all arms of the case: of the losses "
            "of the first steps, of the first gradients (to their length), and of weights and statistics after those "
            "steps (to the way they went). Each has a bound of its own, that of its type and of the depth of the "
            "model: the nearest that any arm came to any of them is told as a share of what is allowed, and the "
            "furthest arm is the one that did. Losses of any two compares the arms with each other, relative to the "
            "largest loss of any; they may lie further apart than any lies from its reference, for Keras places Adam's "
            "epsilon elsewhere and is held to that formula."
        ),
    )


def _passed(cases: Mapping[str, Sequence[Measurement]]) -> str:
    """Say in a sentence whether all that was trained was the same."""
    arms = [arm for found in cases.values() for arm in found]
    wrong = sum(arm.outcome != Outcome.MEASURED for arm in arms)
    nearest = max((used for arm in arms if (used := _allowed(arm)) is not None), default=None)
    told = f"{words.counted(len(arms) - wrong, 'arm')} of {len(arms):,} trained what the reference in float64 trains"
    if nearest is None or wrong:
        return f"{told}."
    return f"{told}, the furthest with {words.share(nearest)} of the error that is allowed."


def _same_row(case: str, arms: Sequence[Measurement]) -> Row:
    worst = [max((v for arm in arms if (v := getattr(arm, part)) is not None), default=None) for part in _PARTS]
    furthest = max(arms, key=lambda arm: _allowed(arm) or 0.0)
    cells = (
        named(case),
        whole(len(arms)),
        *map(small, worst),
        share(_allowed(furthest)),
        small(_apart(arms)),
        named(name_of(furthest)),
    )
    return Row(cells=cells, facets=shared_facets(arms))


def _allowed(arm: Measurement) -> float | None:
    """Return how much of the largest error that passes as the same training was found."""
    if not words.known(arm.max_error) or not words.known(arm.tolerance) or arm.tolerance <= 0:
        return None
    return arm.max_error / arm.tolerance


def _apart(arms: Sequence[Measurement]) -> float | None:
    """Return the largest relative difference of the losses of any two arms."""
    curves = [arm.losses for arm in arms if arm.losses and all(map(math.isfinite, arm.losses))]
    if len(curves) < 2:  # noqa: PLR2004  (any two)
        return None
    largest = max(abs(value) for curve in curves for value in curve) or 1.0
    return float(max(max(step) - min(step) for step in zip(*curves, strict=False)) / largest)


# -- where the time goes -----------------------------------------------------------------------------


def phases(run: RunFindings) -> Iterator[Block]:
    """Yield a table with a line for each arm: its step, the parts of it, and when compiling has repaid itself."""
    arms = [
        arm for arm in run.arms if arm.workload == "training" and arm.outcome == Outcome.MEASURED and arm.replica == 0
    ]
    if not arms:
        return
    unit, speeds = rates(arms, item_rate)
    won_back = {one.arm.key: one for one in repayments(run)}
    times = ("step", "forward", "backward", "update", "input")
    figures = {**dict.fromkeys(times, "s"), "rate": unit, "first step": "s", "repaid after": "steps"}
    yield Table(
        name="phases",
        title="Where the time of a step goes",
        columns=(*columns("case", "target"), *numbers(figures)),
        rows=tuple(
            row_of(arm, _phase_cells(arm, speed, won_back.get(arm.key)))
            for arm, speed in zip(arms, speeds, strict=True)
        ),
        note=(
            "Forward and backward are timed apart from the step and subtracted from it, so they add up to it only "
            "where nothing is gained by doing them together. Repaid after: the steps after which a compiled mode has "
            "won back its longer first step, beside the same framework as written; perhaps, where this run cannot "
            "tell the later steps of the two apart."
        ),
    )


def _phase_cells(arm: Measurement, speed: Cell, found: Repaid | None) -> Iterator[Cell]:
    yield from (named(case_of(arm)), named(name_of(arm)))
    yield duration(arm.time_s, arm.time_low_s, arm.time_high_s)
    yield from map(duration, (arm.forward_s, arm.backward_s, arm.update_s, arm.input_s))
    yield from (speed, duration(arm.first_call_s), repaid(found, "step"))


# -- quality -----------------------------------------------------------------------------------------


def quality(run: RunFindings) -> Iterator[Block]:
    """Yield a table with a line for each target: how many seeds came to the goal, how soon, and how good they ended."""
    groups = groups_of(run)
    if not groups:
        return
    before = {"reached": "seeds", "of": "seeds", "goal": "", "epochs": "", "time to the goal": "s", "from cold": "s"}
    points = "percentage points"
    after = {
        "accuracy at the end": "",
        "recall": "",
        "F1": "",
        "beside the reference in float32": points,
        "beside its own float32": points,
    }
    yield Table(
        name="quality",
        title="How many seeds came to the goal, how soon, and how good they ended",
        columns=(*columns("case", "target", "precision"), *numbers(before | after)),
        rows=tuple(_quality_row(group, groups, run.reference) for group in groups),
        note=(
            "Every seed that was begun counts: what never came to the goal, failed or was rejected has not reached it. "
            "The time is the mean without the quickest and the slowest where there are three or more; a seed that did "
            "not arrive is the slowest, and where two did not there is no mean. It begins at the starting weights, "
            "with all compiled. From cold: the longest of any seed from a new process to the goal: loading the "
            "framework, making ready, and a first training with whatever it compiles; only the first of a process "
            "begins with nothing compiled. "
            "Epochs: those of the middle seed. Accuracy at the end: the mean over seeds, and the worst and the best. "
            "Beside the reference in float32, whatever the precision of the row, and beside the same target in "
            "float32: the difference in accuracy after the last epoch, seed by seed, with its 95 % interval, in "
            "percentage points."
        ),
    )


def _quality_row(group: Group, groups: Sequence[Group], reference: str) -> Row:
    reached, ended = group.reached, sorted(group.accuracies().values())
    epochs = median(arm.epochs or 0 for arm in reached) if reached else None
    cells = (
        Cell(text=name(case_in_full(group, groups))),
        Cell(text=name(group.target)),
        Cell(text=name(group.precision)),
        whole(len(reached)),
        whole(len(group.arms)),
        share(group.goal),
        Cell(text="not reached") if epochs is None else Cell(text=f"{epochs:g}", value=epochs),
        duration(olympic([arm.time_s for arm in reached if arm.time_s], len(group.arms))),
        duration(max((cold for arm in reached if (cold := _from_cold(arm)) is not None), default=None)),
        _accuracy(ended),
        _right(mean([arm.recall for arm in group.arms])),
        _right(mean([arm.f1 for arm in group.arms])),
        _difference(beside(group, groups, reference), is_reference=group.is_reference(reference)),
        _difference(beside(group, groups, group.target), is_reference=group.is_reference(group.target)),
    )
    return Row(cells=cells, facets=shared_facets(group.arms))


def _from_cold(arm: Measurement) -> float | None:
    """Return what lies between a new process and the goal, where all of it was told."""
    parts = [part for part in (arm.import_s, arm.prepare_s, arm.first_call_s) if words.known(part)]
    return sum(parts) if len(parts) == 3 else None  # noqa: PLR2004  (all)


def _accuracy(ended: Sequence[float]) -> Cell:
    if not ended:
        return DASH
    found, least, most = (_right(value).text for value in (fmean(ended), ended[0], ended[-1]))
    return Cell(text=f"{found} ({least} to {most})" if len(ended) > 1 else found, value=fmean(ended))


def _right(value: float | None) -> Cell:
    """Return a share of right answers with a digit behind the point: good models differ in nothing else."""
    return Cell(text=f"{100 * value:.1f} %", value=value) if words.known(value) else DASH


def _difference(found: Points | None, *, is_reference: bool) -> Cell:
    if is_reference:
        return Cell(text="reference", value=0.0, state="reference")
    if found is None:
        return DASH
    if found.span is None:
        return Cell(text=f"{found.mean:+.2f}", value=found.mean)
    low, high = found.span
    return Cell(text=f"{found.mean:+.2f} [{low:+.2f}, {high:+.2f}]", value=found.mean, span=found.span)
