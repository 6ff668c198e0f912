"""Power: how often a slowdown that was planted is found, and in how much time.

    python -m benchmarks.calibration.power --keep DIR [--target torch] [--frameworks]

The words: a difference is *found* where the 95 % interval excludes 1, and an arm has *regressed* where
it excludes the margin of 2 %. One call of the slower arm really makes 51 calls for 50 (2 %), or 21 for
20 (5 %); which trial comes next is drawn, and every other one plants nothing at all. What is found goes
on to 20 process-sets before any size is told. *Measuring* is the pair's part of all that a session does
while it measures: blocks, the calls before them, single calls for latency, and handing over.

The promises: 2 % is found in at least 90 % of trials within 10 s of measuring, 5 % within 3 s, and a
planted 5 % is called regressed in at least 90 %; of trials without anything planted at most 5 % find
something, and none is raised. With ``--frameworks`` three frameworks are up in one session, and the
whole trial has to end within 90 s (60 s for 5 %); nothing goes on to more sets there. A true 2 % can
almost never be told to exceed a margin of 2 %, and that is not promised: how often it was, stands beside it.
"""

from __future__ import annotations

import random
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # run as a file, too

from benchmarks.calibration import common, planted
from benchmarks.calibration.figures import Promise, at_least, at_most, no_more_than, percent, share_of
from benchmarks.calibration.keep import Entry, Journal
from benchmarks.calibration.measuring import (
    Pair,
    Size,
    flagged,
    found,
    judged,
    measure,
    only,
    pair_of,
    pairs_suite,
    read_pair,
)
from harness.core.target import Target
from harness.errors import ExitCode
from harness.stats.verdict import Verdict
from harness.suite.model import Case, Suite
from harness.workloads.elementwise import Elementwise
from harness.workloads.matmul import Matmul
from harness.workloads.reduction import Reduction

