"""A worker's arm runs all the checks that belong around a measurement, and they catch what they are for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.backends.base import Backend, Goal, Prepared
from harness.testing.plants import Planted
from harness.testing.virtual import DISPATCH_NS, NoFence, QueueBackend, VirtualClock
from harness.workloads.base import Arrays, Workload
from tests.core.worker.arms import arm_of


def remembers(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
    """Keep each answer by the identity of its arguments, as `functools.cache` does with tensors."""
    honest = inner.prepare(workload, inputs)
    clock: VirtualClock = inner.clock  # type: ignore[attr-defined]
    kept: dict[Any, Any] = {}

    def run(*arrays: Any) -> Any:
        key = tuple(map(id, arrays))
        if key in kept:
            clock.spend(DISPATCH_NS)
        else:
            kept[key] = (honest.function(*arrays), arrays)
        return kept[key][0]

    return replace(honest, function=run)


@pytest.mark.parametrize(("plant", "codes"), [(None, set()), (remembers, {"V2", "V3"})])
def test_an_answer_remembered_by_identity_is_caught_by_its_time(plant: Any, codes: set[str]) -> None:
    clock = VirtualClock()
    backend: Any = Planted(QueueBackend(clock), plant, {})
    arm = arm_of(backend, clock)
    doubts = arm.prepare()["doubts"]
    assert doubts == []  # every answer is right
    inner = arm.calibrate(5_000_000, 50_000_000)["inner"]
    doubts = arm.prove(inner)["doubts"]
    doubts += arm.throughput(inner)["doubts"] + arm.latency(5)["doubts"] + arm.finish()["doubts"]
    assert {doubt["code"] for doubt in doubts if not doubt["warning"]} == codes


def lasting(inner: Backend[Any], workload: Workload, inputs: Arrays) -> Prepared[Any]:
    """Make calls long: each is twenty epochs, and an epoch is eight dispatches and a fence."""
    honest = inner.prepare(workload, inputs)

    def epoch(*arrays: Any) -> Any:
        output = [honest.function(*arrays) for _ in range(8)][-1]
        inner.wait(output)
        return output

    goal = Goal(quality=dict, epoch=epoch, ended=tuple)
    return replace(honest, function=lambda *arrays: [epoch(*arrays) for _ in range(20)][-1], goal=goal)


@pytest.mark.parametrize(("kind", "code"), [(QueueBackend, None), (NoFence, "V5")])
def test_the_time_of_whole_trainings_is_proved_on_their_epochs(kind: Any, code: str | None) -> None:
    clock = VirtualClock()
    arm = arm_of(Planted(kind(clock), lasting, {}), clock)
    assert arm.prepare()["doubts"] == []
    inner = arm.calibrate(5_000_000, 50_000_000)["inner"]
    codes = {doubt["code"] for doubt in arm.prove(inner)["doubts"] if not doubt["warning"]}
    assert (code in codes) if code else not codes


def test_a_training_to_a_goal_is_a_block_of_its_own_however_short() -> None:
    """A second one in a block would go on from where the first one ended, and be too quick."""
    clock = VirtualClock()
    arm = arm_of(Planted(QueueBackend(clock), lasting, {}), clock)
    arm.prepare()
    found = arm.calibrate(10**12, 10**12)
    assert found["inner"] == 1
    assert found["primer_ns"] == pytest.approx(found["call_ns"] / 20, rel=0.01)
