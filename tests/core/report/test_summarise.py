"""Findings: who wins, who ties, who may not be compared, checked on runs whose truth is known."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report.findings import Board, RunFindings, Standing
from harness.report.headline import winner
from harness.report.rows import measurements_of, natural, sample_frame
from harness.report.summarise import summarise
from harness.store.record import UNPROVED, Measurement, Sample
from harness.store.rows import measurement_table
from tests.core.report.synthetic import REFERENCE, arm, run, squares, unmeasured

SPEEDS = {
    REFERENCE: 1.0,
    "jax.jit@cpu": 0.8,
    "tensorflow.function@cpu": 0.8,
    "torch.compile@cpu": 0.5,
    "numpy.reference@cpu": 0.1,
}


def findings(rows: list[Measurement], samples: list[Sample]) -> RunFindings:
    """Return what a run says."""
    return summarise(rows, sample_frame(samples))


def board(found: RunFindings, name: str) -> Board:
    """Return one class."""
    return next(one for one in found.boards if one.mode_class == name)


def standings(one: Board, target: str) -> set[Standing | None]:
    """Return how `target` stands in all cases."""
    return {entry.standing for case in one.cases for entry in case.entries if entry.arm.target == target}


def verdicts(one: Board, target: str) -> set[str]:
    """Return what is said of `target` beside the reference."""
    return {entry.verdict for case in one.cases for entry in case.entries if entry.arm.target == target}


@pytest.fixture(scope="module")
def calm() -> RunFindings:
    """A run of three cases without incidents."""
    return findings(*run(squares(3), SPEEDS, noise=0.001, seed=5))


def test_rankings_stay_within_a_class(calm: RunFindings) -> None:
    """NumPy is the fastest of all and wins nothing; what always compiles is ranked in both classes."""
    assert [one.mode_class for one in calm.boards] == ["as-written", "compiled", "not ranked"]
    assert standings(board(calm, "compiled"), "torch.compile@cpu") == {Standing.WINS}
    assert standings(board(calm, "compiled"), "jax.jit@cpu") == {Standing.BEHIND}
    assert standings(board(calm, "not ranked"), "numpy.reference@cpu") == {Standing.UNRANKED}
    assert {entry.arm.target for case in board(calm, "as-written").cases for entry in case.entries} == {
        REFERENCE,
        "jax.jit@cpu",
        "tensorflow.function@cpu",
    }


def test_equals_tie_and_nobody_wins(calm: RunFindings) -> None:
    """Two arms of one speed share the first place."""
    as_written = board(calm, "as-written")
    assert standings(as_written, "jax.jit@cpu") == {Standing.TIE}
    assert standings(as_written, "tensorflow.function@cpu") == {Standing.TIE}
    assert standings(as_written, REFERENCE) == {Standing.BEHIND}


def test_verdicts_are_beside_the_reference_and_within_its_class(calm: RunFindings) -> None:
    """The ratio to a reference of another class is shown without a verdict."""
    assert verdicts(board(calm, "as-written"), "jax.jit@cpu") == {"faster"}
    assert verdicts(board(calm, "as-written"), REFERENCE) == {"reference"}
    assert verdicts(board(calm, "compiled"), "torch.compile@cpu") == {"other class"}


def test_geometric_means_are_over_common_cases(calm: RunFindings) -> None:
    """The fastest comes first, and the others beside it."""
    first, second = board(calm, "compiled").overall
    assert (first.target, second.target) == ("torch.compile@cpu", "jax.jit@cpu")
    assert first.beside_reference is not None
    assert first.beside_reference.ratio == pytest.approx(0.5, rel=0.01)
    assert second.beside_fastest is not None
    assert second.beside_fastest.ratio == pytest.approx(1.6, rel=0.01)
    assert (second.beside_fastest.cases, second.beside_fastest.sets) == (3, 5)


def test_a_case_that_one_lacks_is_not_common() -> None:
    """A failed arm must not be won by leaving out its slowest case."""
    rows, samples = run(squares(3), SPEEDS, noise=0.001)
    gone = next(row for row in rows if row.target == "torch.compile@cpu")
    rows = [unmeasured(row, "failed", "error: boom") if row is gone else row for row in rows]
    compiled = board(findings(rows, samples), "compiled")
    assert compiled.common == 2
    assert len(compiled.cases) == 3


def test_a_case_that_failed_its_self_check_has_no_part_in_the_means() -> None:
    """However large its difference: by it, the reference would come first."""
    rows, samples = run(squares(3), {REFERENCE: 1.0, "jax.jit@cpu": 0.8}, noise=0.0)
    first = rows[0].case_key
    by = {0: 1.0, 1: 1.02}
    moved = [
        replace(one, wall_ns=round(one.wall_ns * (by[one.replica] if one.target == REFERENCE else 10)))
        if one.case_key == first
        else one
        for one in samples
    ]
    found = findings(rows, moved)
    assert (found.self_check.passed, found.self_check.failed) == (True, (rows[0].case,))
    as_written = board(found, "as-written")
    assert (as_written.common, as_written.withheld) == (2, 1)
    first_place, second = as_written.overall
    assert first_place.target == "jax.jit@cpu"
    assert second.beside_fastest is not None
    assert second.beside_fastest.ratio == pytest.approx(1.25, rel=0.001)
    assert second.beside_fastest.cases == 2


def test_where_the_run_failed_its_self_check_all_cases_stay_in_means_without_a_verdict() -> None:
    found = findings(*run(squares(3), SPEEDS, noise=0.001, copy=1.1))
    assert [(one.common, one.withheld) for one in found.boards if one.ranked] == [(3, 0), (3, 0)]


@pytest.mark.parametrize("lost", ["failed", "invalid", "not-run", ""])
def test_a_case_whose_copy_has_no_time_has_no_verdict(lost: str) -> None:
    """A copy is planned wherever the reference is; an empty outcome stands for a row that is gone."""
    rows, samples = run(squares(3), SPEEDS, noise=0.001, seed=5)
    copy = next(row for row in rows if row.replica)
    kept = [unmeasured(row, lost, "error: x") if row is copy else row for row in rows if lost or row is not copy]
    found = findings(kept, samples)
    assert (found.self_check.passed, found.self_check.lost) == (True, (copy.case,))
    for one in (board(found, "as-written"), board(found, "compiled")):
        said = {case.name: {entry.standing for entry in case.entries} for case in one.cases}
        assert said.pop(copy.case) == {Standing.WITHHELD}
        assert not any(Standing.WITHHELD in standings for standings in said.values())
        assert (one.common, one.withheld) == (2, 1)
    (case,) = [case for case in board(found, "as-written").cases if case.name == copy.case]
    assert {entry.verdict for entry in case.entries} == {"reference", "withheld"}


def test_a_case_without_the_reference_rests_on_the_self_check_of_the_run() -> None:
    """By design: a reference that refuses a case has no copy there either."""
    rows, samples = run(squares(2), SPEEDS, noise=0.001, seed=5)
    first = rows[0].case
    gone = [row.case == first and row.target == REFERENCE for row in rows]
    kept = [unmeasured(row, "refused", "no") if one else row for row, one in zip(rows, gone, strict=True)]
    found = findings(kept, samples)
    assert found.self_check.lost == ()
    compiled = board(found, "compiled")
    assert standings(compiled, "torch.compile@cpu") == {Standing.WINS}
    assert [case.self_check is None for case in compiled.cases] == [True, False]
    assert (compiled.common, compiled.withheld) == (2, 0)


@pytest.mark.parametrize("outcome", ["invalid", "failed", "refused", "unavailable", "not-run", "predicted"])
def test_an_arm_that_was_not_measured_never_wins(outcome: str) -> None:
    """Its blocks may still lie in the store."""
    rows, samples = run(squares(2), {REFERENCE: 1.0, "jax.jit@cpu": 0.001}, noise=0.001)
    rows = [unmeasured(row, outcome, "error: x") if row.target == "jax.jit@cpu" else row for row in rows]
    found = findings(rows, samples)
    entries = [entry for one in found.boards for case in one.cases for entry in case.entries]
    jax = [entry for entry in entries if entry.arm.target == "jax.jit@cpu"]
    assert jax
    assert all(entry.standing is None and entry.beside_reference is None for entry in jax)
    assert standings(board(found, "as-written"), REFERENCE) == {Standing.ALONE}


@pytest.mark.parametrize("sets", [1, 4])
def test_few_sets_are_indicative(sets: int) -> None:
    """No verdict, however large the difference."""
    found = findings(*run(squares(2), {REFERENCE: 1.0, "jax.jit@cpu": 0.1}, sets=sets))
    assert standings(board(found, "as-written"), "jax.jit@cpu") == {Standing.INDICATIVE}
    assert verdicts(board(found, "as-written"), "jax.jit@cpu") == {"indicative"}


def test_a_failed_self_check_withholds_all_verdicts() -> None:
    """Two copies of one arm that differ by a tenth say that this session measures something else."""
    found = findings(*run(squares(3), SPEEDS, noise=0.001, copy=1.1))
    assert found.self_check.passed is False
    for one in found.boards:
        assert standings(one, "torch.compile@cpu") <= {Standing.WITHHELD}
        assert not verdicts(one, "jax.jit@cpu") & {"faster", "slower", "tie"}


def test_a_missing_self_check_withholds_them_too() -> None:
    """What was not checked is not known."""
    rows, samples = run(squares(2), SPEEDS)
    found = findings([row for row in rows if row.replica == 0], samples)
    assert found.self_check.passed is None
    assert verdicts(board(found, "as-written"), "jax.jit@cpu") == {"withheld"}


def test_default_arithmetic_is_never_ranked() -> None:
    """It is another computation in every framework."""
    found = findings(*run(squares(2), SPEEDS, math="default"))
    assert [one.mode_class for one in found.boards] == ["not ranked"]


def test_the_reference_is_the_arm_that_ran_twice() -> None:
    """Whatever the column calls it: a mode may be left out there, or a label stand for it."""
    rows, samples = run(squares(2), SPEEDS, reference="torch@cpu")
    assert findings(rows, samples).reference == REFERENCE


def test_labels_tell_equal_targets_apart() -> None:
    """The same target in two environments is two arms."""
    rows, samples = run(squares(2), {REFERENCE: 1.0, "jax.jit@cpu": 0.5}, noise=0.001)
    moved = [replace(row, label="new") if row.target == "jax.jit@cpu" else row for row in rows]
    moved = [replace(row, target=REFERENCE) if row.label else row for row in moved]
    blocks = [replace(one, label="new", target=REFERENCE) if one.target == "jax.jit@cpu" else one for one in samples]
    found = findings(moved, blocks)
    assert board(found, "as-written").overall[0].target == "new"


def test_blocks_that_cannot_be_are_compared_with_nothing() -> None:
    """A block that took no time spoils its arm, and no other."""
    rows, samples = run(squares(1), SPEEDS)
    samples = [replace(one, wall_ns=0) if one.target == "jax.jit@cpu" and one.round == 0 else one for one in samples]
    one = board(findings(rows, samples), "as-written")
    assert standings(one, "jax.jit@cpu") == {Standing.UNKNOWN}
    assert verdicts(one, "tensorflow.function@cpu") == {"faster"}


@pytest.mark.parametrize("samples", [None, pd.DataFrame()])
def test_without_blocks_there_are_times_but_no_comparisons(samples: pd.DataFrame | None) -> None:
    """A store may have lost its samples."""
    rows, _ = run(squares(2), SPEEDS)
    found = summarise(rows, samples)
    assert verdicts(board(found, "as-written"), "jax.jit@cpu") == {"not-comparable"}
    assert not found.blocks_read


def test_alternating_processes_need_ten_sets() -> None:
    """Rounds of different processes are no pairs."""
    for sets, wanted in ((9, Standing.INDICATIVE), (10, Standing.WINS)):
        rows, samples = run(squares(1), {REFERENCE: 1.0, "jax.jit@cpu": 0.1}, sets=sets, noise=0.001, seed=4)
        found = findings([replace(row, pairing="process") for row in rows], samples)
        assert standings(board(found, "as-written"), "jax.jit@cpu") == {wanted}


@given(order=st.permutations(range(10)))
def test_the_order_of_rows_changes_nothing(order: list[int]) -> None:
    """Arms are stored as they end."""
    rows, samples = run(squares(2), {name: SPEEDS[name] for name in list(SPEEDS)[:4]}, rounds=2)
    assert findings([rows[at] for at in order], samples[::-1]).boards == findings(rows, samples).boards


def test_tables_and_rows_say_the_same() -> None:
    """Also where another row of a column has nothing: an integer keeps its last digit."""
    rows, _ = run(squares(2), SPEEDS)
    rows.append(unmeasured(arm("other", checks_run=("V1", "V4"), validity=("V4",)), "invalid", "x"))
    rows.append(arm("trained", flops=2**53 + 1, tags=("a", ""), losses=(1.5, 0.5), label="torch|2"))
    assert measurements_of(table_of(rows)) == tuple(rows)
    assert measurements_of(table_of([])) == ()


def test_a_float_that_is_no_number_was_not_measured() -> None:
    (row,) = measurements_of(table_of([arm(max_error=math.nan, time_s=1.0)]))
    assert (row.max_error, row.time_s) == (None, 1.0)


def test_what_only_a_stranger_writes_is_read_as_well() -> None:
    """Moments beyond all calendars, and lists with nulls in them."""
    strange = {
        "started_at": pa.array([2**62], pa.timestamp("us", tz="UTC")),
        "validity": pa.array([["V1", None]], pa.list_(pa.string())),
        "losses": pa.array([[1.0, None]], pa.list_(pa.float64())),
    }
    table = table_of([arm()])
    for name, column in strange.items():
        table = table.set_column(table.column_names.index(name), table.schema.field(name), column)
    (row,) = measurements_of(table)
    assert (row.started_at.year, row.validity) == (1970, ("V1", ""))
    assert row.losses is not None
    assert row.losses[0] == 1.0
    assert math.isnan(row.losses[1])


def test_rows_are_read_without_pandas() -> None:
    """Loading it takes longer than reading ten thousand of them."""
    probe = "import sys; import harness.report.rows; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, timeout=120, check=True)
    assert "pandas" not in done.stdout.split()


def table_of(rows: Sequence[Measurement]) -> pa.Table:
    """Return rows as a table of exactly our columns."""
    return measurement_table([asdict(row) for row in rows])


def test_sizes_sort_as_numbers() -> None:
    """128 comes before 1024."""
    assert sorted(["a[m=1024]", "a[m=128]", "a", "b2"], key=natural) == ["a", "a[m=128]", "a[m=1024]", "b2"]


def test_one_target_can_be_shown_alone(calm: RunFindings) -> None:
    """Its ratios stay those to the whole run."""
    only = calm.only("torch.compile@cpu")
    assert {row.target for row in only.arms} == {"torch.compile@cpu"}
    assert standings(board(only, "compiled"), "torch.compile@cpu") == {Standing.WINS}


def test_everything_refused_is_a_finding_too() -> None:
    """No measured arm, no ratio, no crash."""
    rows: list[Any] = [unmeasured(arm(f"c{at}", target), "refused", "no") for at in range(2) for target in SPEEDS]
    found = summarise(rows, None)
    assert found.blocks_read  # nothing has any
    assert all(one.common == 0 for one in found.boards)
    assert found.self_check.combined is None


def test_whole_processes_in_turn_need_ten_sets_for_a_headline_too() -> None:
    """The page must not claim in its first line what it withholds in its tables."""
    for sets, indicative in ((5, True), (10, False)):
        rows, samples = run(squares(2), {REFERENCE: 1.0, "jax.jit@cpu": 0.8}, sets=sets, noise=0.001, seed=5)
        found = findings([replace(row, pairing="process") for row in rows], samples)
        said = winner(found, board(found, "as-written"), str)
        assert said.startswith("as-written: indicative: ") is indicative


def test_blocks_that_were_not_proved_are_not_compared() -> None:
    rows, samples = run(squares(1), {REFERENCE: 1.0, "jax.jit@cpu": 0.8}, sets=6, noise=0.0, seed=5)
    proved = [
        replace(sample, wall_ns=5 * sample.wall_ns, flags=UNPROVED)
        if sample.set == 5 and sample.target == "jax.jit@cpu"
        else sample
        for sample in samples
    ]
    (case,) = board(findings(rows, proved), "as-written").cases
    beside = next(entry.beside_reference for entry in case.entries if entry.arm.target == "jax.jit@cpu")
    assert beside is not None
    assert beside.sets == 5
    assert beside.high == pytest.approx(0.8, rel=0.01)
