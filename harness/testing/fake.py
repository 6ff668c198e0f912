"""A backend without a framework: NumPy computes the answers, and on request it misbehaves.

`good` is right in every respect, on a pretended CPU, GPU or TPU, in every math mode. The other
modes go wrong in one way each, in the phase that the mode's name ends with: ``crash``,
``crash_start``, ``crash_prepare``. The variable ``HARNESS_FAKE`` says the same and more
(``hang:call:50`` hangs in the 50th call) and goes before the mode. Sessions, launchers and reports
are tested with it exactly as with a real one, for it is started in a real worker.
"""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from harness.backends.base import AS_WRITTEN, BackendInfo, DeviceMissing, Mode, Placed, Prepared
from harness.backends.numpy import NumPy
from harness.backends.shared import each
from harness.core.device import Device
from harness.core.math_mode import MathMode
from harness.workloads.attention import Attention
from harness.workloads.base import Arrays, Workload
from harness.workloads.conv2d import Conv2d
from harness.workloads.dense import Dense
from harness.workloads.matmul import Matmul

VARIABLE = "HARNESS_FAKE"
MULTIPLYING = (Attention, Conv2d, Dense, Matmul)  # what TF32 says something about
PHASES = ("start", "prepare", "call")
FOREVER_S = 3600.0
SLOW_S = 0.05
FLOOD_BYTES = 8 * 2**20


@cache
def _host_array() -> Any:
    """Return the class of arrays that were not brought to the pretended device."""
    import numpy as np

    return type("HostArray", (np.ndarray,), {})


class FakeBackend(NumPy):
    """NumPy on a pretended device, with one scripted fault."""

    def __init__(self, *, device: Device, mode: str, threads: int) -> None:
        """Misbehave at once where the script says `start`."""
        super().__init__(device=device, mode=mode, threads=threads)
        self.device = device
        self._math = MathMode.IEEE
        self._script = Script.read(os.environ.get(VARIABLE) or mode)
        self._script.reach("start", device)

    def facts(self) -> Mapping[str, Any]:
        """Those of a device that nobody can buy."""
        return {"framework_version": "1.0", "device_name": f"Fake {self.device.kind}"}

    def set_math(self, mode: MathMode) -> None:
        """Remember it; `tf32` really rounds."""
        self._math = mode

    def prepare(self, workload: Workload, inputs: Arrays) -> Prepared[Any]:
        """Prepare as NumPy does, with the script between call and answer."""
        self._script.reach("prepare", self.device)
        honest = super().prepare(workload, inputs)
        rounds = self._math is MathMode.TF32 and isinstance(workload, MULTIPLYING)

        def run(*arrays: Any) -> Any:
            self._script.reach("call", self.device)
            output = honest.function(*(map(round_to_tf32, arrays) if rounds else arrays))
            return self._script.spoil(output)

        learning = honest.learning
        if learning is not None:
            describe = learning.describe
            learning = replace(learning, describe=lambda: self._moved(describe()))
        return replace(honest, function=run, learning=learning)

    def place(self, workload: Workload, inputs: Arrays) -> tuple[Any, ...]:
        """Copy; what is fed from the host stays there."""
        arrays = super().place(workload, inputs)
        return tuple(array.view(_host_array()) for array in arrays) if workload.fed_from_host else arrays

    def describe(self, value: Any) -> tuple[Placed, ...]:
        """As if the arrays were on the device, but for those of the host."""
        held = each(value)
        moved = self._moved(super().describe(value))
        return tuple(
            replace(placed, device="cpu") if isinstance(array, _host_array()) else placed
            for array, placed in zip(held, moved, strict=True)
        )

    def _moved(self, places: tuple[Placed, ...]) -> tuple[Placed, ...]:
        return tuple(replace(placed, device=self.device.kind) for placed in places)

    def peak_memory(self) -> int | None:
        """A made-up count where there would be a device's."""
        return None if self.device.kind == "cpu" else 2**20


