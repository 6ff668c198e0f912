"""What a report says of trainings: that they are the same, where a step's time goes, and what quality comes of them."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean, median, stdev

from harness.report import words
from harness.report.escape import code, visible
from harness.report.findings import RunFindings, name_of
from harness.report.picture import Curves, Panel, Picture, slug
from harness.report.rows import params_of
from harness.report.tables import table
from harness.report.words import UNKNOWN
from harness.stats.estimate import t_quantile
from harness.store.record import Failure, Measurement, Outcome

LOSSES, QUALITY = "losses", "quality"  # sections
PANELS = 12  # of a picture
MOST_PANELS = 60
FEWEST_SEEDS = 3  # of which a mean without the best and the worst is anything


# -- are they the same ------------------------------------------------------------------------------


def sameness(run: RunFindings) -> Iterator[str]:
    """Return one line a case: how far the furthest of its arms is from the float64 reference, part by part."""
    cases = _by_case([arm for arm in run.arms if arm.loss_error is not None])
    if not cases:
        return
    headers = ("case", "arms", "loss", "gradients", "weights", "statistics", "losses of any two", "furthest")
    yield from table(headers, [_same_row(name, arms) for name, arms in cases.items()], right=range(1, 7))
    yield ""
    yield (
        "Largest relative difference from the same training in float64, over all arms of the case: of the losses of "
        "the first steps, of the first gradients (to their length), and of weights and statistics after those steps "
        "(to the way they went). *Losses of any two* compares the arms with each other."
    )


def _same_row(name: str, arms: Sequence[Measurement]) -> tuple[str, ...]:
    parts = ("loss_error", "gradient_error", "weight_error", "statistic_error")
    worst = [max((v for arm in arms if (v := getattr(arm, part)) is not None), default=None) for part in parts]
    furthest = max(arms, key=lambda arm: arm.max_error or 0.0)
    return (code(name), str(len(arms)), *map(_small, worst), _small(_apart(arms)), code(name_of(furthest)))


def _apart(arms: Sequence[Measurement]) -> float | None:
    """Return the largest relative difference of the losses of any two arms."""
    curves = [arm.losses for arm in arms if arm.losses and all(map(math.isfinite, arm.losses))]
    if len(curves) < 2:  # noqa: PLR2004  (any two)
        return None
    largest = max(abs(value) for curve in curves for value in curve) or 1.0
    return float(max(max(step) - min(step) for step in zip(*curves, strict=False)) / largest)


def _small(value: float | None) -> str:
    return f"{value:.1e}" if words.known(value) else UNKNOWN


def curves_of(run: RunFindings, targets: tuple[str, ...], prefix: str) -> list[Picture]:
    """Return the pictures of losses, and of accuracy epoch by epoch."""
    losses = _panels(run, "losses")
    return [
        *_curves(losses, targets, f"{prefix}{LOSSES}", LOSSES, ("loss of the first steps", "step")),
        *_curves(_panels(run, "accuracies"), targets, f"{prefix}accuracy", QUALITY, ("held-out accuracy", "epoch")),
    ]


def _panels(run: RunFindings, column: str) -> list[Panel]:
    cases = _by_case([arm for arm in run.arms if getattr(arm, column)])
    return [
        Panel(name=name, lines={name_of(arm): tuple(getattr(arm, column)) for arm in arms})
        for name, arms in list(cases.items())[:MOST_PANELS]
    ]


def _curves(
    panels: Sequence[Panel], targets: tuple[str, ...], name: str, section: str, said: tuple[str, str]
) -> list[Picture]:
    what, step = said
    parts = [panels[at : at + PANELS] for at in range(0, len(panels), PANELS)]
    return [
        Curves(
            name=slug(f"{name}-{at + 1:02d}"),
            section=section,
            title=what if len(parts) == 1 else f"{what} ({at + 1} of {len(parts)})",
            alt=f"{what}, a small picture for each of {', '.join(visible(panel.name, 40) for panel in part)}",
            unit=what,
            targets=targets,
            panels=tuple(part),
            step=step,
        )
        for at, part in enumerate(parts)
    ]


# -- where the time goes ----------------------------------------------------------------------------


def phases(run: RunFindings) -> Iterator[str]:
    """Return one line an arm: its step, the parts of it, and when compiling has repaid itself."""
    chosen = [
        arm for arm in run.arms if arm.workload == "training" and arm.outcome == Outcome.MEASURED and arm.replica == 0
    ]
    if not chosen:
        return
    headers = ("case", "target", "step", "forward", "backward", "update", "input", "rate", "first step", "repaid after")
    yield from table(headers, [_phase_row(arm, chosen) for arm in chosen], right=range(2, 10))
    yield ""
    yield (
        "Forward and backward are timed apart from the step and subtracted from it, so they add up to it only where "
        "nothing is gained by doing them together. *Repaid after*: the steps after which a compiled mode has won back "
        "its longer first step, beside the same framework as written."
    )


def _phase_row(arm: Measurement, others: Sequence[Measurement]) -> tuple[str, ...]:
    parts = (arm.time_s, arm.forward_s, arm.backward_s, arm.update_s, arm.input_s)
    rate = words.per_second(None, None, arm.items_per_s, arm.items_name)
    return (
        code(arm.case),
        code(name_of(arm)),
        *map(words.time, parts),
        rate,
        words.time(arm.first_call_s),
        _repaid(arm, others),
    )


def _repaid(arm: Measurement, others: Sequence[Measurement]) -> str:
    """Say after how many steps a compiled mode is ahead of the framework's own default as written."""
    written = next(
        (
            other
            for other in others
            if (other.case_key, other.backend, other.label) == (arm.case_key, arm.backend, arm.label)
            and other.mode_class == "as-written"
        ),
        None,
    )
    if arm.mode_class != "compiled" or written is None or not (arm.time_s and written.time_s):
        return UNKNOWN
    longer = (arm.first_call_s or 0.0) - (written.first_call_s or 0.0)
    gained = written.time_s - arm.time_s
    if gained <= 0:
        return "never"
    return f"{max(1, math.ceil(longer / gained)):,} steps"


