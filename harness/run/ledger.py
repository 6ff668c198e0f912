"""What process-sets have cost so far, so that what another one will cost can be foreseen.

A set costs what its cases cost, which the team notes command by command, and a rest that all of them
share: starting workers above all. What is done but once, inputs and the checks on time, is not counted
for the sets that follow.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from harness.run.shards import by_case
from harness.run.state import ArmState

ONCE = ("bundle", "calibrate", "prove")


@dataclass(frozen=True, kw_only=True)
class SoFar:
    """A set that is under way: what its cases took, the part of it that will come again, and the rest."""

    cases_s: float
    again_s: float
    shared_s: float


@dataclass(kw_only=True)
class Ledger:
    """Adds up, from one beginning of a set to its end."""

    clock: Callable[[], int] = time.perf_counter_ns

    def __post_init__(self) -> None:
        self._began = 0
        self._before: dict[int, dict[str, int]] = {}
        self._shared_s: list[float] = []
        self._again_s: dict[str, list[float]] = {}
        self._once_s: list[float] = []
        self._typical_s = 0.0

    def begin(self, states: Sequence[ArmState]) -> None:
        """A process-set begins."""
        self._began = self.clock()
        self._before = {id(state): dict(state.spent_ns) for state in states}

    def end(self, states: Sequence[ArmState]) -> None:
        """It is over, workers and all."""
        self._shared_s.append(self.so_far(states).shared_s)
        for key, arms in by_case(states).items():
            again_s = sum(self._spent_s(state, again=True) for state in arms)
            once_s = sum(self._spent_s(state, again=False) for state in arms) - again_s
            if again_s:
                self._again_s.setdefault(key, []).append(again_s)
            if once_s:
                self._once_s.append(once_s)
        self._typical_s = median([median(seen) for seen in self._again_s.values()] or [0.0])

    def so_far(self, states: Iterable[ArmState]) -> SoFar:
        """Return what the set that is under way has cost."""
        every = list(states)
        cases_s = sum(self._spent_s(state, again=False) for state in every)
        return SoFar(
            cases_s=cases_s,
            again_s=sum(self._spent_s(state, again=True) for state in every),
            shared_s=(self.clock() - self._began) / 1e9 - cases_s,
        )

    @property
    def shared_s(self) -> float:
        """What a set takes beside its cases: the middle of what was seen."""
        return median(self._shared_s) if self._shared_s else 0.0

    @property
    def once_s(self) -> float:
        """What a case takes on top in its first set."""
        return median(self._once_s) if self._once_s else 0.0

    def case_s(self, key: str) -> float:
        """Return what a case takes in a set; one that was never measured is taken for a middling one."""
        return median(self._again_s[key]) if key in self._again_s else self._typical_s

    def _spent_s(self, state: ArmState, *, again: bool) -> float:
        before = self._before.get(id(state), {})
        kept = {op: took for op, took in state.spent_ns.items() if not (again and op in ONCE)}
        return sum(took - before.get(op, 0) for op, took in kept.items()) / 1e9
