"""What a start, a step and memory cost: the parts that were told, and when compiling has paid for itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.report.charts import charts_of
from harness.report.charts.repaid import MOST_CALLS, Repaid, repayments
from harness.report.content import Chart
from harness.report.findings import RunFindings
from harness.report.picture import Stacks
from harness.report.rows import sample_frame
from harness.report.summarise import summarise
from harness.store.record import Measurement
from tests.core.report.synthetic import REFERENCE, arm, run, squares, unmeasured

COMPILED, JAX, XLA, TF = "torch.compile@cpu", "jax.jit@cpu", "tensorflow.xla@cpu", "tensorflow.function@cpu"


def charts(of: RunFindings, question: str) -> tuple[Chart, ...]:
    return charts_of(of, "").get(question, ())


def stacks_of(of: RunFindings, question: str) -> list[Stacks]:
    return [chart.picture for chart in charts(of, question) if isinstance(chart.picture, Stacks)]


def started(case: str = "one", target: str = REFERENCE, **values: Any) -> Measurement:
    said: dict[str, Any] = {"time_s": 1e-3, "import_s": 2.0, "prepare_s": 0.1, "first_call_s": 0.5, "sets": 5}
    return arm(case, target, **{**said, **values})


# -- a start -----------------------------------------------------------------------------------------


def test_a_start_is_laid_out_in_the_parts_that_were_told() -> None:
    rows = [started(), started(target=JAX, compile_s=0.4), started(target=COMPILED, import_s=None, compile_s=9.0)]
    (picture,) = stacks_of(summarise(rows), "cold")
    assert {bar.target: bar.parts for bar in picture.bars} == {
        REFERENCE: {"import": 2.0, "making ready": 0.1, "first call": 0.5},
        JAX: {"import": 2.0, "making ready": 0.1, "compiling": 0.4, "first call": pytest.approx(0.1)},
        COMPILED: {"making ready": 0.1, "first call": 0.5},  # what is longer than the call is no part of it
    }
    assert picture.parts == ("import", "making ready", "compiling", "first call")
    assert picture.alt.endswith("in parts: import, making ready, compiling, first call")


def test_parts_that_nobody_told_are_not_named() -> None:
    """Where no framework tells its compiling apart, no word claims to show it."""
    (picture,) = stacks_of(summarise([started(), started(target=JAX)]), "cold")
    assert picture.parts == ("import", "making ready", "first call")
    assert picture.alt.endswith("in parts: import, making ready, first call")


def test_only_the_longest_starts_are_drawn_and_that_is_said() -> None:
    rows = [started(f"case-{at:02d}", first_call_s=1.0 + at) for at in range(14)]
    (chart,) = charts(summarise(rows), "cold")
    assert isinstance(chart.picture, Stacks)
    assert [bar.name for bar in chart.picture.bars] == [f"case-{at:02d}" for at in range(2, 14)]
    assert "the 12 of 14 cases" in chart.picture.title
    assert "12 of 14 cases" in chart.reading


def test_what_was_not_measured_has_no_bar() -> None:
    assert stacks_of(summarise([unmeasured(started(), "failed", "crashed: x")]), "cold") == []
    assert stacks_of(summarise([started(import_s=None, prepare_s=None, first_call_s=None)]), "cold") == []


# -- when compiling has paid -------------------------------------------------------------------------


def compiling(factor: float, *, start: float | None = 10.0, **values: Any) -> RunFindings:
    """Return a run in which the compiled mode takes so much of the time of the other, and so long to start."""
    made, samples = run(squares(2), {REFERENCE: 1.0, COMPILED: factor}, noise=0.001, **values)
    rows = [replace(row, first_call_s=start) if row.target == COMPILED else row for row in made]
    return summarise(rows, sample_frame(samples))


def test_it_has_paid_when_the_calls_gained_what_the_start_cost() -> None:
    of = compiling(0.5)
    assert len(repayments(of)) == 2
    for one in repayments(of):
        written = next(arm for arm in of.arms if (arm.case, arm.target) == (one.arm.case, REFERENCE))
        assert one.sure
        assert one.calls is not None
        gained = (written.time_s or 0.0) - (one.arm.time_s or 0.0)
        assert (one.calls - 1) * gained < 10.0 - (written.first_call_s or 0.0) <= one.calls * gained
        assert one.said == f"repaid after {one.calls:,} calls"
    (picture,) = stacks_of(of, "cold")
    assert {bar.target: bool(bar.note) for bar in picture.bars} == {REFERENCE: False, COMPILED: True}


def test_it_never_pays_where_later_calls_are_slower() -> None:
    found = repayments(compiling(2.0))
    assert [(one.calls, one.sure, one.said) for one in found] == [(None, True, "never repaid")] * 2


@pytest.mark.parametrize(("factor", "values"), [(0.5, {"sets": 2}), (0.5, {"copy": 1.2}), (2.0, {"sets": 1})])
def test_without_a_verdict_it_is_perhaps(factor: float, values: dict[str, Any]) -> None:
    found = repayments(compiling(factor, **values))
    assert len(found) == 2
    assert not any(one.sure for one in found)
    assert all(one.said.startswith("perhaps ") for one in found)


def test_where_nothing_has_to_be_won_back_nothing_is_said() -> None:
    assert repayments(compiling(0.5, start=1e-9)) == []
    assert repayments(compiling(0.5, start=None)) == []


def test_what_no_two_arms_of_a_framework_did_cannot_be_said() -> None:
    made, samples = run(squares(1), {REFERENCE: 1.0, XLA: 0.5}, noise=0.001)
    rows = [replace(row, first_call_s=10.0) if row.target == XLA else row for row in made]
    assert repayments(summarise(rows, sample_frame(samples))) == []


@pytest.mark.parametrize("matrix", [True, False])
def test_two_that_are_no_reference_are_compared_as_far_as_is_known(*, matrix: bool) -> None:
    made, samples = run(squares(1), {REFERENCE: 1.0, TF: 2.0, XLA: 0.5}, noise=0.001)
    rows = [replace(row, first_call_s=10.0) if row.target == XLA else row for row in made]
    (one,) = repayments(summarise(rows, sample_frame(samples), matrix=matrix))
    assert (one.arm.target, one.sure) == (XLA, True)


def test_nobody_counts_to_infinity() -> None:
    rows = [started(time_s=1.0, first_call_s=1.0), started(target=COMPILED, time_s=1.0 - 1e-16, first_call_s=1e300)]
    (one,) = repayments(summarise(rows))
    assert one.calls == MOST_CALLS


def test_one_call_is_one() -> None:
    assert Repaid(arm=arm(), calls=1, sure=True).said == "repaid after 1 call"


# -- a step ------------------------------------------------------------------------------------------


def trained(case: str = "mlp", target: str = REFERENCE, **values: Any) -> Measurement:
    said: dict[str, Any] = {"workload": "training", "forward_s": 3e-4, "backward_s": 5e-4, "update_s": 2e-4}
    return started(case, target, **{**said, **values})


def test_a_step_is_laid_out_in_its_parts() -> None:
    rows = [trained(), trained(target=JAX, input_s=1e-5, update_s=None)]
    (picture,) = stacks_of(summarise(rows), "phases")
    assert {bar.target: bar.parts for bar in picture.bars} == {
        REFERENCE: {"forward": 3e-4, "backward": 5e-4, "update": 2e-4},
        JAX: {"input": 1e-5, "forward": 3e-4, "backward": 5e-4},
    }
    assert {bar.note for bar in picture.bars} == {"a step: 1.00 ms"}
    assert stacks_of(summarise([started()]), "phases") == []


def test_many_trainings_are_several_pictures() -> None:
    of = summarise([trained(f"mlp-{at}") for at in range(30)])
    assert [len(one.bars) for one in stacks_of(of, "phases")] == [12, 12, 6]


# -- memory ------------------------------------------------------------------------------------------


def test_memory_of_device_and_host_are_never_laid_on_one_another() -> None:
    rows = [
        started(peak_memory_bytes=2**30, peak_host_bytes=2**20),
        started(target=JAX, peak_host_bytes=0),
        started(target=COMPILED, peak_memory_bytes=2**31),
    ]
    first, second = charts(summarise(rows), "memory")
    assert isinstance(first.picture, Stacks)
    assert isinstance(second.picture, Stacks)
    assert [(bar.target, bar.parts) for bar in first.picture.bars] == [
        (REFERENCE, {"device memory": 2.0**30}),
        (COMPILED, {"device memory": 2.0**31}),
    ]
    assert [(bar.target, bar.parts) for bar in second.picture.bars] == [(REFERENCE, {"host memory": 2.0**20})]
    assert first.picture.parts == ("device memory",)
    assert second.table is None
    assert first.table is not None
    assert [[cell.value for cell in row.cells[2:]] for row in first.table.rows] == [[2**30, 2**20], [2**31, None]]
    assert [cell.text for cell in first.table.rows[1].cells[2:]] == ["2 GiB", "–"]


def test_what_tells_nothing_of_memory_has_no_chart() -> None:
    assert charts(summarise([started()]), "memory") == ()
    many = summarise([started(f"case-{at}", peak_host_bytes=1 + at) for at in range(20)])
    (chart,) = charts(many, "memory")
    assert isinstance(chart.picture, Stacks)
    assert len(chart.picture.bars) == 12
    assert chart.table is not None
    assert len(chart.table.rows) == 20
