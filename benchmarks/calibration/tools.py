"""Other people's timers, asked for the same work in one framework after the other.

`torch.utils.benchmark.Timer` runs in a process that imports that framework (and PyTorch, whose timer it
is); `pyperf timeit` runs as a user would type it, with its own default of processes and values. Both get
the threads and the environment that the harness would give that framework: the tools differ, the
frameworks do not.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.calibration.others import allowed
from harness.backends.registry import find_backend
from harness.core.device import Device

PRODUCT, ADD = "product", "add"
OPERATIONS = (PRODUCT, ADD)
SETUP = {
    "torch": (
        "import torch; torch.set_num_threads({threads}); torch.manual_seed(0); "
        "a = torch.randn({n}, {n}); b = torch.randn({n}, {n})"
    ),
    "jax": (
        "import jax, jax.numpy as jnp; a, b = jax.random.normal(jax.random.key(0), (2, {n}, {n})); "
        "f = jax.jit(jnp.{function}); f(a, b).block_until_ready()"
    ),
}
FUNCTION = {PRODUCT: "matmul", ADD: "add"}  # both frameworks call them so
STATEMENT = {"torch": "torch.{function}(a, b)", "jax": "f(a, b).block_until_ready()"}


def timer_seconds(name: str, operation: str, n: int, least_s: float) -> float:
    """Return the seconds a call by PyTorch's timer, in a process of its own."""
    words = [sys.executable, "-m", "benchmarks.calibration.tools", name, operation, str(n), str(least_s)]
    answer = subprocess.run(words, env=_environment(name), stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603
    return float(answer.stdout.splitlines()[-1])


def pyperf_seconds(name: str, operation: str, n: int, processes: int) -> float:
    """Return the seconds a call by pyperf."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "found.json"
        words = [sys.executable, "-m", "pyperf", "timeit", "--quiet", "--processes", str(processes), "-o", str(file)]
        words += ["--copy-env", "-s", _filled(SETUP[name], operation, n), _filled(STATEMENT[name], operation, n)]
        subprocess.run(words, env=_environment(name), stdout=subprocess.DEVNULL, check=True)  # noqa: S603
        return mean_of(json.loads(file.read_text("utf-8")))


def mean_of(document: dict[str, Any]) -> float:
    """Return the mean of all values of a result of pyperf, which is what it shows."""
    (benchmark,) = document["benchmarks"]
    values: list[float] = [value for run in benchmark["runs"] for value in run.get("values", ())]
    return statistics.mean(values)


def _environment(name: str) -> dict[str, str]:
    info = find_backend(name)
    threads = str(len(allowed()))
    return {**os.environ, **info.environment(Device("cpu"), info.default_mode), "OMP_NUM_THREADS": threads}


def _filled(words: str, operation: str, n: int) -> str:
    return words.format(n=n, threads=len(allowed()), function=FUNCTION[operation])


def main() -> None:
    """Time one framework in this process by PyTorch's timer, and print the median seconds a call."""
    from torch.utils.benchmark import Timer

    name, operation, n, least_s = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    setup, statement = (_filled(words[name], operation, n) for words in (SETUP, STATEMENT))
    timer = Timer(statement, setup=setup, num_threads=len(allowed()))
    print(float(timer.blocked_autorange(min_run_time=least_s).median))


if __name__ == "__main__":
    main()
