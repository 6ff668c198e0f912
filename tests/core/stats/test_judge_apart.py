"""Two runs judged by Welch's interval: against scipy, and by its symmetries."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.stats.multiplicity import Correction
from harness.stats.unpaired import judge_apart
from harness.stats.verdict import Judgement, Verdict

SETS = st.lists(st.floats(-0.2, 0.2), min_size=2, max_size=12)
NAN = math.nan


def judged(base: Any, new: Any, **more: Any) -> Judgement:
    said: dict[str, Any] = {"margins": [0.02], "confidence": 0.95, "correction": Correction.NONE, "pairing": ["round"]}
    (found,) = judge_apart(np.array([base]), np.array([new]), **(said | more))
    return found


@given(base=SETS, new=SETS)
def test_interval_and_probabilities_are_scipys(base: list[float], new: list[float]) -> None:
    spreads = np.std(base), np.std(new)
    if min(spreads) < 1e-6:
        return
    found, oracle = judged(base, new), stats.ttest_ind(new, base, equal_var=False)
    low, high = oracle.confidence_interval(0.95)
    assert (found.log_low, found.log_high) == pytest.approx((low, high), abs=1e-9)
    assert found.p_none == pytest.approx(oracle.pvalue, abs=1e-9)
    shifted = stats.ttest_ind(np.array(new) - math.log(1.02), base, equal_var=False, alternative="greater")
    assert found.p_slower == pytest.approx(shifted.pvalue, abs=1e-9)


TURNED = {Verdict.REGRESSED: Verdict.IMPROVED, Verdict.IMPROVED: Verdict.REGRESSED}


@given(base=SETS, new=SETS)
def test_swapping_the_sides_negates_everything(base: list[float], new: list[float]) -> None:
    one, other = judged(base, new), judged(new, base)
    assert other.verdict is TURNED.get(one.verdict, one.verdict)
    assert one.log == pytest.approx(-(other.log or 0), abs=1e-12)
    assert one.p_slower == pytest.approx(other.p_faster, abs=1e-12)


@pytest.mark.parametrize(
    ("shift", "step", "verdict"),
    [
        (0.10, 0.01, Verdict.REGRESSED),
        (-0.10, 0.01, Verdict.IMPROVED),
        (0.001, 0.002, Verdict.EQUIVALENT),
        (0.02, 0.005, Verdict.SMALL_CHANGE),  # half is 2.306 x 0.005: 0.008 to 0.032
        (0.01, 0.02, Verdict.INCONCLUSIVE),
    ],
)
def test_every_verdict(shift: float, step: float, verdict: Verdict) -> None:
    """Two equal spreads of five have 8 degrees of freedom and an error of one step."""
    base = [(at - 2) * step for at in range(5)]
    found = judged(base, [each + shift for each in base])
    assert found.verdict is verdict
    assert found.log_high == pytest.approx(shift + 2.3060041 * step, abs=1e-7)


def test_sides_without_spread_are_certain() -> None:
    assert judged([0.0] * 5, [0.5] * 5).verdict is Verdict.REGRESSED
    same = judged([0.0] * 5, [0.0] * 5)
    assert (same.verdict, same.log_low, same.log_high) == (Verdict.EQUIVALENT, 0.0, 0.0)


def test_too_few_sets_on_either_side_are_no_verdict() -> None:
    four, five = [0.0, 0.001, 0.002, 0.003], [0.5, 0.501, 0.502, 0.503, 0.504]
    assert (judged(four, five).verdict, judged(five, four).verdict) == (Verdict.INCONCLUSIVE,) * 2
    assert judged(five, [0.0, NAN, 0.002, 0.003, 0.004]).sets == 4
    assert judged(five, five, pairing=["process"]).verdict is Verdict.INCONCLUSIVE
    single = judged([0.0], [0.5])
    assert (single.log, single.log_low, single.p_none, single.sets) == (0.5, None, None, 1)


def test_a_side_without_any_set_is_not_comparable() -> None:
    found = judged([NAN] * 5, [0.1] * 5)
    assert (found.verdict, found.log, found.sets) == (Verdict.NOT_COMPARABLE, None, 0)


def test_all_pairs_are_one_family() -> None:
    doubtful = [0.045 + (at - 2) * 0.011 for at in range(5)]
    zero = [(at - 2) * 0.001 for at in range(5)]
    base = np.array([zero] * 31)
    new = np.array([doubtful, *[[each * 10 for each in zero]] * 30])
    more: dict[str, Any] = {"margins": [0.02] * 31, "confidence": 0.95, "pairing": ["round"] * 31}
    alone = judge_apart(base, new, correction=Correction.NONE, **more)[0]
    among = judge_apart(base, new, correction=Correction.HOLM, **more)[0]
    assert alone.verdict is Verdict.REGRESSED
    assert (among.verdict, among.alone, among.among) == (Verdict.SMALL_CHANGE, Verdict.REGRESSED, 31)
