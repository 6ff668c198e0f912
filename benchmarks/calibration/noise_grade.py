"""Whether the grade of a session tells how wrong its ratios are.

    python -m benchmarks.calibration.noise_grade --keep DIR

Sessions of NumPy are measured alone and beside neighbours of several kinds, which this script starts and
ends. The grade of a session is made of its reference A and the copy A'; beside these two stand four more
copies, of which the grade knows nothing. They do the same work, so how far they lie apart is the session's
error. The promise: over all sessions the rank correlation of the two is at least 0.8.

Where all sessions are alike, their grades and their errors within four times the least, there is nothing to rank:
that is *open*.

Eight cases and four copies are needed for that. Were the grade perfect, four cases and two copies would
show a correlation of 0.7 to 0.9 only, because so few copies say little of an error; eight and four show 0.85
to 0.96 (simulated, with normal noise on levels of 1 to 4 and of 1 to 16).
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median, stdev
from typing import Any

from benchmarks.calibration import common, hogs
from benchmarks.calibration.figures import Promise, State, exit_code
from benchmarks.calibration.keep import Entry, Journal, KeepError
from benchmarks.calibration.measuring import Size, labelled, pairs_suite
from harness.core.target import Target
from harness.errors import ExitCode
from harness.suite.model import Case
from harness.worker.__main__ import die_with

PROMISED = 0.8
SESSIONS = 6  # of each kind of neighbour
SETS, ROUNDS, BLOCK_MS = 5, 15, 5.0
COPIES = ("b", "c", "d", "e")
SPAN = 4.0  # of grades or of errors, from the least to the largest, below which sessions are too alike to be ranked
DRAWS = 4000  # of the interval of a correlation
PATIENCE_S = 600.0


def cases() -> list[Case]:
    """Return work for each resource, in caches and beyond them, on one thread and on several."""
    from harness.workloads.elementwise import Elementwise
    from harness.workloads.matmul import Matmul
    from harness.workloads.normalise import Normalise
    from harness.workloads.reduction import Reduction

    works = {
        "product-64": Matmul(m=64, n=64, k=64),
        "product-256": Matmul(m=256, n=256, k=256),
        "sum-100k": Reduction(op="sum", shape=(100_000,)),
        "sum-4M": Reduction(op="sum", shape=(2048, 2048)),
        "l2norm-300k": Reduction(op="l2norm", shape=(300_000,)),
        "softmax-64k": Normalise(op="softmax", shape=(128, 512)),
        "add-256": Elementwise(op="add", shape=(256,)),
        "add-1M": Elementwise(op="add", shape=(1024, 1024)),
    }
    return [Case(name=name, workload=workload) for name, workload in works.items()]


# -- one session, in a process of its own: the neighbour must not be of its family -----------------


def measure_one(results: Path, *, sets: int, rounds: int, seed: int) -> Entry:
    """Measure one session and return its grade and its errors."""
    from harness.run.plan import make_plan
    from harness.run.progress import Silent
    from harness.run.runner import default_pace, run_plan
    from harness.store.runs import read_manifest

    one = Target.parse("numpy@cpu")
    targets = [labelled(one, label) for label in ("a", *COPIES)]
    suite = pairs_suite("noise-grade", cases(), targets, threads=None, seed=seed)
    plan = make_plan(suite, self_check=True)
    pace = Size(sets=sets, rounds=rounds, block_ms=BLOCK_MS).pace(default_pace(plan))
    result = run_plan(plan, results=results, observer=Silent(), pace=pace, command="benchmarks/calibration")
    if result.stopped:
        raise KeyboardInterrupt
    info = read_manifest(result.paths.manifest)
    noise: dict[str, Any] = dict(info.manifest["noise"])
    return {
        "run_id": result.run_id,
        "timed_share": result.efficiency,
        "grade": noise["grade"],
        "foreign": [one["foreign"] for one in noise["sets"]],
        "waited": [one["waited"] for one in noise["sets"]],
        "copies": copies_by_case(results, info),
    }


def copies_by_case(results: Path, info: Any) -> dict[str, list[float]]:
    """Return where each copy that the grade does not know came out, as a logarithm, by case."""
    from harness.store.read import read_samples

    frame = read_samples(results, [info]).table.to_pandas()
    proved = (frame["quantity"] == "throughput") & (frame["flags"] != "unproved")
    kept = frame[proved & (frame["replica"] == 0) & frame["label"].isin(COPIES)]
    return {str(key): places(blocks) for key, blocks in kept.groupby("case_key")}


def places(blocks: Any) -> list[float]:
    """Return where each copy lies beside the mean of all: over process-sets, the mean of medians over rounds."""
    import numpy as np

    logs = np.log(blocks["wall_ns"] / blocks["inner"]).groupby([blocks["set"], blocks["round"], blocks["label"]]).mean()
    table = logs.unstack("label").dropna()
    beside = table.sub(table.mean(axis=1), axis=0)
    return [float(value) for value in beside.groupby(level="set").median().mean()]


# -- what follows ----------------------------------------------------------------------------------


def error_of(entry: Entry) -> float:
    """Return how wrong a ratio of two copies is: the standard deviation among them, in the middle case."""
    return float(median(math.sqrt(2) * stdev(logs) for logs in entry["copies"].values() if len(logs) > 1))


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> float:
    """Return Spearman's correlation."""
    from scipy.stats import spearmanr

    return float(spearmanr(first, second).statistic)


