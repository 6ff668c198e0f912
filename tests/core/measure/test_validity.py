"""Time that cannot be believed is refused, and time that can is not; on a virtual device, exactly."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.core.ceiling import Ceiling, Work
from harness.measure.block import Calls, run_block
from harness.measure.validity import (
    can_exceed,
    check_ceiling,
    check_elision,
    check_leftover,
    check_parallelism,
    check_remembered,
    check_scaling,
    elidable_calls,
)
from tests.core.measure.fakes import Queue, ScriptedMeter


def _timed(queue: Queue) -> Callable[[int], int]:
    calls = Calls(queue.call)
    return lambda inner: run_block(calls, inner, queue.wait, queue.meter)[0].wall_ns


@pytest.mark.parametrize("work_ns", [0, 1_000, 1_000_000])
@pytest.mark.parametrize("inner", [1, 4, 64])
def test_honest_devices_pass(work_ns: int, inner: int) -> None:
    queue = Queue(ScriptedMeter(), dispatch_ns=1_000, work_ns=work_ns)
    doubt = check_scaling(_timed(queue), inner)
    assert doubt is None or doubt.warning  # one call pays its dispatch, four in a queue hide theirs
    assert check_leftover(lambda: _timed(queue)(inner), queue.read) is None


def test_a_missing_fence_leaves_work_behind() -> None:
    queue = Queue(ScriptedMeter(), dispatch_ns=1_000, work_ns=1_000_000, honest=False)
    doubt = check_leftover(lambda: _timed(queue)(8), queue.read)
    assert doubt is not None
    assert doubt.code == "V5"
    assert not doubt.warning


def test_time_that_does_not_grow_with_the_work_is_refused() -> None:
    doubt = check_scaling(lambda inner: 5_000_000 + inner, 64)
    assert doubt is not None
    assert (doubt.code, doubt.warning) == ("V4", False)


@pytest.mark.parametrize(("fixed", "warns"), [(0, False), (10, True)])
def test_unusual_growth_only_warns(*, fixed: int, warns: bool) -> None:
    doubt = check_scaling(lambda inner: 1_000 * (fixed + inner), 64)
    assert (doubt is not None and doubt.warning) is warns


@pytest.mark.parametrize(("call_ns", "blocks"), [(50_000_000, 4), (200_000_000, 2), (3_000_000_000, 2)])
def test_calls_that_take_seconds_are_not_made_dozens_of_times(call_ns: int, blocks: int) -> None:
    """A whole training is a call as well; two pairs that agree decide, and of such length one does."""
    made: list[int] = []

    def time_block(inner: int) -> int:
        made.append(inner)
        return call_ns * inner

    assert check_scaling(time_block, 1) is None
    assert made == [1, 4] * (blocks // 2)
    made.clear()
    assert check_leftover(lambda: time_block(1), lambda: 1_000) is None
    assert made == [1] * (2 if call_ns < 10**9 else 1)


def test_time_that_does_not_grow_is_refused_however_long_it_is() -> None:
    doubt = check_scaling(lambda inner: 3_000_000_000 + inner, 1)
    assert doubt is not None
    assert (doubt.code, doubt.warning) == ("V4", False)


def test_one_burst_of_a_neighbour_refuses_nothing() -> None:
    """Nine pairs by the first look all spoilt; the second look decides."""
    count = 0

    def time_block(inner: int) -> int:
        nonlocal count
        count += 1
        return 1_000_000 if count <= 18 else inner * 1_000

    assert check_scaling(time_block, 64) is None


def test_what_the_first_call_of_a_block_pays_alone_refuses_nothing() -> None:
    """A large output's pages: 33 ms for the first call, 9 ms for each that reuses them."""
    doubt = check_scaling(lambda inner: 24_000_000 + 9_000_000 * inner, 1)
    assert doubt is None or doubt.warning
    refused = check_scaling(lambda inner: 33_000_000 + inner, 1)
    assert refused is not None
    assert not refused.warning


@pytest.mark.parametrize(("again", "fresh"), [(1_000, 90_000), (50_000, 400_000), (10**9, 9 * 10**9), (500, 500)])
def test_caches_that_are_cold_refuse_nothing(again: int, fresh: int) -> None:
    assert check_remembered(lambda: again, lambda: fresh) is None


