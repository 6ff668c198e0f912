"""Two copies of one arm, as they come out of a session: what its grade is made of.

They are the reference A and its copy A'. Where a session has no A', two arms of each case stand in their
place: that they are not alike does not matter, for only how their ratio strays is asked.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.store.record import Sample

if TYPE_CHECKING:
    from harness.stats.estimate import FloatArray

QUANTITY = "throughput"
SELF_CHECK = "self-check"
TWO_ARMS = "two arms"
ASKED = (0.01, 0.02, 0.05)  # differences of which it is said what finding them takes

Arm = tuple[str, str, str, int]  # case, target, label, replica
Blocks = dict[tuple[int, int], float]  # the logarithm of a call's time, by set and round


class Copies:
    """Collects the blocks of the arms that are copies, and grades how they agree.

    `confidence` is that of the run's ratios, so that one report names one smallest difference.
    """

    def __init__(self, *, confidence: float | None = None) -> None:
        self._confidence = confidence
        self._pairs: dict[str, list[tuple[Arm, Arm]]] = {}  # by case, as its first process-set had them
        self._blocks: dict[Arm, Blocks] = {}
        self._basis = TWO_ARMS

    def take(self, samples: Iterable[Sample]) -> None:
        """Take up the blocks of a process-set."""
        cases: dict[str, dict[Arm, list[Sample]]] = {}
        for sample in samples:
            if sample.quantity == QUANTITY:
                arm = (sample.case_key, sample.target, sample.label, sample.replica)
                cases.setdefault(sample.case_key, {}).setdefault(arm, []).append(sample)
        if any(arm[-1] for arms in cases.values() for arm in arms):
            self._basis = SELF_CHECK
        for case, arms in cases.items():
            for arm in {arm for pair in self._pairs.setdefault(case, _pairs(arms)) for arm in pair} & arms.keys():
                self._blocks.setdefault(arm, {}).update(_blocks(arms[arm]))

    def grade(self, readings: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
        """Return the word for the session, how it was found, and what the readings say; nothing without two arms."""
        from harness.stats.estimate import CONFIDENCE
        from harness.stats.noise import seen_of
        from harness.stats.readings import reasons_of

        pairs = [pair for found in self._pairs.values() for pair in found if _is_of(pair, self._basis)]
        confidence = self._confidence or CONFIDENCE
        seen = seen_of(
            (_logs(self._blocks.get(first, {}), self._blocks.get(second, {})) for first, second in pairs),
            confidence=confidence,
        )
        if seen is None:
            return None
        return {
            "word": str(seen.grade),
            "seen": seen.share,
            "confidence": confidence,
            "basis": self._basis,
            "sets": seen.sets,
            "cases": seen.cases,
            "set_sd": seen.set_sd,
            "sets_to_find": {f"{difference:g}": seen.sets_to_find(difference) for difference in ASKED},
            "reasons": [
                {"code": str(reason.code), "value": reason.value, "worst": reason.worst, "detail": reason.detail}
                for reason in reasons_of(readings)
            ],
        }


def _pairs(arms: Iterable[Arm]) -> list[tuple[Arm, Arm]]:
    """Return which arms of a case are copies; where none is, its first two."""
    known = sorted(arms)
    copies = [((*arm[:-1], 0), arm) for arm in known if arm[-1] and (*arm[:-1], 0) in known]
    return copies or ([(known[0], known[1])] if len(known) > 1 else [])


def _is_of(pair: tuple[Arm, Arm], basis: str) -> bool:
    """Whether a pair is what the session is graded by: copies do not mix with what only stands in for them."""
    return basis == TWO_ARMS or pair[0][:-1] == pair[1][:-1]


def logs_of(first: Iterable[Sample], second: Iterable[Sample]) -> FloatArray:
    """Return the logarithms [set, round] of the ratio of two arms' blocks."""
    return _logs(_blocks(first), _blocks(second))


def _blocks(samples: Iterable[Sample]) -> Blocks:
    return {(sample.set, sample.round): math.log(sample.wall_ns / sample.inner) for sample in samples}


def _logs(first: Blocks, second: Blocks) -> FloatArray:
    """Lay the logarithms of the ratio out by set and round, with NaN where one of the two has no block."""
    import numpy as np

    both = sorted(first.keys() & second.keys())
    if not both:
        return np.empty((0, 0))
    sets = {number: at for at, number in enumerate(sorted({number for number, _ in both}))}
    logs = np.full((len(sets), max(number for _, number in both) + 1), np.nan)
    for number, turn in both:
        logs[sets[number], turn] = second[number, turn] - first[number, turn]
    return logs
