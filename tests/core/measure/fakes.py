"""A clock that moves only when told, and a device whose queue runs on it."""

from __future__ import annotations

from harness.measure.clock import Counters


class ScriptedMeter:
    """Time passes only by `spend`; the counters follow it."""

    def __init__(self, *, threads: int = 1) -> None:
        self.time_ns = 1_000
        self.counted = 0
        self.threads = threads

    def now(self) -> int:
        return self.time_ns

    def counters(self) -> Counters:
        self.counted += 1
        return Counters(cpu_ns=self.time_ns * self.threads, runq_ns=self.time_ns // 10, switches=self.time_ns // 1000)

    def spend(self, nanoseconds: int) -> None:
        self.time_ns += nanoseconds


class Queue:
    """An accelerator: dispatching is quick, work is done later, in order; `honest` fences wait for it."""

    def __init__(self, meter: ScriptedMeter, *, dispatch_ns: int, work_ns: int, honest: bool = True) -> None:
        self.meter = meter
        self.dispatch_ns = dispatch_ns
        self.work_ns = work_ns
        self.honest = honest
        self.busy_until = 0

    def call(self) -> int:
        self.meter.spend(self.dispatch_ns)
        self.busy_until = max(self.busy_until, self.meter.time_ns) + self.work_ns
        return self.busy_until

    def wait(self, output: object) -> None:
        if self.honest:
            self.drain()

    def drain(self) -> None:
        self.meter.time_ns = max(self.meter.time_ns, self.busy_until)

    def read(self) -> int:
        """Time copying one element: it waits for the work, honest fence or not."""
        start = self.meter.time_ns
        self.drain()
        self.meter.spend(500)
        return self.meter.time_ns - start