TRIALS = 100
LAST_SETS = 20  # what is found goes on to so many process-sets
POWER, ERROR = 0.9, 0.05
BESIDE = ("jax@cpu", "tensorflow@cpu")


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What is planted in a trial, and how much is measured of it."""

    name: str
    calls: tuple[int, int]  # that one call of A makes, and one of B
    size: Size
    measuring_s: float  # the most that the promise allows
    wall_s: float  # likewise, with three frameworks up

    @property
    def planted(self) -> bool:
        """Whether there is anything to find."""
        return self.calls[0] != self.calls[1]


TWO = Kind(name="2 %", calls=(50, 51), size=Size(sets=10, rounds=40, block_ms=5.0), measuring_s=10.0, wall_s=90.0)
FIVE = Kind(name="5 %", calls=(20, 21), size=Size(sets=5, rounds=25, block_ms=5.0), measuring_s=3.0, wall_s=60.0)
KINDS = (
    TWO,
    FIVE,
    replace(TWO, name="nothing (pace of 2 %)", calls=(50, 50)),
    replace(FIVE, name="nothing (pace of 5 %)", calls=(20, 20)),
)
# PyTorch's processes differ by one or two percent where the rounds of a process leave a third of one unknown: the
# time goes into as many processes as the wall time allows, although frameworks take seconds to start.
WITH_FRAMEWORKS = {50: Size(sets=11, rounds=20, block_ms=5.0), 20: Size(sets=7, rounds=16, block_ms=5.0)}
CASES_WITH_FRAMEWORKS = 2  # of a session: each is a trial, and waits for the other
QUICK = Size(sets=5, rounds=6, block_ms=1.0)


def cases() -> list[Case]:
    """Return calls of some ten microseconds: fifty of them are a part of a block."""
    return [
        Case(name="product-64", workload=Matmul(m=64, n=64, k=64)),
        Case(name="sum-30000", workload=Reduction(op="sum", shape=(30_000,))),
        Case(name="add-20000", workload=Elementwise(op="add", shape=(20_000,))),
        Case(name="product-96", workload=Matmul(m=96, n=96, k=96)),
    ]


def kind_of(number: int, seed: int) -> Kind:
    """Return what is planted in a session: every four sessions have each kind once, in an order that is drawn."""
    turn, place = divmod(number, len(KINDS))
    return random.Random(seed * 1_000_003 + turn).sample(KINDS, len(KINDS))[place]  # noqa: S311  (an order)


class Sessions:
    """Measures trials of one backend, as many in a session as there are cases."""

    def __init__(
        self, options: common.Options, journal: Journal, *, backend: str, frameworks: bool, threads: int | None
    ) -> None:
        self._options = options
        self._journal = journal
        self._backend = backend
        self._frameworks = frameworks
        self._threads = threads

    @property
    def shape(self) -> dict[str, Any]:
        """What all sessions of a series have in common."""
        sizes = {kind.name: self._size(kind).plain() for kind in KINDS}
        return {"backend": self._backend, "frameworks": self._frameworks, "threads": self._threads, "sizes": sizes}

    def session(self, number: int) -> Entry:
        """Measure one kind of trial, and go on with what was found."""
        kind = kind_of(number, self._options.seed)
        suite = self._suite(kind, number)
        measured, wall_s = common.timed(
            lambda: measure(suite, self._size(kind), self._journal.results, find=planted.find)
        )
        arms = len(suite.cases) * len(suite.targets or ())
        return {
            "kind": kind.name,
            "run_id": measured.run_id,
            "trial_wall_s": wall_s,
            "measuring_s": measured.phases_s["measuring"] * 2 / arms,
            "phases_s": measured.phases_s,
            "pairs": [pair.plain() for pair in measured.pairs],
            "more": self._more(suite, measured.pairs, kind, number),
        }

    def _suite(self, kind: Kind, number: int) -> Suite:
        known = cases()
        if self._frameworks:
            turn = number // len(KINDS) * CASES_WITH_FRAMEWORKS
            known = [known[(turn + at) % len(known)] for at in range(CASES_WITH_FRAMEWORKS)]
        elif self._options.quick:
            known = known[:2]
        pair = pair_of(*(f"{planted.PREFIX}{self._backend}.{planted.mode_of(calls)}@cpu" for calls in kind.calls))
        beside = [Target.parse(name) for name in BESIDE] if self._frameworks else []
        seed = common.seed_of(self._options, number)
        return pairs_suite("calibration-power", known, [*pair, *beside], threads=self._threads, seed=seed)

    def _size(self, kind: Kind) -> Size:
        if self._options.quick:
            return QUICK
        return WITH_FRAMEWORKS[kind.calls[0]] if self._frameworks else kind.size

    def _more(self, suite: Suite, pairs: Sequence[Pair], kind: Kind, number: int) -> list[dict[str, Any]]:
        """Go on to the last process-set with what was found."""
        suspects = found(pairs)
        if not suspects or self._frameworks:
            return []
        size = self._size(kind)
        again = only(suite, suspects, seed=common.seed_of(self._options, number, 1))
        left = replace(size, sets=LAST_SETS - size.sets)
        return [pair.plain() for pair in measure(again, left, self._journal.results, find=planted.find).pairs]


# -- figures --------------------------------------------------------------------------------------


def together(entry: Entry) -> list[Pair]:
    """Return what was found with all of its process-sets, the first and those that it went on to."""
    first = {pair.key: pair for pair in map(read_pair, entry["pairs"])}
    more = map(read_pair, entry["more"])
    return [replace(first[pair.key], per_set=first[pair.key].per_set + pair.per_set) for pair in more]


def figures(entries: Sequence[Entry], kind: Kind, *, frameworks: bool) -> dict[str, Any]:
    """Return the counts of one kind of trial: (hits, asked) of each session."""
    of_kind = [entry for entry in entries if entry["kind"] == kind.name]
    names = ("found", "in_time", "regressed", "raised", "lost")
    counts: dict[str, list[tuple[int, int]]] = {name: [] for name in names}
    for entry in of_kind:
        pairs = [pair for pair in map(read_pair, entry["pairs"]) if pair.per_set]
        hits, last = len(found(pairs)), together(entry)
        in_time = entry["measuring_s"] <= kind.measuring_s and (not frameworks or entry["trial_wall_s"] <= kind.wall_s)
        counts["found"].append((hits, len(pairs)))
        counts["in_time"].append((hits if in_time else 0, len(pairs)))
        slower = [one for one in judged(last) if one.verdict is Verdict.REGRESSED]
        counts["regressed"].append((len(slower), len(pairs)))
        counts["raised"].append((len(flagged(last)), len(pairs)))
        counts["lost"].append((len(entry["pairs"]) - len(pairs), len(entry["pairs"])))
    return {
        "counts": counts,
        "measuring_s": _middle_and_most([entry["measuring_s"] for entry in of_kind]),
        "wall_s": _middle_and_most([entry["trial_wall_s"] for entry in of_kind]),
        "ratio": _middle([one.ratio for entry in of_kind for one in judged(list(map(read_pair, entry["pairs"])))]),
    }


def _middle(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def _middle_and_most(values: Sequence[float]) -> tuple[float, float] | None:
    return (statistics.median(values), max(values)) if values else None


def sentences(kind: Kind, known: dict[str, Any], *, frameworks: bool) -> list[str]:
    """Put the figures of one kind of trial into words."""
    counts = known["counts"]
    if not known["measuring_s"]:
        return [f"{kind.name} planted: no trial yet"]
    (measuring_s, most_s), (wall_s, most_wall_s) = known["measuring_s"], known["wall_s"]
    took = f"{measuring_s:.1f} s of measuring a pair, {most_s:.1f} at most"
    whole = f"{wall_s:.0f} s for the session, {most_wall_s:.0f} at most"
    regressed = f"  regressed, after {LAST_SETS} process-sets where found: {share_of(counts['regressed'])}"
    return [
        f"{kind.name} planted: {took}; {whole}; middle ratio {known['ratio'] or 0:.4f}",
        f"  found: {share_of(counts['found'])}",
        *([] if frameworks else [regressed]),
        f"  not compared, an arm failed or a check refused it: {share_of(counts['lost'])}",
    ]


def promises(known: dict[str, dict[str, Any]], *, frameworks: bool, trials: int) -> list[Promise]:
    """Judge what was promised."""
    kept = []
    for kind in (TWO, FIVE):
        limits = f"{kind.measuring_s:g} s of measuring" + (f" and {kind.wall_s:g} s in all" if frameworks else "")
        words = f"{kind.name} planted is found in at least {percent(POWER)} within {limits}"
        kept.append(at_least(words, share_of(known[kind.name]["counts"]["in_time"]), POWER, least=trials))
    nothing = [known[kind.name]["counts"] for kind in KINDS if not kind.planted]
    false = share_of([each for counts in nothing for each in counts["found"]])
    kept.append(at_most(f"nothing planted, something found in at most {percent(ERROR)}", false, ERROR, least=trials))
    if frameworks:
        return kept
    regressed = share_of(known[FIVE.name]["counts"]["regressed"])
    raised = share_of([each for counts in nothing for each in counts["raised"]])
    kept.append(at_least(f"5 % planted has regressed in at least {percent(POWER)}", regressed, POWER, least=trials))
    kept.append(no_more_than("nothing planted, nothing raised", raised, 0, least=trials))
    return kept


def main() -> ExitCode:
    """Measure, print, and say whether the promises hold."""
    parser = common.parser(__doc__)
    parser.add_argument("--target", default="numpy", choices=("numpy", "torch"), help="whose calls are counted")
    parser.add_argument("--threads", type=int, help="of every arm; 0: all there are (default: 1, of frameworks all)")
    parser.add_argument("--frameworks", action="store_true", help="with JAX and TensorFlow up in the same session")
    parser.add_argument("--trials", type=int, default=TRIALS, help="of each kind, enough (default: %(default)s)")
    arguments = parser.parse_args()
    options = common.Options.of(arguments)
    usual = 0 if arguments.frameworks else 1
    threads = (usual if arguments.threads is None else arguments.threads) or None
    journal = Journal(options.keep, script="power")
    sessions = Sessions(
        options,
        journal,
        backend="torch" if arguments.frameworks else arguments.target,
        frameworks=arguments.frameworks,
        threads=threads,
    )

    def enough(entries: Sequence[Entry]) -> bool:
        return all(trials_of(entries, kind) >= arguments.trials for kind in KINDS)

    entries = common.go_on(journal, options, sessions.shape, sessions.session, enough)
    frameworks = with_frameworks(entries, asked=arguments.frameworks)
    known = {kind.name: figures(entries, kind, frameworks=frameworks) for kind in KINDS}
    lines = [common.surroundings_words(entries, options.series)]
    lines += [line for kind in KINDS for line in sentences(kind, known[kind.name], frameworks=frameworks)]
    judged_promises = promises(known, frameworks=frameworks, trials=arguments.trials)
    return common.tell(options, known, lines, [*judged_promises, *common.quiet_promise(entries, options.series)])


def with_frameworks(entries: Sequence[Entry], *, asked: bool) -> bool:
    """Return whether the sessions had three frameworks up: what is told is judged by what was measured."""
    return bool(entries[0]["shape"]["frameworks"]) if entries else asked


def trials_of(entries: Sequence[Entry], kind: Kind) -> int:
    """Return how many trials of a kind there are so far."""
    return sum(bool(each.get("per_set")) for entry in entries if entry["kind"] == kind.name for each in entry["pairs"])


if __name__ == "__main__":
    raise SystemExit(common.run_script(main))
