"""Where the time of a run went, arm by arm: what its workers were asked for, and how long that took.

Nothing is timed for this: the team notes how long it waits for each answer, and the session keeps
what a worker says of its start. A worker starts for all its arms, so each bears its share.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from harness.run.select import name_of
from harness.run.state import ArmState

PREPARING = ("bundle", "prepare")
MEASURING = ("calibrate", "prove", "throughput", "latency", "phase", "finish")


@dataclass(frozen=True, kw_only=True)
class Duration:
    """How long one arm kept the run busy, over all process-sets."""

    name: str
    start_s: float  # its share of the start of its workers
    prepare_s: float  # inputs, and the proof of the first answer
    first_call_s: float
    measuring_s: float

    @property
    def total_s(self) -> float:
        """All of it."""
        return self.start_s + self.prepare_s + self.first_call_s + self.measuring_s


def durations_of(states: Sequence[ArmState]) -> tuple[Duration, ...]:
    """Return the arms that anything was done for, the longest first."""
    sharing = Counter(state.arm.crew for state in states if state.timings.get("import_s"))
    found = [_duration(state, sharing) for state in states if state.timings or state.spent_ns]
    return tuple(sorted(found, key=lambda one: (-one.total_s, one.name)))


def _duration(state: ArmState, sharing: Counter[tuple[str, str, int]]) -> Duration:
    first_call_s = sum(state.timings.get("first_call_s", ()))
    started_s = sum(state.timings.get("import_s", ()))
    return Duration(
        name=name_of(state.arm) + (" (again)" if state.arm.replica else ""),
        start_s=started_s / max(1, sharing[state.arm.crew]),
        prepare_s=max(0.0, sum(state.spent_ns.get(op, 0) for op in PREPARING) / 1e9 - first_call_s),
        first_call_s=first_call_s,
        measuring_s=sum(state.spent_ns.get(op, 0) for op in MEASURING) / 1e9,
    )
