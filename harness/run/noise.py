"""What the machine did while a process-set was measured, and how noisy the session was.

The session says where a set begins and where it ends; between them everything is a difference of
totals, and what was seen beside single blocks comes with the samples. Nothing here decides what is
kept: readings explain, and the grade is made of two copies of one arm (`harness.run.copies`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, TypeVar

from harness.core import activity, nvidia, nvml, pressure
from harness.core.affinity import available_cpus
from harness.core.gauge import THROTTLED
from harness.run.copies import Arm, Copies
from harness.store.record import UNPROVED, Sample

if TYPE_CHECKING:
    from harness.run.plan import Arm as Planned

N = TypeVar("N", int, float)

_NORMAL = 1.4826  # the standard deviation of a normal distribution over its median absolute deviation
_LEAST_LOOKS = 3  # of a sentinel in a process-set, before anything is said of their scatter
_SHARES = ("ours", "foreign", "steal", "held_back")  # of the processors' time
_LOW, _HIGH = 0.05, 0.95  # of the clocks beside blocks: one odd reading is no range


@dataclass(frozen=True, kw_only=True)
class Look:
    """The machine at one moment: totals since it was started; what it does not show is missing."""

    at_s: float
    processors: activity.Processors | None = None
    family: activity.Family | None = None
    switches: int | None = None
    waited_s: Mapping[str, float | None] = field(default_factory=dict)
    load: float | None = None
    held_back_s: float | None = None
    gpus: Sequence[Mapping[str, Any]] = ()
    gpu_processes: int | None = None


def look_at(*, gpu: bool = False, root: Path = Path("/"), pid: int | None = None) -> Look:
    """Look at this machine; its GPUs are asked only where they are measured, for that takes a tenth of a second."""
    eldest = os.getpid() if pid is None else pid
    return Look(
        at_s=time.monotonic(),
        processors=activity.processors(root, available_cpus()),
        family=activity.family(root, eldest),
        switches=activity.switches(root),
        waited_s=pressure.waited_s(root),
        load=activity.load(root),
        held_back_s=activity.held_back_s(root),
        gpus=nvidia.states() if gpu else (),
        gpu_processes=nvidia.computing(activity.members(root, eldest)) if gpu else None,
    )


def noise_beside(arms: Iterable[Planned], *, confidence: float | None = None) -> Noise:
    """Return what watches this machine while `arms` are measured; their ratios have intervals of `confidence`."""
    gpu = any(arm.target.device.kind == "gpu" for arm in arms)
    return Noise(partial(look_at, gpu=gpu), confidence=confidence)


class Noise:
    """Takes readings at the ends of process-sets; `look` is a parameter, so that tests can script a machine."""

    def __init__(self, look: Callable[[], Look] = look_at, *, confidence: float | None = None) -> None:
        self._look = look
        self._before: Look | None = None
        self._sets: list[dict[str, Any]] = []
        self._sentinels: list[dict[Arm, float]] = []  # median of each arm's, by process-set
        self._copies = Copies(confidence=confidence)

    def begin_set(self) -> None:
        """Look before the workers of a process-set are started."""
        self._before = self._look()

    def end_set(self, samples: Iterable[Sample]) -> dict[str, Any]:
        """Look after they are gone, and return what there is to say of the set whose blocks these are."""
        kept = [sample for sample in samples if sample.flags != UNPROVED]
        before, after = self._before or self._look(), self._look()
        self._before = None
        self._copies.take(kept)
        self._sentinels.append(_by_arm(kept))
        readings = {"set": len(self._sets), **_between(before, after), **_beside_blocks(kept)}
        self._sets.append(readings)
        return readings

    @contextmanager
    def over(
        self, samples: Callable[[], Iterable[Sample]], note: Callable[[Mapping[str, Any]], None]
    ) -> Iterator[None]:
        """Watch one process-set, however it ends, and have what is known by then noted."""
        self.begin_set()
        try:
            yield
        finally:
            self.end_set(samples())
            note({"noise": self.told()})

    def told(self) -> dict[str, Any]:
        """Return what the manifest keeps: the readings of each process-set, and the grade of the session."""
        sets = [
            {**readings, "sentinel": {**readings["sentinel"], "slowdown": slowdown}}
            for readings, slowdown in zip(self._sets, _slowdowns(self._sentinels), strict=True)
        ]
        return {"sets": sets, "grade": self._copies.grade(sets)}


def _between(before: Look, after: Look) -> dict[str, Any]:
    """Return what happened between two looks."""
    wall_s = after.at_s - before.at_s
    switched = _less(after.switches, before.switches)
    faults = _less(*(look.family.major_faults if look.family else None for look in (after, before)))
    processes = [number for number in (before.gpu_processes, after.gpu_processes) if number is not None]
    return {
        "wall_s": wall_s,
        "load": after.load,
        **_shares(before, after),
        "switches_per_s": switched / wall_s if switched is not None and wall_s > 0 else None,
        "pressure": {name: _pressure(before, after, name, wall_s) for name in pressure.RESOURCES},
        "major_faults": faults,
        "gpus": [_gpu(state) for state in after.gpus],
        "gpu_processes": max(processes, default=None),
    }


def _shares(before: Look, after: Look) -> dict[str, float | None]:
    """Return who had the processors' time: we, anybody else, another machine; and what a quota withheld from us."""
    if before.processors is None or after.processors is None:
        return dict.fromkeys(_SHARES)
    total_s = after.processors.total_s - before.processors.total_s
    busy_s = after.processors.busy_s - before.processors.busy_s
    steal_s = after.processors.steal_s - before.processors.steal_s
    ours_s = None
    if before.family is not None and after.family is not None:
        ours_s = max(0.0, after.family.cpu_s - before.family.cpu_s)
    if total_s <= 0:
        return dict.fromkeys(_SHARES)
    held_back_s = _less(after.held_back_s, before.held_back_s)
    return {
        "ours": None if ours_s is None else ours_s / total_s,
        "foreign": None if ours_s is None else max(0.0, busy_s - ours_s) / total_s,
        "steal": steal_s / total_s,
        "held_back": None if held_back_s is None else held_back_s / total_s,
    }


