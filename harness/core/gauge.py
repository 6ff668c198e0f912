"""What a device shows of itself right after a block: its clock, its power, and whether it was held back.

A gauge is read by the worker, outside the timed region, while the device is still as the block left
it: a second later a GPU has gone to sleep and a processor runs something else.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from harness.core import nvml
from harness.core.device import Device

THROTTLED = "throttled"  # how a flag of samples begins


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """Columns of a sample; what the device does not show is missing."""

    clock_mhz: float | None = None
    power_mw: float | None = None
    flags: str = ""


class Gauge(Protocol):
    """Something to be read after each block."""

    def read(self) -> Reading:
        """Return what the device shows now; never an error."""


def gauge_of(
    device: Device, *, environment: Mapping[str, str] = os.environ, root: Path = Path("/"), library: Any = None
) -> Gauge | None:
    """Return the gauge of a device as a worker sees it, or nothing where it shows nothing."""
    if device.kind == "cpu":
        folder = root / "sys/devices/system/cpu"
        return ProcessorGauge(folder) if any(folder.glob(f"cpu[0-9]*/{_CLOCK}")) else None
    if device.kind == "gpu":
        handle = nvml.open_device(environment.get("CUDA_VISIBLE_DEVICES"), device.index, library=library)
        return GraphicsGauge(handle) if handle is not None else None
    return None


_CLOCK = "cpufreq/scaling_cur_freq"


class ProcessorGauge:
    """The clock of the processor that this thread is on, where the kernel tells; virtual machines seldom do."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._current = getattr(ctypes.CDLL(None), "sched_getcpu", lambda: 0)
        self._files: dict[int, int] = {}  # kept open: opening costs more than reading

    def read(self) -> Reading:
        """Read the clock in kilohertz."""
        try:
            text = os.pread(self._file(self._current()), 32, 0)
            return Reading(clock_mhz=int(text) / 1000)
        except (OSError, ValueError):
            return Reading()

    def _file(self, number: int) -> int:
        if number not in self._files:
            self._files[number] = os.open(self._folder / f"cpu{number}" / _CLOCK, os.O_RDONLY | os.O_CLOEXEC)
        return self._files[number]


class GraphicsGauge:
    """An NVIDIA GPU, asked through the driver's library."""

    def __init__(self, device: nvml.DeviceHandle) -> None:
        self._device = device

    def read(self) -> Reading:
        """Read clock, power and the reasons that hold the clock down."""
        reasons = nvml.reasons(self._device.throttle_bits() or 0)
        return Reading(
            clock_mhz=self._device.clock_mhz(),
            power_mw=self._device.power_mw(),
            flags=f"{THROTTLED}:{'+'.join(reasons)}" if reasons else "",
        )
