"""The lines of a comparison by verdict, as sentences: the worst on top, and each reason told once.

Unless all are asked for, a group shows its first few, and what nobody has to do anything about is
only counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from harness.report.compare_words import HIDDEN, ORDER
from harness.report.comparison import Comparison, Line
from harness.report.escape import visible
from harness.report.sentences import Shown, say
from harness.stats.verdict import Verdict

MOST = 10  # sentences of a verdict, unless all are asked for
ALIKE = 3  # more than so many with one reason are told together


@dataclass(frozen=True, kw_only=True)
class Group:
    """The lines of one verdict, as sentences, and how many were left out."""

    verdict: Verdict
    count: int
    sentences: tuple[str, ...]
    left: int

    @property
    def more(self) -> str:
        """How many were left out, in words; nothing where none was."""
        return f"{self.left} more" if self.left and self.sentences else str(self.left or "")


def groups(comparison: Comparison, *, everything: bool, name: Shown = visible, text: Shown = visible) -> list[Group]:
    """Return the lines of a comparison by verdict, the worst first."""
    made = []
    for verdict in ORDER:
        lines = sorted((line for line in comparison.lines if line.verdict is verdict), key=_weight)
        hidden = verdict in HIDDEN and not everything
        told = [] if hidden else _told(lines, comparison, name, text, everything=everything)
        shown = told if everything else told[:MOST]
        left = len(lines) - sum(count for _, count in shown)
        if lines:
            sentences = tuple(said for said, _ in shown)
            made.append(Group(verdict=verdict, count=len(lines), sentences=sentences, left=left))
    return made


def _told(
    lines: Sequence[Line], comparison: Comparison, name: Shown, text: Shown, *, everything: bool
) -> list[tuple[str, int]]:
    """Return sentences, and how many lines each is about: many lines without numbers, of one reason, share one."""
    reasons = Counter(line.detail for line in lines if line.deciding.log is None)
    shared = {detail: count for detail, count in reasons.items() if count > ALIKE and not everything}
    told: dict[str, int] = {}
    for line in lines:
        count = shared.get(line.detail, 1) if line.deciding.log is None else 1
        said = f"{count} arms: {text(line.detail)}" if count > 1 else say(line, comparison, name=name, text=text)
        told[said] = count
    return list(told.items())


def _weight(line: Line) -> float:
    """Return what a line is sorted by among those of its verdict: the largest difference first."""
    return -abs(line.deciding.log or 0.0)
