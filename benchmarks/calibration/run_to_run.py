"""Run to run: how far the ratio of two frameworks wanders from one session to the next.

    python -m benchmarks.calibration.run_to_run --keep DIR

The time of JAX over that of PyTorch, for one float32 product of matrices or their sum, is taken ten times by
the harness, and ten times by each of two tools that time one framework and then the other:
`torch.utils.benchmark.Timer`, and `pyperf timeit` where it is installed. All of them take turns within the
same session, in an order drawn anew. The promise: the spread of the harness's ratio, the standard deviation
of its logarithm, is at most a tenth of theirs.
"""

from __future__ import annotations

import math
import random
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # run as a file, too

from benchmarks.calibration import common, tools
from benchmarks.calibration.figures import Promise, Spread, State, spread_of, times_narrower
from benchmarks.calibration.keep import Entry, Journal
from benchmarks.calibration.measuring import Size, measure, pair_of, pairs_suite
from harness.errors import ExitCode
from harness.suite.model import Case
from harness.workloads.base import Workload
from harness.workloads.elementwise import Elementwise
from harness.workloads.matmul import Matmul

SESSIONS = 10
N = 512
SIZE, QUICK = Size(sets=5, rounds=30, block_ms=5.0), Size(sets=2, rounds=5, block_ms=1.0)
TIMER_S, QUICK_TIMER_S = 2.0, 0.2  # measured of each framework; ours measures about one second
TIMES_NARROWER = 10.0
FRAMEWORKS = ("torch", "jax")
PYPERF_PROCESSES, QUICK_PROCESSES = 20, 2  # the first is its own default
HARNESS, TIMER, PYPERF = "harness", "Timer", "pyperf"


class Sessions:
    """Takes the same ratio by each tool."""

    def __init__(
        self, options: common.Options, journal: Journal, *, operation: str, n: int, size: Size, pyperf_processes: int
    ) -> None:
        self._options = options
        self._journal = journal
        self._operation = operation
        self._n = n
        self._pyperf_processes = pyperf_processes
        self._size = size

    @property
    def shape(self) -> dict[str, Any]:
        """What all sessions have in common."""
        said = {} if self._operation == tools.PRODUCT else {"operation": self._operation}
        return {**said, "n": self._n, "pyperf_processes": self._pyperf_processes, **self._size.plain()}

    def session(self, number: int) -> Entry:
        """Take the ratio once by each tool, in an order that is drawn."""
        known: dict[str, Callable[[int], Entry]] = {HARNESS: self._harness, TIMER: self._timer}
        if self._pyperf_processes:
            known[PYPERF] = self._pyperf
        rng = random.Random(common.seed_of(self._options, number))  # noqa: S311  (an order)
        order = rng.sample(list(known), len(known))
        return {"order": order, "tools": {name: self._one(known[name], number) for name in order}}

    @staticmethod
    def _one(tool: Callable[[int], Entry], number: int) -> Entry:
        found, wall_s = common.timed(lambda: tool(number))
        return {**found, "wall_s": wall_s}

    def _harness(self, number: int) -> Entry:
        """Measure as anybody would: both frameworks in one session, the reference twice."""
        pair = pair_of(*(f"{name}@cpu" for name in FRAMEWORKS))
        case = Case(name=f"{self._operation}-{self._n}", workload=workload_of(self._operation, self._n))
        seed = common.seed_of(self._options, number)
        suite = pairs_suite("calibration-run-to-run", [case], pair, threads=None, seed=seed)
        measured = measure(suite, self._size, self._journal.results, self_check=True)
        (found,) = measured.pairs
        if not found.per_set:
            return {"run_id": measured.run_id, "lost": found.lost}
        return {"run_id": measured.run_id, "log": statistics.mean(found.per_set), "pair": found.plain()}

    def _timer(self, number: int) -> Entry:
        del number
        least_s = QUICK_TIMER_S if self._options.quick else TIMER_S
        return _ratio({name: tools.timer_seconds(name, self._operation, self._n, least_s) for name in FRAMEWORKS})

    def _pyperf(self, number: int) -> Entry:
        del number
        asked = self._operation, self._n, self._pyperf_processes
        return _ratio({name: tools.pyperf_seconds(name, *asked) for name in FRAMEWORKS})


def workload_of(operation: str, n: int) -> Workload:
    """Return what the other tools are asked for, as a workload."""
    return Matmul(m=n, n=n, k=n) if operation == tools.PRODUCT else Elementwise(op="add", shape=(n, n))


