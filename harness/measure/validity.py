"""Checks on time itself: does more work take longer, is the queue empty, are the threads ours.

Each check is a procedure over callables that time something, so that a virtual clock can drive it,
and ends as a `Doubt` or nothing. The checks on answers live in `harness.backends.proof`.

A fault shows whenever it is looked for; a neighbour on the same processors does not. So a check refuses
only what every one of several looks shows, and one look that shows nothing settles it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from harness.core.ceiling import Ceiling, Work

LOOKS = 5
PAIRS = 9
LONG_CHECK_NS = 300_000_000  # calls so slow that nine pairs would take longer get fewer pairs, three at least
LASTING_NS = 1_000_000_000  # what takes so long is done once a look: no neighbour makes it twice as long as it is
LEAST_RATIO = 2.0
USUAL_RATIOS = (3.2, 4.6)
LEFTOVER_SHARE = 0.05
LEFTOVER_FLOOR_NS = 50_000  # below it two reads differ by themselves
READS, EMPTY_READS = 5, 2
FRESH = 3
REMEMBERED_RATIO = 10  # arrays that no cache holds make an honest call slower too, but not so much
REMEMBERED_FLOOR_NS = 100_000
MANY_CALLS, SOME_CALLS, FEW_CALLS = 64, 16, 4
SHORT_CALL_NS, LONG_CALL_NS = 1_000_000, 20_000_000
ELISION_LOOKS = 9
ELISION_FLOOR_NS = 200_000  # below it there is nothing that sharing could have saved
ELISION_BYTES = 512 * 2**20  # inputs and outputs that are held at once
# Linux brings the CPU time of a thread that is running elsewhere up to date once a tick (4 ms): a block of
# 7 ms on two busy processors was seen to have used 2.12 of them.
PARALLELISM_SLACK = 1.25
CEILING_SLACK = 1.02  # of clocks, whose megahertz are rounded


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """A failed check: its code and what was seen. A `warning` is recorded and refuses nothing."""

    code: str
    detail: str
    warning: bool = False


def _nothing() -> None:
    """Leave the caches as they are: time that is scripted knows none."""


def check_scaling(time_block: Callable[[int], int], inner: int) -> Doubt | None:
    """V4: four times the calls must take clearly longer; below twice as long there is no real fence.

    Each look takes twice the calls of the one before: what the first call of a block alone pays (pages
    for a large output, 33 ms where each later call reuses them in 9) grows less in weight, a fence does not.
    """
    base = max(1, inner // 4)
    for look in range(LOOKS):
        ratio = _scaling_ratio(time_block, base << look)
        if ratio >= LEAST_RATIO:
            break
    low, high = USUAL_RATIOS
    if ratio < LEAST_RATIO:
        return Doubt(code="V4", detail=f"four times the calls took only {ratio:.2f} times as long")
    if not low <= ratio <= high:
        return Doubt(code="V4", detail=f"four times the calls took {ratio:.2f} times as long", warning=True)
    return None


def _scaling_ratio(time_block: Callable[[int], int], base: int) -> float:
    """Return the median of so many pairs, or of as many as decide on which side of the least ratio it lies."""
    first = (time_block(base), time_block(4 * base))
    least = 3 if sum(first) < LASTING_NS else 1
    pairs = max(least, min(PAIRS, LONG_CHECK_NS // max(1, sum(first))))
    ratios = [first[1] / max(first[0], 1)]
    while not pairs < 2 * max(above := sum(ratio >= LEAST_RATIO for ratio in ratios), len(ratios) - above):
        short, long = time_block(base), time_block(4 * base)
        ratios.append(long / max(short, 1))
    return median(ratios)


def check_leftover(
    block: Callable[[], int], read: Callable[[], int], cool: Callable[[], object] = _nothing
) -> Doubt | None:
    """V5: after the fence nothing may be left to wait for.

    `block` runs a block and returns its nanoseconds; `read` times copying one element of its
    output to the host. The first read after a block waits for whatever the fence let slip; the
    second finds an idle queue, for the first has emptied it. A block leaves nothing of the read's own
    code in the caches, which alone made the first read 300 µs slower than the second in JAX and
    180 µs in TensorFlow; so `cool` empties them before the second.
    """
    for _ in range(LOOKS):
        blocks, excess = [], []
        for _ in range(READS):
            blocks.append(block())
            after = read()
            cool()
            excess.append(after - read())
            length, bound = median(blocks), max(LEFTOVER_SHARE * median(blocks), LEFTOVER_FLOOR_NS)
            if sum(left <= bound for left in excess) == (EMPTY_READS if length < LASTING_NS else 1):
                return None  # what is left by rule is left nearly each time
    left = sorted(excess)[EMPTY_READS - 1]
    return Doubt(code="V5", detail=f"{left / 1000:.0f} µs left to wait for after a block of {length / 1000:.0f} µs")


def check_remembered(again: Callable[[], int], fresh: Callable[[], int]) -> Doubt | None:
    """V2: a call on arrays never seen before takes as long as one on the same arrays again.

    Answers that are kept by the identity of their arguments are right for all inputs, and cost a
    look-up: only time tells. Both callables time a single call with its fence; the fastest counts.
    """
    for _ in range(LOOKS):
        first = again()
        count = FRESH if first * FRESH < LONG_CHECK_NS else 1
        known = min([first, *(again() for _ in range(count - 1))])
        new = min(fresh() for _ in range(count))
        if new <= max(REMEMBERED_RATIO * known, known + REMEMBERED_FLOOR_NS):
            return None
    words = f"a call takes {new / 1000:.0f} µs on new arrays and {known / 1000:.0f} µs on the same again"
    return Doubt(code="V2", detail=f"{words}: its answer is remembered")


def elidable_calls(call_bytes: int, call_ns: float) -> int | None:
    """Return how many calls V3 compares, or nothing where so many inputs and outputs would fill the memory.

    Short calls need more of them: arrays in a near cache, and pages that are there already, make an honest
    call several times as fast. In a long call on little memory neither matters.
    """
    room = ELISION_BYTES // max(1, call_bytes)
    if room < SOME_CALLS:
        return None
    if call_ns >= LONG_CALL_NS:
        return FEW_CALLS
    return min(room, MANY_CALLS if call_ns < SHORT_CALL_NS else SOME_CALLS)


def check_elision(look: Callable[[], tuple[int, int]], calls: int) -> Doubt | None:
    """V3: so many calls are so many computations, though nobody looks at any answer but the last.

    A look times `calls` calls on as many copies of the inputs, all new, each answer kept and waited for,
    and a block of as many on one copy; it returns both. Where the block takes less than two calls of the
    others, calls were merged or left out. Caches and fresh memory make honest calls differ too, but not by
    a factor that grows with their number; and what a noisy machine shows in one look, it does not in all.
    """
    ratios = []
    for _ in range(ELISION_LOOKS):
        distinct, same = look()
        ratios.append(distinct / max(same, 1))
        if distinct <= max(calls / LEAST_RATIO * same, ELISION_FLOOR_NS):
            return None
    words = (
        f"{calls} different calls whose answers are kept take {median(ratios):.1f} times as long as {calls} of a block"
    )
    return Doubt(code="V3", detail=f"{words}: calls were merged or left out")


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


def can_exceed(work: Work, ceiling: Ceiling) -> bool:
    """Whether there is anything that V6 could hold this work to."""
    computes = work.least_flops is not None and ceiling.most_flops_per_s is not None
    return computes or (work.beyond_cache(ceiling) and ceiling.most_bytes_per_s is not None)


def check_ceiling(work: Work, ceiling: Ceiling, time_s: float) -> Doubt | None:
    """V6: nothing is faster than the device can be.

    Of the bytes, as many as the last-level cache holds may have been there already.
    """
    claims = [("FLOP/s", work.least_flops, ceiling.most_flops_per_s)]
    if work.beyond_cache(ceiling):
        claims.append(("B/s", work.footprint_bytes - (ceiling.cache_bytes or 0), ceiling.most_bytes_per_s))
    for unit, least, most in claims:
        if least is not None and most is not None and least / time_s > CEILING_SLACK * most:
            rates = f"{least / time_s:.3g} {unit}, and {most:.3g} are all there can be"
            return Doubt(code="V6", detail=f"{rates} ({ceiling.source})")
    return None
