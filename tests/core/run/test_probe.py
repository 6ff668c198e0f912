"""How the machine itself is measured: in the time given, with copies that take turns, and with an honest answer."""

from __future__ import annotations

import random
from typing import Any

import pytest

from harness.errors import InternalError
from harness.run.noise import Look, Noise
from harness.run.probe import KINDS, Probe, probe, sets_within
from tests.core.run.fakes import Clock, Script, ScriptedFleet, lost

COPY, OTHER = "numpy.reference@cpu", "numpy.reference@cpu'"


def drawn(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311  (an order that repeats)


def measured(fleet: ScriptedFleet, seconds: float = 12.0) -> Probe:
    noise = Noise(lambda: Look(at_s=fleet.clock.time_ns / 1e9))
    return probe(seconds, fleet=fleet, noise=noise, rng=drawn(1), clock=fleet.clock.now)


def fleet(**script: Any) -> ScriptedFleet:
    return ScriptedFleet(scripts={COPY: Script(**script)}, clock=Clock())


@pytest.mark.parametrize(("seconds", "sets"), [(10, 3), (15, 3), (30, 6), (60, 12), (600, 12)])
def test_into_how_many_process_sets_the_time_is_divided(seconds: float, sets: int) -> None:
    assert sets_within(seconds) == sets


@pytest.mark.parametrize("seconds", [12.0, 30.0])
def test_the_time_that_was_given_is_kept(seconds: float) -> None:
    found = measured(fleet(call_ns=1_000_000), seconds)
    assert 0.95 * seconds <= found.seconds <= seconds + 0.1
    assert found.sets == sets_within(seconds)


def test_both_copies_of_all_kinds_are_measured_by_fresh_workers_in_each_set() -> None:
    workers = fleet()
    found = measured(workers)
    assert [kind.name for kind in found.kinds] == [name for name, _, _ in KINDS]
    assert [entry for entry in workers.log if entry[0] == "start"] == [
        ("start", name, str(number)) for number in range(3) for name in (COPY, OTHER)
    ]
    assert all(line.closed for line in workers.lines)
    timed = [entry for entry in workers.log if entry[0] == "throughput"]
    for name, _, _ in KINDS:
        both = [sum(entry[1:] == (worker, name) for entry in timed) for worker in (COPY, OTHER)]
        assert both[0] == both[1] > 100


def test_a_machine_without_noise_sees_everything() -> None:
    found = measured(fleet(call_ns=1_000_000))
    for kind in found.kinds:
        assert (kind.spread.between, kind.spread.within) == (0.0, 0.0)
        assert kind.call_s == pytest.approx(0.001)
        assert kind.turn_s == pytest.approx(0.005)
        effort = kind.spread.effort(0.01)
        assert effort is not None
        assert effort.seconds(kind.turn_s) == pytest.approx(2 * 5 * 5 * 0.005)
    assert found.noise["grade"]["word"] == "quiet"


def test_noise_from_block_to_block_is_found() -> None:
    rng = drawn(7)
    found = measured(fleet(drift=lambda now: rng.lognormvariate(0, 0.05)), 30.0)
    for kind in found.kinds:
        assert kind.spread.within == pytest.approx(0.05 * 2**0.5, rel=0.2)
        assert kind.spread.between < 0.01


def test_copies_that_come_out_otherwise_in_each_process_are_found() -> None:
    rng = drawn(3)
    paces: dict[str, float] = {}
    workers = fleet()

    class Paced(ScriptedFleet):
        def launch(self, arm: Any, set_index: int) -> Any:
            line = super().launch(arm, set_index)
            pace = paces[f"{line.name}/{set_index}"] = rng.lognormvariate(0, 0.04)
            line.script = Script(drift=lambda now: pace)
            return line

    found = measured(Paced(scripts=workers.scripts, clock=Clock()), 30.0)
    assert len(paces) == 12
    for kind in found.kinds:
        assert kind.spread.within < 0.001
        assert 0.02 < kind.spread.between < 0.12
        assert kind.spread.effort(0.01) is None


def test_a_machine_too_slow_for_so_many_sets_has_fewer() -> None:
    class Slow(ScriptedFleet):
        def started(self, line: Any, arm: Any, *, deadline_s: float) -> dict[str, Any]:
            self.clock.time_ns += 1_500_000_000
            return super().started(line, arm, deadline_s=deadline_s)

    workers = Slow(scripts={COPY: Script()}, clock=Clock())
    found = measured(workers, 15.0)
    assert found.sets == 1
    assert found.kinds == ()  # one process-set says nothing of how processes differ
    assert found.start_s == pytest.approx(3.0)


@pytest.mark.parametrize("op", ["prepare", "throughput"])
def test_a_worker_that_is_lost_ends_it_and_leaves_no_other_behind(op: str) -> None:
    workers = fleet(faults={(op, KINDS[1][0]): lost()})
    with pytest.raises(InternalError, match="a worker of NumPy was lost"):
        measured(workers)
    assert all(line.closed for line in workers.lines)


def test_an_answer_that_tells_of_a_failure_ends_it_too() -> None:
    workers = fleet(faults={("calibrate", KINDS[0][0]): {"failed": "error", "detail": "no such thing"}})
    with pytest.raises(InternalError, match="no such thing"):
        measured(workers)
    assert len(workers.lines) == 2
    assert all(line.closed for line in workers.lines)
