"""What a run says, as values: made by `summarise`, put into words and pictures by others.

Findings come before words, so that the page, the terminal and the pictures cannot disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

from harness.core.target import shown_name, split_threads
from harness.stats.combine import Combined
from harness.stats.compare import Ratio
from harness.store.layout import STORE
from harness.store.record import Measurement, Outcome

ArmKey: TypeAlias = tuple[str, str, str, str, int]  # what `Measurement.key` is


class Standing(StrEnum):
    """How a measured arm stands among those of its class in one case."""

    WINS = "wins"  # every other measured arm is slower
    TIE = "tie"  # it shares the first place: its interval beside the fastest contains 1
    BEHIND = "behind"
    ALONE = "alone"  # nothing else of its class was measured
    INDICATIVE = "indicative"  # too few process-sets for a verdict
    WITHHELD = "withheld"  # the self-check of this case or run failed
    UNKNOWN = "not-comparable"  # no blocks side by side
    UNRANKED = "not ranked"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One planned arm within a class; whether it was measured or not, it has a line."""

    arm: Measurement
    standing: Standing | None = None  # of measured arms only
    verdict: str = ""  # beside the reference, in a word
    beside_reference: Ratio | None = None
    beside_fastest: Ratio | None = None

    @property
    def measured(self) -> bool:
        """Whether there is a time."""
        return self.arm.outcome == Outcome.MEASURED


@dataclass(frozen=True, kw_only=True)
class CaseFindings:
    """One case within a class.

    `self_check` is the reference beside its copy: nothing where the reference has no time there, and without a number
    where it has one and its copy has none.
    """

    name: str
    key: str
    entries: tuple[Entry, ...]
    self_check: Ratio | None = None


@dataclass(frozen=True, kw_only=True)
class Overall:
    """One target over a class: how often it stood how, and its geometric means over the common cases."""

    target: str
    measured: int
    standings: Mapping[Standing, int]
    beside_reference: Combined | None = None
    beside_fastest: Combined | None = None


@dataclass(frozen=True, kw_only=True)
class Board:
    """One class: who is compared with whom.

    `common` counts the cases that the means are over: those that every ranked target measured, but for `withheld`
    ones, whose own self-check did not hold.
    """

    mode_class: str
    cases: tuple[CaseFindings, ...]
    overall: tuple[Overall, ...]  # the fastest first
    common: int
    ranked: bool = True
    withheld: int = 0
    carried: tuple[tuple[str, float], ...] = ()  # cases, and the mean of the second beside the first without each


@dataclass(frozen=True, kw_only=True)
class SelfCheck:
    """The reference measured against itself: what differences could be seen at all."""

    combined: Combined | None
    cases: int = 0
    failed: tuple[str, ...] = ()  # cases in which the two copies differ
    lost: tuple[str, ...] = ()  # cases in which the reference has a time, and no copy to be held against
    detectable: tuple[float, float, float] | None = None  # least, median and largest over cases

    @property
    def passed(self) -> bool | None:
        """Whether the two copies agree over all cases; unknown below two process-sets."""
        return None if self.combined is None else self.combined.agrees


@dataclass(frozen=True, kw_only=True)
class ScalingStep:
    """One number of threads; `speed_up` is the time with the fewest threads over that with these."""

    threads: int
    arm: Measurement
    speed_up: Ratio | None = None


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """One target in one case, at several numbers of threads."""

    case: str
    target: str
    steps: tuple[ScalingStep, ...]  # the fewest threads first


@dataclass(frozen=True, kw_only=True)
class ScalingMean:
    """One target at a number of threads beside itself at the fewest: the geometric mean over cases."""

    target: str
    fewest: int
    threads: int
    cases: int
    speed_up: Combined


@dataclass(frozen=True, kw_only=True)
class RunFindings:
    """All that one run says. Runs are never averaged with one another."""

    run_id: str
    suite: str
    state: str  # "complete", "partial", or "unlisted": without a manifest that tells
    reference: str  # as it is called in tables
    arms: tuple[Measurement, ...]
    boards: tuple[Board, ...]
    self_check: SelfCheck
    manifest: Mapping[str, Any] = field(default_factory=dict)
    store: Path = STORE  # in which runs were looked for, as whoever asked calls it
    place: str = ""  # of its file, where its name alone does not find it in that store
    scalings: tuple[Scaling, ...] = ()
    scaling_means: tuple[ScalingMean, ...] = ()
    blocks_read: bool = True  # without them there are times, and nothing is compared
    # The ratios of any two measured arms of a contest, of the second beside the first; empty where they are too many.
    matrix: Mapping[tuple[ArmKey, ArmKey], Ratio] = field(default_factory=dict, repr=False)

    @property
    def called(self) -> str:
        """What a command finds it by that looks in the same store."""
        return self.place or self.run_id

    @cached_property
    def sets(self) -> int:
        """The most process-sets that an arm of this run has."""
        return max((arm.sets for arm in self.arms), default=0)

    def only(self, target: str) -> RunFindings:
        """Return what is said of one target; how it stands among the others stays as it was."""
        return self.where(lambda arm: target in (arm.target, arm.label, shown_name(arm.target, arm.label)))

    def where(self, kept: Callable[[Measurement], bool]) -> RunFindings:
        """Return what is said of some arms; how they stand among the others stays as it was."""
        boards = [
            replace(
                board,
                cases=tuple(
                    replace(case, entries=entries)
                    for case in board.cases
                    if (entries := tuple(entry for entry in case.entries if kept(entry.arm)))
                ),
            )
            for board in self.boards
        ]
        return replace(
            self,
            arms=tuple(arm for arm in self.arms if kept(arm)),
            boards=tuple(board for board in boards if board.cases),
            scalings=tuple(one for one in self.scalings if any(kept(step.arm) for step in one.steps)),
            scaling_means=tuple(
                one for one in self.scaling_means if any(kept(arm) for arm in self.arms if name_of(arm) == one.target)
            ),
        )


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A file that could not be used, and why."""

    place: str
    message: str


def name_of(arm: Measurement) -> str:
    """What an arm's target is called in a table; how many threads it had is said of the case."""
    return split_threads(arm.label)[0] or arm.target


def case_of(arm: Measurement) -> str:
    """What an arm's case is called in a table: where numbers of threads were compared, with that number."""
    counted = split_threads(arm.label)[1]
    return f"{arm.case}, {counted}" if counted else arm.case


def contest_of(arm: Measurement) -> str:
    """Within what an arm is compared: a case at one number of threads."""
    counted = split_threads(arm.label)[1]
    return f"{arm.case_key}, {counted}" if counted else arm.case_key
