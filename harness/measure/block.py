"""The timed block: the one loop whose cost is in every number.

A primer call runs untimed, so that caches and clocks are warm again after the token was elsewhere.
Then `inner` dispatches and one fence stand between two readings of the clock, with nothing else in
the loop: no clock, no list, no test. Garbage collection is off meanwhile. Outputs are let go at once,
but for the last: held until the next is there, two would take turns in the caches (3 % slower for a
512 x 512 product than in a loop that lets go).
"""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, islice, repeat, starmap
from typing import Any

from harness.measure.clock import Counters, Meter

Call = Callable[[], Any]
Arguments = tuple[Any, ...]


class Calls:
    """The calls that blocks are made of: a function on always the same arguments, or on several in turn.

    Several are several copies of the inputs (``cache: cold``); their turn goes on from block to
    block, or a short block would always begin with the same, still warm, copies. `primer` is called before a
    block where `function` itself would take long.
    """

    def __init__(
        self, function: Callable[..., Any], *arguments: Arguments, primer: Callable[..., Any] | None = None
    ) -> None:
        self.function = function
        self.primer = primer or function
        self._arguments = arguments or ((),)
        self._turn = cycle(self._arguments)

    def take(self, count: int) -> Iterator[Arguments]:
        """Return the arguments of the next `count` calls; they have had their turn, made or not."""
        if len(self._arguments) == 1:
            return repeat(self._arguments[0], count)
        return iter([*islice(self._turn, count)])


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
    sequence, (last,) = calls.take(inner - 1), calls.take(1)
    function, now = calls.function, meter.now
    with _no_garbage_collection():
        before = meter.counters()
        start = now()
        _dispatch(function, sequence)
        output = function(*last)
        wait(output)
        end = now()
        after = meter.counters()
    return _block(start, end - start, before, after, primer_ns), output


def _dispatch(function: Callable[..., Any], sequence: Iterator[Arguments]) -> None:
    """Call `function` on all of `sequence` and keep nothing: the loop itself runs in C."""
    deque(starmap(function, sequence), maxlen=0)


def run_latency(
    calls: Calls, count: int, wait: Callable[[Any], None], meter: Meter, reset: Call | None = None
) -> tuple[list[Block], Any]:
    """Time `count` single calls, each with its own fence; counters are spread evenly over them."""
    primer_ns = _prime(calls, wait, meter, reset)
    function, now = calls.function, meter.now
    readings: list[tuple[int, int]] = []
    output = None
    with _no_garbage_collection():
        before = meter.counters()
        for arguments in calls.take(count):
            output = None  # let go first, as in a block: two would take turns in the caches
            if reset is not None:
                reset()
            start = now()
            output = function(*arguments)
            wait(output)
            readings.append((start, now()))
        after = meter.counters()
    steps = [_between(before, after, index, count) for index in range(count + 1)]
    blocks = [
        _block(start, end - start, steps[index], steps[index + 1], primer_ns if index == 0 else 0)
        for index, (start, end) in enumerate(readings)
    ]
    return blocks, output


def _between(before: Counters, after: Counters, index: int, count: int) -> Counters:
    """Return what counters stand at after `index` of `count` equal steps: rounded, but nothing of the sum is lost."""

    def at(low: int, high: int) -> int:
        return low + (high - low) * index // count

    waited = before.runq_ns is not None and after.runq_ns is not None
    return Counters(
        cpu_ns=at(before.cpu_ns, after.cpu_ns),
        runq_ns=at(before.runq_ns or 0, after.runq_ns or 0) if waited else None,
        switches=at(before.switches, after.switches),
    )


def _prime(calls: Calls, wait: Callable[[Any], None], meter: Meter, reset: Call | None) -> int:
    if reset is not None:
        reset()
    start = meter.now()
    (arguments,) = calls.take(1)
    wait(calls.primer(*arguments))
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
