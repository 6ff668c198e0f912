"""Where a training step spends its time: feeding, forward, backward and update, a bar a target."""

from __future__ import annotations

from collections import defaultdict

from harness.report import words
from harness.report.charts.look import Look, left_out, numbered, parted, time_of
from harness.report.content import Chart
from harness.report.findings import RunFindings, case_of, name_of
from harness.report.picture import Bar, Stacks
from harness.store.record import Measurement

CASES_A_PICTURE = 12
MOST_PICTURES, FEW_PICTURES = 5, 1
PARTS = ("input", "forward", "backward", "update")

_READING = (
    "Each bar is one step of a training, in parts: bringing a batch to the device where that belongs to the step, the "
    "loss (forward), its gradients (backward), and the change of the weights (update). The parts were timed by "
    "functions of their own and subtracted from one another, so they add up to the step, which is noted beside the "
    "bar, only where nothing is gained by doing them together. A part that came out as nothing is left out, and so is "
    "a mode whose step cannot be taken apart, as that of Keras' fit. There are no intervals: small differences "
    "between parts mean nothing."
)


def charts(run: RunFindings, look: Look) -> list[Chart]:
    """Return the pictures of all trainings whose steps were taken apart."""
    cases: dict[str, list[Bar]] = defaultdict(list)
    for arm in run.arms:
        time, parts = time_of(arm), _parts(arm)
        if time is not None and parts:
            note = f"a step: {words.time(time)}"
            cases[case_of(arm)].append(Bar(name=case_of(arm), target=name_of(arm), parts=parts, note=note))
    shown = list(cases.values())[: CASES_A_PICTURE * look.most(MOST_PICTURES, FEW_PICTURES)]
    pictures = parted(shown, CASES_A_PICTURE)
    reading = f"{_READING}{left_out(len(shown), len(cases))}"
    made = []
    for at, few in enumerate(pictures):
        bars = tuple(bar for found in few for bar in found)
        made.append(Chart(picture=_picture(bars, at, len(pictures), look), reading=reading))
    return made


def _picture(bars: tuple[Bar, ...], at: int, count: int, look: Look) -> Stacks:
    parts = tuple(part for part in PARTS if any(part in bar.parts for bar in bars))
    title = "Parts of a training step"
    return Stacks(
        name=look.file(f"phases-{at + 1:02d}"),
        section="phases",
        title=numbered(title, at, count),
        alt=f"{title}, in seconds for each target: {', '.join(parts)}",
        unit="seconds",
        targets=look.targets,
        bars=bars,
        parts=parts,
    )


def _parts(arm: Measurement) -> dict[str, float]:
    found = zip(PARTS, (arm.input_s, arm.forward_s, arm.backward_s, arm.update_s), strict=True)
    return {part: value for part, value in found if words.known(value) and value > 0}
