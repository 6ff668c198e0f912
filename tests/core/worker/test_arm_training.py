"""An arm that trains: its proof, its phases, and calls that take many steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.backends.base import Prepared
from harness.backends.numpy import NumPy
from harness.core.device import Device
from harness.measure.clock import SystemMeter
from harness.worker.arm import Arm
from harness.workloads.base import Arrays, Workload
from harness.workloads.bundle import make_bundle
from harness.workloads.training import Training

CASE = Training(model="mlp", size="tiny", batch=5, learning_rate=0.05)
TOGETHER = 64


class Fitting(NumPy):
    """Takes 64 steps a call, as `keras.Model.fit` does."""

    def prepare(self, workload: Workload, inputs: Arrays) -> Prepared[Any]:
        """Wrap the honest step."""
        one = super().prepare(workload, inputs)
        assert one.learning is not None

        def fit(*arrays: Any) -> Any:
            return [one.function(*arrays) for _ in range(TOGETHER)][-1]

        def losses(steps: int, arrays: tuple[Any, ...]) -> list[float]:
            return [float(one.function(*arrays)) for _ in range(steps)]

        return replace(one, function=fit, learning=replace(one.learning, steps=TOGETHER, losses=losses, phases={}))


def arm(kind: type[NumPy] = NumPy, case: Training = CASE) -> Arm:
    return Arm(
        backend=kind(device=Device("cpu"), mode="reference", threads=1),
        device=Device("cpu"),
        workload=case,
        bundle=make_bundle(case, 1),
        meter=SystemMeter(),
        cold_bytes=0,
    )


@pytest.fixture(params=[NumPy, Fitting])
def ready(request: pytest.FixtureRequest) -> tuple[Arm, dict[str, Any]]:
    made = arm(request.param)
    return made, made.prepare()


def test_what_it_came_to_is_told(ready: tuple[Arm, dict[str, Any]]) -> None:
    told = ready[1]
    assert told["doubts"] == []
    assert len(told["losses"]) == 20
    for part in ("loss", "gradient", "weight"):
        assert told[f"{part}_error"] < 1e-4
    assert "statistic_error" not in told


def test_a_block_counts_steps_whatever_a_call_takes() -> None:
    fitting = arm(Fitting)
    fitting.prepare()
    inner = fitting.calibrate(100_000, 50_000_000)["inner"]
    assert inner % TOGETHER == 0
    fitting.prove(inner)
    assert len(fitting.throughput(inner)["blocks"]) == 1
    assert fitting.latency(5)["blocks"] == []
    assert fitting.finish()["doubts"] == []


def test_a_fence_is_looked_for_in_whole_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quarter of the steps of one call is no shorter a block than all of them, so that two looks were wasted."""
    seen: list[int] = []

    def check(time_block: Callable[[int], int], inner: int) -> None:
        time_block(inner), time_block(4 * inner)

    fitting = arm(Fitting)
    fitting.prepare()
    fitting.calibrate(1, 50_000_000)
    monkeypatch.setattr("harness.worker.arm.check_scaling", check)
    timed = fitting._time_brief

    def noted(calls: int) -> int:
        seen.append(calls)
        return timed(calls)

    monkeypatch.setattr(fitting, "_time_brief", noted)
    fitting.prove(TOGETHER)
    assert seen[:2] == [1, 4]


def test_phases_are_timed_where_there_are_any() -> None:
    plain = arm()
    assert plain.prepare()["phases"] == ["forward", "backward"]
    (block,) = plain.phase("forward", 3)["blocks"]
    assert block["wall_ns"] > 0


def test_a_wrong_training_is_wrong_before_it_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    from harness.workloads.network.optimiser import Updates

    bundle_first = arm()
    honest = Updates._sgd
    monkeypatch.setattr(Updates, "_sgd", lambda self, name, weight, gradient: honest(self, name, weight, 2 * gradient))
    (doubt,) = bundle_first.prepare()["doubts"]
    assert doubt["code"] == "V1"
