"""What a session is told and what it needs of others: its pace, its deadlines, where workers come from.

Every neighbour of the session is a protocol, so that tests can put exact fakes in its place.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from harness.measure.calibrate import LEAST_BLOCK_NS, MOST_BLOCK_NS
from harness.stats.verdict import LEAST_SETS

if TYPE_CHECKING:
    from harness.core.ceiling import Ceiling
    from harness.run.launch import Line
    from harness.run.plan import Arm
    from harness.run.state import ArmState
    from harness.store.record import Measurement, Sample
    from harness.suite.model import Case

LATENCY_ROUNDS = 10
PHASE_ROUNDS = 5  # of each phase of a training's step, a process-set
LATENCY_CALLS = 20  # in one round, at most
LATENCY_TURN_NS = 5_000_000
SERVING_TURN_NS = 50_000_000  # of work whose latency is what it is asked for: 1,000 calls in five process-sets
SETS = {"quick": 1, "standard": 5, "rigorous": 5}  # the last at least: it looks again until enough is known
SHARD_CASES = 16
FIRST_FAILURE = "first failure"  # why a run ended early: what was asked with -x


@dataclass(frozen=True, kw_only=True)
class Deadlines:
    """How long each phase may be silent before its worker is ended."""

    start_s: float = 180.0
    bundle_s: float = 300.0
    prepare_s: float = 300.0
    calibrate_s: float = 120.0
    prove_s: float = 180.0
    block_s: float = 60.0
    finish_s: float = 120.0
    speed_s: float = 60.0


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How much is measured. Where it is `adaptive`, `sets` are followed by more for those cases that need them."""

    sets: int
    rounds: int
    max_time_s: float
    shard_bytes: int
    shard_cases: int = SHARD_CASES
    least_block_ns: int = LEAST_BLOCK_NS
    most_block_ns: int = MOST_BLOCK_NS
    together: int = 2  # workers that may start at the same time
    adaptive: bool = False

    def shared_by(self, pairing: str) -> int:
        """Return how many process-sets share an arm's time: those before which nothing is concluded of it."""
        return max(self.sets, LEAST_SETS[pairing]) if self.adaptive else self.sets


class Fleet(Protocol):
    """Where workers come from."""

    def launch(self, arm: Arm, set_index: int) -> Line:
        """Start the worker of an arm's target; `start` is already on its way to it."""

    def first(self, lines: Sequence[Line], *, deadline_s: float) -> int | None:
        """Return which of these workers answers first, or nothing where none does."""

    def started(self, line: Line, arm: Arm, *, deadline_s: float) -> dict[str, Any]:
        """Wait until that worker is ready and return its answer."""

    def bundle(self, case: Case, *, deadline_s: float) -> Path:
        """Return the folder of a case's inputs and reference, made once a run."""

    def env_id(self, facts: dict[str, Any], arm: Arm) -> str:
        """Return the identity of the environment in which the worker of `arm`, with these facts, measures."""

    def speed(self, *, deadline_s: float) -> dict[str, float]:
        """Measure what this CPU does at most, before anybody else runs; nothing where that fails."""

    def ceiling(self, arm: Arm, facts: dict[str, Any]) -> Ceiling | None:
        """Return what the device of `arm`, whose worker gave these facts, can do at most."""

    def cold_bytes(self, arm: Arm) -> int:
        """Return how many bytes of inputs exceed every cache of the arm's device for certain."""


class Sink(Protocol):
    """Where results go at once."""

    def record(self, measurement: Measurement) -> None:
        """Keep an arm's row; a later one of the same arm replaces it."""

    def samples(self, samples: Sequence[Sample]) -> None:
        """Keep timed blocks."""

    def note(self, manifest_updates: Mapping[str, Any]) -> None:
        """Keep what is known of the run itself."""


class Observer(Protocol):
    """Who watches: the progress line, or nobody."""

    def phase(self, text: str) -> None:
        """A new phase begins."""

    def begins(self, share: float) -> None:
        """What is prepared and measured next brings the session to `share` of the whole."""

    def advance(self, share: float, arm: ArmState | None) -> None:
        """`share` of the whole session is done; `arm` was worked on last."""

    def case_done(self, case: Case, states: Sequence[ArmState], set_index: int) -> None:
        """A case has been measured in one process-set."""


@dataclass(kw_only=True)
class Stop:
    """The wish to end early. While `draining`, what was begun is brought to its end."""

    reason: str = ""
    draining: bool = False
    deadline: float | None = None  # on the monotonic clock: the time budget
    clock: Callable[[], float] = time.monotonic
    first: bool = False  # end with the first arm that fails or is invalid
    bad: str = ""  # that arm

    def asked(self) -> bool:
        """Whether to stop now."""
        if self.draining:  # a budget that ends while the last arms are proved has cut nothing short
            return False
        if not self.reason and self.deadline is not None and self.clock() >= self.deadline:
            self.reason = "budget"
        return bool(self.reason)

    def left_s(self) -> float:
        """Return how much of the time budget is left; without one there is no end of it."""
        return math.inf if self.deadline is None else self.deadline - self.clock()

    def saw(self, name: str) -> None:
        """Note that an arm ended badly."""
        if self.first and not self.reason:
            self.reason, self.bad = FIRST_FAILURE, name

    @property
    def words(self) -> str:
        """Why the rest is not reached."""
        return f"stopped at the first failure, {self.bad}" if self.bad else self.reason or "the run ended early"


@dataclass(kw_only=True)
class Efficiency:
    """How the measuring time was spent."""

    measuring_ns: int = 0
    timed_ns: int = 0
    phases_s: dict[str, float] = field(default_factory=dict)

    @property
    def share(self) -> float | None:
        """The part of it that was primer or timed block."""
        return self.timed_ns / self.measuring_ns if self.measuring_ns else None


def describe_case(case: Case) -> dict[str, Any]:
    """Return what a worker needs to build a case's workload."""
    kind = type(case.workload)
    return {"workload": f"{kind.__module__}:{kind.__qualname__}", "params": case.workload.params()}


def memory_needed(arm: Arm, cold_bytes: int = 0) -> int:
    """Return the bytes an arm holds, cold copies included."""
    return arm.case.workload.held_bytes() + cold_bytes


def rounds_within(pace: Pace, sets: int, block_ns: float) -> int:
    """Return how many rounds of each of `sets` fit into an arm's share of the time, at most those asked for."""
    return min(pace.rounds, int(pace.max_time_s * 1e9 / sets // max(block_ns, 1.0)))
