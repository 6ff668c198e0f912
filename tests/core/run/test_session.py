"""The session keeps its protocol: one token, random rounds, and a fault costs its own arm alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from harness.core.ceiling import Ceiling
from harness.run.launch import Interrupted
from harness.run.plan import make_plan
from harness.run.terms import Pace, Stop, memory_needed, rounds_within
from harness.store.record import UNPROVED, Measurement, Outcome
from tests.core.run.fakes import PACE, Rows, Script, ScriptedFleet, info, lost, plan, session, suite


def fleet(**scripts: Script) -> ScriptedFleet:
    named = {f"{name}.plain@cpu": script for name, script in scripts.items()}
    return ScriptedFleet({"a.plain@cpu": Script(), "b.plain@cpu": Script(call_ns=2_000_000)} | named)


def run(planned: Any, workers: ScriptedFleet, **options: Any) -> Any:
    made, rows = session(planned, workers, **options)
    made.run()
    assert all(line.closed for line in workers.lines)
    return rows


def test_every_arm_is_measured_in_every_round_of_every_set() -> None:
    rows = run(plan(8, 16), fleet())
    assert {row.outcome for row in rows.rows.values()} == {Outcome.MEASURED}
    blocks = Counter((s.case_key, s.target, s.replica, s.set) for s in rows.kept if s.quantity == "throughput")
    assert set(blocks.values()) == {PACE.rounds}
    assert len(blocks) == 2 * 3 * PACE.sets  # two cases, three arms (A, A', B)
    row = rows.rows["m8", "b.plain@cpu", 0]
    assert (row.time_s, row.sets, row.rounds, row.pairing) == (0.002, 2, 12, "round")
    assert row.latency_s == 0.002
    assert row.flops_per_s == pytest.approx(2 * 8**3 / 0.002)
    assert row.checks_run == ("V1", "V2", "V4", "V5", "V7", "V8", "V9", "V10")


def test_fresh_workers_for_every_set_and_one_for_the_self_check() -> None:
    workers = fleet()
    run(plan(8), workers)
    starts = Counter(name for op, name, _ in workers.log if op == "start")
    assert starts == {"a.plain@cpu": 2, "a.plain@cpu'": 2, "b.plain@cpu": 2}


def test_arms_of_a_case_stand_next_to_each_other_and_their_order_varies() -> None:
    workers = fleet()
    run(plan(8, 16), workers)
    blocks = [(name, case) for op, name, case in workers.log if op == "throughput"][-36:]
    rounds = [blocks[start : start + 6] for start in range(0, 36, 6)]
    for one in rounds:
        assert [case for _, case in one] in (["m8"] * 3 + ["m16"] * 3, ["m16"] * 3 + ["m8"] * 3)
    assert len({tuple(one) for one in rounds}) > 1


def test_the_same_seed_gives_the_same_order_and_another_another() -> None:
    logs = []
    for seed in (1, 1, 2):
        workers = fleet()
        run(plan(8, 16), workers, seed=seed)
        logs.append(workers.log)
    assert logs[0] == logs[1] != logs[2]


def test_drift_falls_on_all_arms_alike() -> None:
    """A machine that slows down tenfold while it is measured leaves the paired ratio alone."""

    def slowing(now: int) -> float:
        return 1 + now / 1e9

    workers = fleet(a=Script(drift=slowing), b=Script(call_ns=2_000_000, drift=slowing))
    rows = run(plan(8), workers, pace=Pace(sets=1, rounds=30, max_time_s=1e9, shard_bytes=10**9))
    by_round: dict[int, dict[str, float]] = {}
    for sample in rows.kept:
        if sample.quantity == "throughput" and sample.replica == 0:
            by_round.setdefault(sample.round, {})[sample.target] = sample.wall_ns / sample.inner
    ratios = [times["b.plain@cpu"] / times["a.plain@cpu"] for times in by_round.values()]
    assert max(ratios) / min(ratios) < 1.1
    assert 1.9 < sorted(ratios)[15] < 2.1


def test_inner_is_chosen_on_the_first_set_and_frozen() -> None:
    workers = fleet()
    rows = run(plan(8), workers)
    assert Counter(op for op, _, _ in workers.log)["calibrate"] == 3
    assert {(s.target, s.inner) for s in rows.kept if s.quantity == "throughput"} == {
        ("a.plain@cpu", 5),
        ("b.plain@cpu", 3),
    }


@pytest.mark.parametrize(
    ("second_ns", "inner"),
    [
        (2_000_000, {0: 10, 1: 10}),  # noise made its calls look longer
        (400_000, {0: 13, 1: 13}),
        (5_000_000, {0: 10, 1: 1}),  # ten times as long is no noise: each has its own
    ],
)
def test_twins_make_blocks_of_equally_many_calls(second_ns: int, inner: dict[int, int]) -> None:
    first = Script(call_ns=500_000)
    workers = ScriptedFleet({"a.plain@cpu": first, "a.plain@cpu'": Script(call_ns=second_ns)})
    rows = run(plan(8, targets=("a@cpu",)), workers)
    assert {sample.replica: sample.inner for sample in rows.kept if sample.quantity == "throughput"} == inner
    ops = [op for op, _, _ in workers.log]
    assert max(at for at, op in enumerate(ops) if op == "calibrate") < ops.index("prove")


def test_arms_of_two_modes_each_have_blocks_of_their_own() -> None:
    rows = run(plan(8), fleet(a=Script(call_ns=1_000_000), b=Script(call_ns=1_700_000)))
    assert {sample.target: sample.inner for sample in rows.kept if sample.quantity == "throughput"} == {
        "a.plain@cpu": 5,
        "b.plain@cpu": 3,
    }


def test_a_long_call_is_its_own_latency() -> None:
    rows = run(plan(8), fleet(b=Script(call_ns=7_000_000)))
    row = rows.rows["m8", "b.plain@cpu", 0]
    assert row.inner == 1
    assert (row.latency_s, row.latency_count) == (0.007, 12)
    assert not [s for s in rows.kept if s.target == "b.plain@cpu" and s.quantity == "latency"]


@pytest.mark.parametrize("op", ["prepare", "calibrate", "prove", "throughput", "latency", "finish"])
def test_a_lost_worker_costs_its_own_arm_and_nothing_else(op: str) -> None:
    workers = fleet(b=Script(faults={(op, "m8"): lost()}))
    rows = run(plan(8, 16), workers)
    bad = rows.rows["m8", "b.plain@cpu", 0]
    assert (bad.outcome, bad.time_s) == (Outcome.FAILED, None)
    assert bad.detail.startswith("crashed: ended by SIGSEGV")
    others = [row for key, row in rows.rows.items() if key != ("m8", "b.plain@cpu", 0)]
    assert {row.outcome for row in others} == {Outcome.MEASURED}
    assert {row.sets for row in others} == {2}


def test_a_failed_arm_is_not_tried_again() -> None:
    workers = fleet(b=Script(faults={("prepare", "m8"): lost("timeout", "no answer within 1 s")}))
    run(plan(8), workers)
    assert [entry for entry in workers.log if entry[0] == "prepare" and entry[1] == "b.plain@cpu"] == [
        ("prepare", "b.plain@cpu", "m8")
    ]


def test_what_is_wrong_is_never_timed() -> None:
    wrong = {"doubts": [{"code": "V1", "detail": "error 1 is above 1e-6", "warning": False}], "checks": ["V1"]}
    workers = fleet(b=Script(replies={"prepare": wrong}))
    row = run(plan(8), workers).rows["m8", "b.plain@cpu", 0]
    assert (row.outcome, row.validity) == (Outcome.FAILED, ("V1",))
    assert row.detail == "wrong: error 1 is above 1e-6"
    assert not [entry for entry in workers.log if entry[0] == "throughput" and entry[1] == "b.plain@cpu"]


def test_what_nothing_can_tell_right_or_wrong_is_not_called_wrong_and_never_timed() -> None:
    doubt = {"code": "V1", "detail": "error 1 is above 1e-6", "warning": False}
    chaotic = {"doubts": [doubt], "checks": ["V1"], "unprovable": "but float64 itself comes out elsewhere"}
    workers = fleet(b=Script(replies={"prepare": chaotic}))
    row = run(plan(8), workers).rows["m8", "b.plain@cpu", 0]
    assert (row.outcome, row.validity) == (Outcome.FAILED, ("V1",))
    assert row.detail == "unprovable: error 1 is above 1e-6; but float64 itself comes out elsewhere"
    assert not [entry for entry in workers.log if entry[0] == "throughput" and entry[1] == "b.plain@cpu"]


@pytest.mark.parametrize(("op", "code"), [("prove", "V4"), ("prove", "V5"), ("finish", "V9"), ("finish", "V1")])
def test_a_time_that_failed_a_check_stands_in_a_column_of_its_own(op: str, code: str) -> None:
    doubt = {"doubts": [{"code": code, "detail": "no", "warning": False}], "checks": [code]}
    row = run(plan(8), fleet(b=Script(replies={op: doubt}))).rows["m8", "b.plain@cpu", 0]
    assert (row.outcome, row.validity) == (Outcome.INVALID, (code,))
    assert (row.time_s, row.latency_s, row.flops_per_s, row.bytes_per_s) == (None,) * 4
    assert row.rejected_s == 0.001
    assert row.sets == 1  # a second set would prove nothing more


def test_too_many_processors_are_noticed() -> None:
    row = run(plan(8), fleet(b=Script(parallel=3.0))).rows["m8", "b.plain@cpu", 0]
    assert (row.outcome, row.validity) == (Outcome.INVALID, ("V8",))


def test_a_warning_refuses_nothing() -> None:
    doubt = {"doubts": [{"code": "V4", "detail": "5 times as long", "warning": True}], "checks": ["V4"]}
    row = run(plan(8), fleet(b=Script(replies={"prove": doubt}))).rows["m8", "b.plain@cpu", 0]
    assert (row.outcome, row.validity, row.detail) == (Outcome.MEASURED, (), "V4: 5 times as long")


def test_a_worker_that_cannot_start_is_said_once_for_all_its_arms() -> None:
    workers = fleet()
    workers.start["b.plain@cpu"] = lost("crashed", "exited with 1 and no answer")
    rows = run(plan(8, 16), workers)
    assert [name for op, name, _ in workers.log if op == "start"].count("b.plain@cpu") == 1
    for case in ("m8", "m16"):
        assert rows.rows[case, "b.plain@cpu", 0].outcome == Outcome.FAILED
        assert rows.rows[case, "a.plain@cpu", 0].outcome == Outcome.MEASURED


def test_a_device_that_the_framework_does_not_see_is_unavailable() -> None:
    workers = fleet()
    workers.start["b.plain@cpu"] = {"unavailable": "CUDA sees no device"}
    row = run(plan(8), workers).rows["m8", "b.plain@cpu", 0]
    assert (row.outcome, row.detail) == (Outcome.UNAVAILABLE, "CUDA sees no device")


def test_inputs_that_cannot_be_made_fail_the_case() -> None:
    workers = fleet()
    workers.bundle_fault = lost("oom-host", "MemoryError")
    rows = run(plan(8), workers)
    assert {row.detail for row in rows.rows.values()} == {"oom-host: MemoryError (while making inputs)"}


def test_out_of_memory_gets_the_other_cases_a_new_worker() -> None:
    fault = {"failed": "oom-host", "detail": "MemoryError", "phase": "prepare"}
    workers = fleet(b=Script(faults={("prepare", "m8"): fault}))
    rows = run(plan(8, 16), workers)
    assert rows.rows["m8", "b.plain@cpu", 0].detail.startswith("oom-host")
    assert rows.rows["m16", "b.plain@cpu", 0].outcome == Outcome.MEASURED
    assert [name for op, name, _ in workers.log if op == "start"].count("b.plain@cpu") == 3


def test_a_tpu_is_held_by_one_process_at_a_time() -> None:
    workers = ScriptedFleet({"a.plain@tpu:0": Script(), "b.plain@tpu:0": Script()})
    rows = run(plan(8, targets=("a@tpu", "b@tpu")), workers)
    assert {row.pairing for row in rows.rows.values()} == {"process"}
    names = [name for op, name, _ in workers.log if op == "throughput"]
    changes = sum(before != after for before, after in pairwise(names))
    assert changes == 2 * 3 - 1  # each worker has one stretch a set


def test_arms_that_do_not_fit_together_alternate_by_process() -> None:
    rows = run(plan(8), fleet(), pace=Pace(sets=1, rounds=6, max_time_s=20.0, shard_bytes=10))
    assert {(row.outcome, row.pairing) for row in rows.rows.values()} == {(Outcome.MEASURED, "process")}


def test_a_slow_arm_gets_fewer_rounds_spread_over_the_set() -> None:
    pace = Pace(sets=1, rounds=30, max_time_s=20.0, shard_bytes=10**9)
    rows = run(plan(8), fleet(b=Script(call_ns=1_000_000_000)), pace=pace)
    row = rows.rows["m8", "b.plain@cpu", 0]
    assert (row.outcome, row.rounds) == (Outcome.MEASURED, 10)
    numbers = [s.round for s in rows.kept if s.target == "b.plain@cpu"]
    assert numbers == sorted(numbers)
    assert numbers[-1] - numbers[0] > 20
    assert rows.rows["m8", "a.plain@cpu", 0].rounds == 30


def test_an_arm_too_slow_for_five_rounds_is_a_timeout() -> None:
    row = run(plan(8), fleet(b=Script(call_ns=3_000_000_000))).rows["m8", "b.plain@cpu", 0]
    assert row.outcome == Outcome.FAILED
    assert row.detail.startswith("timeout: a call takes 3 s")


def test_rounds_are_cut_to_the_time_there_is() -> None:
    assert rounds_within(PACE, PACE.sets, 2e6) == PACE.rounds
    assert rounds_within(PACE, PACE.sets, 2e9) == 5


class StopAfter:
    """Asks to stop once the clock of the workers has passed a moment."""

    def __init__(self, workers: ScriptedFleet, moment_ns: int) -> None:
        self.workers = workers
        self.moment_ns = moment_ns

    def __call__(self) -> float:
        return float(self.workers.clock.time_ns >= self.moment_ns)


@pytest.mark.parametrize("moment_ns", [0, 1, 40_000_000, 60_000_000, 10**8, 3 * 10**8])
def test_an_interrupted_session_keeps_what_was_proved_and_names_the_rest(moment_ns: int) -> None:
    workers = fleet()
    stop = Stop(deadline=0.5, clock=StopAfter(workers, moment_ns))
    rows = run(plan(8, 16), workers, stop=stop)
    assert len(rows.rows) == 6
    for row in rows.rows.values():
        assert row.outcome in (Outcome.MEASURED, Outcome.NOT_RUN)
        assert (row.time_s is not None) == (row.outcome == Outcome.MEASURED)
        if row.outcome == Outcome.MEASURED:
            assert row.rounds >= 5
            assert "V9" in row.checks_run  # proved after timing, too


def test_efficiency_counts_primers_and_blocks() -> None:
    made, _ = session(plan(8), fleet())
    made.run()
    assert made.efficiency.share == 1.0  # on a clock that only blocks move


# -- asked to stop at a bad moment ---------------------------------------------------------------

LATE: dict[str, Any] = {"blocks": [], "doubts": [], "checks": []}
ONE_SET = Pace(sets=1, rounds=6, max_time_s=20.0, shard_bytes=10**9)


@pytest.mark.parametrize("late", [LATE, None])
def test_an_answer_under_way_is_heard_or_its_worker_given_up(late: dict[str, Any] | None) -> None:
    """Left in the line it would be taken for the answer to the next command."""
    stop = Stop()

    def asked(now: int) -> float:
        if now >= 80_000_000 and not stop.reason:  # in the sixth round
            stop.reason = "interrupt"
            raise Interrupted
        return 1.0

    workers = fleet(b=Script(call_ns=2_000_000, drift=asked, late=late))
    rows = run(plan(8), workers, stop=stop, pace=ONE_SET)
    row = rows.rows["m8", "b.plain@cpu", 0]
    kept = [sample for sample in rows.kept if sample.target == "b.plain@cpu"]
    assert rows.rows["m8", "a.plain@cpu", 0].outcome == Outcome.MEASURED
    assert len(kept) == 5
    if late:
        assert (row.outcome, row.rounds) == (Outcome.MEASURED, 5)
        assert {sample.flags for sample in kept} == {""}
    else:
        assert (row.outcome, row.time_s) == (Outcome.NOT_RUN, None)
        assert {sample.flags for sample in kept} == {UNPROVED}
        assert ("finish", "b.plain@cpu", "m8") not in workers.log


def test_what_was_timed_is_proved_and_kept_even_when_asked_to_stop_meanwhile() -> None:
    calm = fleet()
    run(plan(8, 16), calm, pace=ONE_SET)
    workers = fleet()
    stop = Stop(deadline=0.5, clock=StopAfter(workers, calm.clock.time_ns))  # as the last block ends
    rows = run(plan(8, 16), workers, stop=stop, pace=ONE_SET)
    assert {row.outcome for row in rows.rows.values()} == {Outcome.MEASURED}
    assert rows.kept
    assert not stop.reason  # nothing was cut short


# -- nothing lost, nothing kept too long ---------------------------------------------------------


class Diary(Rows):
    """Remembers how far the session was when each row came."""

    def __init__(self, workers: ScriptedFleet) -> None:
        super().__init__()
        self.workers = workers
        self.came: dict[tuple[str, str], int] = {}

    def record(self, measurement: Measurement) -> None:
        super().record(measurement)
        self.came.setdefault((measurement.target, measurement.outcome), len(self.workers.log))


@pytest.mark.parametrize("op", ["start", "prepare"])
def test_a_failure_is_on_record_before_the_next_set(op: str) -> None:
    workers = fleet(b=Script(faults={("prepare", "m8"): lost()} if op == "prepare" else {}))
    if op == "start":
        workers.start["b.plain@cpu"] = lost()
    made, _ = session(plan(8), workers)
    made.sink = diary = Diary(workers)
    made.run()
    second = workers.log.index(("start", "a.plain@cpu", "1"))
    assert diary.came["b.plain@cpu", Outcome.FAILED] < second


def test_a_worker_lost_through_another_arm_takes_its_proof_along_and_the_row_says_so() -> None:
    workers = fleet(b=Script(faults={("latency", "m8"): lost()}))
    rows = run(plan(8, 16), workers, pace=ONE_SET)
    row = rows.rows["m16", "b.plain@cpu", 0]
    assert row.outcome == Outcome.MEASURED
    assert row.detail == "V1: the worker of 6 blocks of set 1 was lost before it proved its last answer"
    assert not rows.rows["m16", "a.plain@cpu", 0].detail


def test_what_was_compiled_in_a_block_is_told_with_the_block() -> None:
    doubt = {"doubts": [{"code": "V9", "detail": "compiled", "warning": False}], "checks": ["V9"]}
    script = Script(replies={"throughput": doubt}, faults={("latency", "m8"): lost()})
    row = run(plan(8, 16), fleet(b=script), pace=ONE_SET).rows["m16", "b.plain@cpu", 0]
    assert (row.outcome, row.validity) == (Outcome.INVALID, ("V9",))


@pytest.mark.parametrize("why", ["wrong", "slow"])
def test_an_arm_that_ends_early_is_let_go(why: str) -> None:
    """Its arrays would fill the device of those that go on."""
    wrong = {"doubts": [{"code": "V1", "detail": "error 1", "warning": False}], "checks": ["V1"]}
    script = Script(replies={"prepare": wrong}) if why == "wrong" else Script(call_ns=10**10)
    workers = fleet(b=script)
    run(plan(8, 16), workers, pace=ONE_SET)
    let_go = {case for op, name, case in workers.log if (op, name) == ("forget", "b.plain@cpu")}
    assert let_go == {"m8", "m16"}


def test_a_device_that_goes_missing_later_is_unavailable_too() -> None:
    workers = fleet(b=Script(faults={("prepare", "m8"): {"unavailable": "no such device"}}))
    row = run(plan(8), workers).rows["m8", "b.plain@cpu", 0]
    assert (row.outcome, row.detail) == (Outcome.UNAVAILABLE, "no such device")


def test_measured_by_whole_processes_once_is_compared_so_for_good() -> None:
    """A third arm is refused in the first set; without it the others would fit into memory together."""
    need = sum(memory_needed(arm) for arm in plan(64).arms)
    doubt = {"doubts": [{"code": "V10", "detail": "no", "warning": False}], "checks": ["V10"]}
    workers = ScriptedFleet({f"{name}.plain@cpu": Script() for name in "ab"})
    workers.scripts["c.plain@cpu"] = Script(replies={"finish": doubt})
    pace = Pace(sets=2, rounds=6, max_time_s=20.0, shard_bytes=need)
    rows = run(plan(64, targets=("a@cpu", "b@cpu", "c@cpu")), workers, pace=pace)
    assert {(row.target, row.pairing) for row in rows.rows.values()} == {
        (f"{name}.plain@cpu", "process") for name in "abc"
    }


def test_copies_for_a_cold_cache_count_as_memory() -> None:
    pace = Pace(sets=1, rounds=6, max_time_s=20.0, shard_bytes=6000)  # the copies of an arm take 1000
    warm = suite(8)
    cold = replace(warm, cases=tuple(replace(c, workload=replace(c.workload, cache="cold")) for c in warm.cases))
    found = {}
    for name, one in (("warm", warm), ("cold", cold)):
        planned = make_plan(one, find=info, kinds=lambda: ("cpu",))
        found[name] = {row.pairing for row in run(planned, fleet(), pace=pace).rows.values()}
    assert found == {"warm": {"round"}, "cold": {"process"}}


def test_a_call_as_long_as_max_time_allows_is_not_ended_by_a_deadline() -> None:
    workers = fleet(b=Script(call_ns=10**10))
    row = run(plan(8), workers, pace=Pace(sets=1, rounds=30, max_time_s=3600.0, shard_bytes=10**9)).rows[
        "m8", "b.plain@cpu", 0
    ]
    assert row.outcome == Outcome.MEASURED
    longest = 3600 / 5 / 2  # a round is a primer and a call, and five there must be
    assert workers.deadlines["prove", "b.plain@cpu"] > 62 * 10
    assert workers.deadlines["calibrate", "b.plain@cpu"] > 2 * longest
    assert workers.deadlines["prepare", "b.plain@cpu"] > 5 * longest


def test_the_machine_is_measured_once_before_any_worker_starts() -> None:
    workers = fleet()
    rows = run(plan(8), workers)
    assert [op for op, *_ in workers.log].count("speed") == 1
    assert workers.log[0][0] == "speed"
    assert rows.notes == {"cpu_speed": {"float32": 1e9}}


def test_a_machine_without_arms_on_its_cpu_is_not_measured() -> None:
    workers = ScriptedFleet({"a.plain@gpu:0": Script()})
    run(plan(8, targets=["a@gpu"]), workers)
    assert "speed" not in [op for op, *_ in workers.log]


def test_what_is_faster_than_its_device_is_invalid_and_a_share_stands_for_the_others() -> None:
    rate = 2 * 8**3 / 0.001  # what a does, and b half of it
    known = Ceiling(source="made up", flops_per_s=rate, most_flops_per_s=rate)
    workers = fleet()
    workers.ceilings = {"a.plain@cpu": known, "b.plain@cpu": replace(known, most_flops_per_s=rate / 3)}
    rows = run(plan(8), workers).rows
    right, wrong = rows["m8", "a.plain@cpu", 0], rows["m8", "b.plain@cpu", 0]
    assert (right.outcome, right.ceiling_share) == (Outcome.MEASURED, pytest.approx(1.0))
    assert "V6" in right.checks_run
    assert (wrong.outcome, wrong.validity, wrong.ceiling_share) == (Outcome.INVALID, ("V6",), None)
    assert wrong.rejected_s == pytest.approx(0.002)


def test_without_a_ceiling_nothing_is_claimed() -> None:
    row = run(plan(8), fleet()).rows["m8", "a.plain@cpu", 0]
    assert "V6" not in row.checks_run
    assert row.ceiling_share is None


def test_tags_of_the_worker_stand_in_the_row() -> None:
    workers = fleet(b=Script(replies={"prepare": {"tags": ["fused", "layout=NCHW"]}}))
    rows = run(plan(8), workers).rows
    assert rows["m8", "b.plain@cpu", 0].tags == ("fused", "layout=NCHW")
    assert rows["m8", "a.plain@cpu", 0].tags == ()


@pytest.mark.parametrize("fed_ns", [0, 100_000])
def test_phases_of_a_step_add_up_to_it(fed_ns: int) -> None:
    """Each phase is timed from the start of a step, so one that is fed from the host holds the way in too."""
    phases = {"forward": fed_ns + 300_000, "backward": fed_ns + 700_000}
    fed = {"input": fed_ns} if fed_ns else {}
    rows = run(plan(8), fleet(a=Script(call_ns=1_000_000, phases_ns={**phases, **fed})))
    row = rows.rows["m8", "a.plain@cpu", 0]
    assert row.forward_s == pytest.approx(3e-4)
    assert row.backward_s == pytest.approx(4e-4)
    assert row.update_s == pytest.approx(3e-4 - fed_ns * 1e-9)
    assert row.input_s == (pytest.approx(1e-4) if fed_ns else None)
    parts = [row.input_s or 0.0, row.forward_s, row.backward_s, row.update_s]
    assert sum(parts) == pytest.approx(row.time_s)
