"""The timed block: the one loop whose cost is in every number.

A primer call runs untimed, so that caches and clocks are warm again after the token was elsewhere.
Then `inner` dispatches and one fence stand between two readings of the clock, with nothing else in
the loop: no clock, no list, no test. Garbage collection is off meanwhile.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, islice, repeat
from typing import Any

from harness.measure.clock import Counters, Meter

Call = Callable[[], Any]


class Calls:
    """The calls that blocks are made of: always the same one, or several in turn.

    Several are several copies of the inputs (``cache: cold``); their turn goes on from block to
    block, or a short block would always begin with the same, still warm, copies.
    """

    def __init__(self, *calls: Call) -> None:
        self._calls = calls
        self._turn = cycle(calls)

    def take(self, count: int) -> Iterator[Call]:
        """Return an iterator over the next `count` calls."""
        return repeat(self._calls[0], count) if len(self._calls) == 1 else islice(self._turn, count)


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """One timed block. `primer_ns` is what the untimed call before it took."""

    start_ns: int
    wall_ns: int
    cpu_ns: int
    runq_ns: int | None
    switches: int
    primer_ns: int


def run_block(
    calls: Calls, inner: int, wait: Callable[[Any], None], meter: Meter, reset: Call | None = None
) -> tuple[Block, Any]:
    """Time `inner` dispatches and one fence; also return the last output, for checks outside."""
    primer_ns = _prime(calls, wait, meter, reset)
    if reset is not None:
        reset()
    sequence = calls.take(inner)
    now = meter.now
    with _no_garbage_collection():
        before = meter.counters()
        start = now()
        for call in sequence:
            output = call()
        wait(output)
        end = now()
        after = meter.counters()
    return _block(start, end - start, before, after, primer_ns), output


def run_latency(
    calls: Calls, count: int, wait: Callable[[Any], None], meter: Meter, reset: Call | None = None
) -> tuple[list[Block], Any]:
    """Time `count` single calls, each with its own fence; counters are spread evenly over them."""
    primer_ns = _prime(calls, wait, meter, reset)
    now = meter.now
    readings: list[tuple[int, int]] = []
    output = None
    with _no_garbage_collection():
        before = meter.counters()
        for call in calls.take(count):
            if reset is not None:
                reset()
            start = now()
            output = call()
            wait(output)
            readings.append((start, now()))
        after = meter.counters()
    share = Counters(
        cpu_ns=(after.cpu_ns - before.cpu_ns) // count,
        runq_ns=None if after.runq_ns is None or before.runq_ns is None else (after.runq_ns - before.runq_ns) // count,
        switches=(after.switches - before.switches) // count,
    )
    zero = Counters(cpu_ns=0, runq_ns=None if share.runq_ns is None else 0, switches=0)
    blocks = [
        _block(start, end - start, zero, share, primer_ns if index == 0 else 0)
        for index, (start, end) in enumerate(readings)
    ]
    return blocks, output


def _prime(calls: Calls, wait: Callable[[Any], None], meter: Meter, reset: Call | None) -> int:
    if reset is not None:
        reset()
    start = meter.now()
    for call in calls.take(1):
        wait(call())
    return meter.now() - start


def _block(start: int, wall: int, before: Counters, after: Counters, primer_ns: int) -> Block:
    waited = None if after.runq_ns is None or before.runq_ns is None else after.runq_ns - before.runq_ns
    return Block(
        start_ns=start,
        wall_ns=wall,
        cpu_ns=after.cpu_ns - before.cpu_ns,
        runq_ns=waited,
        switches=after.switches - before.switches,
        primer_ns=primer_ns,
    )


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
