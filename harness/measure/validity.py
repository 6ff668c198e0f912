"""Checks on time itself: does more work take longer, is the queue empty, are the threads ours.

Each check is a procedure over callables that time something, so that a virtual clock can drive it,
and ends as a `Doubt` or nothing. The checks on answers live in `harness.backends.proof`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

PAIRS = 9
LONG_CHECK_NS = 300_000_000  # calls so slow that nine pairs would take longer get fewer pairs, three at least
LEAST_RATIO = 2.0
USUAL_RATIOS = (3.2, 4.6)
LEFTOVER_SHARE = 0.05
LEFTOVER_FLOOR_NS = 50_000  # below it two reads differ by themselves
READS = 5
FRESH = 3
REMEMBERED_RATIO = 10  # arrays that no cache holds make an honest call slower too, but not so much
REMEMBERED_FLOOR_NS = 100_000
# Linux brings the CPU time of a thread that is running elsewhere up to date once a tick (4 ms): a block of
# 7 ms on two busy processors was seen to have used 2.12 of them.
PARALLELISM_SLACK = 1.25


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """A failed check: its code and what was seen. A `warning` is recorded and refuses nothing."""

    code: str
    detail: str
    warning: bool = False


def check_scaling(time_block: Callable[[int], int], inner: int) -> Doubt | None:
    """V4: four times the calls must take clearly longer; below twice as long there is no real fence."""
    base = max(1, inner // 4)
    ratio = _scaling_ratio(time_block, base)
    if ratio < LEAST_RATIO:
        ratio = _scaling_ratio(time_block, base)  # once more: a neighbour's burst can do this
    low, high = USUAL_RATIOS
    if ratio < LEAST_RATIO:
        return Doubt(code="V4", detail=f"four times the calls took only {ratio:.2f} times as long")
    if not low <= ratio <= high:
        return Doubt(code="V4", detail=f"four times the calls took {ratio:.2f} times as long", warning=True)
    return None


def _scaling_ratio(time_block: Callable[[int], int], base: int) -> float:
    first = (time_block(base), time_block(4 * base))
    pairs = max(3, min(PAIRS, LONG_CHECK_NS // max(1, sum(first))))
    timed = [first, *((time_block(base), time_block(4 * base)) for _ in range(pairs - 1))]
    return median(long / max(short, 1) for short, long in timed)


def check_leftover(block: Callable[[], int], read: Callable[[], int]) -> Doubt | None:
    """V5: after the fence nothing may be left to wait for.

    `block` runs a block and returns its nanoseconds; `read` times copying one element of its
    output to the host. The first read after a block waits for whatever the fence let slip; the
    second finds an idle queue, for the first has emptied it.
    """
    for _ in range(2):  # confirmed once
        blocks, excess = [], []
        for _ in range(READS):
            blocks.append(block())
            after = read()
            excess.append(after - read())
        left, length = sorted(excess)[1], median(blocks)  # what is left by rule is left nearly each time
        if left <= max(LEFTOVER_SHARE * length, LEFTOVER_FLOOR_NS):
            return None
    return Doubt(code="V5", detail=f"{left / 1000:.0f} µs left to wait for after a block of {length / 1000:.0f} µs")


def check_remembered(again: Callable[[], int], fresh: Callable[[], int]) -> Doubt | None:
    """V2: a call on arrays never seen before takes as long as one on the same arrays again.

    Answers that are kept by the identity of their arguments are right for all inputs, and cost a
    look-up: only time tells. Both callables time a single call with its fence; the fastest counts.
    """
    for _ in range(2):  # confirmed once
        first = again()
        count = FRESH if first * FRESH < LONG_CHECK_NS else 1
        known = min([first, *(again() for _ in range(count - 1))])
        new = min(fresh() for _ in range(count))
        if new <= max(REMEMBERED_RATIO * known, known + REMEMBERED_FLOOR_NS):
            return None
    words = f"a call takes {new / 1000:.0f} µs on new arrays and {known / 1000:.0f} µs on the same again"
    return Doubt(code="V2", detail=f"{words}: its answer is remembered")


def check_parallelism(blocks: Sequence[tuple[int, int]], threads: int) -> Doubt | None:
    """V8: a process cannot spend more CPU time than its threads have; more means unpinned pools.

    `blocks` holds CPU and wall nanoseconds of each. The middle block decides: CPU time is read just
    outside the timed region, and where this thread loses its processor there, others still count on.
    """
    if not blocks:
        return None
    real = median(cpu_ns / max(wall_ns, 1) for cpu_ns, wall_ns in blocks)
    if real <= threads * PARALLELISM_SLACK:
        return None
    return Doubt(code="V8", detail=f"{real:.2f} processors busy, {threads} allowed")