def interval(first: Sequence[float], second: Sequence[float], seed: int = 0) -> tuple[float, float]:
    """Return an interval of the correlation from drawing sessions again; rough, and good enough to doubt by."""
    import numpy as np

    rng = np.random.default_rng(seed)
    both = np.array([first, second])
    drawn = [both[:, rng.integers(0, both.shape[1], both.shape[1])] for _ in range(DRAWS)]
    found = [_pearson(*(np.argsort(np.argsort(values)) for values in one)) for one in drawn]
    low, high = np.nanquantile(found, (0.025, 0.975))
    return float(low), float(high)


def _pearson(first: Any, second: Any) -> float:
    import numpy as np

    return float(np.corrcoef(first, second)[0, 1])


def figures(entries: Sequence[Entry]) -> dict[str, Any]:
    """Return what all sessions say."""
    graded = [entry for entry in entries if entry["grade"] is not None]
    seen, errors = [entry["grade"]["seen"] for entry in graded], [error_of(entry) for entry in graded]
    known: dict[str, Any] = {"sessions": len(graded), "by_load": [_of_load(graded, kind) for kind in hogs.KINDS]}
    if len(graded) > 2:  # noqa: PLR2004  (two always lie on a line)
        known["rank_correlation"] = rank_correlation(seen, errors)
        known["low"], known["high"] = interval(seen, errors)
        known["span"] = max(max(values) / min(values) for values in (seen, errors))
    return known


def _of_load(entries: Sequence[Entry], kind: str) -> dict[str, Any]:
    of_kind = [entry for entry in entries if entry["series"] == kind]
    if not of_kind:
        return {"load": kind, "sessions": 0}
    words = [entry["grade"]["word"] for entry in of_kind]
    return {
        "load": kind,
        "sessions": len(of_kind),
        "seen": median(entry["grade"]["seen"] for entry in of_kind),
        "error": median(map(error_of, of_kind)),
        "words": {word: words.count(word) for word in dict.fromkeys(words)},
        "timed_share": median(entry["timed_share"] for entry in of_kind),
    }


def promise(known: dict[str, Any]) -> Promise:
    """Judge what was promised; the interval says whether more sessions would tell."""
    words = f"the rank correlation of grade and error is at least {PROMISED}"
    found = known.get("rank_correlation")
    if found is None:
        return Promise(words=words, found="too few sessions", state=State.OPEN)
    told = f"{found:.2f} ({known['low']:.2f} to {known['high']:.2f}, {known['sessions']} sessions)"
    if known["span"] < SPAN:
        return Promise(words=words, found=f"{told}: all too alike, within {known['span']:.1f} times", state=State.OPEN)
    state = State.KEPT if found >= PROMISED else State.BROKEN if known["high"] < PROMISED else State.OPEN
    return Promise(words=words, found=told, state=state)


def sentences(known: dict[str, Any]) -> Iterator[str]:
    """Say it, a line a kind of neighbour."""
    for one in known["by_load"]:
        if one["sessions"]:
            words = ", ".join(f"{count} {word}" for word, count in one["words"].items())
            yield (
                f"{one['load']:9} {one['sessions']:3} sessions: {100 * one['seen']:5.2f} % could be seen, "
                f"copies were wrong by {100 * one['error']:5.2f} %; {words}; timed {one['timed_share']:.0%}"
            )


# -- the series ------------------------------------------------------------------------------------


