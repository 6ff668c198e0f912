"""After how many calls a compiled mode has won back its longer start, beside the same framework as written."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.report import words
from harness.report.charts.look import holds, time_of
from harness.report.findings import Entry, RunFindings
from harness.stats.compare import Status
from harness.store.record import Measurement

MOST_CALLS = 10**15  # beyond it nobody waits


@dataclass(frozen=True, kw_only=True)
class Repaid:
    """A compiled arm: after how many calls it is ahead, or None where later calls are no quicker.

    It is `sure` where the run can tell the later calls of the two apart.
    """

    arm: Measurement
    calls: int | None
    sure: bool

    @property
    def said(self) -> str:
        """The same in a few words."""
        said = "never repaid" if self.calls is None else f"repaid after {self.calls:,} call{'s' * (self.calls != 1)}"
        return said if self.sure else f"perhaps {said}"


def repayments(run: RunFindings) -> list[Repaid]:
    """Return what is known of each compiled arm whose framework was also measured as written, in the same case."""
    contests: dict[str, dict[tuple[str, ...], tuple[Entry, bool]]] = defaultdict(dict)
    for board in run.boards:
        for case in board.cases if board.ranked else ():
            held = holds(run, case)
            for entry in case.entries:
                if time_of(entry.arm) is not None:
                    found = contests[case.key]
                    found[entry.arm.target, entry.arm.label] = (entry, held)
    return [one for found in contests.values() for one in _of_contest(run, list(found.values()))]


def _of_contest(run: RunFindings, found: Sequence[tuple[Entry, bool]]) -> Iterator[Repaid]:
    for compiled, held in found:
        written = next((other for other, _ in found if _same_framework(compiled.arm, other.arm)), None)
        if compiled.arm.mode_class != "compiled" or written is None:
            continue
        start, before = compiled.arm.first_call_s, written.arm.first_call_s
        time, slower = time_of(compiled.arm), time_of(written.arm)
        if not (words.known(start) and words.known(before)) or time is None or slower is None or start <= before:
            continue  # nothing is known, or there is nothing to win back
        gained = slower - time
        calls = math.ceil(min((start - before) / gained, MOST_CALLS)) if gained > 0 else None
        sure = held and _quicker(run, compiled, written) is (gained > 0)
        yield Repaid(arm=compiled.arm, calls=calls, sure=sure)


def _same_framework(arm: Measurement, other: Measurement) -> bool:
    """Whether `other` is what `arm` is compared with: a framework's own default, on the same device."""
    same = (arm.backend, arm.device, arm.label) == (other.backend, other.device, other.label)
    return same and other.mode_class == "as-written"


def _quicker(run: RunFindings, entry: Entry, other: Entry) -> bool | None:
    """Whether later calls of the one surely take less time than the other's, or more; None where that is open.

    Where the two were never compared with each other, their ratios to the reference have to lie apart.
    """
    found = run.matrix.get((other.arm.key, entry.arm.key))
    if found is not None:
        return {Status.FASTER: True, Status.SLOWER: False}.get(found.status)
    mine, its = _interval(entry), _interval(other)
    if mine is None or its is None:
        return None
    if mine[1] < its[0]:
        return True
    return False if mine[0] > its[1] else None


def _interval(entry: Entry) -> tuple[float, float] | None:
    if entry.verdict == "reference":
        return 1.0, 1.0
    beside = entry.beside_reference
    if beside is None or beside.status in (Status.INDICATIVE, Status.NOT_COMPARABLE):
        return None
    return None if beside.low is None or beside.high is None else (beside.low, beside.high)
