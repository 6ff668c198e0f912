"""Training to a target ends when it is reached, and says when it never was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.backends import proof
from harness.backends.convergence import make_ready
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


def test_it_ends_with_the_epoch_that_reaches_the_target(case: TimeToAccuracy) -> None:
    made = prepared(case)
    quality = made.quality()
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
    quality = prepared(replace(case, target=1.0, most_epochs=2, learning_rate=1e-6)).quality()
    assert quality["epochs"] is None
    assert "100.0% was asked for" in quality["unreached"]
    assert len(quality["accuracies"]) == 2


def test_an_arm_proves_its_step_and_tells_its_quality(case: TimeToAccuracy) -> None:
    arm = Arm(
        backend=BACKEND,
        device=Device("cpu"),
        workload=case,
        bundle=make_bundle(case, 2),
        meter=SystemMeter(),
        cold_bytes=0,
    )
    told = arm.prepare()
    assert told["doubts"] == []
    assert told["epochs"] is not None
    assert told["phases"] == []
    assert len(told["losses"]) == 20
    assert told["gradient_error"] < 1e-5
    assert arm.throughput(1)["blocks"][0]["wall_ns"] > 0
    assert arm.finish()["doubts"] == []


def test_recall_and_f1_are_means_over_classes() -> None:
    seen = quality_of([0, 0, 0, 1], [0, 0, 1, 1])
    assert (seen.accuracy, seen.recall) == (0.75, 0.75)
    assert seen.f1 == pytest.approx((0.8 + 2 / 3) / 2)
