"""What a start, a step and memory cost: the parts that were told, and when compiling has paid for itself."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from harness.report.charts import charts_of
from harness.report.charts.repaid import LEFT_CODE, MOST_CALLS, Repaid, repayments, rounded, with_left_code
from harness.report.content import Chart
from harness.report.findings import RunFindings
from harness.report.pages.cells import repaid
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


def test_beside_a_bar_stands_what_later_calls_take() -> None:
    (picture,) = stacks_of(summarise([started(), started(target=JAX, time_s=2.31e-3)]), "cold")
    assert {bar.target: bar.note for bar in picture.bars} == {
        REFERENCE: "then 1.00 ms a call",
        JAX: "then 2.31 ms a call",
    }


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
        gained = (written.time_s or 0.0) * (1 - (of.matrix[written.key, one.arm.key].ratio or 0.0))
        assert one.calls * gained >= 10.0 - (written.first_call_s or 0.0)
        assert (one.calls - 1) * gained < 10.0 - (written.first_call_s or 0.0)
        assert one.said == f"repaid after {rounded(one.calls, 'call')}"
    (picture,) = stacks_of(of, "cold")
    assert {bar.target: "repaid" in bar.note for bar in picture.bars} == {REFERENCE: False, COMPILED: True}


def test_it_never_pays_where_later_calls_are_slower() -> None:
    found = repayments(compiling(2.0))
    assert [(one.calls, one.sure, one.said) for one in found] == [(None, True, "never repaid")] * 2


@pytest.mark.parametrize(("factor", "values"), [(0.5, {"sets": 2}), (0.5, {"copy": 1.2}), (2.0, {"sets": 1})])
def test_without_a_verdict_it_is_perhaps(factor: float, values: dict[str, Any]) -> None:
    found = repayments(compiling(factor, **values))
    assert len(found) == 2
    assert not any(one.sure for one in found)
    assert all(one.said.startswith("perhaps ") for one in found)


def test_of_two_that_lie_close_nothing_is_told_where_the_run_cannot_tell_them_apart() -> None:
    """A difference of two times within their noise would give a number of calls in the millions, or any other."""
    found = repayments(compiling(0.97, sets=1))
    assert [(one.sure, one.told, one.said) for one in found] == [(False, False, "when it is repaid cannot be told")] * 2
    assert repaid(found[0], "step").text == "cannot be told"
    assert all(one.sure and one.told for one in repayments(compiling(0.97)))


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


# -- code that an earlier case left ------------------------------------------------------------------


def modelled(case: str, target: str = COMPILED, **values: Any) -> Measurement:
    """Return a training; the time of its first call and what it trains may be said."""
    params = {"model": "cnn", "size": "lenet", "batch": 16, **values.pop("params", {})}
    return started(case, target, **{"workload": "training", "params": json.dumps(params), **values})


def left_of(*rows: Measurement) -> set[tuple[str, str]]:
    of = summarise(rows)
    keys = with_left_code(of)
    return {(arm.case, arm.target) for arm in of.arms if arm.key in keys}


def test_a_first_call_far_shorter_than_that_of_the_same_model_is_perhaps_not_cold() -> None:
    rows = [modelled("plain", first_call_s=39.1), modelled("fed", first_call_s=0.2, params={"feed": "host"})]
    assert left_of(*rows) == {("fed", COMPILED)}
    (picture,) = stacks_of(summarise(rows), "cold")
    assert {bar.name: bar.note for bar in picture.bars} == {
        "plain": "then 1.00 ms a call",
        "fed": f"then 1.00 ms a call; {LEFT_CODE}",
    }


@pytest.mark.parametrize(
    "other",
    [
        {"first_call_s": 30.0},  # compiled as long
        {"params": {"model": "lstm"}},  # what a compiler leaves to the framework takes no time
        {"params": {"size": "wide"}},
        {"params": {"precision": "mixed_bfloat16"}},
        {"workload": "inference"},
        {"label": "2-threads"},  # another process
        {"target": REFERENCE, "mode_class": "as-written"},  # nothing is compiled
        {"target": JAX},
        {"time_s": 0.19, "target": REFERENCE},
    ],
)
def test_a_first_call_that_is_short_of_itself_is_left_alone(other: dict[str, Any]) -> None:
    said: dict[str, Any] = {"first_call_s": 0.2, **other}
    assert left_of(modelled("plain", first_call_s=39.1), modelled("fed", said.pop("target", COMPILED), **said)) == set()


def test_what_a_call_itself_takes_is_no_part_of_its_start() -> None:
    """Else a small batch beside a large one would seem to have been compiled already."""
    rows = [
        modelled("large", first_call_s=12.0, time_s=10.0, params={"batch": 512}),
        modelled("small", first_call_s=2.1, time_s=0.1, params={"batch": 1}),
    ]
    assert left_of(*rows) == set()


def test_cases_without_a_model_are_alike_in_all_their_parameters() -> None:
    known = [json.dumps({"m": m}) for m in (8, 8, 16)]
    rows = [
        started(case, COMPILED, params=params, first_call_s=first)
        for case, params, first in zip(("warm", "cold", "wide"), known, (5.0, 0.1, 0.1), strict=True)
    ]
    assert left_of(*rows) == {("cold", COMPILED)}


def test_from_such_a_first_call_no_calls_are_counted() -> None:
    """They would be too few; that it never pays is as true after a longer start."""
    params = json.dumps({"model": "cnn", "size": "lenet"})
    for factor, kept in ((0.5, {"plain": 1}), (2.0, {"plain": None, "fed": None})):
        made, samples = run(
            {case: {"params": params} for case in ("plain", "fed")}, {REFERENCE: 1.0, COMPILED: factor}, noise=0.001
        )
        first = {("plain", COMPILED): 39.1, ("fed", COMPILED): 0.3}
        rows = [replace(row, first_call_s=first.get((row.case, row.target), 0.01)) for row in made]
        found = {one.arm.case: one.calls for one in repayments(summarise(rows, sample_frame(samples)))}
        assert found.keys() == kept.keys()
        assert all((found[case] is None) == (kept[case] is None) for case in kept)


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
