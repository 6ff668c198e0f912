"""Does the harness time what its users would time? The same work, interleaved, in one process.

    python benchmarks/agreement.py [torch jax tensorflow] [--operation conv2d] [--operation train-mlp]

A float32 operation, or a step of training, is prepared by the harness's own backend and timed by its own
block, in turn with what a user of that framework would write by hand (`by_hand.py`, `train_by_hand.py`):
`torch.utils.benchmark.Timer` at the same number of threads, or a plain loop with that framework's own
fence. The ratio is taken pair by pair, and its median has a 95 % interval by order statistics. The promise is
within 2 % for a product, and 3 % for all else: it is kept where the interval lies within, broken where it lies
beyond, and open otherwise. Pairs go on, sixty by sixty, until one of the first two is so or they are enough.

Ends with 0 where all is kept, with 1 where something is broken, else with 4.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

PAIRS, MOST_PAIRS = 60, 300
KEPT, BROKEN, OPEN = "kept", "broken", "open"
BLOCK_S = 0.03
PROMISES = {"matmul": 0.02, "conv2d": 0.03, "attention": 0.03, "layer_norm": 0.03, "train-mlp": 0.03, "train-cnn": 0.03}
MODES = {"torch": ("eager", "compile"), "jax": ("jit",), "tensorflow": ("function", "xla")}
LEAST_RATIOS = 10
TRAINS, TRAINING_MODES = "train-", {"tensorflow": ("keras-fit",)}

Timed = Callable[[int], float]  # calls -> seconds a call


def measure(operation: str, name: str, mode: str, most_pairs: int) -> dict[str, Any]:
    """Time an operation by the harness and by hand, in turn."""
    ours, peer, peer_name = _arms(operation, name, mode)
    for _ in range(20):
        ours(1), peer(1)
    inner = max(1, round(BLOCK_S / min(ours(4) for _ in range(5))))
    rng = random.Random(0)  # noqa: S311  (an order, not a secret)
    times: dict[str, list[float]] = {"harness": [], "peer": []}
    ratios: list[float] = []
    while len(ratios) < most_pairs and promise(operation, ratios) == OPEN:
        for _ in range(min(PAIRS, most_pairs - len(ratios))):
            for arm in rng.sample(list(times), 2):
                times[arm].append((ours if arm == "harness" else peer)(inner))
        ratios = [mine / theirs for mine, theirs in zip(times["harness"], times["peer"], strict=True)]
    low, _, high = statistics.quantiles(times["peer"], n=4)
    return {
        "operation": operation,
        "backend": name,
        "mode": mode,
        "peer": peer_name,
        "pairs": len(ratios),
        "inner": inner,
        "harness_s": statistics.median(times["harness"]),
        "peer_s": statistics.median(times["peer"]),
        "peer_spread": (high - low) / statistics.median(times["peer"]),
        "ratio": statistics.median(ratios),
        "ratio_interval": interval(ratios),
        "promised": PROMISES[operation],
        "promise": promise(operation, ratios),
    }


def interval(ratios: Sequence[float]) -> tuple[float, float]:
    """Return a 95 % interval for the median: so many ratios from either end, whatever their distribution."""
    ordered, count = sorted(ratios), len(ratios)
    if count < LEAST_RATIOS:
        return 0.0, math.inf
    below = max(0, math.floor(count / 2 - 0.98 * math.sqrt(count)) - 1)
    return ordered[below], ordered[count - 1 - below]


def promise(operation: str, ratios: Sequence[float]) -> str:
    """Return what is known of the promise."""
    low, high = interval(ratios)
    least, most = 1 - PROMISES[operation], 1 + PROMISES[operation]
    if least <= low and high <= most:
        return KEPT
    return BROKEN if high < least or most < low else OPEN


def _arms(operation: str, name: str, mode: str) -> tuple[Timed, Timed, str]:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from benchmarks import by_hand, train_by_hand
    from harness.backends.registry import find_backend
    from harness.core.device import Device
    from harness.core.math_mode import MathMode
    from harness.measure.block import Calls, run_block
    from harness.measure.clock import SystemMeter
    from harness.worker.loop import load
    from harness.workloads.bundle import make_bundle

    backend = load(find_backend(name).implementation)(device=Device("cpu"), mode=mode, threads=_threads())
    workload = _workload(operation)
    backend.set_math(MathMode.IEEE)
    prepared = backend.prepare(workload, make_bundle(workload, 0).inputs)
    calls, meter = Calls(prepared.function, prepared.arguments), SystemMeter()
    steps = prepared.learning.steps if prepared.learning is not None else 1

    def ours(inner: int) -> float:
        count = -(-inner // steps)
        return run_block(calls, count, backend.wait, meter, prepared.reset)[0].wall_ns / (count * steps) / 1e9

    if operation.startswith(TRAINS):
        loop = train_by_hand.LOOPS[name](operation.removeprefix(TRAINS), mode, _threads())

        def by_users(inner: int) -> float:
            return loop(-(-inner // steps) * steps)

        return ours, by_users, "a training loop by hand"
    peer, peer_name = by_hand.LOOPS[name](operation, mode, prepared.arguments, _threads())
    return ours, peer, peer_name


def _workload(operation: str) -> Any:
    from harness.workloads.attention import Attention
    from harness.workloads.conv2d import Conv2d
    from harness.workloads.matmul import Matmul
    from harness.workloads.normalise import Normalise
    from harness.workloads.training import Training

    made: dict[str, Callable[[], Any]] = {
        "matmul": lambda: Matmul(m=512, n=512, k=512),
        "conv2d": lambda: Conv2d.make(
            {"batch": 4, "height": 28, "width": 28, "in_channels": 64, "out_channels": 64, "kernel": [3, 3]}
            | {"padding": "same"}
        ),
        "attention": lambda: Attention(batch=4, heads=8, query_length=128, key_length=128, head_dim=64),
        "layer_norm": lambda: Normalise(op="layer_norm", shape=(2048, 768)),
        "train-mlp": lambda: Training(
            model="mlp", size="classic", batch=64, optimiser="adam", learning_rate=1e-3, momentum=0.9
        ),
        "train-cnn": lambda: Training(model="cnn", size="lenet", batch=32, optimiser="momentum", learning_rate=0.01),
    }
    return made[operation]()


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
    parser.add_argument("--operation", action="append", choices=list(PROMISES), help="may be repeated; default: all")
    parser.add_argument("--pairs", type=int, default=MOST_PAIRS, help="at most so many of each")
    parser.add_argument("--json", action="store_true", help="one line of JSON a comparison")
    parser.add_argument("--mode", help=argparse.SUPPRESS)  # this process is to measure it itself
    arguments = parser.parse_args()
    if arguments.mode:
        print(json.dumps(measure(arguments.operation[0], arguments.backends[0], arguments.mode, arguments.pairs)))
        return 0
    came_out = set()
    for operation in arguments.operation or PROMISES:
        for name in arguments.backends:
            for mode in (*MODES[name], *(TRAINING_MODES.get(name, ()) if operation.startswith(TRAINS) else ())):
                found = _apart(operation, name, mode, arguments.pairs)
                came_out.add(found["promise"])
                print(json.dumps(found) if arguments.json else _sentence(found), flush=True)
    return 1 if BROKEN in came_out else 4 if OPEN in came_out else 0


def _apart(operation: str, name: str, mode: str, pairs: int) -> dict[str, Any]:
    """Measure in a process of its own."""
    words = [name, "--operation", operation, "--mode", mode, "--pairs", str(pairs)]
    answer = subprocess.run(  # noqa: S603  (our own script again)
        [sys.executable, __file__, *words], env=_environment(name, mode), stdout=subprocess.PIPE, text=True, check=True
    )
    found: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return found


def _sentence(found: dict[str, Any]) -> str:
    low, high = found["ratio_interval"]
    return (
        f"{found['operation']} {found['backend']}.{found['mode']}: {found['harness_s'] * 1e6:.0f} µs, {found['peer']} "
        f"{found['peer_s'] * 1e6:.0f} µs (its own spread {found['peer_spread']:.1%}); "
        f"ratio {found['ratio']:.3f} ({low:.3f} to {high:.3f}, {found['pairs']} pairs); "
        f"within {found['promised']:.0%}: {found['promise']}"
    )


if __name__ == "__main__":
    raise SystemExit(main())
