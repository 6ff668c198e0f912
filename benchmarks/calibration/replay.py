"""Recorded blocks as a source of noise: what intervals are worth on what a machine really did.

For every pair of a run, rounds are drawn again from the residuals of its own process-sets, in runs of
neighbours, so that what lingers from block to block lingers here. The effects of process-sets are those
that were recorded, centred, where there were enough of them; and normally distributed ones for all, so
that runs of a single set serve as well. The truth is the mean of all that was drawn for the pair.

A few recorded process-sets are no source of others: five that were drawn from a normal distribution, drawn
again, leave the truth out of 9 to 10 % of intervals over five. So many are asked for that this error is
small, and it is told: a *control* draws as many normal effects as were recorded and treats them alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
import pandas as pd

from harness.stats.compare import cube_of
from harness.stats.estimate import FloatArray
from harness.stats.verdict import judge
from harness.store.record import UNPROVED

COLUMNS = ["run_id", "case_key", "target", "label", "replica", "quantity", "set", "round", "inner", "wall_ns", "flags"]
NEIGHBOURS = 5  # rounds that stay together
ROUNDS = 30
LEAST_EFFECTS = 20  # process-sets below which too little is known of how they differ
LEAST_SETS = 5  # of twins, judged as they were measured
SPREAD = 0.01  # of the effects that stand in


class Effects(StrEnum):
    """What process-sets differ by when they are drawn again."""

    RECORDED = "recorded effects"
    CONTROL = "as many normal ones"  # what the way of drawing does to intervals by itself
    NORMAL = f"normal effects {SPREAD:.1%}"


@dataclass(frozen=True, kw_only=True)
class Trace:
    """One pair of arms of one case: the logarithms of its ratios [set, round], NaN where a block is missing."""

    case_key: str
    name: str
    twins: bool  # the same arm twice
    logs: FloatArray

    @property
    def medians(self) -> FloatArray:
        """One number a set."""
        return np.asarray(np.nanmedian(self.logs, axis=1))

    def serves(self, effects: Effects) -> bool:
        """Whether sessions can be drawn from it: recorded effects want process-sets enough."""
        return effects is Effects.NORMAL or self.medians.size >= LEAST_EFFECTS


def traces_of(folders: Sequence[Path]) -> list[Trace]:
    """Read every pair with the reference arm, or else with the first, from the samples below `folders`."""
    files = sorted(file for folder in folders for file in folder.rglob("samples/*.parquet"))
    return [trace for file in files for trace in _traces(pd.read_parquet(file, columns=COLUMNS))]


def _traces(samples: pd.DataFrame) -> Iterator[Trace]:
    timed = (samples["quantity"] == "throughput") & (samples["flags"] != UNPROVED)
    chosen = samples[timed & (samples["wall_ns"] > 0) & (samples["inner"] > 0)]
    for (_, case_key), case in chosen.groupby(["run_id", "case_key"]):
        arms = sorted(set(zip(case["target"], case["label"], case["replica"], strict=True)), key=_reference_first(case))
        place = {arm: at for at, arm in enumerate(arms)}
        which = np.array([place[arm] for arm in zip(case["target"], case["label"], case["replica"], strict=True)])
        per_call = case["wall_ns"].to_numpy(np.float64) / case["inner"].to_numpy(np.float64)
        cube = cube_of(which, case["set"].to_numpy(), case["round"].to_numpy(), per_call, arms=len(arms))
        for at, (target, label, replica) in enumerate(arms[1:], start=1):
            logs = cube[at] - cube[0]
            logs = logs[np.isfinite(logs).sum(axis=1) >= NEIGHBOURS]
            if logs.size:
                yield Trace(case_key=str(case_key), name=f"{target} {label}".strip(), twins=replica == 1, logs=logs)


def _reference_first(case: pd.DataFrame) -> Callable[[tuple[str, str, int]], tuple[bool, int, tuple[str, str, int]]]:
    twice = case[case["replica"] == 1]
    reference = (twice["target"].iloc[0], twice["label"].iloc[0]) if len(twice) else None
    return lambda arm: ((arm[0], arm[1]) != reference, arm[2], arm)


def as_recorded(traces: Sequence[Trace]) -> dict[str, float]:
    """Return how many pairs of twins there are, and the share whose 95 % interval misses 1 as they were measured."""
    medians = [trace.medians for trace in traces if trace.twins and trace.medians.size >= LEAST_SETS]
    missed = [judge(each[None, :])[0].found for each in medians]
    return {"pairs": len(missed), "missed": float(np.mean(missed)) if missed else float("nan")}


def coverage(
    traces: Sequence[Trace], sets: Sequence[int], trials: int, seed: int, effects: Effects
) -> dict[int, float]:
    """Return the share of intervals that miss the truth, by the number of sets, over all pairs that serve."""
    rng = np.random.default_rng(seed)
    missed: dict[int, list[float]] = {count: [] for count in sets}
    for trace in traces:
        if not trace.serves(effects):
            continue
        drawn = redraw(trace, (trials, max(sets)), rng, effects)
        truth = float(drawn.mean())
        for count in sets:
            ends = [(said.log_low, said.log_high) for said in judge(drawn[:, :count])]
            missed[count].append(float(np.mean([not (low or 0) <= truth <= (high or 0) for low, high in ends])))
    return {count: float(np.mean(shares)) if shares else float("nan") for count, shares in missed.items()}


def redraw(trace: Trace, shape: tuple[int, int], rng: np.random.Generator, effects: Effects) -> FloatArray:
    """Return new process-sets [trial, set] of a pair."""
    residuals = trace.logs - trace.medians[:, None]
    made = np.empty(shape)
    chosen = rng.integers(0, len(residuals), shape)
    for at, row in enumerate(residuals):
        mine = chosen == at
        made[mine] = _medians(row[np.isfinite(row)], int(mine.sum()), rng)
    return made + _effects(trace.medians, shape, rng, effects)


def _effects(recorded: FloatArray, shape: tuple[int, int], rng: np.random.Generator, effects: Effects) -> FloatArray:
    """Return what processes differ by [trial, set], about nothing."""
    if effects is Effects.NORMAL:
        return rng.normal(0, SPREAD, shape)
    if effects is Effects.RECORDED:
        return np.asarray(rng.choice(recorded - recorded.mean(), shape))
    known = rng.normal(0, recorded.std(ddof=1), (shape[0], recorded.size))  # anew for each trial
    known -= known.mean(axis=1, keepdims=True)
    return np.asarray(np.take_along_axis(known, rng.integers(0, recorded.size, shape), axis=1))


def _medians(residuals: FloatArray, count: int, rng: np.random.Generator) -> FloatArray:
    """Return medians of rounds drawn in runs of neighbours; a run goes round at the end."""
    starts = rng.integers(0, residuals.size, (count, -(-ROUNDS // NEIGHBOURS)))
    places = (starts[:, :, None] + np.arange(NEIGHBOURS)).reshape(count, -1)[:, :ROUNDS] % residuals.size
    return np.asarray(np.median(residuals[places], axis=1))
