"""Time that cannot be believed is refused, and time that can is not; on a virtual device, exactly."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.measure.block import Calls, run_block
from harness.measure.validity import check_leftover, check_parallelism, check_scaling
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


def test_one_burst_of_a_neighbour_refuses_nothing() -> None:
    """Nine pairs by the first look all spoilt; the second look decides."""
    count = 0

    def time_block(inner: int) -> int:
        nonlocal count
        count += 1
        return 1_000_000 if count <= 18 else inner * 1_000

    assert check_scaling(time_block, 64) is None


def test_parallelism_is_held_to_the_threads_allowed() -> None:
    assert check_parallelism([(2_000, 1_000)] * 3, 2) is None
    doubt = check_parallelism([(2_000, 1_000)] * 3, 1)
    assert doubt is not None
    assert doubt.code == "V8"
    assert check_parallelism([], 1) is None
    assert check_parallelism([(0, 0)], 1) is None


def test_one_block_whose_counters_were_read_late_refuses_nothing() -> None:
    assert check_parallelism([(1_000, 1_000), (1_000, 1_000), (90_000, 1_000)], 1) is None
