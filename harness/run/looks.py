"""Measuring until enough is known: each case is looked at after some sets, and ends, or goes on to its next look.

All cases are measured as often as their first look asks for. Then come rounds, each up to the next look,
of the cases of which least is known. Under a time budget a round takes those that fit into what is left,
by what sets have cost so far, so that no set is cut in the middle where that can be foreseen.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.core.target import Target
from harness.run.endings import CaseEnd, Endings
from harness.run.ledger import Ledger
from harness.run.ratios import CaseLook, look_at
from harness.run.shards import by_case
from harness.run.state import ArmState
from harness.stats.sequential import LOOKS, Ending, next_look
from harness.store.record import Outcome

RESERVE = 1.1  # a set may take this much longer than those before it


@dataclass(kw_only=True)
class Looks:
    """A stopping rule that looks.

    `margins` are those of cases that have their own, by key. `max_time_s` bounds what an arm is timed: a
    case whose next look would pass it has had its last one. `left_s` tells how much time is left.
    """

    reference: Target
    target: float
    margin: float
    max_time_s: float
    ledger: Ledger
    margins: Mapping[str, float] = field(default_factory=dict)
    left_s: Callable[[], float] = lambda: math.inf

    def __post_init__(self) -> None:
        self._whole_s = self.left_s()
        self._sets: dict[str, int] = {}
        self._looked: dict[str, tuple[int, CaseLook]] = {}  # after how many sets, and what was seen
        self._due: dict[str, int] = {}  # sets that the round still owes each of its cases, the least certain first
        self._begun: dict[str, None] = {}
        self._first = True

    # -- which cases -----------------------------------------------------------------------------

    def admits(self, shard: Sequence[ArmState], states: Sequence[ArmState]) -> bool:
        """Begin with cases in the first set as long as all that were begun can reach their first look."""
        keys = dict.fromkeys(state.arm.case.key for state in shard)
        if self._first and not keys.keys() <= self._begun.keys():
            if not self._room_for(len(keys), states):
                return False
            self._begun |= keys
        return True

    def _room_for(self, more: int, states: Sequence[ArmState]) -> bool:
        begun = len(self._begun)
        if not begun or math.isinf(self._whole_s):
            return True
        seen, following = self.ledger.so_far(states), LOOKS["round"][0] - 1
        now_s = seen.cases_s / begun * more
        later_s = following * (seen.shared_s + seen.again_s / begun * (begun + more))
        return RESERVE * (now_s + later_s) <= self.left_s()

    def after(self, set_index: int, states: Sequence[ArmState]) -> frozenset[str]:
        """Look where a look is due, and choose who goes on."""
        del set_index
        cases = by_case(states)
        for key in self._begun if self._first else self._due:
            self._sets[key] = self._sets.get(key, 0) + 1
        self._due = {key: due - 1 for key, due in self._due.items() if due > 1 and _wanted(cases[key])}
        for key, sets in self._sets.items():
            if self._open(key) and (sets in _looks_of(cases[key]) or not _wanted(cases[key])):
                self._look(key, cases[key])
        self._due = self._fitting(self._due) or self._next_round(cases)
        self._first = False
        return frozenset(self._due)

    def _next_round(self, cases: Mapping[str, Sequence[ArmState]]) -> dict[str, int]:
        """Return the sets that each case of the next round gets, the least certain case first."""
        wanted: dict[str, int] = {}
        for key, states in cases.items():
            upcoming = self._upcoming(key, states)
            if self._open(key) and upcoming is not None and _wanted(states):
                wanted[key] = upcoming - self._sets.get(key, 0)
        ordered = sorted(wanted, key=lambda key: -self._seen(key).uncertainty)  # equal ones in the suite's order
        return self._fitting({key: wanted[key] for key in ordered})

    def _fitting(self, due: Mapping[str, int]) -> dict[str, int]:
        """Return those that fit into the time that is left, the first ones first.

        At the beginning, when nothing is known of any, the first that does not fit beside others is the end
        of them: it is then the last of a suite that are left out. Later a cheaper one behind it may still fit.
        """
        left_s, cost_s = self.left_s(), 0.0
        if math.isinf(left_s):
            return dict(due)
        kept: dict[str, int] = {}
        longest = 0
        for key, sets in due.items():
            own_s, most = self._own_s(key, sets), max(longest, sets)
            if RESERVE * (cost_s + own_s + most * self.ledger.shared_s) <= left_s:
                kept[key], longest = sets, most
                cost_s += own_s
            elif self._first and kept:
                break
        return kept

    def cost_s(self, due: Mapping[str, int]) -> float:
        """Return what it takes to measure cases in so many sets each, side by side."""
        own_s = sum(self._own_s(key, sets) for key, sets in due.items())
        return own_s + max(due.values(), default=0) * self.ledger.shared_s

    def _own_s(self, key: str, sets: int) -> float:
        first_s = 0.0 if self._sets.get(key) else self.ledger.once_s
        return first_s + sets * self.ledger.case_s(key)

    # -- one case --------------------------------------------------------------------------------

    def _look(self, key: str, states: Sequence[ArmState]) -> None:
        sets = self._sets[key]
        seen = look_at(states, self.reference, target=self.target, margin=self.margins.get(key, self.margin))
        if seen.ending is None and self._upcoming(key, states) is None:
            seen = CaseLook(ending=Ending.EXHAUSTED, half=seen.half, target=seen.target)
        self._looked[key] = sets, seen

    def _upcoming(self, key: str, states: Sequence[ArmState]) -> int | None:
        """Return the number of sets at the next look of a case, or nothing where it has had its last."""
        sets, looks = self._sets.get(key, 0), _looks_of(states)
        upcoming = next_look(sets, looks)
        if upcoming is not None and sets >= looks[0] and upcoming > self._most(states):
            return None
        return upcoming

    def _most(self, states: Sequence[ArmState]) -> float:
        """Return how many sets there can be before one of the arms passes `max_time`."""
        sets = max((len(state.proved_sets) for state in states), default=0)
        longest_s = max((state.spent_ns.get("throughput", 0) for state in states if state.wanted), default=0) / 1e9
        return self.max_time_s // (longest_s / sets) if sets and longest_s else math.inf

    def _seen(self, key: str) -> CaseLook:
        return self._looked[key][1] if key in self._looked else CaseLook(ending=None)

    def _open(self, key: str) -> bool:
        return self._seen(key).ending is None

    # -- how far, and the end --------------------------------------------------------------------

    def where(self, set_index: int) -> str:
        """Name the set; how many there will be nobody knows."""
        most = "" if math.isfinite(self._whole_s) else f" of at most {LOOKS['round'][-1]}"
        return f"set {set_index + 1}{most}"

    def share(self, set_index: int, part: float) -> float:
        """Return the share of the budget that is gone, or of all that may have to be done."""
        del set_index
        if math.isfinite(self._whole_s):
            return min(1.0, 1 - self.left_s() / self._whole_s) if self._whole_s > 0 else 1.0
        going = self._begun if self._first else self._due
        done, last = sum(self._sets.values()), LOOKS["round"][-1]
        left = sum(last - self._sets.get(key, 0) for key in going)
        return (done + part * len(going)) / max(1, done + left)

    def ends(self, states: Sequence[ArmState]) -> Endings:
        """Return where every case stands; one that was cut short between two looks is looked at once more."""
        found = []
        for key, arms in by_case(states).items():
            sets = max((len(state.proved_sets) for state in arms), default=0)
            looks, before = _looks_of(arms), self._looked.get(key, (0,))[0]
            if self._open(key) and ((sets >= looks[0] and sets > before) or _all_bad(arms)):
                self._sets[key] = sets
                self._look(key, arms)
            found.append(self._end(key, arms, max(sets, self._sets.get(key, 0))))
        together_s = self.cost_s({case.key: case.more_sets for case in found if case.ending is None})
        return Endings(target=self.target, cases=tuple(found), together_s=together_s)

    def _end(self, key: str, arms: Sequence[ArmState], sets: int) -> CaseEnd:
        seen, name = self._seen(key), arms[0].arm.case.name
        if seen.ending is not None:
            return CaseEnd(key=key, name=name, sets=sets, look=seen)
        more = max(1, (seen.needed or _looks_of(arms)[0]) - sets)
        return CaseEnd(key=key, name=name, sets=sets, look=seen, more_sets=more, more_s=self.cost_s({key: more}))


def _looks_of(states: Sequence[ArmState]) -> tuple[int, ...]:
    return LOOKS["process" if any(state.pairing == "process" for state in states) else "round"]


def _wanted(states: Sequence[ArmState]) -> bool:
    return any(state.wanted for state in states)


def _all_bad(states: Sequence[ArmState]) -> bool:
    """Whether more time would change nothing: every arm came to an end of its own."""
    return not any(state.wanted or state.outcome is Outcome.NOT_RUN for state in states)
