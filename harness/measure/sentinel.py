"""A fixed piece of work timed beside blocks: how fast the machine was just then, whatever was measured.

A machine has more than one kind of slowness. On a shared processor products were at half speed while a
loop of additions was quicker than usual, and the other way round; so a sentinel strains what the
arm beside it strains: the arithmetic units, the memory, or one interpreter on one core. Its times are
kept beside the blocks and grade the session. They never drop a block: tried, what was left was no
tighter, for so short a look is itself noisy.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import cache

from harness.measure.clock import Meter

DISPATCH_NS = 20_000  # below it a call is mostly the interpreter's and the framework's own work
BALANCE = 8.0  # operations a byte from which on arithmetic holds a core back, not memory
SHARE = 0.025  # of the time of primers and blocks, at most

SIDE = 48  # three matrices of 27 KiB in all stay in L1, and OpenBLAS leaves so small a product on one thread
PRODUCTS = 20
COPIED_BYTES = 4 * 2**20  # read, and as much written: more than a core's own caches hold
ADDITIONS = 1000

Work = Callable[[], object]


class Resource(StrEnum):
    """What holds an arm back."""

    COMPUTE = "compute"
    MEMORY = "memory"
    DISPATCH = "dispatch"


def resource_of(*, flops: int | None, moved_bytes: int, call_ns: float, on_cpu: bool = True) -> Resource | None:
    """Return what holds calls of this work and length back.

    Of an accelerator's own units a processor can tell nothing; only what it dispatches has a sentinel.
    """
    if call_ns < DISPATCH_NS:
        return Resource.DISPATCH
    if not on_cpu:
        return None
    return Resource.COMPUTE if (flops or 0) >= BALANCE * moved_bytes else Resource.MEMORY


class Sentinel:
    """Runs a piece of work before blocks, as often as its share of the time allows, beginning with the first."""

    def __init__(self, work: Work, meter: Meter, *, share: float = SHARE) -> None:
        self._work = work
        self._meter = meter
        self._share = share
        self._owed_ns = 0.0  # by blocks, before the next one may have a sentinel

    def before(self) -> int | None:
        """Time the work, or leave it out."""
        if self._owed_ns > 0:
            return None
        start = self._meter.now()
        self._work()
        took = self._meter.now() - start
        self._owed_ns += took / self._share
        return took

    def after(self, spent_ns: int) -> None:
        """Note that a primer and its block took so long."""
        self._owed_ns -= spent_ns


@cache
def piece(resource: Resource) -> Work:
    """Return the piece of work for a resource; one for all arms of a process."""
    return {Resource.COMPUTE: _products, Resource.MEMORY: _copy, Resource.DISPATCH: _additions}[resource]()


def _products() -> Work:
    """Multiply small matrices over and over, on one thread."""
    import numpy as np

    left = np.full((SIDE, SIDE), 0.5, dtype=np.float32)
    right, product = left.copy(), left.copy()

    def run() -> None:
        for _ in range(PRODUCTS):
            np.matmul(left, right, out=product)

    return run


def _copy() -> Work:
    """Copy more than a core's own caches hold."""
    import numpy as np

    source = np.ones(COPIED_BYTES, dtype=np.uint8)
    target = np.zeros(COPIED_BYTES, dtype=np.uint8)
    target[:] = 1  # its pages are there before anything is timed

    def run() -> None:
        np.copyto(target, source)

    return run


def _additions() -> Work:
    """Let the interpreter add numbers up."""

    def run() -> None:
        total = 0
        for number in range(ADDITIONS):
            total += number

    return run
