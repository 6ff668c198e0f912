"""How many calls make a block: chosen once an arm, on the first process-set, then frozen.

Noise only lengthens, so trials are judged by the fastest of several. Calibrating again in every
process would let the noise of the machine choose different blocks for the same arm.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

LEAST_BLOCK_NS = 5_000_000
MOST_BLOCK_NS = 50_000_000
TRIALS = 5
LONG_TRIAL = 40  # blocks of the least length; beyond them a call is simply long
DOUBTED = 16  # as many, before a surprise is believed
SURPRISE = 2.0  # times what shorter blocks foretold
MOST_INNER = 2**20


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """The block of an arm, and what one call in it took when the machine was at its quietest."""

    inner: int
    call_ns: float


def calibrate(
    time_block: Callable[[int], int],
    *,
    least_ns: int = LEAST_BLOCK_NS,
    most_ns: int = MOST_BLOCK_NS,
    most_inner: int = MOST_INNER,
) -> Calibration:
    """Find the fewest calls whose block lasts at least `least_ns`, but not more than `most_ns` or calls in all.

    `time_block(inner)` returns the nanoseconds a block of `inner` calls took.
    """
    inner, expected = 1, 0.0
    while True:
        fastest = _fastest(time_block, inner, least_ns, expected)
        if fastest >= least_ns or inner >= most_inner:
            break
        # A tenth more than needed, so that the next trial ends the search; at least twice as many.
        wanted = math.ceil(inner * least_ns * 1.1 / max(fastest, 1))
        before, inner = inner, min(most_inner, max(2 * inner, min(wanted, 64 * inner)))
        expected = fastest * inner / before
    call_ns = fastest / inner
    most = max(1, int(most_ns // max(call_ns, 1e-3)))
    return Calibration(inner=min(inner, most), call_ns=call_ns)


def _fastest(time_block: Callable[[int], int], inner: int, least_ns: int, expected_ns: float) -> int:
    """Return the fastest of `TRIALS` blocks; of blocks long enough for certain, fewer are tried.

    A block that would end the search though nothing foretold it may be a neighbour's doing five times in
    a row: two threads that wait for each other on a busy machine made a call of 25 us last 5 ms. So it
    is tried on for as long as `DOUBTED` blocks may last.
    """
    fastest = time_block(inner)
    spent, count = fastest, 1
    while spent < LONG_TRIAL * least_ns:
        foreseen = fastest < least_ns or fastest <= SURPRISE * expected_ns
        if count >= TRIALS and (foreseen or spent >= DOUBTED * least_ns):
            break
        took = time_block(inner)
        fastest, spent, count = min(fastest, took), spent + took, count + 1
    return fastest
