"""Ending with the first failure, where the time went, and each arm's own number of threads."""

from __future__ import annotations

from typing import Any

import pytest

from harness.errors import ExitCode
from harness.run.durations import durations_of
from harness.run.plan import make_plan
from harness.run.runner import exit_code_of
from harness.run.terms import FIRST_FAILURE, Stop
from harness.store.record import Outcome
from harness.suite.model import Measure
from tests.core.run.fakes import Rows, Script, ScriptedFleet, info, lost, plan, session, suite

DOUBT = {"code": "V4", "detail": "no fence", "warning": False}


def measure(fleet: ScriptedFleet, *, first: bool = True, sizes: tuple[int, ...] = (8, 16)) -> tuple[Any, Rows, Stop]:
    stop = Stop(first=first)
    made, rows = session(plan(*sizes), fleet, stop=stop)
    made.run()
    assert all(line.closed for line in fleet.lines)
    return made, rows, stop


def fleet_with(faults: dict[tuple[str, str], Any]) -> ScriptedFleet:
    return ScriptedFleet({"a.plain@cpu": Script(), "b.plain@cpu": Script(faults=faults)})


@pytest.mark.parametrize(
    ("op", "fault", "outcome"),
    [
        ("prepare", lost(), Outcome.FAILED),
        ("prepare", {"failed": "error", "detail": "boom"}, Outcome.FAILED),
        ("calibrate", lost("timeout"), Outcome.FAILED),
        ("prove", {"doubts": [DOUBT], "checks": ["V4"]}, Outcome.INVALID),
        ("throughput", lost(), Outcome.FAILED),
    ],
)
def test_the_first_failure_ends_the_run(op: str, fault: Any, outcome: Outcome) -> None:
    fleet = fleet_with({(op, "m8"): fault})
    _, rows, stop = measure(fleet)
    assert rows.rows["m8", "b.plain@cpu", 0].outcome == outcome
    others = [row for row in rows.rows.values() if row.outcome != outcome]
    assert {row.outcome for row in others} == {Outcome.NOT_RUN}
    assert {row.detail for row in others} == {"not reached: stopped at the first failure, m8::b.plain@cpu"}
    assert len(rows.rows) == 6
    assert stop.reason == FIRST_FAILURE
    code = exit_code_of(list(rows.rows.values()), stopped=stop.reason, required=False)
    assert code is ExitCode.CASES_FAILED


def test_what_was_proved_before_it_is_kept() -> None:
    """A check after the timing of the first set fails: the others of that set were measured."""
    late = {"doubts": [{**DOUBT, "code": "V9"}], "checks": ["V9"]}
    _, rows, _ = measure(fleet_with({("finish", "m8"): late}))
    assert rows.rows["m8", "b.plain@cpu", 0].validity == ("V9",)
    assert {(row.outcome, row.sets) for key, row in rows.rows.items() if key != ("m8", "b.plain@cpu", 0)} == {
        (Outcome.MEASURED, 1)
    }


def test_no_worker_is_started_after_it() -> None:
    fleet = fleet_with({("prepare", "m8"): lost()})
    measure(fleet)
    assert sorted(name for op, name, _ in fleet.log if op == "start") == ["a.plain@cpu", "a.plain@cpu'", "b.plain@cpu"]


def test_a_worker_that_cannot_start_is_a_failure_too() -> None:
    fleet = ScriptedFleet({"a.plain@cpu": Script(), "b.plain@cpu": Script()}, start={"b.plain@cpu": lost()})
    _, rows, stop = measure(fleet)
    assert stop.reason == FIRST_FAILURE
    assert {row.outcome for row in rows.rows.values()} == {Outcome.FAILED, Outcome.NOT_RUN}


def test_without_it_the_run_goes_on() -> None:
    _, rows, stop = measure(fleet_with({("prepare", "m8"): lost()}), first=False)
    assert stop.reason == ""
    assert sum(row.outcome == Outcome.MEASURED for row in rows.rows.values()) == 5


def test_an_arm_that_cannot_be_had_is_no_failure() -> None:
    workers = ScriptedFleet(
        {"a.plain@cpu": Script(), "b.plain@cpu": Script()}, start={"b.plain@cpu": {"unavailable": "no such thing"}}
    )
    _, rows, stop = measure(workers)
    assert stop.reason == ""
    assert {row.outcome for row in rows.rows.values()} == {Outcome.MEASURED, Outcome.UNAVAILABLE}


def test_durations_tell_where_the_time_went() -> None:
    fleet = ScriptedFleet({"a.plain@cpu": Script(), "b.plain@cpu": Script(call_ns=4_000_000)})
    made, rows, _ = measure(fleet, first=False)
    found = durations_of(made.states)
    assert found[0].name == max(found, key=lambda one: one.total_s).name
    assert {one.name for one in found[:2]} == {"m8::b.plain@cpu", "m16::b.plain@cpu"}
    assert {one.name for one in found} >= {"m8::a.plain@cpu (again)"}
    blocks = sum(s.wall_ns for s in rows.kept if (s.target, s.case_key) == _of(made, found[0].name))
    warming = 2 * 0.004  # a block of two calls in the second set, which is no sample
    assert found[0].measuring_s == pytest.approx(blocks / 1e9 + warming)  # nothing else takes time on this clock
    assert found[0].start_s == 1.0  # one second in each of two sets, shared by two arms
    assert found[0].first_call_s == pytest.approx(0.4)


def _of(made: Any, name: str) -> tuple[str, str]:
    state = next(state for state in made.states if f"{state.arm.case.name}::{state.arm.target.name}" == name)
    return str(state.arm.target), state.arm.case.key


def test_each_arm_is_held_to_its_own_number_of_threads() -> None:
    """1.9 processors are too many for one thread and right for two (V8), and rows tell the number."""
    whole = suite(8, targets=("a@cpu",), measure=Measure(profile="quick", threads=(1, 2)))
    planned = make_plan(whole, find=info, kinds=lambda: ("cpu",), processors=lambda: 2)
    busy = Script(parallel=1.9)
    fleet = ScriptedFleet({f"a.plain@cpu/{label}": busy for label in ("1-thread", "2-threads")})
    made, rows = session(planned, fleet)
    made.run()
    one, two = rows.rows["m8", "1-thread", 0], rows.rows["m8", "2-threads", 0]
    assert (one.outcome, one.validity, one.threads) == (Outcome.INVALID, ("V8",), 1)
    assert (two.outcome, two.validity, two.threads) == (Outcome.MEASURED, (), 2)
    assert (one.target, two.target, one.reference) == ("a.plain@cpu", "a.plain@cpu", "a.plain@cpu")
