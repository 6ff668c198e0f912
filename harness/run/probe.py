"""Which differences this machine can tell apart: copies of NumPy measured against each other for some seconds.

There is nothing to find, for both copies do the same; so what is seen is the machine's noise. Three
kinds of work are tried, for a machine that disturbs products may leave additions alone: arithmetic,
memory, and calls so short that they are mostly an interpreter's work. No framework is needed.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any

from harness.backends.catalog import NUMPY
from harness.core.target import Target
from harness.errors import InternalError
from harness.measure.calibrate import LEAST_BLOCK_NS, MOST_BLOCK_NS
from harness.run.launch import Line, WorkerLost
from harness.run.noise import Noise
from harness.run.plan import Arm
from harness.run.terms import Deadlines, Fleet, describe_case
from harness.store.record import Sample
from harness.suite.model import Case
from harness.workloads.registry import make_workload

if TYPE_CHECKING:
    from harness.stats.noise import Spread

KINDS = (
    ("products of 256 x 256 matrices", "matmul", {"m": 256, "n": 256, "k": 256}),
    ("sums over 16 MiB", "reduction", {"op": "sum", "shape": (2048, 2048)}),
    ("additions of 256 numbers", "elementwise", {"op": "add", "shape": (256,)}),
)
SET_S = 5.0  # about what a process-set gets: half a second of it goes into starting two workers
LEAST_SETS, MOST_SETS = 3, 12
LEAST_SET = 2.0  # times what starting takes: a shorter set would say nothing of its rounds
ROOM_S = 0.2  # for letting the last workers go


@dataclass(frozen=True, kw_only=True)
class Probed:
    """One kind of work: how far its copies stray, and what one block costs with all that belongs to it."""

    name: str
    spread: Spread
    call_s: float
    turn_s: float
    blocks: int


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What was seen of a machine."""

    seconds: float
    sets: int
    start_s: float  # what starting a pair of workers took, the last time
    kinds: tuple[Probed, ...]
    noise: dict[str, Any]  # as the manifest of a run has it


def sets_within(seconds: float) -> int:
    """Return into how many process-sets so much time is divided."""
    return min(MOST_SETS, max(LEAST_SETS, round(seconds / SET_S)))


def probe(
    seconds: float,
    *,
    fleet: Fleet,
    noise: Noise,
    rng: random.Random,
    clock: Callable[[], int] = time.perf_counter_ns,
) -> Probe:
    """Measure this machine for so long, no longer."""
    pairs = _pairs(fleet, noise, rng, clock)
    sets = sets_within(seconds)
    begin = clock()
    for number in range(sets):
        until = begin + round((seconds - ROOM_S) * 1e9 * (number + 1) / sets)
        if number and until - clock() < LEAST_SET * pairs.start_ns:  # a machine too slow for so many
            break
        pairs.measure(number, until)
    return pairs.found((clock() - begin) / 1e9)


def _pairs(fleet: Fleet, noise: Noise, rng: random.Random, clock: Callable[[], int]) -> _Pairs:
    target = Target.parse("numpy@cpu").resolved(NUMPY.default_mode)
    cases = [Case(name=name, workload=make_workload(workload, params)) for name, workload, params in KINDS]
    copies = [[Arm(case=case, target=target, info=NUMPY, replica=replica) for replica in (0, 1)] for case in cases]
    return _Pairs(fleet=fleet, noise=noise, rng=rng, clock=clock, kinds=[_Kind(arms=arms) for arms in copies])


@dataclass(kw_only=True)
class _Kind:
    """One kind of work while it is measured."""

    arms: Sequence[Arm]
    inner: int = 0
    call_ns: float = 0.0
    turns_ns: list[int] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.arms[0].case.name