def _ratio(seconds: dict[str, float]) -> Entry:
    return {"seconds": seconds, "log": math.log(seconds["jax"] / seconds["torch"])}


# -- figures --------------------------------------------------------------------------------------


def figures(entries: Sequence[Entry]) -> dict[str, Any]:
    """Return the logarithms of the ratios, and their spread, by tool."""
    names = sorted({name for entry in entries for name in entry["tools"]})
    taken = {name: [entry["tools"][name] for entry in entries if name in entry["tools"]] for name in names}
    logs = {name: [one["log"] for one in found if "log" in one] for name, found in taken.items()}
    return {
        "logs": logs,
        "spread": {name: spread.sd for name, values in logs.items() if (spread := spread_of(values))},
        "wall_s": {name: statistics.median(one["wall_s"] for one in found) for name, found in taken.items()},
        "lost": [one["lost"] for one in taken.get(HARNESS, []) if "lost" in one],
    }


def sentences(entries: Sequence[Entry], known: dict[str, Any], series: str) -> list[str]:
    """Put the figures into words."""
    lines = [common.surroundings_words(entries, series)]
    lines += [_tool_words(name, values, known["wall_s"][name]) for name, values in known["logs"].items()]
    if PYPERF not in known["logs"]:
        lines.append("pyperf is not installed here, or was left out")
    return [*lines, *(f"the harness had no ratio: {reason}" for reason in known["lost"])]


def _tool_words(name: str, logs: Sequence[float], wall_s: float) -> str:
    if not logs:
        return f"{name}: no ratio"
    middle, low, high = math.exp(statistics.mean(logs)), math.exp(min(logs)), math.exp(max(logs))
    spread = spread_of(logs) or "unknown of one session"
    return f"{name}: jax / torch {middle:.3f} ({low:.3f} to {high:.3f}), spread {spread}; {wall_s:.0f} s a session"


def promises(entries: Sequence[Entry], known: dict[str, Any], series: str, *, sessions: int) -> list[Promise]:
    """Judge what was promised, against each other tool."""
    spreads = {name: spread_of(values) for name, values in known["logs"].items()}
    ours = spreads.pop(HARNESS, None)
    kept = [_narrower(ours, name, theirs, sessions) for name, theirs in spreads.items()]
    return [*kept, *common.quiet_promise(entries, series)]


def _narrower(ours: Spread | None, name: str, theirs: Spread | None, sessions: int) -> Promise:
    words = f"the ratio's spread is at most a tenth of that by {name}"
    if ours is None or theirs is None or min(ours.count, theirs.count) < sessions:
        return Promise(words=words, found="too few sessions", state=State.OPEN)
    times, low, high = times_narrower(ours, theirs)
    state = State.KEPT if times >= TIMES_NARROWER else State.BROKEN if high < TIMES_NARROWER else State.OPEN
    text = f"{ours} against {theirs}: {times:.1f} times narrower ({low:.1f} to {high:.1f})"
    return Promise(words=words, found=text, state=state)


def main() -> ExitCode:
    """Measure, print, and say whether the promise holds."""
    parser = common.parser(__doc__)
    parser.add_argument("--sessions", type=int, default=SESSIONS, help="enough (default: %(default)s)")
    parser.add_argument(
        "--operation", choices=tools.OPERATIONS, default=tools.PRODUCT, help="of two matrices (default: %(default)s)"
    )
    parser.add_argument("--n", type=int, default=N, help="their rows and columns (default: %(default)s)")
    parser.add_argument("--sets", type=int, help="process-sets of the harness (default: 5; a verdict takes up to 20)")
    parser.add_argument("--pyperf-processes", type=int, help="0 leaves pyperf out (default: as it does, if it is here)")
    arguments = parser.parse_args()
    options = common.Options.of(arguments)
    usual = QUICK_PROCESSES if options.quick else PYPERF_PROCESSES
    processes = usual if arguments.pyperf_processes is None else arguments.pyperf_processes
    journal = Journal(options.keep, script="run_to_run")
    size = QUICK if options.quick else SIZE
    size = replace(size, sets=arguments.sets or size.sets)
    processes = processes if find_spec("pyperf") else 0
    sessions = Sessions(
        options, journal, operation=arguments.operation, n=arguments.n, size=size, pyperf_processes=processes
    )
    entries = common.go_on(journal, options, sessions.shape, sessions.session, common.first(arguments.sessions))
    known = figures(entries)
    judged = promises(entries, known, options.series, sessions=arguments.sessions)
    return common.tell(options, known, sentences(entries, known, options.series), judged)


if __name__ == "__main__":
    raise SystemExit(common.run_script(main))
