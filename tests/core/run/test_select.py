"""Arms are chosen by the names that are printed of them, by facts, and by how they ended last."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.target import Target
from harness.errors import NothingSelected, UsageError
from harness.run.plan import Plan, make_plan
from harness.run.runner import planned_rows
from harness.run.select import Selection, arm_facts, held, last_failed, name_of, row_facts, row_name
from harness.store.record import Measurement, Outcome
from harness.suite.filter import parse
from harness.suite.model import Case, Measure, Suite
from harness.workloads.registry import make_workload
from tests.core.run.fakes import fakes_facts, info, plan, suite


def chosen(*, sizes: tuple[int, ...] = (8, 16), **wanted: Any) -> list[str]:
    found = plan(*sizes, choose=Selection(**wanted).choose)
    return [name_of(arm) + "'" * arm.replica for arm in found.arms]


ALL = ["m8::a.plain@cpu", "m8::a.plain@cpu'", "m8::b.plain@cpu", "m16::a.plain@cpu", "m16::a.plain@cpu'"]
ALL += ["m16::b.plain@cpu"]


def test_nothing_said_is_everything() -> None:
    assert chosen() == ALL


@pytest.mark.parametrize(
    "name",
    ["m8::b.plain@cpu", "m8::b@cpu", "m8 b.plain@cpu", "m8   b@cpu", "m8 on b.plain@cpu"],
)
def test_a_printed_name_is_taken_back(name: str) -> None:
    """With the colons of reports, or the blanks and words of other lines; a default mode may be left out."""
    assert chosen(only=(name,)) == ["m8::b.plain@cpu", "m8::b.plain@cpu'"]  # the only one left is its own reference


def test_names_add_up_and_may_be_a_case_or_a_target() -> None:
    assert chosen(only=("m8", "m16::b@cpu")) == [*ALL[:3], "m16::b.plain@cpu"]
    assert chosen(only=("::a@cpu",)) == ALL[:2] + ALL[3:5]


def test_an_unknown_name_is_a_mistake_with_a_suggestion() -> None:
    with pytest.raises(UsageError, match=r"no arm is called 'm8::c@cpu'\n  did you mean 'm8::b.plain@cpu'"):
        chosen(only=("m8::c@cpu",))


@given(st.text(min_size=1, max_size=40), st.sampled_from(["::a.plain@cpu", "::a@cpu"]))
def test_any_name_of_a_case_can_be_pasted(name: str, target: str) -> None:
    """Names are looked up, not taken apart: quotes, brackets, colons and blanks are theirs."""
    case = Case(name=name, workload=make_workload("matmul", {"m": 8, "n": 8, "k": 8}))
    whole = replace(suite(16), cases=(case, *suite(16).cases))
    arms = make_plan(whole, find=info, kinds=lambda: ("cpu",), self_check=False).arms
    wanted = name_of(arms[0]) if target == "::a.plain@cpu" else " ".join(name.split()) + target
    assert arms[0] in Selection(only=(wanted,)).choose(arms)


def test_filters_ask_for_parameters_and_facts() -> None:
    assert chosen(filters=(parse("m >= 16 and backend == b"),)) == ["m16::b.plain@cpu", "m16::b.plain@cpu'"]
    assert chosen(filters=(parse("workload == matmul"), parse("m8"))) == ALL[:3]
    assert chosen(filters=(parse("flops == 1024 and class == as-written and mode == plain"),)) == ALL[:3]


def test_what_leaves_nothing_says_what_there_is() -> None:
    with pytest.raises(NothingSelected, match="here m is 8, 16"):
        chosen(filters=(parse("m > 99"),))
    with pytest.raises(NothingSelected, match="together"):
        chosen(filters=(parse("m == 8"), parse("m == 16")))
    with pytest.raises(NothingSelected, match="together"):
        chosen(filters=(parse("m == 8"),), only=("m16",))


def test_the_copy_of_the_reference_comes_and_goes_with_it() -> None:
    assert [name for name in chosen(only=("m8::a@cpu", "m16::b@cpu")) if name.endswith("'")] == ["m8::a.plain@cpu'"]


def _ended(names: dict[str, str]) -> list[Measurement]:
    rows = planned_rows(plan(8, 16), fakes_facts())
    return [replace(row, outcome=names.get(row_name(row), "measured")) for row in rows]


def test_what_failed_last_is_taken_again() -> None:
    rows = _ended({"m8::b.plain@cpu": "failed", "m16::a.plain@cpu": "invalid"})
    failed = last_failed(rows, "RUN")
    assert chosen(failed=failed) == ["m8::b.plain@cpu", "m16::a.plain@cpu", "m16::a.plain@cpu'"]
    assert chosen(failed=failed, filters=(parse("m == 8"),)) == ["m8::b.plain@cpu", "m8::b.plain@cpu'"]


def test_where_nothing_failed_nothing_is_selected() -> None:
    with pytest.raises(NothingSelected, match="nothing failed in RUN"):
        last_failed(_ended({"m8::b.plain@cpu": "refused"}), "RUN")


def test_what_failed_and_is_planned_no_more_is_said() -> None:
    failed = last_failed(_ended({"m8::b.plain@cpu": "failed", "m16::a.plain@cpu": "failed"}), "RUN")
    said: list[str] = []
    assert chosen(sizes=(16,), failed=failed, say=said.append) == ["m16::a.plain@cpu", "m16::a.plain@cpu'"]
    assert said == ["m8::b.plain@cpu failed in RUN and is not in this plan"]
    with pytest.raises(NothingSelected, match=r"is not in this plan: m8::b\.plain@cpu"):
        chosen(sizes=(32,), failed=failed)


def test_a_stored_row_has_the_facts_of_its_arm() -> None:
    """So a filter that chose what to measure also chooses what to show."""
    planned = plan(8)
    rows = planned_rows(planned, fakes_facts())
    for arm, row in zip(planned.arms, rows, strict=True):
        stored, asked = row_facts(row), arm_facts(arm)
        assert asked.keys() - {"threads"} <= stored.keys()
        assert {name: stored[name] for name in asked if name != "target"} == {
            name: fact for name, fact in asked.items() if name != "target"
        }
    assert held([parse("outcome == not-run and m == 8")], [row_facts(row) for row in rows]) == [0, 1, 2]


@given(st.text(max_size=30))
def test_the_parameters_of_a_strange_row_are_harmless(text: str) -> None:
    row = replace(planned_rows(plan(8), fakes_facts())[0], params=text)
    assert row_facts(row)["case"] == "m8"


# -- numbers of threads ------------------------------------------------------------------------------


def threaded(*numbers: int | None, processors: int = 4, **options: Any) -> Plan:
    measure = Measure(profile="quick", threads=numbers)
    whole = suite(8, measure=measure)
    return make_plan(whole, find=info, kinds=lambda: ("cpu",), processors=lambda: processors, **options)


def test_each_target_is_taken_at_each_number_with_its_own_reference_and_copy() -> None:
    planned = threaded(1, 2, None)
    assert [(name_of(arm), arm.threads, arm.replica) for arm in planned.arms if arm.target.backend == "a"] == [
        (f"m8::a.plain@cpu/{label}", threads, replica)
        for label, threads in (("1-thread", 1), ("2-threads", 2), ("4-threads", 4))
        for replica in (0, 1)
    ]
    assert planned.reference == Target.parse("a.plain@cpu")
    assert len({arm.key for arm in planned.arms}) == len(planned.arms) == 9
    assert len({arm.crew for arm in planned.arms}) == 9


def test_equal_numbers_are_taken_once() -> None:
    assert [arm.threads for arm in threaded(2, 1, 2, None, processors=2, self_check=False).arms] == [1, 2, 1, 2]


def test_more_threads_than_processors_are_unavailable() -> None:
    """A suite that compares numbers runs everywhere."""
    planned = threaded(1, 8)
    assert {arm.threads for arm in planned.arms} == {1}
    assert [(one.outcome, one.detail) for one in planned.settled] == [
        (Outcome.UNAVAILABLE, "8 threads need as many processors; this process may use 4")
    ] * 2


def test_a_number_of_threads_is_part_of_names_and_facts() -> None:
    picked = threaded(1, 2, self_check=False, choose=Selection(filters=(parse("threads == 2"),)).choose)
    assert [name_of(arm) for arm in picked.arms] == ["m8::a.plain@cpu/2-threads", "m8::b.plain@cpu/2-threads"]
    picked = threaded(1, 2, self_check=False, choose=Selection(only=("m8::b.plain@cpu/1-thread",)).choose)
    assert [name_of(arm) for arm in picked.arms] == ["m8::b.plain@cpu/1-thread"]
    picked = threaded(1, 2, self_check=False, choose=Selection(only=("m8::b@cpu",)).choose)
    assert len(picked.arms) == 2


def test_labels_that_count_threads_are_not_to_be_had() -> None:
    with pytest.raises(UsageError, match="is what `measure: threads:` gives"):
        Target.parse_option("a@cpu,label=2-threads")


def test_one_number_is_the_whole_runs() -> None:
    """It gives no label, so that rows keep their keys."""
    whole = Suite(name="test", cases=suite(8).cases, targets=suite(8).targets, measure=Measure(threads=1))
    assert {(arm.threads, arm.target.label) for arm in make_plan(whole, find=info, kinds=lambda: ("cpu",)).arms} == {
        (None, "")
    }