def _pressure(before: Look, after: Look, name: str, wall_s: float) -> float | None:
    first, last = before.waited_s.get(name), after.waited_s.get(name)
    return (last - first) / wall_s if first is not None and last is not None and wall_s > 0 else None


def _gpu(state: Mapping[str, Any]) -> dict[str, Any]:
    bits = state.get("throttle_bits")
    named = {name: value for name, value in state.items() if name != "throttle_bits"}
    return {**named, "throttled": list(nvml.reasons(bits)) if bits is not None else None}


def _beside_blocks(samples: Sequence[Sample]) -> dict[str, Any]:
    """Return what was counted beside each block."""
    timed_ns = sum(sample.wall_ns for sample in samples)
    waits = [(sample.runq_ns, sample.wall_ns) for sample in samples if sample.runq_ns is not None]
    switched = [(sample.switches, sample.wall_ns) for sample in samples if sample.switches is not None]
    clocks = sorted(sample.clock_mhz for sample in samples if sample.clock_mhz is not None)
    powers = sorted(sample.power_mw for sample in samples if sample.power_mw is not None)
    return {
        "blocks": len(samples),
        "timed_s": timed_ns / 1e9,
        "waited": sum(wait for wait, _ in waits) / max(1, sum(wall for _, wall in waits)) if waits else None,
        "switches_per_timed_s": sum(count for count, _ in switched) / max(1, sum(wall for _, wall in switched)) * 1e9
        if switched
        else None,
        "clock_mhz": _range(clocks),
        "power_w": [value / 1000 for value in found] if (found := _range(powers)) else None,
        "throttled": _throttled(samples),
        "sentinel": {"count": sum(sample.sentinel_ns is not None for sample in samples), "scatter": _scatter(samples)},
    }


def _range(values: Sequence[float]) -> list[float] | None:
    last = len(values) - 1
    return [values[round(_LOW * last)], values[round(_HIGH * last)]] if values else None


def _throttled(samples: Sequence[Sample]) -> dict[str, float]:
    """Return the share of blocks after which a device said that it was held back, by its reason."""
    counts: dict[str, int] = {}
    for sample in samples:
        begin, _, named = sample.flags.partition(":")
        for name in named.split("+") if begin == THROTTLED else ():
            counts[name] = counts.get(name, 0) + 1
    return {name: count / len(samples) for name, count in counts.items()}


def _sentinels(samples: Iterable[Sample]) -> dict[Arm, list[int]]:
    found: dict[Arm, list[int]] = {}
    for sample in samples:
        if sample.sentinel_ns is not None:
            key = (sample.case_key, sample.target, sample.label, sample.replica)
            found.setdefault(key, []).append(sample.sentinel_ns)
    return found


def _by_arm(samples: Iterable[Sample]) -> dict[Arm, float]:
    return {key: float(median(values)) for key, values in _sentinels(samples).items()}


def _scatter(samples: Iterable[Sample]) -> float | None:
    """Return how far sentinels stray within the set, in the middle one of its arms."""
    spreads = []
    for values in _sentinels(samples).values():
        if len(values) >= _LEAST_LOOKS:
            middle = median(values)
            spreads.append(_NORMAL * median(abs(value - middle) for value in values) / middle)
    return median(spreads) if spreads else None


def _slowdowns(by_set: Sequence[Mapping[Arm, float]]) -> list[float | None]:
    """Return for each set how much slower its sentinels were than in the quickest: of its arms, the middle one."""
    quickest: dict[Arm, float] = {}
    for medians in by_set:
        for key, value in medians.items():
            quickest[key] = min(value, quickest.get(key, value))
    return [median(value / quickest[key] for key, value in one.items()) if one else None for one in by_set]


def _less(last: N | None, first: N | None) -> N | None:
    return None if last is None or first is None else last - first
