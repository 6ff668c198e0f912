"""Every verdict as a sentence that a person can act on: who, by how much, how sure, and what could be seen.

A sentence claims what its numbers carry and no more. A small difference is not called a regression, an
undecided pair is not called equal, and what two sessions or two machines say of each other is marked.
`name` and `text` say how names and other people's words are shown there.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from harness.report import words
from harness.report.comparison import Comparison, Confirmation, How, Line, NodesPage
from harness.report.escape import visible
from harness.stats.unpaired import LEAST_NODES, LEAST_RATIO, LEAST_SESSIONS, Node
from harness.stats.verdict import LEAST_SETS, Judgement, Verdict

Shown = Callable[[str], str]

MOST_DECIMALS = 4


def say(line: Line, comparison: Comparison, *, name: Shown = visible, text: Shown = visible) -> str:
    """Return what is said of one line."""
    return SENTENCES[line.verdict](_Said(line, comparison, name, text))


def percent(share: float) -> str:
    """Return a share as it was asked for: ``2 %``, ``0.5 %``."""
    return f"{100 * share:.6g} %"


def times(ratio: float, low: float | None, high: float | None) -> tuple[str, str]:
    """Return a ratio and the ends of its interval in words, with as many digits as the interval supports.

    A ratio beyond all numbers is a dash, and an interval with such an end is left out.
    """
    if not words.known(ratio):
        return words.UNKNOWN, ""
    if not (words.known(low) and words.known(high)):
        return f"{ratio:.2f}", ""
    half = (high - low) / 2
    decimals = 2 if half <= 0 else min(max(2, -math.floor(math.log10(half))), MOST_DECIMALS)
    near = [end for end in (low, high) if round(end, MOST_DECIMALS) != 1]
    while any(round(end, decimals) == 1 for end in near):
        decimals += 1  # whether an interval ends before 1 or beyond it is what it is read for
    return f"{ratio:.{decimals}f}", f"{low:.{decimals}f} to {high:.{decimals}f}"


class _Said:
    """One line and the pieces that its sentence is made of."""

    def __init__(self, line: Line, comparison: Comparison, name: Shown, text: Shown) -> None:
        self.line = line
        self.comparison = comparison
        self.found = line.deciding
        self.case = name(line.case)
        self.new = name(line.new or line.base)
        self.other = self._other(name)
        self.detail = text(line.detail) if line.detail else "no reason was recorded"
        self.margin = percent(self.found.margin)
        self._name = name

    @property
    def pair(self) -> str:
        """Both, where nothing is said of their order."""
        return f"{self.new} beside {self.other} at {self.case}"

    @property
    def about(self) -> str:
        """Whom a line without numbers is about: both, where the flagged difference of the two was to be measured."""
        return f"{self.new} at {self.case}" if self.line.confirmed is None else self.pair

    @property
    def effect(self) -> str:
        """Who is faster, by how much, and how sure that is."""
        return f"{self.new} is {faster_or_slower(self.found)} than {self.other} at {self.case} ({self.interval})"

    @property
    def ratio(self) -> str:
        """The ratio with its interval, where nothing is claimed of it."""
        shown, _ = times(self.found.ratio or math.nan, self.found.low, self.found.high)
        return f"{shown} ({self.interval})"

    @property
    def interval(self) -> str:
        """The ends of the interval, turned as the sentence is, and what it rests on."""
        return ", ".join(filter(None, (interval(self.found), self.sets)))

    @property
    def sets(self) -> str:
        """How many process-sets, or sessions, the numbers rest on."""
        noun = "session" if self.comparison.how is How.ACROSS else "set"
        if self.line.counts and self.line.confirmed is None:
            first, second = self.line.counts
            return f"{first} and {second} {noun}s"
        return f"{self.found.sets} {noun}{'s' * (self.found.sets != 1)}"

    @property
    def tail(self) -> str:
        """What is to be known beside the numbers: what could be seen, and on what ground they stand."""
        return f"{self._ground()}{self.confirmation}{self._groups()}"

    @property
    def confirmation(self) -> str:
        """What became of a difference that was flagged; nothing where there was none."""
        match self.line.confirmation:
            case Confirmation.NONE if self.comparison.how is not How.ACROSS:
                return "; not measured again"
            case Confirmation.INTERRUPTED:
                return "; not confirmed because the confirmation was interrupted"
            case Confirmation.CONFIRMED:
                return f"; fresh processes confirmed what was seen at first ({self._first()})"
            case Confirmation.REFUTED:
                return f"; it was flagged at first ({self._first()}), and fresh processes did not confirm it"
            case Confirmation.FAILED:
                return f"; so it ended when fresh processes measured again what was flagged at first ({self._first()})"
        return ""

    def _first(self) -> str:
        first = self.line.judgement
        return f"{faster_or_slower(first)}, {first.sets} sets"

    def _other(self, name: Shown) -> str:
        if self.comparison.how in (How.SESSION, How.ACROSS):
            return name(self.line.base)
        return "before" if self.line.base == self.line.new else f"{name(self.line.base)} before"

    def _ground(self) -> str:
        match self.comparison.how:
            case How.INSISTED | How.THROUGH if self.line.confirmed is not None:
                return "; both measured again in one session"
            case How.INSISTED:
                return "; by the absolute times of two sessions, as was insisted on: the machine is part of it"
            case How.THROUGH:
                return f"; each seen beside {self._name(self.comparison.anchor)} in its own session"
            case How.ACROSS:
                return "; of different machines, not paired"
        seen = self.comparison.detectable
        if seen is None or self.line.withheld or self.found.verdict is Verdict.INCONCLUSIVE:
            return ""  # what an undecided pair could not show is said by itself
        return f"; on this machine today {words.share(seen)} could be seen"

    def _groups(self) -> str:
        groups = self.line.groups
        if groups is None:
            return ""
        return (
            f"; the processes fall into two groups, {groups.high_sets} of {groups.sets} lie "
            f"{words.share(groups.apart)} above the others"
        )


def faster_or_slower(found: Judgement) -> str:
    """Return by how much the new side is faster or slower: ``1.14 x slower``."""
    ratio = found.ratio or math.nan
    low, high = (found.low, found.high) if ratio >= 1 else _turned(found.low, found.high)
    shown, _ = times(ratio if ratio >= 1 else _inverse(ratio), low, high)
    return f"{shown} x {'slower' if ratio >= 1 else 'faster'}"


def interval(found: Judgement) -> str:
    """Return the ends of an interval, turned round where the new side is found to be the faster."""
    turned = found.found and (found.log or 0.0) < 0
    low, high = _turned(found.low, found.high) if turned else (found.low, found.high)
    return times(1.0, low, high)[1]


def _turned(low: float | None, high: float | None) -> tuple[float | None, float | None]:
    return (None, None) if low is None or high is None else (_inverse(high), _inverse(low))


def _inverse(ratio: float) -> float:
    return 1 / ratio if ratio else math.inf


def _flagged(said: _Said) -> str:
    return f"{said.effect}{said.tail}"


def _small(said: _Said) -> str:
    found = said.found
    if found.alone is not None:
        size = (
            f"alone it would count as {found.alone}; among {found.among} comparisons, that it is beyond the margin "
            f"of {said.margin} may be chance"
        )
    else:
        size = f"a difference, but not surely one beyond the margin of {said.margin}"
    return f"{said.effect}: {size}{said.tail}"


def _equivalent(said: _Said) -> str:
    return (
        f"{said.new} takes as long as {said.other} at {said.case}, within {said.margin}: ratio {said.ratio}{said.tail}"
    )


def _undecided(said: _Said) -> str:
    found, line = said.found, said.line
    least = LEAST_SETS[line.pairing]
    if line.withheld:
        return f"no verdict on {said.pair}: {said.detail}; the ratio came out as {said.ratio}{said.tail}"
    if said.comparison.how is How.ACROSS:
        return _too_close(said)
    if found.sets < least:
        return f"no verdict on {said.pair}: {said.detail}; so far the ratio is {said.ratio}{said.tail}"
    seen = f"; differences below {words.share(found.detectable)} could not be seen here" if found.detectable else ""
    return (
        f"{said.pair} is undecided: a ratio of {said.ratio} allows for no difference as well as for one beyond "
        f"{said.margin}{seen}{said.tail}"
    )


def _too_close(said: _Said) -> str:
    if said.line.counts and min(said.line.counts) < LEAST_SESSIONS:
        return f"no verdict on {said.pair}: {said.detail}; so far the ratio is {said.ratio}{said.tail}"
    return f"{said.pair}: too close to call across machines, the ratio is {said.ratio}{said.tail}"


def _invalid(said: _Said) -> str:
    return f"{said.about} is invalid: {said.detail}; an invalid time is compared with nothing{said.confirmation}"


def _missing(said: _Said) -> str:
    return f"{said.about} is missing: {said.detail}{said.confirmation}"


def _new(said: _Said) -> str:
    return f"{said.new} at {said.case} has nothing to be compared with: {said.detail}"


def _failed(said: _Said) -> str:
    return f"{said.about} failed: {said.detail}{said.confirmation}"


def _refused(said: _Said) -> str:
    return f"{said.pair} cannot be compared: {said.detail}{said.confirmation}"


SENTENCES = {
    Verdict.REGRESSED: _flagged,
    Verdict.IMPROVED: _flagged,
    Verdict.SMALL_CHANGE: _small,
    Verdict.EQUIVALENT: _equivalent,
    Verdict.INCONCLUSIVE: _undecided,
    Verdict.INVALID: _invalid,
    Verdict.MISSING: _missing,
    Verdict.NEW: _new,
    Verdict.FAILED: _failed,
    Verdict.NOT_COMPARABLE: _refused,
}


def say_node(node: Node, page: NodesPage, *, name: Shown = visible) -> str:
    """Return what is said of one machine among its like."""
    who, machines = name(node.name), len(page.nodes)
    if machines < LEAST_NODES:
        least = f"{machines} of {LEAST_NODES} machines, and of two nobody can say which one is odd"
        return f"no verdict on {who}: {least}"
    if node.ratio is None:
        return f"no verdict on {who}: it has no case in common with enough of the others"
    slower = node.ratio >= 1
    turned = (_inverse(node.ratio), _turned(node.low, node.high))
    ratio, ends = (node.ratio, (node.low, node.high)) if slower else turned
    shown, span = times(ratio, *ends) if node.odd else times(node.ratio, node.low, node.high)
    rests = ", ".join(filter(None, (span, _counted(node.sessions, "session"), _counted(node.cases, "case"))))
    if node.odd:
        return f"{who} is the odd one out: {shown} x {'slower' if slower else 'faster'} than its like ({rests})"
    if node.sessions < LEAST_SESSIONS:
        least = f"{node.sessions} of {LEAST_SESSIONS} sessions"
        return f"no verdict on {who}: {least}; so far the ratio to its like is {shown} ({rests})"
    return f"{who} is not found to differ from its like: ratio {shown} ({rests})"


def across_note() -> str:
    """Say on top of a page what it is not."""
    return (
        "This is not a paired comparison: the machines never ran side by side, so nothing cancels. Intervals are "
        f"over sessions, at least {LEAST_SESSIONS} of each machine, and only what is {LEAST_RATIO:g} times apart and "
        "surely so gets a verdict."
    )


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"
