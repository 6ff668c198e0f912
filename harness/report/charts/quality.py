"""How soon a training is good: accuracy epoch by epoch, and how many of the seeds had come to the goal when."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.core.target import split_threads
from harness.report import words
from harness.report.charts.curves import FEW_PANELS, MOST_PANELS, arms_with, by_step, charted, curves, panels_of
from harness.report.charts.look import Look, apart, left_out, marked, time_of, with_rest
from harness.report.content import Chart
from harness.report.escape import visible
from harness.report.findings import RunFindings, name_of
from harness.report.picture import Reached
from harness.report.rows import is_to_a_goal, params_of, precision_of
from harness.store.record import Measurement, Outcome

MOST_PICTURES, FEW_PICTURES = 24, 6
SEEDS = 2  # of one target, before there is anything to count

_EPOCHS = (
    "Each small picture is a case: the share of held-out samples that were classified rightly after each epoch, one "
    "line a target; the line across, where there is one, is the goal. Equal seeds start from equal weights and see "
    "the samples in the same order. Epochs are not time: a target that needs more of them may still be the sooner."
)
_SEEDS = (
    "A line climbs a step whenever another seed had come to the goal, and ends as high as the share of the seeds that "
    "ever did. Every seed that was begun counts: what never came to the goal, failed or was rejected keeps the line "
    "low. Further left is sooner, higher is surer. With a handful of seeds, a step more or less proves nothing."
)


@dataclass(frozen=True, kw_only=True)
class Tries:
    """What trainings have in common that differ in their seed alone."""

    case: str  # the id in the suite
    goal: float
    precision: str
    params: str
    threads: str


def params_but(arm: Measurement, *names: str) -> str:
    """Return the parameters of a training without some of them, as a text: it is the same where they are."""
    known = params_of(arm)
    return json.dumps({one: known[one] for one in sorted(known) if one not in names})


def in_words(params: str) -> dict[str, str]:
    """Return such parameters by their names, each as it is written."""
    known = json.loads(params)
    return {one: value if isinstance(value, str) else json.dumps(value) for one, value in known.items()}


def charts(run: RunFindings, look: Look) -> list[Chart]:
    """Return the pictures of accuracy, and of the times to the goal."""
    return [*_accuracies(run, look), *_times(run, look)]


def _accuracies(run: RunFindings, look: Look) -> list[Chart]:
    goals: dict[float | None, list[Measurement]] = defaultdict(list)
    for arm in arms_with(run, "accuracies"):
        goals[_goal(arm)].append(arm)
    made: list[Chart] = []
    for turn, (goal, arms) in enumerate(goals.items()):
        panels = panels_of(arms, "accuracies")
        file = f"accuracy-{turn + 1}" if len(goals) > 1 else "accuracy"
        shown = panels[: look.most(MOST_PANELS, FEW_PANELS)]
        pictures = curves(shown, look, file=file, section="quality", title="Held-out accuracy", step="epoch", goal=goal)
        reading = f"{_EPOCHS}{left_out(len(shown), len(panels))}"
        at_goal = "" if goal is None else f", to a goal of {words.share(goal)}"
        title = f"Held-out accuracy, epoch by epoch{at_goal}"
        table = by_step(arms, "accuracies", file=look.file(f"{file}-by-epoch"), title=title, step="epoch")
        made += charted(pictures, reading, table)
    return made


def _times(run: RunFindings, look: Look) -> list[Chart]:
    groups: dict[Tries, dict[str, list[Measurement]]] = {}
    for arm in run.arms:
        goal = _goal(arm)
        if goal is not None and is_to_a_goal(arm) and tried(arm):
            groups.setdefault(_tries(arm, goal), {}).setdefault(name_of(arm), []).append(arm)
    drawn = {tries: found for tries, found in groups.items() if max(map(len, found.values())) >= SEEDS}
    most = look.most(MOST_PICTURES, FEW_PICTURES)
    made = [
        Chart(picture=_picture(tries, found, run, look, others=groups), reading=_SEEDS)
        for tries, found in list(drawn.items())[:most]
    ]
    return with_rest(made, len(drawn) - most, "trainings")


def _goal(arm: Measurement) -> float | None:
    goal = params_of(arm).get("target")
    return float(goal) if isinstance(goal, int | float) and not isinstance(goal, bool) and 0 < goal <= 1 else None


def tried(arm: Measurement) -> bool:
    """Whether it counts among the seeds: whatever ended it, it was begun."""
    return arm.outcome in (Outcome.MEASURED, Outcome.INVALID, Outcome.FAILED)


def _tries(arm: Measurement, goal: float) -> Tries:
    return Tries(
        case=arm.case.partition("[")[0],
        goal=goal,
        precision=precision_of(arm),
        params=params_but(arm, "seed"),
        threads=split_threads(arm.label)[1],
    )


def _picture(
    tries: Tries, found: Mapping[str, Sequence[Measurement]], run: RunFindings, look: Look, *, others: Iterable[Tries]
) -> Reached:
    alike = [in_words(other.params) for other in others if other.case == tries.case]
    told = apart(in_words(tries.params), alike, but=("precision", "target"))  # the title has these in any case
    goal = words.share(tries.goal)
    parts = [tries.case, tries.precision, *told, *([f"at {tries.threads}"] if tries.threads else [])]
    title = marked(f"Seeds that had come to {goal}: {', '.join(visible(part, 40) for part in parts)}", run)
    return Reached(
        name=look.file(f"reached-{tries.case}-{tries.precision}", tries),
        section="quality",
        title=title,
        alt=f"{title}, against the time it took",
        unit="share of the seeds",
        targets=look.targets,
        lines={target: (_arrivals(arms), len(arms)) for target, arms in found.items()},
        across="seconds",
    )


def _arrivals(arms: Sequence[Measurement]) -> tuple[float, ...]:
    return tuple(sorted(time for arm in arms if arm.epochs is not None and (time := time_of(arm)) is not None))
