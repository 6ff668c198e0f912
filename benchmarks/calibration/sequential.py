"""One arm after the other, as tools without pairing run them: blocks of A in fresh processes, then of B.

The work is the harness's own: the same backend, the same inputs, the same block. Only the order is the
other tools'. B follows A at once, with nothing between them, which is as kind as their order can be:
who compares today's release with yesterday's waits longer.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from dataclasses import asdict, dataclass
from typing import Any

from harness.backends.registry import find_backend
from harness.core.target import Target
from harness.suite.model import Case

PROCESSES = 5
VALUES = 12  # in each process: 60 in all, as many as pyperf takes by default
BLOCKS_A_VALUE = 4  # a value is a block of four times as many calls as one of ours


@dataclass(frozen=True, kw_only=True)
class Job:
    """What one process measures."""

    implementation: str
    device: str
    mode: str
    workload: str
    params: dict[str, Any]
    threads: int
    inner: int
    values: int
    seed: int


def one_after_the_other(
    case: Case, target: Target, *, inner: int, threads: int, seed: int, processes: int = PROCESSES, values: int = VALUES
) -> tuple[list[list[float]], list[list[float]]]:
    """Return seconds a call by process: of A, then of B, which is the same thing."""
    info = find_backend(target.backend)
    mode = target.mode or info.default_mode
    kind = type(case.workload)
    job = Job(
        implementation=info.implementation,
        device=str(target.device),
        mode=mode,
        workload=f"{kind.__module__}:{kind.__qualname__}",
        params=case.workload.params(),
        threads=threads,
        inner=inner * BLOCKS_A_VALUE,
        values=values,
        seed=seed,
    )
    rng = random.Random(seed)  # noqa: S311  (layout luck, not secrets)
    backend = dict(info.environment(target.device, mode))
    a, b = ([_run(job, backend, rng.randrange(2**32 - 1)) for _ in range(processes)] for _ in "ab")
    return a, b


def _run(job: Job, backend: dict[str, str], hash_seed: int) -> list[float]:
    """Measure in a process of its own, with threads and hash seed set as a worker's are."""
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
    environment = {**os.environ, **dict.fromkeys(names, str(job.threads)), **backend, "PYTHONHASHSEED": str(hash_seed)}
    answer = subprocess.run(
        [sys.executable, "-m", "benchmarks.calibration.sequential"],
        input=json.dumps(asdict(job)),
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: list[float] = json.loads(answer.stdout.splitlines()[-1])
    return found


def measure(job: Job) -> list[float]:
    """Warm up with a block, then time so many, one after the other."""
    import numpy as np

    from harness.core.device import Device
    from harness.core.math_mode import MathMode
    from harness.measure.block import Calls, run_block
    from harness.measure.clock import SystemMeter
    from harness.worker.loop import load

    backend = load(job.implementation)(device=Device.parse(job.device), mode=job.mode, threads=job.threads)
    workload = load(job.workload).make(job.params)
    backend.set_math(MathMode(workload.math))
    prepared = backend.prepare(workload, workload.inputs(np.random.default_rng(job.seed)))
    calls, meter = Calls(prepared.function, prepared.arguments), SystemMeter()
    run_block(calls, job.inner, backend.wait, meter)
    return [run_block(calls, job.inner, backend.wait, meter)[0].wall_ns / job.inner / 1e9 for _ in range(job.values)]


if __name__ == "__main__":
    print(json.dumps(measure(Job(**json.load(sys.stdin)))))
