"""What a block is measured with: a clock, and counters of what the process spent meanwhile.

Both are parameters of everything in this room, so that tests can script them exactly.
"""

from __future__ import annotations

import os
import resource
import time
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True, slots=True)
class Counters:
    """Totals of this process so far; `runq_ns` is of the calling thread, where the system tells."""

    cpu_ns: int
    runq_ns: int | None
    switches: int


class Meter(Protocol):
    """A clock and the counters beside it."""

    def now(self) -> int:
        """Return monotonic nanoseconds."""

    def counters(self) -> Counters:
        """Return what was spent so far. Read outside the timed region only: it costs microseconds."""


class SystemMeter:
    """The real thing. `now` is bound once, for the timed loop must not look it up."""

    def __init__(self) -> None:
        self.now = time.perf_counter_ns
        try:
            self._schedstat = os.open("/proc/self/schedstat", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:  # not Linux, or a kernel without it
            self._schedstat = -1

    def counters(self) -> Counters:
        """Read CPU time of all threads, run-queue wait of this one, involuntary switches of all."""
        return Counters(
            cpu_ns=time.process_time_ns(),
            runq_ns=self._waited(),
            switches=resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw,
        )

    def _waited(self) -> int | None:
        if self._schedstat < 0:
            return None
        fields = os.pread(self._schedstat, 128, 0).split()
        return int(fields[1]) if len(fields) > 1 else None
