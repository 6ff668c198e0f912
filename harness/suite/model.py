"""What a suite is once it has been read: values that the planner takes.

Nothing here knows YAML; `harness.suite.load` makes these, and so may a program.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from harness.core.target import Target
    from harness.workloads.base import Workload

PROFILES = ("quick", "standard", "rigorous")


@dataclass(frozen=True, kw_only=True)
class Measure:
    """How hard to measure. A profile fixes the number of process-sets; the rest may be said beside it."""

    profile: str = "standard"
    target_ci: float = 0.01  # half-width of a ratio's interval that is good enough, as a share
    margin: float = 0.02  # the share by which times have to differ before it matters
    max_time_s: float = 20.0  # for one arm in one session
    threads: int | tuple[int | None, ...] | None = None  # None: all that this process may use; several: compare them
    rounds: int = 30  # in one process-set
    seed: int | None = None  # None: drawn anew, and recorded


@dataclass(frozen=True, kw_only=True)
class Case:
    """One workload with its parameters: what is compared. `name` is ``id[m=128,dtype=float32]``."""

    name: str
    workload: Workload
    devices: tuple[str, ...] = ()  # kinds it is meant for; empty: all
    margin: float | None = None  # None: the suite's

    @property
    def key(self) -> str:
        """The identity of the case across suites and nights."""
        return self.workload.key


@dataclass(frozen=True, kw_only=True)
class Suite:
    """A suite, read, checked and expanded. `targets` of ``None`` means ``auto``."""

    name: str
    cases: tuple[Case, ...]
    description: str = ""
    targets: tuple[Target, ...] | None = None
    reference: Target | None = None
    measure: Measure = field(default_factory=Measure)
    path: Path | None = None
    source: str = ""  # the text as it was read, kept with every run
    overrides: tuple[str, ...] = ()  # what was set beside the text: measure.profile=rigorous
    hash: str = ""  # SHA-256 of the resolved suite

    @property
    def margins(self) -> dict[str, float]:
        """The margins of cases that have one of their own, by case key."""
        return {case.key: case.margin for case in self.cases if case.margin is not None}


def value_text(value: Any) -> str:
    """Return the value of a parameter as names of cases hold it: ``true``, ``1024x1024``."""
    if isinstance(value, list | tuple):
        return "x".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
