"""Numba as a backend, as far as it is known without importing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.backends.base import COMPILED, BackendInfo, Mode
from harness.backends.implementations import is_offered

if TYPE_CHECKING:
    from harness.core.device import Device
    from harness.workloads.base import Workload

KNOWN = ("matmul", "reduction", "elementwise", "normalise")


def refuses(workload: Workload, mode: str, device: Device) -> str | None:
    """Say what this backend does not do; what it does not refuse must work."""
    del mode, device
    if workload.name not in KNOWN and not is_offered("numba", workload.name):
        return f"numba has no {workload.name}"
    if workload.dtype not in ("float32", "float64"):
        return f"Numba does not compute in {workload.dtype}"
    if workload.direction != "forward":
        return "Numba has no gradients"
    if workload.math != "ieee":
        return "Numba has one arithmetic: ieee"
    return "Numba multiplies no batches" if getattr(workload, "batch", 1) > 1 else None


NUMBA = BackendInfo(
    name="numba",
    modes=(Mode(name="njit", mode_class=COMPILED),),
    implementation="harness_example.backend:Numba",
    requires=("numba",),
    devices=("cpu",),
    install={"cpu": "python -m pip install numba"},
    refuses=refuses,
)
