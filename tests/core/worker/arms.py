"""Arms whose time is a virtual clock's; for the tests of what a worker does around a block."""

from __future__ import annotations

from typing import Any

from harness.core.device import Device
from harness.testing.virtual import VirtualClock
from harness.worker.arm import Arm
from harness.workloads.bundle import make_bundle
from harness.workloads.matmul import Matmul

CASE = Matmul(m=4, n=4, k=4)


def arm_of(backend: Any, clock: VirtualClock, **options: Any) -> Arm:
    """Return an arm that a backend measures by this clock."""
    bundle = make_bundle(CASE, 1)
    return Arm(
        backend=backend, device=Device("gpu"), workload=CASE, bundle=bundle, meter=clock, cold_bytes=0, **options
    )