class Script:
    """What to do wrong, in which phase, at which time it is reached."""

    def __init__(self, name: str, phase: str, count: int) -> None:
        self._name = name
        self._phase = phase
        self._left = count

    @classmethod
    def read(cls, text: str) -> Script:
        """Read ``crash``, ``crash_start`` or ``crash:call:50``."""
        name, phase, count = (*text.split(":"), "", "")[:3]
        stem, _, ending = name.rpartition("_")
        if not phase and ending in PHASES:
            name, phase = stem, ending
        if name not in FAULTS:
            raise DeviceMissing(f"the fake backend has no mode {name!r}")
        return cls(name, phase or FAULTS[name][0], int(count or 1))

    def reach(self, phase: str, device: Device) -> None:
        """Go wrong, if this is the time and place; once, but for what is slow each time."""
        if phase != self._phase:
            return
        self._left -= 1
        if self._left == 0 or (self._left < 0 and self._name in LASTING):
            FAULTS[self._name][1](device)

    def spoil(self, output: Any) -> Any:
        """Return another answer than `output` from the scripted call on, where that is the fault."""
        return output + output.dtype.type(1) if self._name == "wrong" and self._left <= 0 else output


def round_to_tf32(stored: Any) -> Any:
    """Round float32 to 11 significant bits, to nearest even, as tensor cores take it."""
    import numpy as np

    bits = stored.view(np.uint32)
    return ((bits + np.uint32(0xFFF) + ((bits >> 13) & 1)) & np.uint32(0xFFFFE000)).view(np.float32)


# -- ways to go wrong ----------------------------------------------------------------------------


def _nothing(device: Device) -> None:
    del device


def _abort(device: Device) -> None:
    del device
    os.abort()


def _segmentation_fault(device: Device) -> None:
    del device
    os.kill(os.getpid(), signal.SIGSEGV)


def _killed(device: Device) -> None:
    """Die as the kernel's out-of-memory killer has it."""
    del device
    os.kill(os.getpid(), signal.SIGKILL)


def _exit(device: Device) -> None:
    del device
    os._exit(0)


def _sleep_forever(device: Device) -> None:
    del device
    time.sleep(FOREVER_S)


def _sleep(device: Device) -> None:
    del device
    time.sleep(SLOW_S)


def _garbage(device: Device) -> None:
    """Write junk to the line to the parent, in the middle of what should be frames, and to the terminal."""
    del device
    junk = b"\xff\xfe not a frame \x00" * 64
    for descriptor in sorted(int(path.name) for path in Path("/dev/fd").iterdir()):
        try:
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                os.write(descriptor, junk)
        except OSError:
            continue
    os.write(1, junk)


def _flood(device: Device) -> None:
    """Print more than any pipe holds."""
    del device
    line = b"the same warning, again and again\n" * 1024
    for _ in range(FLOOD_BYTES // len(line)):
        os.write(1, line)


def _out_of_memory(device: Device) -> None:
    if device.kind == "cpu":
        raise MemoryError("Unable to allocate 1.00 PiB")
    raise RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 1125899906842624 bytes.")


def _raise(device: Device) -> None:
    del device
    raise RuntimeError("planted error")


def _import_error(device: Device) -> None:
    del device
    raise ImportError("libplanted.so.1: cannot open shared object file: No such file or directory")


def _device_missing(device: Device) -> None:
    raise DeviceMissing(f"fake 1.0 sees no {device}")


def _leave_child(device: Device) -> None:
    """Start a grandchild in a session of its own, where a signal to our group does not reach it."""
    del device
    subprocess.Popen(  # noqa: S603  (our own interpreter)
        [sys.executable, "-c", f"import time; time.sleep({FOREVER_S})"],
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


LASTING = ("slow",)  # not once, but each time from then on

# Each with the phase it usually happens in.
FAULTS: Mapping[str, tuple[str, Callable[[Device], None]]] = {
    "good": ("start", _nothing),
    "crash": ("call", _abort),
    "segv": ("call", _segmentation_fault),
    "killed": ("call", _killed),
    "exit0": ("call", _exit),
    "hang": ("call", _sleep_forever),
    "slow": ("call", _sleep),
    "slow-start": ("start", _sleep),
    "garbage": ("call", _garbage),
    "flood": ("call", _flood),
    "oom": ("call", _out_of_memory),
    "raise": ("call", _raise),
    "wrong": ("call", _nothing),
    "import-error": ("start", _import_error),
    "missing": ("start", _device_missing),
    "leave-child": ("start", _leave_child),
}

FAKE = BackendInfo(
    name="fake",
    modes=tuple(
        Mode(name=f"{name}{ending}", mode_class=AS_WRITTEN)
        for name in FAULTS
        for ending in ("", *(f"_{phase}" for phase in PHASES))
    ),
    implementation="harness.testing.fake:FakeBackend",
    requires=("numpy",),
    devices=("cpu", "gpu", "tpu"),
    install={"cpu": "python -m pip install numpy"},
)
