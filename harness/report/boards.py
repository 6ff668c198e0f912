"""One class of arms: who wins each case, and how often.

The fastest of a case is found by pairs of blocks, not by comparing two absolute times: on a machine
that wanders the arm with the smaller median can be the slower one.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from harness.report.findings import Board, CaseFindings, Entry, Overall, SelfCheck, Standing, case_of, name_of
from harness.report.pairs import Pairs
from harness.stats.combine import Combined, carried, combine
from harness.stats.compare import Ratio, Status
from harness.store.record import Measurement, Outcome

# The self-check of a case whose copy has no time. A copy is planned for every reference, so this one was lost.
_UNCHECKED = Ratio(log=None, log_low=None, log_high=None, sets=0, pairs=0, status=Status.NOT_COMPARABLE)


@dataclass(frozen=True, kw_only=True)
class Settled:
    """A run with its arms in order and its references found."""

    arms: tuple[Measurement, ...]
    pairs: Pairs
    cases: Mapping[str, list[int]]  # contest (a case, at one number of threads) -> places in `arms`
    references: Mapping[str, int | None]  # contest -> the measured reference arm
    copies: Mapping[str, int | None]
    check: SelfCheck

    def is_measured(self, place: int) -> bool:
        """Whether there is a time."""
        return self.arms[place].outcome == Outcome.MEASURED

    def self_check(self, key: str) -> Ratio | None:
        """Return the reference of a contest beside its copy; nothing where there is no reference to be copied."""
        first, second = self.references[key], self.copies[key]
        if first is None:
            return None
        return _UNCHECKED if second is None else self.pairs.ratio(first, second)

    def counts(self, key: str) -> bool:
        """Whether a contest has part in the means: where the run may judge, only if its own self-check held too."""
        return self.check.passed is not True or not is_withheld(self.check, self.self_check(key))


@dataclass(frozen=True, kw_only=True)
class Race:
    """One case within one class."""

    run: Settled
    key: str
    places: Sequence[int]
    fastest: int | None
    ranked: bool

    def findings(self) -> CaseFindings:
        """Return what is to be said of every arm, measured or not."""
        return CaseFindings(
            name=case_of(self.run.arms[self.places[0]]),
            key=self.key,
            entries=tuple(self._entry(place) for place in self.places),
            self_check=self.run.self_check(self.key),
        )

    def _entry(self, place: int) -> Entry:
        arm = self.run.arms[place]
        if not self.run.is_measured(place):
            return Entry(arm=arm)
        beside = self._ratio(self._reference, place)
        return Entry(
            arm=arm,
            standing=self._standing(place) if self.ranked else Standing.UNRANKED,
            verdict=self._verdict(place, beside),
            beside_reference=beside,
            beside_fastest=self._ratio(self.fastest, place),
        )

    def _standing(self, place: int) -> Standing:
        rivals = [other for other in self.places if other != self.fastest and self.run.is_measured(other)]
        if not rivals or self.fastest is None:
            return Standing.ALONE
        asked = rivals if place == self.fastest else [place]
        statuses = {self.run.pairs.ratio(self.fastest, other).status for other in asked}
        if Status.NOT_COMPARABLE in statuses:
            return Standing.UNKNOWN
        if Status.INDICATIVE in statuses:
            return Standing.INDICATIVE
        if self._withheld:
            return Standing.WITHHELD
        if statuses != {Status.SLOWER}:
            return Standing.TIE
        return Standing.WINS if place == self.fastest else Standing.BEHIND

    def _verdict(self, place: int, beside: Ratio | None) -> str:
        if place == self._reference:
            return "reference"
        same_class = self._reference in self.places
        return verdict_of(beside, ranked=self.ranked, same_class=same_class, withheld=self._withheld)

    @property
    def _reference(self) -> int | None:
        return self.run.references[self.key]

    @property
    def _withheld(self) -> bool:
        return is_withheld(self.run.check, self.run.self_check(self.key))

    def _ratio(self, a: int | None, b: int | None) -> Ratio | None:
        return None if a is None or b is None or a == b else self.run.pairs.ratio(a, b)


def verdict_of(beside: Ratio | None, *, ranked: bool, same_class: bool, withheld: bool) -> str:
    """Return the word for an arm beside another of its case: what was found, or why there is no verdict."""
    if not ranked:
        return Standing.UNRANKED
    if beside is None:
        return "no reference"
    if not same_class:
        return "other class"
    decided = beside.status not in (Status.NOT_COMPARABLE, Status.INDICATIVE)
    return Standing.WITHHELD if decided and withheld else beside.status


def is_withheld(check: SelfCheck, of_case: Ratio | None) -> bool:
    """Whether the self-check forbids verdicts: that of the whole run, or that of a case.

    A case in which the reference has no time has none of its own, and rests on that of the run.
    """
    return check.passed is not True or (of_case is not None and of_case.agrees is not True)


def board_of(run: Settled, name: str, belongs: Callable[[Measurement], bool], *, ranked: bool = True) -> Board:
    """Return the findings about all the arms that belong to one class."""
    members = {
        key: [place for place in places if run.arms[place].replica == 0 and belongs(run.arms[place])]
        for key, places in run.cases.items()
    }
    members = {key: places for key, places in members.items() if places}
    fastest = _fastest(run, members) if ranked else {}
    cases = tuple(
        Race(run=run, key=key, places=places, fastest=fastest.get(key), ranked=ranked).findings()
        for key, places in members.items()
    )
    measured = _measured_by_all(run, members) if ranked else []
    common = [key for key in measured if run.counts(key)]
    overall = _overall(run, cases, members, common) if ranked else ()
    return Board(
        mode_class=name,
        cases=cases,
        overall=overall,
        common=len(common),
        ranked=ranked,
        withheld=len(measured) - len(common),
        carried=_carried(run, members, common, overall),
    )


def _fastest(run: Settled, members: Mapping[str, list[int]]) -> dict[str, int]:
    """Return the fastest measured arm of each case, and have everyone compared with it."""
    chosen = {key: [place for place in places if run.is_measured(place)] for key, places in members.items()}
    first = {
        key: min(places, key=lambda place: run.arms[place].time_s or float("inf"))
        for key, places in chosen.items()
        if places
    }
    run.pairs.compare((first[key], place) for key in first for place in chosen[key] if place != first[key])
    found = {key: min(chosen[key], key=partial(_log, run, anchor)) for key, anchor in first.items()}
    run.pairs.compare((found[key], place) for key in found for place in chosen[key] if place != found[key])
    return found


def _log(run: Settled, a: int, b: int) -> float:
    log = 0.0 if a == b else run.pairs.ratio(a, b).log
    return float("inf") if log is None else log


def _measured_by_all(run: Settled, members: Mapping[str, list[int]]) -> list[str]:
    """Return the cases that every target with any time at all has measured."""
    by_case = {
        key: {name_of(run.arms[place]) for place in places if run.is_measured(place)} for key, places in members.items()
    }
    everyone = set().union(*by_case.values())
    return [key for key, names in by_case.items() if names == everyone] if everyone else []


def _overall(
    run: Settled, cases: Sequence[CaseFindings], members: Mapping[str, list[int]], common: Sequence[str]
) -> tuple[Overall, ...]:
    standings: dict[str, Counter[Standing]] = defaultdict(Counter)
    for case in cases:
        for entry in case.entries:
            standings[name_of(entry.arm)] += Counter([entry.standing] if entry.standing else [])
    places = {name: _places(run, members, common, name) for name in standings}
    compared = {name: found for name, found in places.items() if len(found) == len(common) and common}
    anchors = [run.references[key] for key in common]
    beside_reference = {name: _combined(run, anchors, found) for name, found in compared.items()}
    fastest = _first(run, compared)
    overall = [
        Overall(
            target=name,
            measured=sum(counted.values()),
            standings=counted,
            beside_reference=beside_reference.get(name),
            beside_fastest=_combined(run, compared[fastest], compared[name])
            if name in compared and fastest not in ("", name)
            else None,
        )
        for name, counted in standings.items()
    ]
    return tuple(sorted(overall, key=lambda one: _rank(one, fastest)))


def _places(run: Settled, members: Mapping[str, list[int]], common: Sequence[str], target: str) -> list[int]:
    return [place for key in common for place in members[key] if name_of(run.arms[place]) == target]


def _carried(
    run: Settled, members: Mapping[str, list[int]], common: Sequence[str], overall: Sequence[Overall]
) -> tuple[tuple[str, float], ...]:
    """Return the cases without which the second's mean beside the first would be another one, and those means."""
    if len(overall) < 2 or overall[1].beside_fastest is None:  # noqa: PLR2004  (two to compare)
        return ()
    first, second = (_places(run, members, common, one.target) for one in overall[:2])
    found = carried(run.pairs.per_set(list(zip(first, second, strict=True))))
    return tuple((case_of(run.arms[first[at]]), math.exp(log)) for at, log in found)


def _first(run: Settled, compared: Mapping[str, list[int]]) -> str:
    """Return the target with the least geometric mean over the common cases."""
    if not compared:
        return ""
    anchor = next(iter(compared.values()))
    found = {name: _combined(run, anchor, places) for name, places in compared.items()}
    return min(found, key=lambda name: 0.0 if (one := found[name]) is None else one.log)


def _combined(run: Settled, first: Sequence[int | None], second: Sequence[int]) -> Combined | None:
    pairs = [(a, b) for a, b in zip(first, second, strict=True) if a is not None]
    if len(pairs) < len(second) or all(a == b for a, b in pairs):
        return None
    run.pairs.compare(pairs)
    if any(run.pairs.ratio(a, b).log is None for a, b in pairs):
        return None
    return combine(run.pairs.per_set(pairs), pairing=run.pairs.pairing(pairs), confidence=run.pairs.confidence)


def _rank(one: Overall, fastest: str) -> tuple[bool, float, str]:
    log = one.beside_fastest.log if one.beside_fastest else float("inf")
    return (one.target != fastest, log, one.target)
