"""What the readings of a machine have to say about a session's noise: findings, before they are words.

A reading is told where it is large enough to move a time by a per cent or so. The figures are rough,
and need not be better: they explain a grade and never make one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean
from typing import Any

# From how much on a reading is worth a word.
FOREIGN = 0.05  # of the processors' time
STEAL = 0.01
HELD_BACK = 0.005  # of the processors' time, by a quota
# Of the time of blocks; alone on its processors a worker waits for 1 to 3 %, and for up to 10 % where its own threads
# are many: without FOREIGN or STEAL it says nothing of others.
WAITED = 0.05
# Of the time. That for processors is no reason: a worker with as many threads as there are processors, and we who
# wait for it, make it 25 to 55 % on a machine where nobody else does anything.
PRESSURE = {"memory": 0.01, "io": 0.10}
FAULTS = 100  # pages of a process-set that had to come from a disk
CLOCKS = 1.10  # the highest clock over the lowest
THROTTLED = 0.01  # of the blocks
SLOWDOWN = 1.10  # of a fixed piece of work: the slowest process-set over the quickest
SCATTER = 0.10  # of that piece within a process-set
MOST = 1e300  # of any reading that is one


class Code(StrEnum):
    """What a machine can be doing beside measuring."""

    FOREIGN = "foreign"
    STEAL = "steal"
    HELD_BACK = "held-back"
    WAITED = "waited"
    PRESSURE_MEMORY = "pressure-memory"
    PRESSURE_IO = "pressure-io"
    FAULTS = "major-faults"
    CLOCK = "clock"
    THROTTLED = "throttled"
    GPU_PROCESSES = "gpu-processes"
    SLOWDOWN = "sentinel-slowdown"
    SCATTER = "sentinel-scatter"


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One of them: how much over all process-sets, and in the worst."""

    code: Code
    value: float
    worst: float
    detail: str = ""


Sets = Sequence[Mapping[str, Any]]


def reasons_of(sets: Sets) -> tuple[Reason, ...]:
    """Return what the readings of a session's process-sets tell, what says most about other people's work first."""
    found = [
        _share(sets, Code.FOREIGN, FOREIGN, lambda one: one.get("foreign")),
        _share(sets, Code.STEAL, STEAL, lambda one: one.get("steal")),
        _share(sets, Code.HELD_BACK, HELD_BACK, lambda one: one.get("held_back")),
        _share(sets, Code.WAITED, WAITED, lambda one: one.get("waited")),
        *(_share(sets, Code(f"pressure-{name}"), least, _of("pressure", name)) for name, least in PRESSURE.items()),
        _share(sets, Code.FAULTS, FAULTS, lambda one: one.get("major_faults")),
        _clock(sets),
        *_throttled(sets),
        _share(sets, Code.GPU_PROCESSES, 1, lambda one: one.get("gpu_processes")),
        _share(sets, Code.SLOWDOWN, SLOWDOWN, _of("sentinel", "slowdown")),
        _share(sets, Code.SCATTER, SCATTER, _of("sentinel", "scatter")),
    ]
    return tuple(reason for reason in found if reason is not None)


def _of(name: str, inner: str) -> Callable[[Mapping[str, Any]], Any]:
    def get(reading: Mapping[str, Any]) -> Any:
        held = reading.get(name)
        return held.get(inner) if isinstance(held, Mapping) else None

    return get


def _share(sets: Sets, code: Code, least: float, get: Callable[[Mapping[str, Any]], Any]) -> Reason | None:
    """Return a reading whose worst process-set is worth a word."""
    values = [float(value) for one in sets if _is_number(value := get(one))]
    if not values or max(values) < least:
        return None
    return Reason(code=code, value=fmean(values), worst=max(values))


def _clock(sets: Sets) -> Reason | None:
    """Return the lowest clock and, as the worst of it, the highest: the one is as telling as the other."""
    spans = [span for one in sets if isinstance(span := one.get("clock_mhz"), Sequence) and len(span) == 2]  # noqa: PLR2004
    ends = [float(end) for span in spans for end in span if _is_number(end) and end > 0]
    if not ends or max(ends) < CLOCKS * min(ends):
        return None
    return Reason(code=Code.CLOCK, value=min(ends), worst=max(ends))


def _throttled(sets: Sets) -> list[Reason]:
    held = [one["throttled"] for one in sets if isinstance(one.get("throttled"), Mapping)]
    found = []
    for name in sorted({str(name) for shares in held for name in shares}):
        shares = [float(value) for one in held if _is_number(value := one.get(name, 0.0))]
        if shares and max(shares) >= THROTTLED:
            found.append(Reason(code=Code.THROTTLED, value=fmean(shares), worst=max(shares), detail=name))
    return found


def _is_number(value: object) -> bool:
    """Whether it is a number that can be reckoned with; a manifest may hold anything."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -MOST < value < MOST
