"""Neighbours of several kinds, each a process of its own on one processor: what a grade has to tell apart.

``scalar`` adds numbers in the interpreter, ``products`` keeps the vector units busy, ``memory`` copies what
no cache holds, ``bursts`` does one of the three for a tenth of a second to a second and then rests as
long, and ``crowd`` is one of those on every processor, so that nothing can get out of their way. They end with
whoever started them, however that ends.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

NONE = "none"
BURSTS = "bursts"
CROWD = "crowd"
WORKS = ("scalar", "products", "memory")
KINDS = (NONE, *WORKS, BURSTS, CROWD)
SHORTEST_S, LONGEST_S = 0.1, 1.0
COPIED_BYTES = 64 * 2**20
SIDE = 128

Work = Callable[[], object]


@contextmanager
def hog(kind: str, *, cpu: int, seed: int) -> Iterator[int | None]:
    """Keep a neighbour of this kind on processor `cpu` until the block is left; its process, if there is one."""
    with ExitStack() as others:
        if kind == CROWD:
            for place in sorted(os.sched_getaffinity(0) - {cpu}):
                others.enter_context(_process(BURSTS, place, seed + place + 1))
        if kind == NONE:
            yield None
        else:
            yield others.enter_context(_process(BURSTS if kind == CROWD else kind, cpu, seed))


@contextmanager
def _process(kind: str, cpu: int, seed: int) -> Iterator[int]:
    command = [sys.executable, "-m", "benchmarks.calibration.hogs", kind, str(cpu), str(seed), str(os.getpid())]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    with subprocess.Popen(  # noqa: S603  (this module)
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        try:
            if not process.stdout or not process.stdout.readline():
                raise RuntimeError(f"the load {kind!r} did not start on processor {cpu}")
            yield process.pid
        finally:
            process.kill()


def works() -> dict[str, Work]:
    """Return a short piece of work of each kind; a few milliseconds at most."""
    import numpy as np

    matrix = np.full((SIDE, SIDE), 0.5, dtype=np.float32)
    product = matrix.copy()
    source, target = bytearray(COPIED_BYTES), bytearray(COPIED_BYTES)

    def copy() -> None:
        target[:] = source

    return {
        "scalar": lambda: sum(number * number for number in range(10_000)),
        "products": lambda: np.matmul(matrix, matrix, out=product),
        "memory": copy,
    }


def bursts(seed: int) -> Iterator[tuple[str, float, float]]:
    """Yield kind, seconds of work and seconds of rest without end, the same for the same seed."""
    rng = random.Random(seed)  # noqa: S311  (times, not secrets)
    while True:
        yield rng.choice(WORKS), rng.uniform(SHORTEST_S, LONGEST_S), rng.uniform(SHORTEST_S, LONGEST_S)


def main() -> None:
    """Work until killed."""
    from harness.worker.__main__ import die_with

    kind, (cpu, seed, parent) = sys.argv[1], map(int, sys.argv[2:])
    die_with(parent)
    os.sched_setaffinity(0, {cpu})
    known = works()
    print("working", flush=True)
    for name, on_s, off_s in bursts(seed) if kind == BURSTS else iter(lambda: (kind, LONGEST_S, 0.0), None):
        end = time.monotonic() + on_s
        while time.monotonic() < end:
            known[name]()
        time.sleep(off_s)


if __name__ == "__main__":
    main()