@dataclass(kw_only=True)
class _Pairs:
    """Two workers at a time, one for each copy, of which one runs and the other is stopped."""

    fleet: Fleet
    noise: Noise
    rng: random.Random
    clock: Callable[[], int]
    kinds: list[_Kind]
    deadlines: Deadlines = field(default_factory=Deadlines)
    start_ns: int = 0
    sets: int = 0

    def measure(self, number: int, until: int) -> None:
        """Measure one process-set with fresh workers, until a moment of the clock."""
        lines: list[Line] = []
        self.noise.begin_set()
        begin = self.clock()
        try:
            self._start(lines, number)
            self.start_ns = self.clock() - begin
            self._prepare(lines)
            taken = list(self._rounds(lines, number, until))
        except WorkerLost as lost:
            raise InternalError(f"a worker of NumPy was lost while the machine was measured: {lost}") from lost
        finally:
            for line in lines:
                line.close()
        self.noise.end_set(taken)
        self.sets += 1

    def _start(self, lines: list[Line], number: int) -> None:
        """Start both workers at once, for imports wait for the disk; what has been started stands in `lines`."""
        arms = self.kinds[0].arms
        for arm in arms:
            lines.append(self.fleet.launch(arm, number))  # noqa: PERF401  (one that fails must not lose the others)
        for line, arm in zip(lines, arms, strict=True):
            _heard(self.fleet.started(line, arm, deadline_s=self.deadlines.start_s))
            line.hold()

    def _prepare(self, lines: Sequence[Line]) -> None:
        """Have both copies make all kinds ready; the first of them all finds out how many calls make a block."""
        for kind in self.kinds:
            for line, arm in zip(lines, kind.arms, strict=True):
                folder = self.fleet.bundle(arm.case, deadline_s=self.deadlines.bundle_s)
                described = {"bundle": str(folder), "cold_bytes": 0, **describe_case(arm.case)}
                self._ask(line, arm, "prepare", **described)
                if not kind.inner:
                    found = self._ask(line, arm, "calibrate", least_ns=LEAST_BLOCK_NS, most_ns=MOST_BLOCK_NS)
                    kind.inner, kind.call_ns = found["inner"], found["call_ns"]
                self._ask(line, arm, "throughput", inner=kind.inner)

    def _rounds(self, lines: Sequence[Line], number: int, until: int) -> Iterator[Sample]:
        """Time one block of each copy of each kind a round, all in random order."""
        turn = 0
        while turn < 1 or self.clock() < until:
            for kind in self.rng.sample(self.kinds, len(self.kinds)):
                both = list(zip(lines, kind.arms, strict=True))
                for order, (line, arm) in enumerate(self.rng.sample(both, len(both))):
                    begin = self.clock()
                    reply = self._ask(line, arm, "throughput", inner=kind.inner, call_ns=kind.call_ns)
                    kind.turns_ns.append(self.clock() - begin)
                    place = {"set": number, "round": turn, "order": order, "inner": kind.inner}
                    sample = _sample(arm, reply["blocks"][0] | place)
                    kind.samples.append(sample)
                    yield sample
            turn += 1

    def _ask(self, line: Line, arm: Arm, op: str, **message: Any) -> dict[str, Any]:
        line.wake()
        reply = line.request({"op": op, "arm": id(arm), **message}, deadline_s=self.deadlines.block_s)
        line.hold()
        return _heard(reply)

    def found(self, seconds: float) -> Probe:
        """Return what all process-sets together say."""
        kinds = tuple(probed for kind in self.kinds if (probed := _probed(kind)) is not None)
        return Probe(seconds=seconds, sets=self.sets, start_s=self.start_ns / 1e9, kinds=kinds, noise=self.noise.told())


def _heard(reply: dict[str, Any]) -> dict[str, Any]:
    if "failed" in reply or "unavailable" in reply:
        raise WorkerLost(reply.get("failed", "error"), reply.get("detail") or reply["unavailable"])
    return reply


def _probed(kind: _Kind) -> Probed | None:
    from harness.run.copies import logs_of
    from harness.stats.noise import spread_of

    spread = spread_of(logs_of(*([one for one in kind.samples if one.replica == replica] for replica in (0, 1))))
    if spread is None:
        return None
    return Probed(
        name=kind.name,
        spread=spread,
        call_s=median(sample.wall_ns / sample.inner for sample in kind.samples) / 1e9,
        turn_s=math.fsum(kind.turns_ns) / len(kind.turns_ns) / 1e9,
        blocks=len(kind.samples),
    )


def _sample(arm: Arm, columns: dict[str, Any]) -> Sample:
    return Sample(
        run_id="",
        case_key=arm.case.key,
        target=str(arm.target),
        label="",
        replica=arm.replica,
        quantity="throughput",
        **{name: value for name, value in columns.items() if name != "primer_ns"},
    )