def test_an_answer_that_is_remembered_is_refused() -> None:
    doubt = check_remembered(lambda: 1_000, lambda: 1_000_000)
    assert doubt is not None
    assert (doubt.code, doubt.warning) == ("V2", False)


def test_a_burst_while_new_arrays_are_tried_refuses_nothing() -> None:
    times = iter([10**7] * 3 + [2_000] * 3)
    assert check_remembered(lambda: 1_000, lambda: next(times)) is None


def test_parallelism_is_held_to_the_threads_allowed() -> None:
    assert check_parallelism([(2_000, 1_000)] * 3, 2) is None
    doubt = check_parallelism([(2_000, 1_000)] * 3, 1)
    assert doubt is not None
    assert doubt.code == "V8"
    assert check_parallelism([], 1) is None
    assert check_parallelism([(0, 0)], 1) is None


def test_one_block_whose_counters_were_read_late_refuses_nothing() -> None:
    assert check_parallelism([(1_000, 1_000), (1_000, 1_000), (90_000, 1_000)], 1) is None


@pytest.mark.parametrize(("slow", "refused"), [(3, False), (4, True)])
def test_reads_slowed_by_a_neighbour_refuse_nothing(*, slow: int, refused: bool) -> None:
    """Work that is left behind is left by rule; a neighbour takes some of the reads."""
    count = 0

    def read() -> int:
        nonlocal count
        first, sample = count % 2 == 0, count // 2 % 5
        count += 1
        return 900_000 if first and sample < slow else 100_000

    assert (check_leftover(lambda: 6_000_000, read) is not None) is refused


def test_calls_that_are_merged_or_left_out_are_refused_and_slower_ones_are_not() -> None:
    assert check_elision(lambda: (64_000_000, 2_100_000), 64) is None
    doubt = check_elision(lambda: (64_000_000, 1_900_000), 64)
    assert doubt is not None
    assert (doubt.code, doubt.warning) == ("V3", False)
    assert check_elision(lambda: (100_000, 1), 64) is None  # nothing there that could have been saved


def test_one_quiet_look_shows_that_calls_are_made() -> None:
    looks = iter([(64_000_000, 10_000)] * 8 + [(64_000_000, 60_000_000)])
    assert check_elision(lambda: next(looks), 64) is None


@pytest.mark.parametrize(
    ("call_bytes", "call_ns", "calls"),
    [
        (1_000, 1e4, 64),
        (16 * 2**20, 1e4, 32),
        (32 * 2**20, 1e4, 16),
        (33 * 2**20, 1e4, None),
        (1_000, 2e6, 16),
        (1_000, 2e7, 4),
    ],
)
def test_as_many_calls_are_compared_as_memory_and_time_allow(
    call_bytes: int, call_ns: float, calls: int | None
) -> None:
    assert elidable_calls(call_bytes, call_ns) == calls


CEILING = Ceiling(source="made up", most_flops_per_s=1e9, most_bytes_per_s=1e9, cache_bytes=1000)


@pytest.mark.parametrize(
    ("flops", "footprint", "time_s", "caught"),
    [
        (1e9, 0, 1.0, False),
        (1e9, 0, 1 / 1.019, False),
        (1e9, 0, 1 / 1.021, True),
        (None, 1_000_001_000, 1.0, False),  # so much may have been in the cache
        (None, 1_021_001_000, 1.0, True),
        (None, 2_000, 1e-9, False),  # all of it may
    ],
)
def test_nothing_is_faster_than_the_device(flops: float | None, footprint: int, time_s: float, *, caught: bool) -> None:
    work = Work(flops=None, least_flops=flops, bytes=footprint, footprint_bytes=footprint)
    doubt = check_ceiling(work, CEILING, time_s)
    assert (doubt is not None and doubt.code == "V6") is caught
    assert check_ceiling(work, Ceiling(source="unknown"), time_s) is None
    assert not can_exceed(work, Ceiling(source="unknown"))
    assert can_exceed(work, CEILING) is (flops is not None or footprint > 2_000)
