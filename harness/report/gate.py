"""Does the gate open? From a page of comparisons to an exit code and its reasons; reads nothing, prints nothing.

A gate that opens on silence guards nothing. So what is missing, failed, invalid, undecided or not to
be compared closes it as surely as a regression does, each with its own code, until somebody says by
name that it is allowed. Where not one pair was judged it stays closed whatever is allowed, and what is
undecided was not judged: too wide an interval, too few process-sets, a verdict withheld.

A small change passes where it was measured within the margin. Measured beyond it, but not surely so,
it counts as undecided: else a wide interval would open the gate by missing 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from harness.errors import ExitCode, first_of
from harness.report.comparison import Comparison, Line, Page
from harness.stats.verdict import DECIDED, Verdict

CLOSING: Mapping[Verdict, ExitCode] = {
    Verdict.FAILED: ExitCode.CASES_FAILED,
    Verdict.INVALID: ExitCode.CASES_FAILED,
    Verdict.REGRESSED: ExitCode.REGRESSION,
    Verdict.MISSING: ExitCode.UNDECIDED,
    Verdict.NOT_COMPARABLE: ExitCode.UNDECIDED,
    Verdict.INCONCLUSIVE: ExitCode.UNDECIDED,
    Verdict.SMALL_CHANGE: ExitCode.UNDECIDED,
}
ALLOWABLE = tuple(verdict for verdict in CLOSING if verdict is not Verdict.REGRESSED)
JUDGED = DECIDED | {Verdict.SMALL_CHANGE}

GOOD, BAD, UNTESTABLE = 0, 1, 125  # what `git bisect run` understands


@dataclass(frozen=True, kw_only=True)
class Told:
    """A line, and the comparison that it belongs to: a sentence about it needs both."""

    line: Line
    comparison: Comparison


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Lines of one verdict that close the gate, or would if that were not allowed."""

    verdict: Verdict
    code: ExitCode
    lines: tuple[Told, ...]


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Whether the gate opens, and why."""

    closing: tuple[Reason, ...]  # the weightiest first
    allowed: tuple[Reason, ...]
    counts: Mapping[Verdict, int]  # of all lines
    empty: ExitCode | None = None  # the code that says so, where not one pair was judged

    @property
    def codes(self) -> tuple[ExitCode, ...]:
        """All exit codes that hold, the one to exit with first."""
        held = {reason.code for reason in self.closing} | ({self.empty} if self.empty else set())
        return tuple(_in_order(held))

    @property
    def exit_code(self) -> ExitCode:
        """How the command ends."""
        return first_of(self.codes)

    @property
    def passed(self) -> bool:
        """Whether the gate opens."""
        return self.exit_code is ExitCode.FINE

    @property
    def bisect_code(self) -> int:
        """What `git bisect run` is told: a proved regression is bad, whatever else is the matter."""
        if ExitCode.REGRESSION in self.codes:
            return BAD
        return GOOD if self.passed else UNTESTABLE

    @property
    def lines(self) -> int:
        """How many lines there are."""
        return sum(self.counts.values())

    @property
    def judged(self) -> int:
        """How many of them were judged, whatever came out."""
        return sum(count for verdict, count in self.counts.items() if verdict in JUDGED)


def decide(page: Page, *, allowed: Collection[Verdict] = ()) -> Decision:
    """Decide whether the gate opens for what `page` says; verdicts in `allowed` do not close it."""
    told = [Told(line=line, comparison=one) for one in page.comparisons for line in one.lines]
    reasons = [reason for verdict in CLOSING if (reason := _reason(verdict, told)).lines]
    return Decision(
        closing=tuple(reason for reason in reasons if reason.verdict not in allowed),
        allowed=tuple(reason for reason in reasons if reason.verdict in allowed),
        counts=_counts(told),
        empty=_empty(told),
    )


def closes(line: Line) -> bool:
    """Whether a line closes the gate where its verdict is not allowed."""
    return line.verdict in CLOSING and (line.verdict is not Verdict.SMALL_CHANGE or _beyond_margin(line))


def _reason(verdict: Verdict, told: list[Told]) -> Reason:
    lines = [each for each in told if each.line.verdict is verdict and closes(each.line)]
    return Reason(verdict=verdict, code=CLOSING[verdict], lines=tuple(sorted(lines, key=_slowest_first)))


def _beyond_margin(line: Line) -> bool:
    found = line.deciding
    return found.log is not None and found.log > math.log1p(found.margin)


def _slowest_first(told: Told) -> float:
    return -(told.line.deciding.log or 0.0)


def _counts(told: list[Told]) -> Mapping[Verdict, int]:
    counted: Callable[[Verdict], int] = [each.line.verdict for each in told].count
    return {verdict: count for verdict in Verdict if (count := counted(verdict))}


def _empty(told: list[Told]) -> ExitCode | None:
    """Return the code of a page on which nothing was judged, or nothing."""
    if not told:
        return ExitCode.NOTHING
    return None if any(each.line.verdict in JUDGED for each in told) else ExitCode.UNDECIDED


def _in_order(codes: Collection[ExitCode]) -> Iterator[ExitCode]:
    left = set(codes)
    while left:
        first = first_of(left)
        yield first
        left.discard(first)
