"""Hold PyTorch's case times against ``triton.testing.do_bench``, in one process and in turn.

The two must agree where a kernel is long: both wait for the device, and the wall clock's extra is the
launch. They must differ where it is short, for `do_bench` empties the L2 cache before each call and
reads device events around it, while a block's calls queue up behind each other on warm caches.

Prints one JSON document: a ratio a case (ours / theirs), or the reason why there is none.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import statistics
import sys
from collections.abc import Callable, Sequence
from typing import Any

from harness.core.device import Device
from harness.core.math_mode import MathMode
from harness.workloads.base import Workload
from harness.workloads.matmul import Matmul
from harness.workloads.reduction import Reduction

ROUNDS = 7
SEED = 20260101


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare on the device that is named; a device without Triton is told, not an error."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="gpu")
    device = Device.parse(parser.parse_args(arguments).device)
    print(json.dumps(compare_on(device), indent=2))
    return 0


def compare_on(device: Device) -> dict[str, Any]:
    """Return the ratios of all cases, or why there are none."""
    if device.kind != "gpu":
        return {"skipped": f"triton.testing.do_bench times GPUs, and this is {device}"}
    from harness.backends.registry import find_backend

    info = find_backend("torch")
    os.environ.update(info.environment(device, "eager"))  # before the framework is imported, as for a worker
    backend = _load(info.implementation)(device=device, mode="eager", threads=1)
    from triton.testing import do_bench

    cases = [_compare(backend, case, do_bench) for case in workloads()]
    return {"device": dict(backend.facts()), "rounds": ROUNDS, "cases": cases}


def workloads() -> list[Workload]:
    """Return shapes from launch-bound to seconds of arithmetic, and two that only move memory."""
    products: list[Workload] = [
        Matmul(m=n, n=n, k=n, dtype=dtype) for dtype in ("bfloat16", "float32") for n in (256, 1024, 4096, 8192)
    ]
    sums: list[Workload] = [
        Reduction.make({"op": "sum", "shape": [rows, 4096], "axis": "all"}) for rows in (1024, 65536)
    ]
    return [*products, *sums]


def interleave(ours: Callable[[], float], theirs: Callable[[], float], rounds: int) -> list[tuple[float, float]]:
    """Take turns, and turn the order about each round, so that a drifting clock favours neither."""
    pairs = []
    for index in range(rounds):
        if index % 2:
            second, first = theirs(), ours()
        else:
            first, second = ours(), theirs()
        pairs.append((first, second))
    return pairs


def summarise(name: str, pairs: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """Return the medians and the median of the rounds' own ratios."""
    ratios = sorted(first / second for first, second in pairs)
    return {
        "case": name,
        "ours_s": statistics.median(first for first, _ in pairs),
        "do_bench_s": statistics.median(second for _, second in pairs),
        "ratio": statistics.median(ratios),
        "ratio_low": ratios[0],
        "ratio_high": ratios[-1],
    }


def _compare(backend: Any, workload: Workload, do_bench: Callable[..., float]) -> dict[str, Any]:
    import numpy as np

    from harness.measure.block import Calls, run_block
    from harness.measure.calibrate import calibrate
    from harness.measure.clock import SystemMeter

    backend.set_math(MathMode(workload.math))
    prepared = backend.prepare(workload, workload.inputs(np.random.default_rng(SEED)))
    call = functools.partial(prepared.function, *prepared.arguments)
    calls, meter = Calls(call), SystemMeter()

    def block_ns(inner: int) -> int:
        return run_block(calls, inner, backend.wait, meter)[0].wall_ns

    inner = calibrate(block_ns).inner
    pairs = interleave(
        lambda: block_ns(inner) / inner / 1e9,
        lambda: do_bench(call, return_mode="median") / 1e3,
        ROUNDS,
    )
    found = summarise(f"{workload.name} {json.dumps(workload.params(), sort_keys=True)}", pairs)
    print(f"{found['case']}: ours / do_bench = {found['ratio']:.3f}", file=sys.stderr)
    return found


def _load(implementation: str) -> Any:
    import importlib

    module, _, attribute = implementation.partition(":")
    return getattr(importlib.import_module(module), attribute)


if __name__ == "__main__":
    raise SystemExit(main())
