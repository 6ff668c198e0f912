"""A slowdown that is really there: backends whose one call makes a number of calls of another backend.

``planted-numpy.x51@cpu`` makes 51 where ``planted-numpy.x50@cpu`` makes 50: 2 % more work, done and
timed by the very same code, in the very same number of blocks. Nothing is computed from a clock, nothing
is slept away, and an arm does not know which of the two it is. They exist for calibration alone: no
entry point names them, so the harness knows them only where a script hands it `find`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import repeat, starmap
from typing import Any

from harness.backends.base import BackendInfo, Mode
from harness.backends.registry import find_backend
from harness.core.device import Device
from harness.workloads.base import Workload

PREFIX = "planted-"
CALLS = (50, 51, 20, 21)


def find(name: str) -> BackendInfo:
    """Return a backend by its name, the planted ones too."""
    return _planted(find_backend(name.removeprefix(PREFIX))) if name.startswith(PREFIX) else find_backend(name)


def mode_of(calls: int) -> str:
    """Return the mode in which one call makes so many."""
    return f"x{calls}"


def calls_of(mode: str) -> int:
    """Return how many calls one makes in a mode."""
    return int(mode.removeprefix("x"))


def _planted(info: BackendInfo) -> BackendInfo:
    """Return a backend like `info`, whose modes are numbers of calls of its default mode."""
    usual = info.modes[0]

    def refuses(workload: Workload, mode: str, device: Device) -> str | None:
        del mode
        return info.refuses(workload, usual.name, device)

    def environment(device: Device, mode: str) -> Mapping[str, str]:
        del mode
        return info.environment(device, usual.name)

    return replace(
        info,
        name=f"{PREFIX}{info.name}",
        modes=tuple(Mode(name=mode_of(calls), mode_class=usual.mode_class) for calls in CALLS),
        implementation=f"{__name__}:{info.name}",
        refuses=refuses,
        environment=environment,
    )


class Planted:
    """A backend as another one is, but for how many calls a call makes."""

    def __init__(self, inner: Any, calls: int) -> None:
        self._inner = inner
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        """Be the other backend in all else."""
        return getattr(self._inner, name)

    def prepare(self, workload: Workload, inputs: Mapping[str, Any]) -> Any:
        """Prepare as the other does, and call what it prepared so many times in one."""
        prepared = self._inner.prepare(workload, inputs)
        return replace(prepared, function=many(prepared.function, self._calls))


def many(function: Callable[..., Any], calls: int) -> Callable[..., Any]:
    """Return a function that calls `function` so many times, keeping the last answer."""

    def run(*arguments: Any) -> Any:
        deque(starmap(function, repeat(arguments, calls - 1)), maxlen=0)
        return function(*arguments)

    return run


def numpy(*, device: Device, mode: str, threads: int) -> Planted:
    """NumPy, several calls in one."""
    from harness.backends.numpy import NumPy

    return Planted(NumPy(device=device, mode="reference", threads=threads), calls_of(mode))


def torch(*, device: Device, mode: str, threads: int) -> Planted:
    """PyTorch, several calls in one."""
    from harness.backends.torch.backend import Torch

    return Planted(Torch(device=device, mode="eager", threads=threads), calls_of(mode))
