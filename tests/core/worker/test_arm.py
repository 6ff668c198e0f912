"""A worker's arm runs all the checks that belong around a measurement, and they catch what they are for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.backends.base import Backend, Prepared
from harness.core.device import Device
from harness.testing.faults import Planted
from harness.testing.virtual import DISPATCH_NS, QueueBackend, VirtualClock
from harness.worker.arm import Arm
from harness.workloads.base import Arrays, Workload
from harness.workloads.bundle import make_bundle
from harness.workloads.matmul import Matmul

CASE = Matmul(m=4, n=4, k=4)


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
    arm = Arm(
        backend=backend, device=Device("gpu"), workload=CASE, bundle=make_bundle(CASE, 1), meter=clock, cold_bytes=0
    )
    doubts = arm.prepare()["doubts"]
    assert doubts == []  # every answer is right
    inner = arm.calibrate(5_000_000, 50_000_000)["inner"]
    doubts = arm.prove(inner)["doubts"]
    doubts += arm.throughput(inner)["doubts"] + arm.latency(5)["doubts"] + arm.finish()["doubts"]
    assert {doubt["code"] for doubt in doubts if not doubt["warning"]} == codes
