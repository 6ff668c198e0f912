"""Recording how processes differ: what is asked of a session, what is kept of it, and what is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks.calibration import common, replay, traces
from benchmarks.calibration.keep import Journal
from benchmarks.calibration.measuring import Measured, Pair, Size
from harness.suite.model import Suite

PAIR = Pair(case="product-256", key="k", per_set=(0.1, 0.2), inner=3)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Suite, Size, bool]]:
    """Measure nothing, and tell what was to be measured."""
    known: list[tuple[Suite, Size, bool]] = []

    def measure(suite: Suite, size: Size, _: Path, *, self_check: bool) -> Measured:
        known.append((suite, size, self_check))
        return Measured(run_id="r", pairs=(PAIR,), phases_s={}, values={})

    monkeypatch.setattr(traces, "measure", measure)
    return known


def session(folder: Path, *, quick: bool) -> dict[str, Any]:
    options = common.Options(keep=folder, series="quiet", minutes=None, seed=1, quick=quick, tell=False, json=False)
    return traces.Sessions(options, Journal(folder, script="traces"), size=traces.SIZE).session(0)


def test_a_session_has_all_frameworks_and_the_reference_twice(
    asked: list[tuple[Suite, Size, bool]], tmp_path: Path
) -> None:
    assert session(tmp_path, quick=False) == {"run_id": "r", "pairs": [PAIR.plain()]}
    ((suite, size, twice),) = asked
    first, second, *beside = suite.targets or ()
    assert [(str(one.backend), one.label) for one in (first, second)] == [("torch", "a"), ("jax", "b")]
    assert {one.backend.split(".")[0] for one in beside} == {"torch", "tensorflow"}
    assert len(suite.cases) == len({case.key for case in suite.cases}) == 7
    assert (size, twice) == (traces.SIZE, True)


def test_a_tiny_session_has_two_cases(asked: list[tuple[Suite, Size, bool]], tmp_path: Path) -> None:
    session(tmp_path, quick=True)
    assert len(asked[0][0].cases) == 2


def samples(*, sets: int = 3, rounds: int = 6) -> pd.DataFrame:
    """Return blocks of two arms, of which the second takes e^(set / 100) as long; and single calls among them."""
    rows = [
        {
            "run_id": "r", "case_key": "k", "target": target, "label": "", "replica": 0, "quantity": quantity,
            "set": at, "round": turn, "inner": 2, "wall_ns": 1e6 * np.exp(at / 100 * (target == "b")), "flags": "",
            "thread": 1,
        }
        for target in "ab" for quantity in ("throughput", "latency") for at in range(sets) for turn in range(rounds)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_of_a_run_the_timed_blocks_alone_are_kept_and_say_the_same(tmp_path: Path) -> None:
    run, kept = tmp_path / "run/results/samples", tmp_path / "kept"
    run.mkdir(parents=True)
    samples().to_parquet(run / "one.parquet", index=False)
    traces.keep_blocks(tmp_path / "run", kept)
    blocks = pd.read_parquet(kept / "samples/one.parquet")
    assert list(blocks.columns) == replay.COLUMNS
    assert set(blocks["quantity"]) == {"throughput"}
    assert traces.spreads(replay.traces_of([kept])) == traces.spreads(replay.traces_of([tmp_path / "run"]))


def test_process_sets_lie_apart_by_a_standard_deviation(tmp_path: Path) -> None:
    folder = tmp_path / "samples"
    folder.mkdir()
    samples().to_parquet(folder / "one.parquet", index=False)
    known = replay.traces_of([tmp_path])
    ((name, spread),) = traces.spreads(known)
    assert name == "b k"
    assert spread == pytest.approx(0.01)
    text = "\n".join(traces.sentences([], known, "quiet"))
    assert "1 pair, 3 process-sets each: process-sets of a pair differ by 1 % in the middle" in text


def test_one_process_says_nothing_of_how_they_differ(tmp_path: Path) -> None:
    folder = tmp_path / "samples"
    folder.mkdir()
    samples(sets=1).to_parquet(folder / "one.parquet", index=False)
    known = replay.traces_of([tmp_path])
    assert traces.spreads(known) == []
    assert traces.sentences([], known, "quiet")[-1] == "no pair was measured by two processes"
