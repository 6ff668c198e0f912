"""Does the harness time what its users would time? The same product, interleaved, in one process.

    python benchmarks/agreement.py [torch jax tensorflow]

A 512 x 512 float32 product is prepared by the harness's own backend and timed by its own block, in
turn with what a user of that framework would write by hand: `torch.utils.benchmark.Timer` at the same
number of threads, or a plain loop with that framework's own fence. The ratio is taken pair by pair;
the promise is within 2 %.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

PAIRS = 60
SIZE = 512
BLOCK_S = 0.03
PROMISE = 0.02
MODES = {"torch": ("eager", "compile"), "jax": ("jit",), "tensorflow": ("function", "xla")}

Timed = Callable[[int], float]  # calls -> seconds a call


def measure(name: str, mode: str, pairs: int) -> dict[str, Any]:
    """Time a product by the harness and by hand, in turn."""
    ours, peer, peer_name = _arms(name, mode)
    for _ in range(20):
        ours(1), peer(1)
    inner = max(1, round(BLOCK_S / min(ours(4) for _ in range(5))))
    rng = random.Random(0)  # noqa: S311  (an order, not a secret)
    times: dict[str, list[float]] = {"harness": [], "peer": []}
    for _ in range(pairs):
        for arm in rng.sample(list(times), 2):
            times[arm].append((ours if arm == "harness" else peer)(inner))
    ratios = [mine / theirs for mine, theirs in zip(times["harness"], times["peer"], strict=True)]
    low, _, high = statistics.quantiles(times["peer"], n=4)
    return {
        "backend": name,
        "mode": mode,
        "peer": peer_name,
        "pairs": pairs,
        "inner": inner,
        "harness_s": statistics.median(times["harness"]),
        "peer_s": statistics.median(times["peer"]),
        "peer_spread": (high - low) / statistics.median(times["peer"]),
        "ratio": statistics.median(ratios),
        "ratio_quartiles": statistics.quantiles(ratios, n=4),
    }


def _arms(name: str, mode: str) -> tuple[Timed, Timed, str]:
    from harness.backends.registry import find_backend
    from harness.core.device import Device
    from harness.core.math_mode import MathMode
    from harness.measure.block import Calls, run_block
    from harness.measure.clock import SystemMeter
    from harness.worker.loop import load
    from harness.workloads.bundle import make_bundle
    from harness.workloads.matmul import Matmul

    backend = load(find_backend(name).implementation)(device=Device("cpu"), mode=mode, threads=_threads())
    workload = Matmul(m=SIZE, n=SIZE, k=SIZE)
    backend.set_math(MathMode.IEEE)
    prepared = backend.prepare(workload, make_bundle(workload, 0).inputs)
    calls, meter = Calls(prepared.function, prepared.arguments), SystemMeter()

    def ours(inner: int) -> float:
        return run_block(calls, inner, backend.wait, meter)[0].wall_ns / inner / 1e9

    peer, peer_name = _PEERS[name](mode, prepared.arguments)
    return ours, peer, peer_name


def _torch_peer(mode: str, arguments: tuple[Any, ...]) -> tuple[Timed, str]:
    import torch
    from torch.utils.benchmark import Timer

    a, b = arguments
    multiply: Any = torch.compile(torch.matmul) if mode == "compile" else torch.matmul
    timer = Timer("multiply(a, b)", globals={"multiply": multiply, "a": a, "b": b}, num_threads=_threads())
    return lambda inner: float(timer.timeit(inner).median), "torch.utils.benchmark.Timer"


def _jax_peer(mode: str, arguments: tuple[Any, ...]) -> tuple[Timed, str]:
    import jax
    import jax.numpy as jnp

    del mode
    a, b = arguments
    multiply = jax.jit(lambda x, y: jnp.matmul(x, y, precision="highest"))

    def by_hand(inner: int) -> float:
        multiply(a, b).block_until_ready()
        start = time.perf_counter()
        for _ in range(inner - 1):
            multiply(a, b)
        multiply(a, b).block_until_ready()
        return (time.perf_counter() - start) / inner

    return by_hand, "a plain loop"


def _tensorflow_peer(mode: str, arguments: tuple[Any, ...]) -> tuple[Timed, str]:
    import tensorflow as tf

    a, b = arguments
    multiply = tf.function(_two_arguments(tf.matmul), jit_compile=True if mode == "xla" else None, autograph=False)

    def by_hand(inner: int) -> float:
        multiply(a, b)
        tf.test.experimental.sync_devices()
        start = time.perf_counter()
        for _ in range(inner):
            multiply(a, b)
        tf.test.experimental.sync_devices()
        return (time.perf_counter() - start) / inner

    return by_hand, "a plain loop"


def _two_arguments(multiply: Any) -> Callable[[Any, Any], Any]:
    """Return a function of two arguments, as a user's own would be: the library's has nine to look through."""
    return lambda a, b: multiply(a, b)  # noqa: PLW0108  (the point of it)


_PEERS = {"torch": _torch_peer, "jax": _jax_peer, "tensorflow": _tensorflow_peer}


def _threads() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _environment(name: str, mode: str) -> Mapping[str, str]:
    from harness.backends.registry import find_backend
    from harness.core.device import Device

    return {**os.environ, **find_backend(name).environment(Device("cpu"), mode), "OMP_NUM_THREADS": str(_threads())}


def main() -> int:
    """Measure each framework in a process of its own, and say whether the promise holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("backends", nargs="*", default=list(MODES), metavar="BACKEND")
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--json", action="store_true", help="one line of JSON a comparison")
    parser.add_argument("--mode", help=argparse.SUPPRESS)  # this process is to measure it itself
    arguments = parser.parse_args()
    if arguments.mode:
        print(json.dumps(measure(arguments.backends[0], arguments.mode, arguments.pairs)))
        return 0
    worst = 0.0
    for name in arguments.backends:
        for mode in MODES[name]:
            command = [sys.executable, __file__, name, "--mode", mode, "--pairs", str(arguments.pairs)]
            answer = subprocess.run(  # noqa: S603  (our own script again)
                command, env=_environment(name, mode), stdout=subprocess.PIPE, text=True, check=True
            )
            found = json.loads(answer.stdout.splitlines()[-1])
            worst = max(worst, abs(found["ratio"] - 1))
            print(json.dumps(found) if arguments.json else _sentence(found), flush=True)
    return 0 if worst <= PROMISE else 1


def _sentence(found: dict[str, Any]) -> str:
    low, _, high = found["ratio_quartiles"]
    return (
        f"{found['backend']}.{found['mode']}: {found['harness_s'] * 1e6:.0f} µs, {found['peer']} "
        f"{found['peer_s'] * 1e6:.0f} µs (its own spread {found['peer_spread']:.1%}); "
        f"ratio {found['ratio']:.4f} (quartiles {low:.3f} to {high:.3f}, {found['pairs']} pairs)"
    )


if __name__ == "__main__":
    raise SystemExit(main())
