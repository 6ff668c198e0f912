"""Faults that are about time, on a clock that only moves when something is done.

A pretended device works off a queue: a dispatch costs the host a microsecond and the device a
millisecond, and a fence moves the clock to where the device is done. What each fault does to a
measurement is therefore exact, and so is the test that its check refuses it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from harness.backends.base import Prepared
from harness.core.ceiling import Ceiling, Work
from harness.core.device import Device
from harness.measure.clock import Counters
from harness.testing.fake import FakeBackend
from harness.workloads.base import Arrays, Workload

DISPATCH_NS = 1_000
WORK_NS = 1_000_000
READ_NS = 10_000  # copying one element, also from an idle device
THREADS = 2
# What the device does at most: one call's work in the time that one call takes.
WORK = Work(flops=10**6, least_flops=1e6, bytes=0, footprint_bytes=0)
CEILING = Ceiling(source="made up", flops_per_s=1e15 / WORK_NS, most_flops_per_s=1e15 / WORK_NS)


class VirtualClock:
    """A clock and counters that tests, and pretended work, move; fits `harness.measure.clock.Meter`."""

    def __init__(self) -> None:
        self.time_ns = 0
        self.cpu_ns = 0

    def now(self) -> int:
        """Return the virtual time."""
        return self.time_ns

    def counters(self) -> Counters:
        """Return the virtual CPU time."""
        return Counters(cpu_ns=self.cpu_ns, runq_ns=0, switches=0)

    def spend(self, duration_ns: int, *, processors: int = 1) -> None:
        """Let time go by, with so many processors busy."""
        self.time_ns += duration_ns
        self.cpu_ns += processors * duration_ns


class QueueBackend(FakeBackend):
    """An honest backend on a device that works asynchronously; `clock` is its time."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__(device=Device("gpu"), mode="good", threads=THREADS)
        self.clock = clock
        self.done_ns = 0  # when the device will have finished what was dispatched

    def prepare(self, workload: Workload, inputs: Arrays) -> Prepared[Any]:
        """Dispatch instead of compute; the answer is known at once, for nothing here depends on when."""
        honest = super().prepare(workload, inputs)

        def run(*arrays: Any) -> Any:
            self.dispatch()
            return honest.function(*arrays)

        return replace(honest, function=run)

    def dispatch(self) -> None:
        """Put one call into the queue."""
        self.clock.spend(DISPATCH_NS)
        self.done_ns = max(self.done_ns, self.clock.time_ns) + WORK_NS

    def wait(self, output: Any) -> None:
        """Move to the moment when the queue is empty."""
        del output
        self._move_to(self.done_ns)

    def peek(self, output: Any) -> float:
        """A read waits for the device, as a real one does, and then takes its own time."""
        self._move_to(self.done_ns)
        self.clock.spend(READ_NS)
        return super().peek(output)

    def _move_to(self, moment_ns: int) -> None:
        self.clock.spend(max(0, moment_ns - self.clock.time_ns), processors=0)


class NoFence(QueueBackend):
    """`wait` returns at once, so that only dispatches are timed."""

    def wait(self, output: Any) -> None:
        """Wait for nothing."""


class PartialFence(QueueBackend):
    """`wait` waits for another stream, which is done earlier: a fifth of the work is left."""

    def wait(self, output: Any) -> None:
        """Stop short of the end."""
        del output
        self._move_to(self.done_ns - (self.done_ns - self.clock.time_ns) // 5)


class Elided(QueueBackend):
    """A lazy graph: only what the fence asks for is run, so that of a block one call is left."""

    def dispatch(self) -> None:
        """Replace what is waiting."""
        self.clock.spend(DISPATCH_NS)
        self.done_ns = self.clock.time_ns + WORK_NS


class Merging(QueueBackend):
    """Equal calls in the queue are found and run once."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__(clock)
        self._waiting: set[tuple[int, ...]] = set()

    def prepare(self, workload: Workload, inputs: Arrays) -> Prepared[Any]:
        """Look at the arguments before the dispatch."""
        honest = super().prepare(workload, inputs)
        quick = FakeBackend.prepare(self, workload, inputs)

        def run(*arrays: Any) -> Any:
            key = tuple(map(id, arrays))
            if key in self._waiting:
                self.clock.spend(DISPATCH_NS)
                return quick.function(*arrays)
            self._waiting.add(key)
            return honest.function(*arrays)

        return replace(honest, function=run)

    def wait(self, output: Any) -> None:
        """Wait as one should; nothing is in the queue then."""
        super().wait(output)
        self._waiting.clear()


class TooFast(QueueBackend):
    """A tenth of the work is done, or the clock runs slow: all that shows is a speed that cannot be."""

    def dispatch(self) -> None:
        """Be done early."""
        self.clock.spend(DISPATCH_NS)
        self.done_ns = max(self.done_ns, self.clock.time_ns) + WORK_NS // 10


class Unpinned(QueueBackend):
    """The work runs on the host after all, on more processors than were allowed."""

    def dispatch(self) -> None:
        """Use twice the threads, and return when it is done."""
        self.clock.spend(WORK_NS, processors=2 * THREADS)


class Pinned(QueueBackend):
    """Its honest twin: all the threads that were allowed, and no more."""

    def dispatch(self) -> None:
        """Use the threads, and return when it is done."""
        self.clock.spend(WORK_NS, processors=THREADS)


@dataclass(frozen=True, kw_only=True)
class TimeFault:
    """A way to measure something else than the work, and the code that must catch it."""

    name: str
    code: str
    make: Callable[[VirtualClock], QueueBackend]


TIME_FAULTS = (
    TimeFault(name="missing-fence", code="V5", make=NoFence),
    TimeFault(name="partial-fence", code="V5", make=PartialFence),
    TimeFault(name="elided-calls", code="V4", make=Elided),
    TimeFault(name="equal-calls-merged", code="V3", make=Merging),
    TimeFault(name="too-fast", code="V6", make=TooFast),
    TimeFault(name="unpinned-threads", code="V8", make=Unpinned),
)
HONEST = (QueueBackend, Pinned)
