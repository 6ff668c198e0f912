"""One session of pairs: two arms a case, measured by the harness as it measures for anybody.

Everything goes through the harness's own run: fresh workers, proved answers, random order, the token,
and every block kept in a results folder. Only the pace is chosen here. What comes back is one number
a process-set for each pair: the logarithm of the time of B over that of A.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from harness.backends.base import BackendInfo
from harness.backends.registry import find_backend
from harness.core.target import Target
from harness.run.plan import make_plan
from harness.run.progress import Silent
from harness.run.runner import RunResult, default_pace, run_plan
from harness.run.terms import Pace
from harness.stats.compare import compare_many, cube_of
from harness.stats.estimate import FloatArray
from harness.stats.multiplicity import Correction
from harness.stats.verdict import FLAGGED, Judgement, judge
from harness.store.read import read_samples
from harness.store.record import UNPROVED, Measurement, Outcome
from harness.store.runs import RunInfo, read_manifest
from harness.suite.identity import suite_from_cases
from harness.suite.model import Case, Measure, Suite

A, B = "a", "b"  # labels of the two arms
MAX_TIME_S = 3600.0  # for one arm: the pace alone says how much is measured


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much one session measures."""

    sets: int
    rounds: int
    block_ms: float

    def pace(self, usual: Pace) -> Pace:
        """Return the pace of a session; what is not said here is as in any run."""
        block_ns = int(self.block_ms * 1e6)
        return replace(usual, sets=self.sets, rounds=self.rounds, max_time_s=MAX_TIME_S, least_block_ns=block_ns)

    def plain(self) -> dict[str, Any]:
        """Return it as it is kept."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """What one case showed: a logarithm a process-set, none where an arm was not measured."""

    case: str
    key: str
    per_set: tuple[float, ...]
    inner: int  # calls in a block of A
    lost: str = ""  # why there is nothing to compare

    def plain(self) -> dict[str, Any]:
        """Return it as it is kept."""
        return {name: value for name, value in asdict(self).items() if value not in ("", ())}


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A session that was measured."""

    run_id: str
    pairs: tuple[Pair, ...]
    phases_s: dict[str, float]
    values: dict[str, tuple[list[list[float]], list[list[float]]]]  # seconds a call by set, of A and of B, by case


def pairs_suite(
    name: str, cases: Sequence[Case], targets: Sequence[Target], *, threads: int | None, seed: int
) -> Suite:
    """Return a suite of these cases on these targets, of which the first two are A and B."""
    return suite_from_cases(name, cases, targets=targets, measure=Measure(threads=threads, seed=seed))


def twins(target: str) -> tuple[Target, Target]:
    """Return the same target twice, which is what A/A means."""
    return pair_of(target, target)


def pair_of(a: str, b: str) -> tuple[Target, Target]:
    """Return two targets under the labels of the two arms."""
    return labelled(Target.parse(a), A), labelled(Target.parse(b), B)


def labelled(target: Target, label: str) -> Target:
    """Return a target under a label."""
    return replace(target, label=label)


def measure(
    suite: Suite,
    size: Size,
    results: Path,
    *,
    find: Callable[[str], BackendInfo] = find_backend,
    self_check: bool = False,
) -> Measured:
    """Measure a suite at a pace; raise `KeyboardInterrupt` where somebody asks to stop.

    The reference is not measured against itself besides: in A/A that is what is measured anyway.
    """
    plan = make_plan(suite, self_check=self_check, find=find)
    result = run_plan(
        plan, results=results, observer=Silent(), pace=size.pace(default_pace(plan)), command="benchmarks/calibration"
    )
    if result.stopped:
        raise KeyboardInterrupt
    return _measured(suite, result, results)


def _measured(suite: Suite, result: RunResult, results: Path) -> Measured:
    info = read_manifest(result.paths.manifest)
    rows = {(row.case_key, row.label): row for row in result.measurements if row.label in (A, B) and not row.replica}
    whole = [case for case in suite.cases if all(rows[case.key, label].outcome == Outcome.MEASURED for label in (A, B))]
    cube = _cube(results, info, [(case.key, label) for case in whole for label in (A, B)])
    places = [(2 * at, 2 * at + 1) for at in range(len(whole))]
    per_set = dict(zip([case.key for case in whole], compare_many(cube, places).per_set, strict=True))
    pairs = [_pair(case, rows[case.key, A], rows[case.key, B], per_set.get(case.key)) for case in suite.cases]
    values = {case.key: (_by_set(cube[a]), _by_set(cube[b])) for case, (a, b) in zip(whole, places, strict=True)}
    phases_s = dict(info.manifest["phases_s"])
    return Measured(run_id=result.run_id, pairs=tuple(pairs), phases_s=phases_s, values=values)


def _pair(case: Case, a: Measurement, b: Measurement, per_set: FloatArray | None) -> Pair:
    known = () if per_set is None else tuple(float(value) for value in per_set if math.isfinite(value))
    return Pair(case=case.name, key=case.key, per_set=known, inner=a.inner or 0, lost="" if known else _why(a, b))


