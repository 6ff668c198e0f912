"""From the store: which runs, and what becomes of files that cannot be used."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import NothingSelected
from harness.report.load import findings_of, load
from harness.store.runs import Selection, scan
from tests.core.report.stored import store
from tests.core.report.synthetic import REFERENCE, run, squares

SPEEDS = {REFERENCE: 1.0, "jax.jit@cpu": 0.8}


def run_id(number: int) -> str:
    """Return the name of a run that sorts by `number`."""
    return f"2026010{number}T030405678Z-0123456789ab"


def put(root: Path, number: int, suite: str, state: str = "complete") -> str:
    """Store a made-up run."""
    rows, samples = run(squares(2), SPEEDS, run_id=run_id(number), suite=suite, rounds=2)
    return store(root, rows, [replace(one, run_id=run_id(number)) for one in samples], state=state)


def test_alone_it_takes_the_newest_run_of_each_suite(tmp_path: Path) -> None:
    """Older runs of a suite are history."""
    for number, suite in enumerate(["gemm", "gemm", "conv"], start=1):
        put(tmp_path, number, suite)
    assert [one.run_id for one in load(tmp_path).runs] == [run_id(2), run_id(3)]


def test_named_runs_are_taken_once_and_in_their_order(tmp_path: Path) -> None:
    put(tmp_path, 1, "gemm")
    put(tmp_path, 2, "gemm")
    found = load(tmp_path, ["latest", run_id(1), run_id(2)])
    assert [one.run_id for one in found.runs] == [run_id(2), run_id(1)]


def test_what_was_chosen_is_known_by_its_whole_name(tmp_path: Path) -> None:
    """So that the same report can be made when a newer run is there."""
    put(tmp_path, 1, "gemm")
    put(tmp_path, 2, "conv")
    assert load(tmp_path).chosen == (run_id(1), run_id(2))
    assert load(tmp_path, ["latest::jax.jit@cpu", run_id(1)]).chosen == (f"{run_id(2)}::jax.jit@cpu", run_id(1))


def test_all_are_compared_with_all_unless_nobody_asks(tmp_path: Path) -> None:
    put(tmp_path, 1, "gemm")
    (selection,) = [Selection(run=one) for one in scan(tmp_path).runs]
    with_matrix, without = findings_of(tmp_path, selection, []), findings_of(tmp_path, selection, [], matrix=False)
    assert with_matrix is not None
    assert without is not None
    assert with_matrix.matrix
    assert not without.matrix


def test_a_partial_run_is_labelled(tmp_path: Path) -> None:
    put(tmp_path, 1, "gemm", state="partial")
    assert [one.state for one in load(tmp_path).runs] == ["partial"]


def test_a_run_of_one_backend_is_a_run(tmp_path: Path) -> None:
    rows, samples = run(squares(1), {REFERENCE: 1.0})
    store(tmp_path, rows, samples)
    assert [len(one.arms) for one in load(tmp_path).runs] == [2]


def test_a_corrupt_file_is_named_and_the_others_are_reported(tmp_path: Path) -> None:
    """Neither hides the other."""
    put(tmp_path, 1, "gemm")
    put(tmp_path, 2, "conv")
    path = tmp_path / "measurements" / f"{run_id(1)}.parquet"
    path.write_bytes(path.read_bytes()[:-40])
    found = load(tmp_path)
    assert [one.suite for one in found.runs] == ["conv"]
    assert any(problem.place == f"measurements/{run_id(1)}.parquet" for problem in found.problems)


def test_lost_blocks_leave_times_without_verdicts(tmp_path: Path) -> None:
    """And the file is named."""
    put(tmp_path, 1, "gemm")
    (tmp_path / "samples" / f"{run_id(1)}.parquet").write_bytes(b"no table")
    found = load(tmp_path)
    verdicts = {entry.verdict for board in found.runs[0].boards for case in board.cases for entry in case.entries}
    assert not verdicts & {"faster", "slower", "tie"}
    assert any(problem.place.startswith("samples/") for problem in found.problems)


def test_a_bad_manifest_is_named(tmp_path: Path) -> None:
    put(tmp_path, 1, "gemm")
    (tmp_path / "runs" / f"{run_id(2)}.json").write_text("{")
    found = load(tmp_path)
    assert [one.run_id for one in found.runs] == [run_id(1)]
    assert [problem.place for problem in found.problems] == [f"runs/{run_id(2)}.json"]


@pytest.mark.parametrize("corrupt", [False, True])
def test_nothing_to_report_says_what_to_do(tmp_path: Path, *, corrupt: bool) -> None:
    """And names the files that were in the way."""
    if corrupt:
        put(tmp_path, 1, "gemm")
        (tmp_path / "measurements" / f"{run_id(1)}.parquet").write_bytes(b"")
    with pytest.raises(NothingSelected, match=r"no run in .* can be reported") as caught:
        load(tmp_path)
    assert (f"measurements/{run_id(1)}.parquet" in str(caught.value)) is corrupt
    assert "python -m harness" in str(caught.value)
