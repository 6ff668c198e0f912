"""What is looked at beside an arm's blocks: a sentinel before the primer, the device's gauge after the block."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from harness.measure.sentinel import Sentinel, piece, resource_of

if TYPE_CHECKING:
    from harness.core.device import Device
    from harness.core.gauge import Gauge
    from harness.measure.block import Block
    from harness.measure.clock import Meter
    from harness.workloads.base import Workload


class Beside:
    """The looks of one arm. Its sentinel is chosen once, by what its calls are said to take."""

    def __init__(self, workload: Workload, device: Device, meter: Meter, gauge: Gauge | None) -> None:
        self._workload = workload
        self._device = device
        self._meter = meter
        self._gauge = gauge
        self._sentinel: Sentinel | None = None
        self._seen_ns: int | None = None

    def before(self, call_ns: float | None) -> None:
        """Run the sentinel, if its turn has come and it is known what kind of work it is to stand beside."""
        if self._sentinel is None and call_ns is not None:
            self._sentinel = self._chosen(call_ns)
        self._seen_ns = self._sentinel.before() if self._sentinel is not None else None

    def after(self, block: Block) -> dict[str, Any]:
        """Return what was seen, as columns of a sample."""
        if self._sentinel is not None:
            self._sentinel.after(block.primer_ns + block.wall_ns)
        shown = asdict(self._gauge.read()) if self._gauge is not None else {}
        return {"sentinel_ns": self._seen_ns, **shown}

    def _chosen(self, call_ns: float) -> Sentinel | None:
        resource = resource_of(
            flops=self._workload.flops(),
            moved_bytes=self._workload.moved_bytes(),
            call_ns=call_ns,
            on_cpu=self._device.kind == "cpu",
        )
        return Sentinel(piece(resource), self._meter) if resource is not None else None