def missing(entries: Sequence[Entry], loads: Sequence[str], sessions: int, seed: int) -> Iterator[tuple[str, int]]:
    """Yield what is still to be measured: each kind once, in random order, then each a second time."""
    done = {(entry["series"], entry["number"]) for entry in entries}
    for number in range(sessions):
        order = random.Random(seed + number).sample(list(loads), len(loads))  # noqa: S311  (an order)
        yield from ((load, number) for load in order if (load, number) not in done)


def shape_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what all sessions have in common, whichever neighbour they have."""
    size = Size(sets=arguments.sets, rounds=arguments.rounds, block_ms=BLOCK_MS)
    return {"cases": [case.name for case in cases()], "copies": list(COPIES), **size.plain()}


def series(journal: Journal, arguments: argparse.Namespace) -> list[Entry]:
    """Measure what is missing, or as much of it as there are minutes for; return all there is."""
    entries = [entry for kind in hogs.KINDS for entry in journal.read(kind)]
    if arguments.tell:
        return entries
    shape = shape_of(arguments)
    common.refuse_another_shape(journal, entries, shape)
    end = None if arguments.minutes is None else time.monotonic() + 60 * arguments.minutes
    for load, number in missing(entries, arguments.loads, arguments.sessions, arguments.seed):
        if end is not None and time.monotonic() >= end:
            break
        if load == hogs.NONE:
            common.listen()
        seed = 1000 * arguments.seed + number
        with hogs.hog(load, cpu=_processor(), seed=seed):
            found = _session(journal.results, arguments, seed)
        entries.append(journal.add({"series": load, "number": number, "shape": shape, **found}))
        seen = found["grade"]["seen"] if found["grade"] else math.nan
        told = f"{load} {number}: {100 * seen:.2f} % could be seen, wrong by {100 * error_of(entries[-1]):.2f} %"
        print(told, file=sys.stderr, flush=True)
    return entries


def _session(results: Path, arguments: argparse.Namespace, seed: int) -> Entry:
    command = [sys.executable, "-m", "benchmarks.calibration.noise_grade", "--keep", str(results), "--one", str(seed)]
    sizes = ["--sets", str(arguments.sets), "--rounds", str(arguments.rounds)]
    done = subprocess.run(  # noqa: S603  (this module)
        [*command, *sizes], stdout=subprocess.PIPE, text=True, timeout=PATIENCE_S, check=False
    )
    if done.returncode != 0:
        raise KeepError(f"a session ended with {done.returncode}: what it said stands above")
    found: Entry = json.loads(done.stdout.splitlines()[-1])
    return found


def _processor() -> int:
    """Return the processor for the neighbour: the last, for the first serves interrupts on many machines."""
    if not hasattr(os, "sched_getaffinity"):
        raise KeepError("a neighbour on one processor needs a system that can pin it there")
    return max(os.sched_getaffinity(0))


def main() -> ExitCode:
    """Measure, print, and say whether the promise holds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument(
        "--keep", type=Path, required=True, metavar="DIR", help="raw data; the same again goes on there"
    )
    parser.add_argument("--loads", nargs="+", choices=hogs.KINDS, default=list(hogs.KINDS), help="kinds of neighbour")
    parser.add_argument("--sessions", type=int, default=SESSIONS, help="of each kind (default: %(default)s)")
    parser.add_argument("--sets", type=int, default=SETS, help="process-sets of a session (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of a process-set (default: %(default)s)")
    parser.add_argument("--minutes", type=float, help="begin no session after so many; call again to go on")
    parser.add_argument("--seed", type=int, default=1, help="of orders and of a neighbour's times")
    parser.add_argument("--tell", action="store_true", help="measure nothing, say what was found so far")
    parser.add_argument("--json", action="store_true", help="one line of JSON instead of sentences")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one is not None:
        die_with(os.getppid())  # a session that nobody waits for would disturb the next
        print(json.dumps(measure_one(arguments.keep, sets=arguments.sets, rounds=arguments.rounds, seed=arguments.one)))
        return ExitCode.FINE
    known = figures(series(Journal(arguments.keep, script="noise_grade"), arguments))
    judged = promise(known)
    if arguments.json:
        print(json.dumps({**known, "promise": {"words": judged.words, "found": judged.found, "state": judged.state}}))
    else:
        print("\n".join([*sentences(known), str(judged)]))
    return exit_code([judged])


if __name__ == "__main__":
    raise SystemExit(common.run_script(main))
