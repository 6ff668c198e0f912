"""Training to a target ends when it is reached, and says when it never was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.backends import proof
from harness.backends.convergence import check_ends, make_ready
from harness.backends.numpy import NumPy
from harness.core.device import Device
from harness.measure.clock import SystemMeter
from harness.worker.arm import Arm
from harness.workloads.bundle import make_bundle
from harness.workloads.convergence import TimeToAccuracy
from harness.workloads.quality import quality_of

BACKEND = NumPy(device=Device("cpu"), mode="reference", threads=1)


@pytest.fixture
def case(tmp_path: Path) -> TimeToAccuracy:
    """Return one whose classes lie far apart."""
    rng = np.random.Generator(np.random.PCG64(1))
    labels = rng.integers(0, 3, 90)
    samples = 3 * np.eye(3)[labels] @ rng.standard_normal((3, 5)) + rng.standard_normal((90, 5))
    np.savez(tmp_path / "own.npz", x=samples, y=labels)
    return TimeToAccuracy(
        model="mlp",
        size="digits",
        data=str(tmp_path / "own.npz"),
        batch=9,
        learning_rate=0.02,
        target=0.9,
        most_epochs=30,
    )


def prepared(case: TimeToAccuracy) -> Any:
    return make_ready(BACKEND, case, make_bundle(case, 2).inputs)


def arm(case: TimeToAccuracy) -> Arm:
    return Arm(
        backend=BACKEND,
        device=Device("cpu"),
        workload=case,
        bundle=make_bundle(case, 2),
        meter=SystemMeter(),
        cold_bytes=0,
    )


def test_it_ends_with_the_epoch_that_reaches_the_target(case: TimeToAccuracy) -> None:
    made = prepared(case)
    quality = made.goal.quality()
    assert 1 <= quality["epochs"] <= 30
    assert len(quality["accuracies"]) == 30
    assert quality["accuracies"][quality["epochs"] - 1] >= 0.9
    assert all(accuracy < 0.9 for accuracy in quality["accuracies"][: quality["epochs"] - 1])
    assert quality["accuracy"] == quality["accuracies"][-1]
    steps: list[int] = []
    model = made.function._step.function

    def counted(*batch: Any) -> Any:
        steps.append(1)
        return model(*batch)

    made.function._step = replace(made.function._step, function=counted)
    proof.call(made)
    assert len(steps) == quality["epochs"] * (72 // 9)


def test_every_call_is_the_same_training(case: TimeToAccuracy) -> None:
    made = prepared(case)
    assert float(proof.call(made)) == float(proof.call(made))


def test_a_target_that_is_never_reached_is_said(case: TimeToAccuracy) -> None:
    quality = prepared(replace(case, target=1.0, most_epochs=2, learning_rate=1e-6)).goal.quality()
    assert quality["epochs"] is None
    assert "100.0% was asked for" in quality["unreached"]
    assert len(quality["accuracies"]) == 2


def test_an_arm_proves_its_step_and_tells_its_quality(case: TimeToAccuracy) -> None:
    made = arm(case)
    told = made.prepare()
    assert told["doubts"] == []
    assert told["epochs"] is not None
    assert told["phases"] == []
    assert len(told["losses"]) == 20
    assert told["gradient_error"] < 1e-5
    assert made.throughput(1)["blocks"][0]["wall_ns"] > 0
    assert made.finish()["doubts"] == []


def test_blocks_are_primed_with_one_epoch_and_time_is_proved_on_epochs(case: TimeToAccuracy) -> None:
    """Whole trainings would be a dozen for the checks alone, and one more for every block."""
    made = arm(case)
    trained = made.prepare()["epochs"]
    epochs: list[int] = []
    loop: Any = made._prepared.function
    honest = loop._epoch

    def counted(number: int) -> Any:
        epochs.append(number)
        return honest(number)

    loop._epoch = counted
    made.prove(1)
    assert set(epochs) == {0}
    epochs.clear()
    made.throughput(1)
    assert epochs == [0, *range(trained)]
    epochs.clear()
    made.latency(2)
    assert epochs == [0, *range(trained), *range(trained)]
    assert made.finish()["doubts"] == []


@pytest.mark.parametrize("others", [{"precision": "mixed_bfloat16"}, {"learning_rate": 0.2}, {"target": 0.5}])
def test_a_seed_decides_where_a_training_begins_and_nothing_else_does(
    case: TimeToAccuracy, others: dict[str, Any]
) -> None:
    """Or two precisions of one seed would differ in more than their precision."""
    first, second = make_bundle(case, 2).inputs, make_bundle(replace(case, **others), 3).inputs
    assert first.keys() == second.keys()
    assert all(np.array_equal(first[name], second[name]) for name in first)
    other = make_bundle(replace(case, seed=1), 2).inputs
    assert not np.array_equal(first["order"], other["order"])
    assert np.array_equal(first["held.x"], other["held.x"])


@pytest.mark.parametrize(
    ("ended", "refused", "words"),
    [
        ((3, 3, 3), None, ""),
        ((), None, ""),
        ((3, None, 3), True, "1 of 3 trainings that were timed missed the goal"),
        ((3, 5), False, "trainings took 3 to 5 epochs to the goal"),
    ],
)
def test_trainings_that_were_timed_are_held_to_their_goal(ended: Any, refused: bool | None, words: str) -> None:
    doubt = check_ends(3, ended)
    assert check_ends(None, ended) is None
    if doubt is None:
        assert refused is None
    else:
        assert (doubt.warning, doubt.detail) == (not refused, words)


def test_an_arm_whose_timed_training_misses_its_goal_is_refused(case: TimeToAccuracy) -> None:
    made = arm(case)
    made.prepare()
    made.calibrate(1, 10**9)
    loop: Any = made._prepared.function
    loop._is_reached = lambda seen: False
    made.throughput(1)
    (doubt,) = made.finish()["doubts"]
    assert (doubt["code"], doubt["warning"]) == ("V1", False)
    assert "1 of " in doubt["detail"]


def test_recall_and_f1_are_means_over_classes() -> None:
    seen = quality_of([0, 0, 0, 1], [0, 0, 1, 1])
    assert (seen.accuracy, seen.recall) == (0.75, 0.75)
    assert seen.f1 == pytest.approx((0.8 + 2 / 3) / 2)