def _why(*rows: Measurement) -> str:
    bad = [f"{row.label} is {row.outcome}: {row.detail}" for row in rows if row.outcome != Outcome.MEASURED]
    return "; ".join(bad) or "no process-set has blocks of both"


def _cube(results: Path, run: RunInfo, arms: Sequence[tuple[str, str]]) -> FloatArray:
    """Return the logarithms of all proved blocks [arm, set, round]; an arm is a case's key and a label."""
    import pyarrow.compute as pc

    table = read_samples(results, [run]).table
    wanted = pc.and_(pc.equal(table["quantity"], "throughput"), pc.not_equal(table["flags"], UNPROVED))
    table = table.filter(pc.and_(wanted, pc.equal(table["replica"], 0)))
    place = {arm: at for at, arm in enumerate(arms)}
    keys, labels = table["case_key"].to_pylist(), table["label"].to_pylist()
    at = np.array([place.get(arm, -1) for arm in zip(keys, labels, strict=True)], dtype=np.int64)
    kept = at >= 0
    columns = {name: table[name].to_numpy()[kept] for name in ("set", "round", "wall_ns", "inner")}
    per_call_s = columns["wall_ns"] / columns["inner"] * 1e-9
    return cube_of(at[kept], columns["set"], columns["round"], per_call_s, arms=len(arms))


def _by_set(logs: FloatArray) -> list[list[float]]:
    return [[math.exp(value) for value in row if math.isfinite(value)] for row in logs]


# -- what follows from the pairs ------------------------------------------------------------------


def judged(pairs: Sequence[Pair], *, correction: Correction = Correction.NONE) -> list[Judgement]:
    """Judge the pairs that have numbers, in their order, as one family."""
    whole = [pair.per_set for pair in pairs if pair.per_set]
    if not whole:
        return []
    widest = max(map(len, whole))
    table = np.full((len(whole), widest), np.nan)
    for at, values in enumerate(whole):
        table[at, : len(values)] = values
    return judge(table, correction=correction)


def flagged(pairs: Sequence[Pair], *, correction: Correction = Correction.NONE) -> list[Pair]:
    """Return the pairs that differ by more than the margin, as far as this session can say."""
    whole = [pair for pair in pairs if pair.per_set]
    found = judged(whole, correction=correction)
    return [pair for pair, one in zip(whole, found, strict=True) if one.verdict in FLAGGED]


def found(pairs: Sequence[Pair]) -> list[Pair]:
    """Return the pairs whose interval misses 1."""
    whole = [pair for pair in pairs if pair.per_set]
    return [pair for pair, one in zip(whole, judged(whole), strict=True) if one.found]


def whole(plain: Sequence[dict[str, Any]]) -> list[Pair]:
    """Return the pairs, as they are kept, that have numbers."""
    return [pair for pair in map(read_pair, plain) if pair.per_set]


def tally(entries: Sequence[Mapping[str, Any]]) -> dict[str, list[tuple[int, int]]]:
    """Count (hits, asked) of each session of identical arms: by itself, among its neighbours, and measured again."""
    names = ("raw", "flagged", "flagged_among", "raised", "unconfirmed", "lost")
    counts: dict[str, list[tuple[int, int]]] = {name: [] for name in names}
    for entry in entries:
        pairs, again = whole(entry["pairs"]), [read_pair(each) for each in entry["again"]]
        counts["raw"].append((len(found(pairs)), len(pairs)))
        counts["flagged"].append((len(flagged(pairs)), len(pairs)))
        counts["flagged_among"].append((len(flagged(pairs, correction=Correction.BENJAMINI_HOCHBERG)), len(pairs)))
        counts["raised"].append((len(flagged(again)), len(pairs)))
        counts["unconfirmed"].append((sum(not pair.per_set for pair in again), len(again)))
        counts["lost"].append((len(entry["pairs"]) - len(pairs), len(entry["pairs"])))
    return counts


def detectable(entries: Sequence[Mapping[str, Any]]) -> float | None:
    """Return the difference that could be seen in the middle comparison of all sessions."""
    half = [one.detectable for entry in entries for one in judged(whole(entry["pairs"])) if one.detectable is not None]
    return statistics.median(half) if half else None


def only(suite: Suite, pairs: Sequence[Pair], *, seed: int) -> Suite:
    """Return the suite with the cases of `pairs` alone, to be measured again by fresh processes."""
    keys = {pair.key for pair in pairs}
    cases = [case for case in suite.cases if case.key in keys]
    targets = (suite.targets or ())[:2]
    return pairs_suite(f"{suite.name}-again", cases, targets, threads=_threads(suite), seed=seed)


def _threads(suite: Suite) -> int | None:
    asked = suite.measure.threads
    return asked if isinstance(asked, int) else None


def read_pair(plain: dict[str, Any]) -> Pair:
    """Return a pair as it was kept."""
    return Pair(**{"per_set": (), **plain} | {"per_set": tuple(plain.get("per_set", ()))})
