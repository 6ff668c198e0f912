"""What the timed loop costs a call, against the standard library's `timeit`.

    python benchmarks/loop_overhead.py

Both time a function that does nothing, block by block in turn and in random order in one process;
the ratio is taken pair by pair. Where code happens to lie in memory moves it by a few per cent from
process to process, so several fresh ones are asked and the middle one counts. The promise is at most
1.05.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import timeit
from typing import Any

from harness.measure.block import Calls, run_block
from harness.measure.clock import SystemMeter

CALLS = 50_000
PAIRS = 200
PROCESSES = 7
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
    parser.add_argument("--processes", type=int, default=PROCESSES)
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--calls", type=int, default=CALLS)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if not arguments.processes:  # this process is to measure it itself
        print(json.dumps(measure(arguments.pairs, arguments.calls)))
        return 0
    command = [sys.executable, __file__, "--processes", "0", "--pairs", str(arguments.pairs)]
    found = []
    for _ in range(arguments.processes):
        answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603  (this script)
        found.append(json.loads(answer.stdout))
        if not arguments.json:
            print(
                "harness {harness_ns:.1f} ns a call, timeit {timeit_ns:.1f} ns, ratio {ratio:.3f}".format(**found[-1])
            )
    ratio = statistics.median(one["ratio"] for one in found)
    print(json.dumps({"ratio": ratio, "processes": found}) if arguments.json else f"ratio {ratio:.3f} (median)")
    return 0 if ratio <= PROMISE else 1


if __name__ == "__main__":
    raise SystemExit(main())
