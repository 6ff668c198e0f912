"""The timed loop times what it says and nothing else."""

from __future__ import annotations

import gc
from typing import Any
from weakref import WeakSet

import pytest

from harness.measure.block import Calls, run_block, run_latency
from harness.measure.clock import Counters
from tests.core.measure.fakes import Queue, ScriptedMeter


def test_a_block_is_the_dispatches_and_one_fence() -> None:
    meter = ScriptedMeter()
    queue = Queue(meter, dispatch_ns=10, work_ns=100)
    block, _ = run_block(Calls(queue.call), 7, queue.wait, meter)
    assert block.primer_ns == 110
    assert block.start_ns == 1_110
    assert block.wall_ns == 10 + 7 * 100  # the queue hides all dispatches but the first


def test_latency_fences_every_call() -> None:
    meter = ScriptedMeter()
    queue = Queue(meter, dispatch_ns=10, work_ns=100)
    blocks, _ = run_latency(Calls(queue.call), 5, queue.wait, meter)
    assert [block.wall_ns for block in blocks] == [110] * 5
    assert [block.primer_ns for block in blocks] == [110, 0, 0, 0, 0]


def test_nothing_of_what_single_calls_spent_is_rounded_away() -> None:
    class Stepping(ScriptedMeter):
        def counters(self) -> Counters:
            self.counted += 1
            return Counters(cpu_ns=7 * self.counted, runq_ns=3 * self.counted, switches=19 * self.counted)

    blocks, _ = run_latency(Calls(int), 20, lambda _: None, Stepping())
    assert sum(block.switches for block in blocks) == 19
    assert sum(block.cpu_ns for block in blocks) == 7
    assert sum(block.runq_ns or 0 for block in blocks) == 3


def test_a_single_call_finds_the_last_output_gone() -> None:
    """Two would take turns in the caches, and latency would be that of another computation than throughput."""
    held = WeakSet[Any]()

    class Output:
        pass

    def call() -> Output:
        assert not held
        output = Output()
        held.add(output)
        return output

    _, last = run_latency(Calls(call), 5, lambda _: None, ScriptedMeter())
    assert list(held) == [last]


def test_counters_are_read_outside_the_timed_region() -> None:
    class Costly(ScriptedMeter):
        def counters(self) -> Counters:
            self.spend(1_000_000)
            return super().counters()

    meter = Costly()
    queue = Queue(meter, dispatch_ns=10, work_ns=0)
    block, _ = run_block(Calls(queue.call), 3, queue.wait, meter)
    assert block.wall_ns == 30


def test_counters_are_differences() -> None:
    meter = ScriptedMeter(threads=2)
    queue = Queue(meter, dispatch_ns=1_000, work_ns=0)
    block, _ = run_block(Calls(queue.call), 100, queue.wait, meter)
    assert (block.cpu_ns, block.runq_ns, block.switches) == (200_000, 10_000, 100)


def test_reset_runs_before_the_primer_and_before_the_block_and_is_not_timed() -> None:
    meter, log = ScriptedMeter(), []

    def reset() -> None:
        log.append("reset")
        meter.spend(5_000)

    def call() -> None:
        log.append("call")
        meter.spend(10)

    block, _ = run_block(Calls(call), 2, lambda _: log.append("wait"), meter, reset)
    assert log == ["reset", "call", "wait", "reset", "call", "call", "wait"]
    assert block.wall_ns == 20


def test_a_block_of_long_calls_is_primed_with_a_brief_one() -> None:
    meter = ScriptedMeter()
    calls = Calls(lambda: meter.spend(10_000), primer=lambda: meter.spend(10))
    block, _ = run_block(calls, 2, lambda _: None, meter)
    single, _ = run_latency(calls, 3, lambda _: None, meter)
    assert (block.primer_ns, block.wall_ns) == (10, 20_000)
    assert [(each.primer_ns, each.wall_ns) for each in single] == [(10, 10_000), (0, 10_000), (0, 10_000)]


def test_cold_calls_take_their_turn_from_block_to_block() -> None:
    """Starting again with the first copies would find them still warm."""
    meter, log = ScriptedMeter(), list[int]()
    calls = Calls(log.append, *((number,) for number in range(5)))
    run_block(calls, 3, lambda _: None, meter)
    run_block(calls, 3, lambda _: None, meter)
    assert log == [0, 1, 2, 3, 4, 0, 1, 2]


@pytest.mark.parametrize("on", [True, False])
def test_garbage_collection_is_off_in_a_block_and_as_before_after_it(*, on: bool) -> None:
    seen = []
    (gc.enable if on else gc.disable)()
    try:
        run_block(Calls(lambda: seen.append(gc.isenabled())), 2, lambda _: None, ScriptedMeter())
        assert seen[1:] == [False, False]
        assert gc.isenabled() is on
    finally:
        gc.enable()


def test_garbage_collection_comes_back_after_an_error() -> None:
    def call() -> None:
        if not gc.isenabled():
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        run_block(Calls(call), 2, lambda _: None, ScriptedMeter())
    assert gc.isenabled()
