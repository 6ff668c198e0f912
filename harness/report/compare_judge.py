"""Pairs of arms judged: in one session block by block, in two by what somebody allowed.

All pairs of a comparison are one family, whatever sides they stand on: whoever looks at three hundred
ratios has three hundred chances to be wrong.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from harness.report.compare_load import Arm, Run
from harness.stats.compare import compare_many
from harness.stats.estimate import CONFIDENCE, FloatArray, believed_confidence
from harness.stats.modes import Groups, two_groups
from harness.stats.multiplicity import Correction
from harness.stats.unpaired import judge_apart
from harness.stats.verdict import LEAST_SETS, MARGIN, Judgement, Verdict, judge

Pair = tuple[Arm, Arm]  # the base, the new


@dataclass(frozen=True, kw_only=True)
class Terms:
    """By what pairs are judged."""

    margin: float = MARGIN
    margins: Mapping[str, float] = field(default_factory=dict)  # of cases, by their key; they win over the margin
    correction: Correction = Correction.BENJAMINI_HOCHBERG
    confidence: float = CONFIDENCE

    def of(self, pairs: Sequence[Pair]) -> list[float]:
        """Return the margin of each pair."""
        return [self.margins.get(new.case_key, self.margin) for _, new in pairs]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What came out for one pair."""

    judgement: Judgement
    pairing: str
    per_set: tuple[float, ...] = ()  # paired only; NaN where a process-set has none
    counts: tuple[int, int] | None = None  # of sets on either side, where nothing is paired
    groups: Groups | None = None

    @property
    def detail(self) -> str:
        """Why there is no verdict, where the reason is not in the numbers."""
        if self.judgement.verdict is Verdict.NOT_COMPARABLE:
            return "no block of one was taken beside a block of the other"
        least = LEAST_SETS[self.pairing]
        return f"{self.judgement.sets} of {least} process-sets" if self.judgement.sets < least else ""


def terms_of(
    base: Run, new: Run, margin: float | None, margins: Mapping[str, float] | None, correction: Correction
) -> Terms:
    """Return the terms that the caller names, and for the rest those that the runs were measured by."""
    own = [_share(run.measure.get("margin")) for run in (new, base)]
    said = next((share for share in (margin, *own) if share is not None), MARGIN)
    found = {**_margins(base), **_margins(new)} if margins is None else margins
    confidence = max(confidence_of(base), confidence_of(new))
    return Terms(margin=said, margins=found, correction=correction, confidence=confidence)


def confidence_of(run: Run) -> float:
    """Return how sure each interval of a run is: more than usual where it was looked at several times."""
    return believed_confidence(run.measure.get("confidence")) or CONFIDENCE


def in_session(run: Run, pairs: Sequence[Pair], terms: Terms) -> list[Judged]:
    """Judge pairs of one session: what slows the machine slows both arms of a round, and cancels."""
    pairing = [pairing_of(*pair) for pair in pairs]
    per_set = paired(run, pairs, pairing)
    found = judge(
        per_set,
        margins=terms.of(pairs),
        confidence=terms.confidence,
        correction=terms.correction,
        pairing=pairing,
    )
    return [
        Judged(judgement=one, pairing=how, per_set=tuple(map(float, values)), groups=_groups(one, values))
        for one, how, values in zip(found, pairing, per_set, strict=True)
    ]


def by_insisting(base: Run, new: Run, pairs: Sequence[Pair], terms: Terms) -> list[Judged]:
    """Judge pairs of two runs by their absolute times."""
    left = set_medians(base.cube[[arm.place for arm, _ in pairs]])
    right = set_medians(new.cube[[arm.place for _, arm in pairs]])
    return _unpaired(left, right, pairs, [pairing_of(*pair) for pair in pairs], terms)


def through_anchor(base: Run, new: Run, pairs: Sequence[Pair], anchors: Sequence[Pair], terms: Terms) -> list[Judged]:
    """Judge pairs of two runs by their ratios to an arm that both runs have."""
    pairing = ["process" if "process" in (pairing_of(*pair), pairing_of(*two)) else "round"
               for pair, two in zip(pairs, anchors, strict=True)]  # fmt: skip
    left = paired(base, [(anchor, arm) for (arm, _), (anchor, _) in zip(pairs, anchors, strict=True)], pairing)
    right = paired(new, [(anchor, arm) for (_, arm), (_, anchor) in zip(pairs, anchors, strict=True)], pairing)
    return _unpaired(left, right, pairs, pairing, terms)


def paired(run: Run, pairs: Sequence[Pair], pairing: Sequence[str]) -> FloatArray:
    """Return the logarithms of ratios [pair, set] of arms of one run."""
    per_set = np.full((len(pairs), run.cube.shape[1]), np.nan)
    for how in ("round", "process"):
        chosen = [at for at, own in enumerate(pairing) if own == how]
        places = [(pairs[at][0].place, pairs[at][1].place) for at in chosen]
        if chosen:
            per_set[chosen] = compare_many(run.cube, places, pairing=how).per_set
    return per_set


def pairing_of(base: Arm, new: Arm) -> str:
    """Return how two arms took turns: the weaker of what either says."""
    return "process" if "process" in (base.pairing, new.pairing) else "round"


def set_medians(cube: FloatArray) -> FloatArray:
    """Return the median over rounds [arm, set] of logarithms of times; NaN where a set has no block."""
    medians = np.full(cube.shape[:2], np.nan)
    some = np.isfinite(cube).any(axis=2)
    medians[some] = np.nanmedian(cube[some], axis=1)
    return medians


def _unpaired(
    left: FloatArray, right: FloatArray, pairs: Sequence[Pair], pairing: Sequence[str], terms: Terms
) -> list[Judged]:
    found = judge_apart(
        left,
        right,
        margins=terms.of(pairs),
        confidence=terms.confidence,
        correction=terms.correction,
        pairing=pairing,
    )
    counts = zip(np.isfinite(left).sum(axis=1).tolist(), np.isfinite(right).sum(axis=1).tolist(), strict=True)
    return [
        Judged(judgement=one, pairing=how, counts=counted)
        for one, how, counted in zip(found, pairing, counts, strict=True)
    ]


def _groups(found: Judgement, per_set: FloatArray) -> Groups | None:
    """Look for two groups of processes, where there is anything to be explained."""
    return None if found.verdict in (Verdict.EQUIVALENT, Verdict.NOT_COMPARABLE) else two_groups(_known(per_set))


def _known(values: FloatArray) -> FloatArray:
    return values[np.isfinite(values)]


def _margins(run: Run) -> dict[str, float]:
    found = run.measure.get("margins")
    shares = {str(key): _share(value) for key, value in found.items()} if isinstance(found, Mapping) else {}
    return {key: share for key, share in shares.items() if share is not None}


def _share(value: Any) -> float | None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number and math.isfinite(value) and 0 <= value < 1 else None
