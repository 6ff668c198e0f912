"""What more threads bring: each target beside itself at its fewest threads.

Rankings compare targets at equal threads. Here a target is its own yardstick, so that it shows how
far a case goes on being shared among processors. The ratios come from blocks of the same rounds, as
all others do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.core.target import split_threads
from harness.report.findings import Scaling, ScalingMean, ScalingStep, name_of
from harness.report.pairs import Pairs
from harness.stats.combine import combine
from harness.store.record import Measurement, Outcome


@dataclass(frozen=True, kw_only=True)
class _Line:
    """One target in one case: the places of its arms by number of threads, the fewest first."""

    case: str
    target: str
    places: Mapping[int, int]
    base: int | None  # the place of the measured arm with the fewest threads

    def pair(self, place: int) -> tuple[int, int] | None:
        """Return what to compare, so that the ratio is the time with few threads over that with more."""
        return None if self.base is None or place == self.base else (place, self.base)


def scalings_of(arms: Sequence[Measurement], pairs: Pairs) -> tuple[Scaling, ...]:
    """Return a finding for each target and case that was planned at several numbers of threads."""
    lines = _lines(arms)
    pairs.compare(
        pair
        for line in lines
        for place in line.places.values()
        if _measured(arms[place]) and (pair := line.pair(place)) is not None
    )
    return tuple(
        Scaling(
            case=line.case,
            target=line.target,
            steps=tuple(_step(arms, pairs, line, threads, place) for threads, place in line.places.items()),
        )
        for line in lines
    )


def means_of(arms: Sequence[Measurement], pairs: Pairs) -> tuple[ScalingMean, ...]:
    """Return how much faster each target is over all its cases; a case that lacks a number is left out for it."""
    found: dict[tuple[str, int, int], list[tuple[int, int]]] = defaultdict(list)
    for line in _lines(arms):
        for threads, place in line.places.items():
            pair = line.pair(place) if _measured(arms[place]) else None
            if pair is not None and pairs.ratio(*pair).log is not None:
                found[line.target, _threads(arms[pair[1]]), threads].append(pair)
    return tuple(
        ScalingMean(target=target, fewest=fewest, threads=threads, cases=len(chosen), speed_up=mean)
        for (target, fewest, threads), chosen in found.items()
        if (mean := combine(pairs.per_set(chosen), confidence=pairs.confidence)) is not None
    )


def _lines(arms: Sequence[Measurement]) -> list[_Line]:
    found: dict[tuple[str, str], dict[int, int]] = defaultdict(dict)
    for place, arm in enumerate(arms):
        if arm.replica == 0 and split_threads(arm.label)[1]:
            found[arm.case_key, name_of(arm)][_threads(arm)] = place
    return [
        _Line(
            case=arms[next(iter(places.values()))].case,
            target=target,
            places=dict(sorted(places.items())),
            base=next((place for _, place in sorted(places.items()) if _measured(arms[place])), None),
        )
        for (_, target), places in found.items()
        if len(places) > 1
    ]


def _step(arms: Sequence[Measurement], pairs: Pairs, line: _Line, threads: int, place: int) -> ScalingStep:
    pair = line.pair(place) if _measured(arms[place]) else None
    return ScalingStep(threads=threads, arm=arms[place], speed_up=None if pair is None else pairs.ratio(*pair))


def _measured(arm: Measurement) -> bool:
    return arm.outcome == Outcome.MEASURED


def _threads(arm: Measurement) -> int:
    """Return the number that the label counts: of an arm that could not run, no other column need tell it."""
    return int(split_threads(arm.label)[1].split()[0])
