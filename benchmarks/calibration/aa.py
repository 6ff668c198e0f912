"""A/A: how often a difference is told where there is none.

    python -m benchmarks.calibration.aa --keep DIR [--series load] [--target torch@cpu]
    python -m benchmarks.calibration.aa --keep DIR --keep DIR ... --tell

Two workers of the same target are measured beside each other, case by case, as any two arms are; every
difference that is found is a false one. A difference beyond the margin is measured again by fresh
processes, ten sets, and only what they say too is *raised*. The promises: of the raw 95 % intervals at
most 5 % miss 1, and nothing is raised, among 400 comparisons at least. They are judged for a series by
itself, or for all series of several folders as one, which were to take an hour together.

Beside them stand the rules of other tools on the same machine in the same minutes: on these very blocks,
which alternate, and on blocks of A followed by blocks of B in fresh processes, as those tools measure.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # run as a file, too

from benchmarks.calibration import common, others, peers
from benchmarks.calibration.figures import Promise, State, at_most, no_more_than, percent, share_of
from benchmarks.calibration.keep import JOURNAL, Entry, Journal, KeepError
from benchmarks.calibration.measuring import (
    Measured,
    Size,
    detectable,
    flagged,
    measure,
    only,
    pairs_suite,
    tally,
    twins,
    whole,
)
from benchmarks.calibration.sequential import one_after_the_other
from harness.core.target import Target
from harness.errors import ExitCode
from harness.suite.model import Case, Suite
from harness.workloads.elementwise import Elementwise
from harness.workloads.matmul import Matmul
from harness.workloads.normalise import Normalise
from harness.workloads.reduction import Reduction

COMPARISONS = 400
MINUTES = 60.0
SIZE, AGAIN = Size(sets=5, rounds=30, block_ms=5.0), Size(sets=10, rounds=30, block_ms=5.0)
QUICK, QUICK_AGAIN = Size(sets=5, rounds=6, block_ms=1.0), Size(sets=10, rounds=6, block_ms=1.0)
PEER_CASES = 6  # of a session: what other tools measure takes as long as what is measured in turn
RAW_LIMIT = 0.05
TOGETHER = "together"


def cases() -> list[Case]:
    """Return small and middling work of every sort: products, sums, elementwise, normalised."""
    products = [Case(name=f"product-{n}", workload=Matmul(m=n, n=n, k=n)) for n in (32, 96, 192, 320)]
    sums = [
        Case(name=f"{op}-{n}", workload=Reduction(op=op, shape=(n,)))
        for op, n in (("sum", 10_000), ("sum", 1_000_000), ("logsumexp", 100_000), ("l2norm", 300_000))
    ]
    elementwise = [
        Case(name=f"{op}-{n}", workload=Elementwise(op=op, shape=(n,)))
        for op, n in (("add", 20_000), ("multiply_add", 500_000), ("gelu", 50_000))
    ]
    rows = [Case(name="softmax-128", workload=Normalise(op="softmax", shape=(128, 512)))]
    return [*products, *sums, *elementwise, *rows]


class Sessions:
    """Measures sessions of one target."""

    def __init__(
        self, options: common.Options, journal: Journal, *, target: str, threads: int | None, peer_cases: int
    ) -> None:
        self._options = options
        self._journal = journal
        self._target = target
        self._threads = threads
        self._cases = cases()[:2] if options.quick else cases()
        self._peer_cases = min(peer_cases, len(self._cases))
        self._size, self._again = (QUICK, QUICK_AGAIN) if options.quick else (SIZE, AGAIN)

    @property
    def shape(self) -> dict[str, Any]:
        """What all sessions of a series have in common."""
        names = [case.name for case in self._cases]
        return {
            "target": self._target,
            "threads": self._threads,
            "cases": names,
            "peer_cases": self._peer_cases,
            **self._size.plain(),
        }

    def session(self, number: int) -> Entry:
        """Measure all cases in turn, those flagged again, and some as other tools do."""
        seed = common.seed_of(self._options, number)
        suite = pairs_suite("calibration-aa", self._cases, twins(self._target), threads=self._threads, seed=seed)
        measured = measure(suite, self._size, self._journal.results)
        return {
            "run_id": measured.run_id,
            "pairs": [pair.plain() for pair in measured.pairs],
            "again": self._measured_again(suite, measured, number),
            "in_turn": {key: peers.alarms(peers.IN_TURN, a, b) for key, (a, b) in measured.values.items()},
            "sequential": self._sequential(measured, number),
        }

    def _measured_again(self, suite: Suite, measured: Measured, number: int) -> list[dict[str, Any]]:
        """Measure what was flagged by fresh processes."""
        suspects = flagged(measured.pairs)
        if not suspects:
            return []
        again = only(suite, suspects, seed=common.seed_of(self._options, number, 1))
        return [pair.plain() for pair in measure(again, self._again, self._journal.results).pairs]

    def _sequential(self, measured: Measured, number: int) -> dict[str, Any]:
        """Measure some of the cases one arm after the other, and ask the other tools' rules."""
        seed = common.seed_of(self._options, number, 2)
        whole = [pair for pair in measured.pairs if pair.per_set]
        chosen = random.Random(seed).sample(whole, min(self._peer_cases, len(whole)))  # noqa: S311  (which cases)
        by_key = {case.key: case for case in self._cases}
        target, threads = Target.parse(self._target), self._threads or len(others.allowed())
        kept = {}
        for pair in chosen:
            a, b = one_after_the_other(by_key[pair.key], target, inner=pair.inner, threads=threads, seed=seed)
            kept[pair.key] = {"a": a, "b": b, "alarms": peers.alarms(peers.SEQUENTIAL, a, b)}
        return kept