# -- quality ----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Group:
    """The trainings of one target that differ in their seed alone."""

    case: str
    target: str
    precision: str
    goal: float | None
    arms: tuple[Measurement, ...]

    @property
    def reached(self) -> list[Measurement]:
        """Those that came to the target."""
        return [arm for arm in self.arms if arm.epochs is not None and arm.outcome == Outcome.MEASURED]

    def accuracies(self) -> dict[int, float]:
        """Return the accuracy after the last epoch, by seed."""
        return {params_of(arm).get("seed", 0): arm.accuracy for arm in self.arms if arm.accuracy is not None}


def quality(run: RunFindings) -> Iterator[str]:
    """Return one line a target: how many seeds came to the target, how soon, and how good they ended."""
    groups = _groups(run)
    if not groups:
        return
    headers = (
        *("case", "target", "precision", "reached", "epochs", "time to target", "accuracy at the end"),
        *("recall", "F1", "beside the reference"),
    )
    yield from table(headers, [_quality_row(group, groups, run.reference) for group in groups], right=range(3, 10))
    yield ""
    yield (
        "Every seed counts: what never came to the target is shown as not reached. The time is the mean of those that "
        "did, without the quickest and the slowest where there are three or more. *Beside the reference*: the "
        "difference in accuracy after the last epoch, seed by seed, with its 95 % interval, in percentage points."
    )


def _groups(run: RunFindings) -> list[Group]:
    found: dict[tuple[str, ...], list[Measurement]] = defaultdict(list)
    for arm in run.arms:
        if arm.workload == "time_to_accuracy" and arm.replica == 0 and _tried(arm):
            known = params_of(arm)
            same = json.dumps({name: known[name] for name in sorted(known) if name not in ("seed", "precision")})
            found[same, arm.case.partition("[")[0], name_of(arm), str(known.get("precision"))].append(arm)
    return [
        Group(case=case, target=target, precision=precision, goal=_goal(arms[0]), arms=tuple(arms))
        for (_, case, target, precision), arms in found.items()
    ]


def _goal(arm: Measurement) -> float | None:
    goal = params_of(arm).get("target")
    return float(goal) if isinstance(goal, int | float) else None


def _tried(arm: Measurement) -> bool:
    unreached = arm.outcome == Outcome.FAILED and arm.detail.startswith(f"{Failure.UNREACHED}:")
    return arm.outcome == Outcome.MEASURED or unreached


def _quality_row(group: Group, groups: Sequence[Group], reference: str) -> tuple[str, ...]:
    reached, ended = group.reached, sorted(group.accuracies().values())
    spread = f" ({words.share(ended[0])} to {words.share(ended[-1])})" if len(ended) > 1 else ""
    return (
        code(group.case),
        code(group.target),
        group.precision,
        f"{len(reached)} of {len(group.arms)} to {words.share(group.goal)}",
        f"{median(arm.epochs or 0 for arm in reached):g}" if reached else "not reached",
        words.time(_olympic([arm.time_s for arm in reached if arm.time_s])),
        f"{words.share(fmean(ended))}{spread}" if ended else UNKNOWN,
        words.share(_mean([arm.recall for arm in group.arms])),
        words.share(_mean([arm.f1 for arm in group.arms])),
        _beside(group, groups, reference),
    )


def _olympic(values: Sequence[float]) -> float | None:
    kept = sorted(values)[1:-1] if len(values) >= FEWEST_SEEDS else values
    return fmean(kept) if kept else None


def _mean(values: Sequence[float | None]) -> float | None:
    kept = [value for value in values if value is not None]
    return fmean(kept) if kept else None


def _beside(group: Group, groups: Sequence[Group], reference: str) -> str:
    """Return the difference in accuracy to float32 on the reference, of equal seeds."""
    base = next(
        (
            other
            for other in groups
            if (other.case, other.target, other.precision) == (group.case, reference, "float32")
        ),
        None,
    )
    if base is None:
        return UNKNOWN
    if base is group:
        return "reference"
    before, now = base.accuracies(), group.accuracies()
    apart = [100 * (now[seed] - before[seed]) for seed in sorted(before.keys() & now.keys())]
    if len(apart) < 2:  # noqa: PLR2004  (a spread needs two)
        return f"{apart[0]:+.2f}" if apart else UNKNOWN
    half = float(t_quantile(len(apart) - 1)) * stdev(apart) / math.sqrt(len(apart))
    return f"{fmean(apart):+.2f} [{fmean(apart) - half:+.2f}, {fmean(apart) + half:+.2f}]"


# -- helpers ----------------------------------------------------------------------------------------


def _by_case(arms: Sequence[Measurement]) -> dict[str, list[Measurement]]:
    found: dict[str, list[Measurement]] = defaultdict(list)
    for arm in arms:
        if arm.replica == 0:
            found[arm.case].append(arm)
    return dict(found)
