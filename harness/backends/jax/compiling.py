"""How long JAX traced and compiled in this process, as it tells itself.

It tells of each part as it ends, and how long that took. A part may lie within another one: a function that is called
by a function is traced within its trace. So the parts are laid over each other, and what is told twice counts once.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache

import jax

COMPILING = "/jax/core/compile/"  # tracing, lowering and compiling all begin with it


class Spans:
    """Parts of time, told as each ends."""

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self._now = now
        self._apart: list[tuple[float, float]] = []  # in their order; none touches another

    def hear(self, event: str, seconds: float, **_: str | int) -> None:
        """Take up a part that has just ended."""
        if not event.startswith(COMPILING):
            return
        end = self._now()
        start = end - max(0.0, seconds)  # by a clock that can be set back
        while self._apart and self._apart[-1][1] >= start:
            start = min(start, self._apart.pop()[0])
        self._apart.append((start, end))

    def seconds(self) -> float:
        """Return how long all parts took so far."""
        return sum(end - start for start, end in self._apart)


@cache
def spans() -> Spans:
    """Return the parts of this process, heard of from the first call on."""
    found = Spans()
    jax.monitoring.register_event_duration_secs_listener(found.hear)
    return found