# -- figures --------------------------------------------------------------------------------------


def comparisons(entries: Sequence[Entry]) -> int:
    """Return how many pairs were compared so far."""
    return sum(len(whole(entry["pairs"])) for entry in entries)


def figures(entries: Sequence[Entry]) -> dict[str, Any]:
    """Return the counts of a series: (hits, asked) of each session, by what is counted."""
    return {
        "counts": tally(entries),
        "detectable": detectable(entries),
        "in_turn": _alarms(peers.IN_TURN, [list(entry["in_turn"].values()) for entry in entries]),
        "sequential": _alarms(
            peers.SEQUENTIAL, [[each["alarms"] for each in entry["sequential"].values()] for entry in entries]
        ),
    }


def _alarms(rules: Any, sessions: Sequence[Sequence[dict[str, bool]]]) -> dict[str, list[tuple[int, int]]]:
    return {name: [(sum(each[name] for each in one), len(one)) for one in sessions] for name in rules}


def sentences(entries: Sequence[Entry], known: dict[str, Any], series: str) -> list[str]:
    """Put the figures into words, ours and the other tools' side by side."""
    return [common.surroundings_words(entries, series), *_figures_words(known)]


def _figures_words(known: dict[str, Any]) -> list[str]:
    counts = known["counts"]
    lines = [
        f"identical arms, 95 % intervals that miss 1: {share_of(counts['raw'])}",
        f"flagged beyond the margin, each by itself: {share_of(counts['flagged'])}",
        f"flagged, counted among those of its session: {share_of(counts['flagged_among'])}",
        f"raised, that is, flagged by fresh processes too: {share_of(counts['raised'])}",
        f"flagged and not to be measured again, an arm failed or a check refused it: {share_of(counts['unconfirmed'])}",
        f"not compared for that reason: {share_of(counts['lost'])}",
    ]
    if known["detectable"] is not None:
        lines.append(f"in the middle comparison, a difference of {percent(known['detectable'])} could be seen")
    in_turn, sequential = known["in_turn"], known["sequential"]
    lines.append("the rules of other tools, false alarms on blocks in turn, and on A then B:")
    lines += [f"  {name}: {share_of(in_turn[name])}; {share_of(sequential[name])}" for name in peers.SEQUENTIAL]
    return lines


def promises(entries: Sequence[Entry], known: dict[str, Any], series: str) -> list[Promise]:
    """Judge what was promised."""
    raw, raised = share_of(known["counts"]["raw"]), share_of(known["counts"]["raised"])
    return [
        at_most(
            f"at most {percent(RAW_LIMIT)} of intervals of identical arms miss 1", raw, RAW_LIMIT, least=COMPARISONS
        ),
        no_more_than("no identical arms are raised", raised, 0, least=COMPARISONS),
        *common.quiet_promise(entries, series),
    ]


