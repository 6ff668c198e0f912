"""What a comparison of two arms, or of two runs, says: values, made once and put into words by others.

A comparison has one line for every arm that either side planned. Whether two arms may be compared at
all is decided before any number is looked at, and stands in `how`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from harness.stats.combine import Combined
from harness.stats.estimate import agree
from harness.stats.modes import Groups
from harness.stats.multiplicity import Correction
from harness.stats.unpaired import Node
from harness.stats.verdict import FLAGGED, MARGIN, Judgement, Verdict


class How(StrEnum):
    """Why the two sides may be compared, or on whose word they are."""

    SESSION = "one session"  # block by block, or process by process, in one run: the only way that proves anything
    THROUGH = "through an anchor"  # two runs, each beside an arm that is the same in both
    INSISTED = "insisted"  # two runs, by their absolute times: the machine's state is part of the difference
    ACROSS = "across machines"  # sessions of different machines: only large differences are told
    REFUSED = "not comparable"  # two runs, and nobody insisted


class Confirmation(StrEnum):
    """What became of a difference that was flagged."""

    NONE = "not measured again"
    INTERRUPTED = "interrupted"  # it was to be measured again, and that did not reach its end
    CONFIRMED = "confirmed"
    REFUTED = "not confirmed"  # fresh processes came to another verdict
    FAILED = "failed"  # it was to be measured again, and there is no ratio: an arm failed, is invalid or missing


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two: a run, and the target of it that is meant; empty where all are."""

    run_id: str
    suite: str
    state: str = "complete"
    target: str = ""  # as it is called in tables
    started_at: str = ""

    @property
    def name(self) -> str:
        """What to call it in a sentence."""
        return f"{self.run_id}::{self.target}" if self.target else self.run_id


@dataclass(frozen=True, kw_only=True)
class Line:
    """One arm of the new side beside its counterpart, or alone where it has none."""

    case: str
    case_key: str
    base: str  # the target, as it is called in tables; empty where that side has none
    new: str
    judgement: Judgement
    base_arm: str = ""  # as `base`, with the number of threads where several were compared
    new_arm: str = ""
    detail: str = ""  # why there is no ratio, or what is to be known about it
    base_s: float | None = None
    new_s: float | None = None
    pairing: str = "round"
    confirmed: Judgement | None = None  # what fresh processes said of a difference that was flagged
    confirmed_by: str = ""  # the run that measured it again
    stopped: bool = False  # it was to be measured again, and that did not reach its end
    withheld: bool = False  # `detail` says why this run may not judge, whatever its numbers are
    counts: tuple[int, int] | None = None  # process-sets, or sessions, of either side where nothing is paired
    per_set: tuple[float, ...] = ()  # the logarithms behind the judgement, one a process-set
    groups: Groups | None = None  # where the process-sets fall into two

    @property
    def arms(self) -> tuple[str, str]:
        """What the arms of both sides are called where they are told from the same at other numbers of threads."""
        return self.base_arm or self.base, self.new_arm or self.new

    @property
    def deciding(self) -> Judgement:
        """What is told: the confirmation, where there is one."""
        return self.confirmed or self.judgement

    @property
    def verdict(self) -> Verdict:
        """The verdict that is told."""
        return self.deciding.verdict

    @property
    def flagged(self) -> bool:
        """Whether this is to be measured again before anybody is told."""
        return self.judgement.verdict in FLAGGED

    @property
    def seen_once(self) -> bool:
        """Whether this is a difference that nobody has measured again: a hint and no verdict."""
        return self.flagged and self.confirmed is None

    @property
    def confirmation(self) -> Confirmation | None:
        """What became of it where it was flagged."""
        if not self.flagged:
            return None
        if self.confirmed is None:
            return Confirmation.INTERRUPTED if self.stopped else Confirmation.NONE
        if self.confirmed.log is None:
            return Confirmation.FAILED
        return Confirmation.CONFIRMED if self.verdict is self.judgement.verdict else Confirmation.REFUTED


@dataclass(frozen=True, kw_only=True)
class Unmeasured:
    """An arm that neither side could measure, and for no other reason than before: nothing of it has changed."""

    case: str
    case_key: str
    target: str
    detail: str


@dataclass(frozen=True, kw_only=True)
class Change:
    """One fact of the environment that is not the same on both sides."""

    what: str
    base: str
    new: str


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """All that is said of two sides."""

    base: Side
    new: Side
    how: How
    lines: tuple[Line, ...]
    unmeasured: tuple[Unmeasured, ...] = ()
    changes: tuple[Change, ...] = ()
    overall: Combined | None = None  # the geometric mean of the ratios of all cases that both sides measured
    self_check: Combined | None = None  # the reference beside itself, over all cases
    detectable: float | None = None  # the share that could be seen in the median case
    margin: float = MARGIN
    correction: Correction = Correction.BENJAMINI_HOCHBERG
    notes: tuple[str, ...] = ()  # to be read before the numbers
    confirmed_by: str = ""  # the run in which flagged differences were measured again, or several with commas between
    anchor: str = ""  # the target that `how` goes through

    @property
    def self_check_passed(self) -> bool | None:
        """Whether the reference agreed with itself; unknown where it was measured once, or in one process-set."""
        if self.self_check is None or self.self_check.log_low is None or self.self_check.log_high is None:
            return None
        return agree(self.self_check.log_low, self.self_check.log_high)

    @property
    def counts(self) -> Mapping[Verdict, int]:
        """How many lines have each verdict, in the order of `Verdict`."""
        found = Counter(line.verdict for line in self.lines)
        return {verdict: found[verdict] for verdict in Verdict if found[verdict]}


@dataclass(frozen=True, kw_only=True)
class Page:
    """Several comparisons and what holds of all of them: what a command prints."""

    comparisons: tuple[Comparison, ...]
    problems: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class NodesPage:
    """Machines of one kind beside each other: which of them is the odd one out."""

    nodes: tuple[Node, ...]
    kind: str  # what the machines call themselves
    cases: int  # that all of them measured
    problems: tuple[str, ...] = ()
