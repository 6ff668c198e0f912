"""From the store: which runs, and what becomes of files that cannot be used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import NothingSelected
from harness.report.charts import charts_of
from harness.report.conclusions import conclusions
from harness.report.content import Trust, plain
from harness.report.headline import headline
from harness.report.load import findings_of, load
from harness.report.trust import light
from harness.store.runs import Selection, scan
from tests.core.report.paged import of_runs, page
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


def test_what_was_asked_for_is_told_by_what_finds_it_later(tmp_path: Path) -> None:
    """A name as it is in the store, and a file where that is elsewhere; nothing where no run was named."""
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    put(ours, 1, "gemm")
    put(ours, 2, "conv")
    put(theirs, 3, "gemm")
    put(theirs, 4, "gemm")
    (theirs / "runs" / f"{run_id(4)}.json").unlink()
    there, unlisted = theirs / "runs" / f"{run_id(3)}.json", theirs / "measurements" / f"{run_id(4)}.parquet"
    own = ours / "runs" / f"{run_id(1)}.json"
    found = load(ours, ["latest::jax.jit@cpu", str(own), str(theirs), str(unlisted)])
    assert found.asked == (f"{run_id(2)}::jax.jit@cpu", run_id(1), str(there), str(unlisted))
    assert [one.called for one in found.runs] == [run_id(2), run_id(1), str(there), str(unlisted)]
    assert {one.store for one in found.runs} == {found.store} == {ours}
    again = load(ours, found.asked)
    assert (again.chosen, again.asked) == (found.chosen, found.asked)
    assert load(ours).asked == ()


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


@pytest.mark.parametrize("lose", [Path.unlink, lambda path: path.write_bytes(b"no table")])
def test_lost_blocks_are_not_taken_for_a_check_that_nobody_made(tmp_path: Path, lose: Callable[[Path], object]) -> None:
    put(tmp_path, 1, "gemm")
    lose(tmp_path / "samples" / f"{run_id(1)}.parquet")
    found = load(tmp_path)
    assert [problem.place for problem in found.problems] == [f"samples/{run_id(1)}.parquet"]
    (one,) = found.runs
    assert not one.blocks_read
    drawn = [chart.reading for chart in charts_of(one, "")["as-written"]]
    for told in (*headline(one, str)[:1], light(one).text, *map(plain, conclusions(one)), *drawn):
        assert "the blocks of this run are missing or cannot be read" in told.lower()
    every = " ".join([*headline(one, str), light(one).text, *conclusions(one), *drawn])
    for untrue in ("not measured twice", "side by side", "no reference was measured"):
        assert untrue not in every


def test_rows_that_came_without_their_blocks_say_so(tmp_path: Path) -> None:
    put(tmp_path, 1, "gemm")
    theirs = tmp_path / "from-a-friend.parquet"
    theirs.write_bytes((tmp_path / "measurements" / f"{run_id(1)}.parquet").read_bytes())
    found = load(tmp_path, [str(theirs)])
    assert [(problem.place, problem.message) for problem in found.problems] == [
        ("from-a-friend", "its blocks (samples) are not here, so nothing can be compared")
    ]
    assert not found.runs[0].blocks_read


def test_without_a_manifest_nobody_knows_whether_a_run_ended(tmp_path: Path) -> None:
    rows, samples = run(squares(2), SPEEDS, noise=0.001, seed=5)
    name = store(tmp_path, rows, samples)
    (tmp_path / "runs" / f"{name}.json").unlink()
    found = load(tmp_path, [str(tmp_path / "measurements" / f"{name}.parquet")])
    (one,) = found.runs
    assert (one.state, one.blocks_read, found.problems) == ("unlisted", True, ())
    assert headline(one, str)[0].startswith("unlisted run: no manifest tells whether it reached its end, so what")
    assert light(one).trust is Trust.CAREFUL
    assert light(one).text.startswith("No manifest tells whether the run reached its end")
    text = of_runs(page(one))
    assert "did not reach its end" not in text
    assert "No manifest names its files, so there is no hash" in text
    assert "The hashes are those of its manifest" not in text


@pytest.mark.parametrize(("confidence", "told"), [(0.9875, False), (0.9999999, True), ("sure", True)])
def test_a_confidence_that_cannot_be_is_named(tmp_path: Path, confidence: object, *, told: bool) -> None:
    rows, samples = run(squares(1), SPEEDS)
    name = store(tmp_path, rows, samples, measure={"confidence": confidence})
    said = "its confidence is no number from 0.5 to 0.999, so intervals are of 0.95"
    problems = [(problem.place, problem.message) for problem in load(tmp_path).problems]
    assert problems == ([(f"runs/{name}.json", said)] if told else [])


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
