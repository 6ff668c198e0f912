"""An on/off load on one processor: the neighbour that nobody asked for, at seeded times.

Run as a process of its own, pinned to that processor. It works for 1 to 5 seconds, rests for 1 to 5,
and so on; while it works it either computes or copies memory that no cache holds. It ends with whoever
started it, however that ends.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.calibration.others import cpu_s_of

SHORTEST_S, LONGEST_S = 1.0, 5.0
COPIED_BYTES = 64 * 2**20


@dataclass(frozen=True, kw_only=True)
class Period:
    """Some seconds of work, and the rest after it."""

    on_s: float
    off_s: float
    copies: bool


def periods(seed: int) -> Iterator[Period]:
    """Yield periods without end, the same for the same seed."""
    rng = random.Random(seed)  # noqa: S311  (times, not secrets)
    while True:
        on_s, off_s = rng.uniform(SHORTEST_S, LONGEST_S), rng.uniform(SHORTEST_S, LONGEST_S)
        yield Period(on_s=on_s, off_s=off_s, copies=rng.random() < 0.5)  # noqa: PLR2004  (every other one)


@dataclass(frozen=True, kw_only=True)
class Load:
    """The load while it runs."""

    cpu: int
    pid: int

    def cpu_s(self) -> float:
        """Return the processor time that it has used so far."""
        return cpu_s_of(self.pid)


@contextmanager
def load_on(cpu: int, *, seed: int) -> Iterator[Load]:
    """Keep `cpu` busy on and off until the block is left."""
    command = [sys.executable, "-m", "benchmarks.calibration.load", str(cpu), str(seed), str(os.getpid())]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)  # noqa: S603  (this module)
    try:
        yield Load(cpu=cpu, pid=process.pid)
    finally:
        process.kill()
        process.wait()


def main() -> None:
    """Work and rest until killed."""
    from harness.worker.__main__ import die_with

    cpu, seed, parent = map(int, sys.argv[1:])
    die_with(parent)
    os.sched_setaffinity(0, {cpu})
    source, target = bytearray(COPIED_BYTES), bytearray(COPIED_BYTES)
    for period in periods(seed):
        end = time.monotonic() + period.on_s
        while time.monotonic() < end:
            if period.copies:
                target[:] = source
            else:
                sum(number * number for number in range(10_000))
        time.sleep(period.off_s)


if __name__ == "__main__":
    main()
