"""After how many calls a compiled mode has won back its longer start, beside the same framework as written.

All cases of a process share what its compiler keeps. A case whose program an earlier one had compiled has a first
call that says little of a cold start, and from such a one no calls are counted: they would be too few.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TypeVar

from harness.report import words
from harness.report.charts.look import holds, time_of
from harness.report.findings import ArmKey, Entry, RunFindings
from harness.report.marks import is_left_alone
from harness.report.rows import params_of
from harness.stats.compare import Ratio, Status
from harness.store.record import Measurement

MOST_CALLS = 10**15  # beyond it nobody waits
SHORTER = 4.0  # times: cases of one model differ by less in what compiling them takes
CLOSE = 0.1  # of a time: of two that lie nearer and cannot be told apart, nobody knows when one has repaid itself
EXACT = 100  # calls: from here on, two digits are all that a ratio with an interval can tell
LEFT_CODE = "perhaps with code that an earlier case left"
_COMPILING = ("compiled", "both")
_MODEL = ("model", "size", "precision")


@dataclass(frozen=True, kw_only=True)
class Repaid:
    """A compiled arm: after how many calls it is ahead, or None where later calls are no quicker.

    It is `sure` where the run can tell the later calls of the two apart; where it cannot and they lie close, nothing
    is `told`. Of one that is compiled in name only there is nothing to tell.
    """

    arm: Measurement
    calls: int | None
    sure: bool
    told: bool = True

    @property
    def is_compiled(self) -> bool:
        """Whether there is anything to repay."""
        return not is_left_alone(self.arm)

    @property
    def said(self) -> str:
        """The same in a few words."""
        if not self.is_compiled:
            return "nothing was compiled"
        if not self.told:
            return "when it is repaid cannot be told"
        said = "never repaid" if self.calls is None else f"repaid after {rounded(self.calls, 'call')}"
        return said if self.sure else f"perhaps {said}"


def rounded(calls: int, noun: str) -> str:
    """Return a number of calls with as many digits as it may be believed in.

    >>> rounded(1, "call"), rounded(42, "call"), rounded(3066, "step")
    ('1 call', '42 calls', 'about 3,100 steps')
    """
    few = round(calls, 2 - len(str(calls))) if calls >= EXACT else calls
    return f"{'about ' if calls >= EXACT else ''}{words.counted(few, noun)}"


Found = TypeVar("Found")


def once(work: Callable[[RunFindings], Found]) -> Callable[[RunFindings], Found]:
    """Work something out once for each run: several sections and pictures ask for the same, one run after the other."""
    last: list[tuple[RunFindings, Found]] = []

    @wraps(work)
    def worked(run: RunFindings) -> Found:
        if not last or last[0][0] is not run:
            last[:] = [(run, work(run))]
        return last[0][1]

    return worked


@once
def with_left_code(run: RunFindings) -> frozenset[ArmKey]:
    """Return the arms whose first call was perhaps short because an earlier case had left compiled code.

    It is said only of an arm beside another one of the same target and the same program that took far longer, for a
    first call may be short of itself: where a compiler leaves a part to the framework, say.
    """
    programs: dict[tuple[str, ...], list[tuple[float, Measurement]]] = defaultdict(list)
    for arm in run.arms:
        time, first = time_of(arm), arm.first_call_s
        if time is not None and words.known(first) and arm.mode_class in _COMPILING:
            programs[_program(arm)].append((max(first - time, 0.0), arm))
    return frozenset(
        arm.key
        for found in programs.values()
        for longest in [max(start for start, _ in found)]
        for start, arm in found
        if SHORTER * start < longest
    )


def _program(arm: Measurement) -> tuple[str, ...]:
    """Return what cases have in common that may share compiled code: a model and its size, or else all parameters."""
    known = params_of(arm)
    own = {name: known.get(name) for name in _MODEL} if "model" in known else known
    return arm.target, arm.label, arm.workload, arm.dtype, arm.direction, json.dumps(own, sort_keys=True)


@once
def repayments(run: RunFindings) -> list[Repaid]:
    """Return what is known of each compiled arm whose framework was also measured as written, in the same case."""
    left = with_left_code(run)
    contests: dict[str, dict[tuple[str, ...], tuple[Entry, bool]]] = defaultdict(dict)
    for board in run.boards:
        for case in board.cases if board.ranked else ():
            held = holds(run, case)
            for entry in case.entries:
                if time_of(entry.arm) is not None:
                    found = contests[case.key]
                    found[entry.arm.target, entry.arm.label] = (entry, held)
    told = [one for found in contests.values() for one in _of_contest(run, list(found.values()))]
    return [one for one in told if one.calls is None or one.arm.key not in left]


def _of_contest(run: RunFindings, found: Sequence[tuple[Entry, bool]]) -> Iterator[Repaid]:
    for compiled, held in found:
        written = next((other for other, _ in found if _same_framework(compiled.arm, other.arm)), None)
        if compiled.arm.mode_class != "compiled" or written is None:
            continue
        if is_left_alone(compiled.arm):
            yield Repaid(arm=compiled.arm, calls=None, sure=False, told=False)
            continue
        start, before = compiled.arm.first_call_s, written.arm.first_call_s
        time, slower = time_of(compiled.arm), time_of(written.arm)
        if not (words.known(start) and words.known(before)) or time is None or slower is None or start <= before:
            continue  # nothing is known, or there is nothing to win back
        beside = run.matrix.get((written.arm.key, compiled.arm.key))
        gained = slower - time if (paired := _ratio(beside)) is None else slower * (1 - paired)
        calls = math.ceil(min((start - before) / gained, MOST_CALLS)) if gained > 0 else None
        sure = held and _quicker(beside, compiled, written) is (gained > 0)
        yield Repaid(arm=compiled.arm, calls=calls, sure=sure, told=sure or abs(gained) > CLOSE * slower)


def _ratio(beside: Ratio | None) -> float | None:
    """Return the ratio of two arms from blocks that were timed side by side: surer than two times."""
    return None if beside is None or not words.known(beside.ratio) else beside.ratio


def _same_framework(arm: Measurement, other: Measurement) -> bool:
    """Whether `other` is what `arm` is compared with: a framework's own default, on the same device."""
    same = (arm.backend, arm.device, arm.label) == (other.backend, other.device, other.label)
    return same and other.mode_class == "as-written"


def _quicker(beside: Ratio | None, entry: Entry, other: Entry) -> bool | None:
    """Whether later calls of the one surely take less time than the other's, or more; None where that is open.

    Where the two were never compared with each other, their ratios to the reference have to lie apart.
    """
    if beside is not None:
        return {Status.FASTER: True, Status.SLOWER: False}.get(beside.status)
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
