"""What the timed loop costs a call, against the standard library's `timeit`.

    python benchmarks/loop_overhead.py

Both time a function that does nothing, block by block in turn and in random order in one process;
the ratio is taken pair by pair. The promise is at most 1.05.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import timeit
from typing import Any

from harness.measure.block import Calls, run_block
from harness.measure.clock import SystemMeter

CALLS = 200_000
PAIRS = 60
PROMISE = 1.05


def nothing() -> None:
    """Do nothing."""


def measure(pairs: int, calls: int) -> dict[str, Any]:
    """Time both in turn and return nanoseconds a call and the ratio pair by pair."""
    meter, ours = SystemMeter(), Calls(nothing)
    peer = timeit.Timer("f()", globals={"f": nothing})
    rng = random.Random(0)  # noqa: S311  (an order, not a secret)
    times: dict[str, list[float]] = {"harness": [], "timeit": []}
    for _ in range(pairs):
        for name in rng.sample(list(times), 2):
            if name == "harness":
                taken = float(run_block(ours, calls, lambda _: None, meter)[0].wall_ns)
            else:
                taken = peer.timeit(calls) * 1e9
            times[name].append(taken / calls)
    ratios = [mine / theirs for mine, theirs in zip(times["harness"], times["timeit"], strict=True)]
    return {
        "calls": calls,
        "pairs": pairs,
        **{f"{name}_ns": statistics.median(values) for name, values in times.items()},
        "ratio": statistics.median(ratios),
        "ratio_quartiles": statistics.quantiles(ratios, n=4),
        "promise": PROMISE,
    }


def main() -> int:
    """Measure, print, and say whether the promise holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--calls", type=int, default=CALLS)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    found = measure(arguments.pairs, arguments.calls)
    if arguments.json:
        print(json.dumps(found))
    else:
        low, _, high = found["ratio_quartiles"]
        print(f"harness {found['harness_ns']:.1f} ns a call, timeit {found['timeit_ns']:.1f} ns")
        print(f"ratio {found['ratio']:.3f} (quartiles {low:.3f} to {high:.3f}, {found['pairs']} pairs)")
    return 0 if found["ratio"] <= PROMISE else 1


if __name__ == "__main__":
    raise SystemExit(main())
