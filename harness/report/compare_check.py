"""The self-check of a run: what its reference, measured beside itself, allows to be said.

Where two copies of the same thing come out different, other differences of that case mean nothing
either, and where they do over all cases, nothing of the whole run does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from harness.report import words
from harness.report.compare_judge import Pair, confidence_of, paired, pairing_of
from harness.report.compare_load import Arm, Run
from harness.report.sentences import times
from harness.stats.combine import Combined, combine
from harness.stats.estimate import Interval, agree, mean_interval

Contest = tuple[str, str]

UNCHECKED = "the reference was not measured twice in this run, so nothing says what it could see"


@dataclass(frozen=True, kw_only=True)
class Check:
    """The reference beside itself: over all cases, the cases in which it disagrees, and what could be seen."""

    combined: Combined | None = None
    failed: Mapping[Contest, str] = field(default_factory=dict)  # with the ratio in words
    detectable: float | None = None  # the share that could be seen in the median case

    def objection(self, contest: Contest) -> str:
        """Say why verdicts in a case are withheld, or nothing where they are not."""
        if self.combined is None:
            return UNCHECKED
        if self.combined.agrees is False:
            shown = _words(self.combined.ratio, self.combined.low, self.combined.high)
            return f"the reference beside itself came out as {shown} over all cases"
        if contest in self.failed:
            return f"the reference beside itself came out as {self.failed[contest]} in this case"
        return ""


def check_of(run: Run) -> Check:
    """Return what the self-check of `run` found."""
    pairs = _copies(run.arms)
    if not pairs:
        return Check()
    confidence = confidence_of(run)
    pairing = [pairing_of(*pair) for pair in pairs]
    per_set = paired(run, pairs, pairing)
    every = [_interval(values[np.isfinite(values)], confidence) for values in per_set]
    with np.errstate(over="ignore"):  # times so far apart that no number holds their ratio
        widths = [
            np.expm1((one.high - one.low) / 2) for one in every if one and one.low is not None and one.high is not None
        ]
    return Check(
        combined=combine(per_set, pairing="process" if "process" in pairing else "round", confidence=confidence),
        failed={pair[0].contest: _shown(one) for pair, one in zip(pairs, every, strict=True) if _disagrees(one)},
        detectable=float(np.median(widths)) if widths else None,
    )


def _copies(arms: Sequence[Arm]) -> list[Pair]:
    """Return the reference and its copy in every case where both were measured."""
    copies = [arm for arm in arms if arm.replica == 1 and arm.measured]
    first = {(arm.contest, arm.identity): arm for arm in arms if arm.replica == 0 and arm.measured}
    found = [(first.get((copy.contest, copy.identity)), copy) for copy in copies]
    return [(arm, copy) for arm, copy in found if arm is not None]


def _interval(values: np.ndarray[tuple[int], np.dtype[np.float64]], confidence: float) -> Interval | None:
    return mean_interval(values, confidence) if values.size else None


def _disagrees(found: Interval | None) -> bool:
    if found is None or found.low is None or found.high is None:
        return False
    return not agree(found.low, found.high)


def _shown(found: Interval | None) -> str:
    ends = (None, None, None) if found is None else (found.mean, found.low, found.high)
    with np.errstate(over="ignore"):
        return _words(*(None if end is None else float(np.exp(end)) for end in ends))


def _words(ratio: float | None, low: float | None, high: float | None) -> str:
    if ratio is None:
        return words.UNKNOWN
    shown, span = times(ratio, low, high)
    return f"{shown} ({span})" if span else shown