# -- several series as one ------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Part:
    """One series of those that are told together."""

    folder: Path
    series: str
    entries: list[Entry]

    @property
    def target(self) -> str:
        """What was measured against itself."""
        return str(self.entries[0]["shape"]["target"])

    def plain(self) -> dict[str, Any]:
        """Return what is told of it."""
        counts = {name: tally(self.entries)[name] for name in ("raw", "raised")}
        return {"folder": self.folder.name, "target": self.target, "series": self.series, "counts": counts}

    def __str__(self) -> str:
        missed = share_of(tally(self.entries)["raw"])
        words = common.surroundings_words(self.entries, self.series)
        return f"{self.folder.name}, {self.target}, {words}; intervals that miss 1: {missed}"


def parts_of(folders: Sequence[Path], options: common.Options, series: Sequence[str]) -> Iterator[Part]:
    """Yield every series that is kept in the folders; raise where one holds none."""
    for folder in folders:
        if not (folder / JOURNAL).exists():
            raise KeepError(f"{folder} holds no sessions; name the folder of a journal with --keep")
        journal = Journal(folder, script="aa")
        for name in series:
            if entries := common.kept(journal, options, name):
                yield Part(folder=folder, series=name, entries=entries)


def joint_promises(parts: Sequence[Part], known: dict[str, Any]) -> list[Promise]:
    """Judge what was promised of identical arms by all series: how many, how long, and, of quiet ones, how quiet."""
    entries = [entry for part in parts for entry in part.entries]
    quiet = [entry for part in parts if part.series == common.QUIET for entry in part.entries]
    minutes = sum(entry["wall_s"] for entry in entries) / 60
    return [
        *promises(entries, known, TOGETHER),
        Promise(
            words=f"this was measured for at least {MINUTES:g} minutes",
            found=f"{minutes:.0f} minutes",
            state=State.KEPT if minutes >= MINUTES else State.OPEN,
        ),
        *(common.quiet_promise(quiet, common.QUIET) if quiet else []),
    ]


def tell_together(folders: Sequence[Path], options: common.Options, series: Sequence[str]) -> ExitCode:
    """Print what all series say as one, and whether the promises hold."""
    parts = list(parts_of(folders, options, series))
    known = figures([entry for part in parts for entry in part.entries])
    lines = [*map(str, parts), "all of them together:", *_figures_words(known)]
    told = {**known, "parts": [part.plain() for part in parts]}
    return common.tell(replace(options, series=TOGETHER), told, lines, joint_promises(parts, known))


# -- the script -----------------------------------------------------------------------------------


def main() -> ExitCode:
    """Measure, print, and say whether the promises hold."""
    parser = _parser()
    arguments = parser.parse_args()
    keep, *more = {folder.resolve(): folder for folder in arguments.keep}.values()  # one that is named twice is one
    options = common.Options.of(
        argparse.Namespace(**{**vars(arguments), "keep": keep, "series": arguments.series or common.QUIET})
    )
    if more and not options.tell:
        parser.error("sessions are measured into one --keep; several are told together, with --tell")
    if more:
        asked = [arguments.series] if arguments.series else [common.QUIET, common.LOAD]
        return tell_together([keep, *more], options, asked)
    return _one_series(options, arguments)


def _parser() -> argparse.ArgumentParser:
    parser = common.parser(__doc__, several=True)
    parser.set_defaults(series=None)  # quiet, but where folders are told together: then all that they hold
    parser.add_argument("--target", default="numpy@cpu", help="measured against itself (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="of every arm; 0: all there are (default: %(default)s)")
    parser.add_argument("--comparisons", type=int, default=COMPARISONS, help="enough (default: %(default)s)")
    parser.add_argument("--least-minutes", type=float, default=MINUTES, help="of the series (default: %(default)s)")
    parser.add_argument("--peer-cases", type=int, default=PEER_CASES, help="of each session (default: %(default)s)")
    return parser


def _one_series(options: common.Options, arguments: argparse.Namespace) -> ExitCode:
    journal = Journal(options.keep, script="aa")
    sessions = Sessions(
        options,
        journal,
        target=arguments.target,
        threads=arguments.threads or None,
        peer_cases=arguments.peer_cases,
    )

    def enough(entries: Sequence[Entry]) -> bool:
        minutes: float = sum(entry["wall_s"] for entry in entries) / 60
        return bool(comparisons(entries) >= arguments.comparisons and minutes >= arguments.least_minutes)

    entries = common.go_on(journal, options, sessions.shape, sessions.session, enough)
    known = figures(entries)
    return common.tell(
        options, known, sentences(entries, known, options.series), promises(entries, known, options.series)
    )


if __name__ == "__main__":
    raise SystemExit(common.run_script(main))
