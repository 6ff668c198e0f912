"""NVIDIA's management library, as far as a worker needs it beside each block.

It is loaded if the driver has brought it, through `ctypes`: no package is required, and a question
takes microseconds where the driver's tool takes a tenth of a second. Whatever it cannot answer is
``None``.
"""

from __future__ import annotations

import ctypes
from typing import Any

LIBRARY = "libnvidia-ml.so.1"
_SM_CLOCK = 1  # NVML_CLOCK_SM
_CELSIUS = 0  # NVML_TEMPERATURE_GPU

# nvml.h, nvmlClocksEventReasons: those that slow work down. Idling, and clocks that somebody set, are none.
_REASONS = {
    0x04: "power",
    0x08: "hardware",
    0x20: "thermal",
    0x40: "thermal",
    0x80: "power-brake",
}
NAMES = tuple(dict.fromkeys(_REASONS.values()))


def reasons(bits: int) -> tuple[str, ...]:
    """Return in words what holds the clock of a GPU down."""
    return tuple(dict.fromkeys(name for bit, name in _REASONS.items() if bits & bit))


class DeviceHandle:
    """One GPU."""

    def __init__(self, library: Any, handle: Any) -> None:
        self._library = library
        self._handle = handle

    def clock_mhz(self) -> float | None:
        """Return the clock of the processors."""
        return self._asked("nvmlDeviceGetClockInfo", ctypes.c_uint(), _SM_CLOCK)

    def power_mw(self) -> float | None:
        """Return the power drawn."""
        return self._asked("nvmlDeviceGetPowerUsage", ctypes.c_uint())

    def temperature_c(self) -> float | None:
        """Return the temperature of the chip."""
        return self._asked("nvmlDeviceGetTemperature", ctypes.c_uint(), _CELSIUS)

    def throttle_bits(self) -> int | None:
        """Return what holds the clock down, one bit a reason."""
        found = self._asked("nvmlDeviceGetCurrentClocksThrottleReasons", ctypes.c_ulonglong())
        return None if found is None else int(found)

    def _asked(self, name: str, answer: Any, *question: int) -> float | None:
        function = getattr(self._library, name, None)
        arguments = [ctypes.c_int(one) for one in question]
        if function is None or function(self._handle, *arguments, ctypes.byref(answer)) != 0:
            return None
        return float(answer.value)


def open_device(visible: str | None, index: int, *, library: Any = None) -> DeviceHandle | None:
    """Return the GPU that a process with these visible devices calls number `index`.

    `visible` is what ``CUDA_VISIBLE_DEVICES`` says: numbers in the order of the bus, which is the
    library's own too, or names. A worker sees the one device it is to use.
    """
    loaded = library or _load()
    if loaded is None or loaded.nvmlInit_v2() != 0:
        return None
    names = [name for name in (visible or "").split(",") if name]
    chosen = names[min(index, len(names) - 1)] if names else str(index)
    handle = ctypes.c_void_p()
    if chosen.isdigit():
        failed = loaded.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(int(chosen)), ctypes.byref(handle))
    else:
        failed = loaded.nvmlDeviceGetHandleByUUID(ctypes.c_char_p(chosen.encode()), ctypes.byref(handle))
    return DeviceHandle(loaded, handle) if failed == 0 else None


def _load() -> Any:
    try:
        return ctypes.CDLL(LIBRARY)
    except OSError:  # no driver here
        return None
