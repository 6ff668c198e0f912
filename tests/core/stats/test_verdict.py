"""Verdicts: one sample worked out by hand for each, SciPy as the oracle for probabilities, and what must not matter."""

from __future__ import annotations

import dataclasses
import math
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.stats.estimate import FloatArray
from harness.stats.multiplicity import Correction
from harness.stats.verdict import DECIDED, FLAGGED, LEAST_SETS, Judgement, Verdict, judge

NAN = math.nan
EDGE = math.log(1.02)  # 0.01980


def evenly(mean: float, step: float, sets: int = 5) -> FloatArray:
    """Sets at even steps about a mean. Of five, the standard error is 0.7071 steps, and 95 % reach 1.9632 steps."""
    return np.asarray(mean + step * (np.arange(sets) - (sets - 1) / 2), dtype=np.float64)


def one(per_set: FloatArray, margin: float = 0.02, confidence: float = 0.95, pairing: str = "round") -> Judgement:
    return judge(per_set[None, :], margins=margin, confidence=confidence, pairing=pairing)[0]


# -- each verdict, by hand ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mean", "step", "verdict", "found"),
    [
        (0.0300, 0.005, Verdict.REGRESSED, True),  # 0.0300 - 0.0098 = 0.0202, above 0.0198
        (0.0295, 0.005, Verdict.SMALL_CHANGE, True),  # 0.0295 - 0.0098 = 0.0197, just not
        (-0.0300, 0.005, Verdict.IMPROVED, True),
        (-0.0295, 0.005, Verdict.SMALL_CHANGE, True),
        (0.0120, 0.005, Verdict.EQUIVALENT, True),  # one-sided 2.1318 x 0.7071 x 0.005 = 0.0075; 0.0195 is inside
        (0.0125, 0.005, Verdict.SMALL_CHANGE, True),  # 0.0200 is not; and 0.0125 - 0.0098 misses 0
        (0.0050, 0.005, Verdict.EQUIVALENT, False),
        (0.0300, 0.020, Verdict.INCONCLUSIVE, False),  # 0.0300 - 0.0393 < 0
        (0.0000, 0.020, Verdict.INCONCLUSIVE, False),
    ],
)
def test_each_verdict_by_hand(mean: float, step: float, verdict: Verdict, *, found: bool) -> None:
    """The interval reaches 1.9632 steps to either side of the mean, and the margin is 0.0198."""
    said = one(evenly(mean, step))
    assert (said.verdict, said.found) == (verdict, found)
    assert said.log == pytest.approx(mean, abs=1e-15)
    assert said.log_low == pytest.approx(mean - 1.96324 * step, abs=1e-6)
    assert said.log_high == pytest.approx(mean + 1.96324 * step, abs=1e-6)
    assert said.detectable == pytest.approx(math.expm1(1.96324 * step), abs=1e-6)
    assert (said.sets, said.margin, said.confidence, said.among, said.alone) == (5, 0.02, 0.95, 1, None)


def test_the_ratio_and_its_ends_are_those_of_the_logarithms() -> None:
    """Three per cent slower, as a person reads it."""
    said = one(evenly(math.log(1.03), 0.002))
    assert said.ratio == pytest.approx(1.03)
    assert said.low == pytest.approx(1.03 * math.exp(-0.00392648))
    assert said.high == pytest.approx(1.03 * math.exp(0.00392648))


def test_without_sets_there_is_nothing_to_compare() -> None:
    """Nothing measured is not a ratio of 1."""
    said = one(np.full(5, NAN))
    assert said == Judgement(verdict=Verdict.NOT_COMPARABLE, log=None, among=0)
    assert (said.ratio, said.low, said.high, said.found, said.detectable) == (None, None, None, False, None)
    assert one(np.empty(0)).verdict is Verdict.NOT_COMPARABLE


def test_one_set_has_a_ratio_and_nothing_else() -> None:
    """Blocks within a process are no substitute for processes."""
    said = one(np.array([0.7]))
    assert (said.log, said.sets, said.verdict) == (0.7, 1, Verdict.INCONCLUSIVE)
    assert (said.log_low, said.p_slower, said.p_faster, said.p_equal, said.p_none) == (None,) * 5


@pytest.mark.parametrize("pairing", ["round", "process"])
def test_below_the_least_sets_nothing_is_concluded(pairing: str) -> None:
    """However large the difference: it takes five sets, and ten where arms alternated by whole processes."""
    least = LEAST_SETS[pairing]
    assert one(evenly(1.0, 1e-4, least - 1), pairing=pairing).verdict is Verdict.INCONCLUSIVE
    assert one(evenly(1.0, 1e-4, least), pairing=pairing).verdict is Verdict.REGRESSED


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        (0.0, Verdict.EQUIVALENT),
        (0.0198, Verdict.EQUIVALENT),
        (0.0199, Verdict.REGRESSED),
        (-0.0199, Verdict.IMPROVED),
    ],
)
def test_sets_without_any_spread_are_certain(value: float, verdict: Verdict) -> None:
    """A clock of coarse ticks can give the same ratio five times; that divides nothing by nothing."""
    said = one(np.full(5, value))
    assert said.verdict is verdict
    assert said.log_low == said.log_high == pytest.approx(value)
    assert (said.p_slower, said.p_faster) == (float(value < EDGE), float(value > -EDGE))


def test_a_difference_of_exactly_the_margin_is_neither_beyond_it_nor_inside() -> None:
    """Zero spread and zero difference: as likely as not on either side."""
    said = one(np.zeros(5), margin=0.0)
    assert (said.verdict, said.p_slower, said.p_faster, said.p_equal) == (Verdict.INCONCLUSIVE, 0.5, 0.5, 0.5)


def test_a_margin_of_nothing_asks_for_a_sign_only() -> None:
    """And nothing can be equivalent within it."""
    assert one(evenly(0.01, 0.005), margin=0.0).verdict is Verdict.REGRESSED
    assert one(evenly(0.0, 0.005), margin=0.0).verdict is Verdict.INCONCLUSIVE


# -- oracles --------------------------------------------------------------------------------------


@given(
    values=st.lists(st.floats(-0.1, 0.1), min_size=5, max_size=20, unique=True),
    margin=st.floats(0, 0.2),
    confidence=st.floats(0.5, 0.999),
)
def test_probabilities_and_intervals_are_scipys(values: list[float], margin: float, confidence: float) -> None:
    """The oracle is SciPy's one-sample test, one-sided and two-sided, about each edge of the margin."""
    per_set = np.array(values)
    if per_set.std() < 1e-6:
        return
    said, edge = one(per_set, margin, confidence), math.log1p(margin)

    def p(about: float, alternative: str) -> float:
        return float(stats.ttest_1samp(per_set, about, alternative=alternative).pvalue)

    ends = stats.ttest_1samp(per_set, 0.0).confidence_interval(confidence)
    assert (said.log_low, said.log_high) == pytest.approx((ends.low, ends.high), abs=1e-9)
    assert said.p_slower == pytest.approx(p(edge, "greater"), abs=1e-9)
    assert said.p_faster == pytest.approx(p(-edge, "less"), abs=1e-9)
    assert said.p_equal == pytest.approx(max(p(-edge, "greater"), p(edge, "less")), abs=1e-9)
    assert said.p_none == pytest.approx(p(0.0, "two-sided"), abs=1e-9)


def test_the_words_hold_as_often_as_they_should() -> None:
    """Where the truth is the margin itself, 2.5 in 100 say regressed, and 5 in 100 equivalent."""
    drawn = np.random.default_rng(11).normal(EDGE, 0.005, (8000, 7))
    verdicts = [said.verdict for said in judge(drawn)]
    assert verdicts.count(Verdict.REGRESSED) / 8000 == pytest.approx(0.025, abs=0.005)
    assert verdicts.count(Verdict.EQUIVALENT) / 8000 == pytest.approx(0.05, abs=0.007)


# -- what must not matter -------------------------------------------------------------------------

TABLES = st.integers(0, 10**6).flatmap(lambda seed: st.builds(lambda pairs: table(seed, pairs), st.integers(1, 12)))
CORRECTIONS = st.sampled_from(list(Correction))
TURNED = {Verdict.REGRESSED: Verdict.IMPROVED, Verdict.IMPROVED: Verdict.REGRESSED}


def table(seed: int, pairs: int, sets: int = 8) -> FloatArray:
    """Pairs of all kinds: of any spread and difference, with gaps, and some without spread."""
    rng = np.random.default_rng(seed)
    centre = rng.normal(0, 0.03, (pairs, 1)) * rng.integers(0, 2, (pairs, 1))
    spread = rng.choice([0.0, 0.001, 0.01, 0.1], (pairs, 1))
    drawn = centre + spread * rng.normal(size=(pairs, sets))
    return np.where(rng.random((pairs, sets)) < rng.choice([0.0, 0.3, 0.9]), NAN, drawn)


@given(per_set=TABLES, correction=CORRECTIONS)
def test_swapping_the_arms_turns_every_verdict_round(per_set: FloatArray, correction: Correction) -> None:
    """Exactly: regressed is improved, and every number changes its sign or its place."""
    there, back = judge(per_set, correction=correction), judge(-per_set, correction=correction)
    for one_way, other in zip(there, back, strict=True):
        assert other.verdict is TURNED.get(one_way.verdict, one_way.verdict)
        assert other.log == (None if one_way.log is None else -one_way.log)
        assert other.log_low == (None if one_way.log_high is None else -one_way.log_high)
        assert (other.p_slower, other.p_faster) == (one_way.p_faster, one_way.p_slower)
        assert (other.p_equal, other.p_none) == (one_way.p_equal, one_way.p_none)


@given(per_set=TABLES, one_margin=st.floats(0, 0.3), other_margin=st.floats(0, 0.3))
def test_a_wider_margin_flags_less_and_holds_more_equivalent(
    per_set: FloatArray, one_margin: float, other_margin: float
) -> None:
    """What is beyond a wide margin is beyond a narrow one, and the reverse for what is inside."""
    narrow, wide = sorted((one_margin, other_margin))
    for tight, loose in zip(judge(per_set, margins=narrow), judge(per_set, margins=wide), strict=True):
        assert loose.verdict not in FLAGGED or tight.verdict is loose.verdict
        assert tight.verdict is not Verdict.EQUIVALENT or loose.verdict is Verdict.EQUIVALENT
        assert tight.p_slower is None or (loose.p_slower or 0) >= tight.p_slower


@given(per_set=TABLES, confidence=st.floats(0.9, 0.9999))
def test_who_wants_to_be_surer_concludes_less(per_set: FloatArray, confidence: float) -> None:
    """A verdict that holds at a quarter of the error holds at the whole of it."""
    for strict, loose in zip(judge(per_set, confidence=confidence), judge(per_set, confidence=0.9), strict=True):
        assert strict.verdict not in DECIDED or loose.verdict is strict.verdict


@given(per_set=TABLES)
def test_many_at_once_are_judged_as_one_by_one(per_set: FloatArray) -> None:
    """The table is a way to be fast; without a correction neighbours do not matter."""
    together = [dataclasses.replace(said, among=0) for said in judge(per_set)]
    assert together == [dataclasses.replace(judge(row[None, :])[0], among=0) for row in per_set]


@given(per_set=TABLES, correction=CORRECTIONS, seed=st.integers(0, 99))
def test_the_order_of_pairs_does_not_matter(per_set: FloatArray, correction: Correction, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(per_set.shape[0])
    there = judge(per_set, correction=correction)
    assert judge(per_set[order], correction=correction) == [there[at] for at in order]


@given(per_set=TABLES)
def test_sets_that_were_not_measured_do_not_matter(per_set: FloatArray) -> None:
    """A gap is no number, wherever it stands."""
    squeezed = [row[np.isfinite(row)] for row in per_set]
    for said, row in zip(judge(per_set), squeezed, strict=True):
        alone = one(row)
        assert (said.verdict, said.sets) == (alone.verdict, row.size)
        assert said.log == (None if alone.log is None else pytest.approx(alone.log, abs=1e-12))
        assert said.log_low == (None if alone.log_low is None else pytest.approx(alone.log_low, abs=1e-12))


# -- many pairs -----------------------------------------------------------------------------------


def test_a_difference_that_chance_explains_among_so_many_is_a_small_change() -> None:
    """One of 300 at p = 0.0005 is what one expects to see; by itself it would count, and that is kept."""
    neighbours = np.random.default_rng(0).normal(0, 0.005, (299, 5))
    chosen = evenly(0.0445, 0.005)  # (0.0445 - 0.0198) / 0.0035355 = 6.99 standard errors: p = 0.0011 on one side
    for correction in (Correction.BENJAMINI_HOCHBERG, Correction.HOLM):
        said = judge(np.vstack([chosen, neighbours]), correction=correction)[0]
        assert (said.verdict, said.alone, said.among) == (Verdict.SMALL_CHANGE, Verdict.REGRESSED, 300)
        assert said.p_slower == pytest.approx(0.0011, abs=1e-4)
    assert judge(chosen[None, :], correction=Correction.HOLM)[0].verdict is Verdict.REGRESSED


def test_a_nightly_list_is_less_strict_than_a_gate() -> None:
    """Ten at p = 0.0011 among 100: one false one in twenty is allowed to a list, and none to a gate."""
    neighbours = np.random.default_rng(1).normal(0, 0.005, (90, 5))
    per_set = np.vstack([np.tile(evenly(0.0445, 0.005), (10, 1)), neighbours])
    listed = judge(per_set, correction=Correction.BENJAMINI_HOCHBERG)
    gated = judge(per_set, correction=Correction.HOLM)
    assert [said.verdict for said in listed[:10]] == [Verdict.REGRESSED] * 10  # 0.0011 x 100 / 10 = 0.011
    assert [said.verdict for said in gated[:10]] == [Verdict.SMALL_CHANGE] * 10  # 0.0011 x 100 = 0.11


@given(per_set=TABLES, correction=CORRECTIONS)
def test_a_correction_only_takes_flags_away(per_set: FloatArray, correction: Correction) -> None:
    """It never makes one, and touches no other verdict."""
    for alone, among in zip(judge(per_set), judge(per_set, correction=correction), strict=True):
        if among.alone is None:
            assert among.verdict is alone.verdict
        else:
            assert among.alone is alone.verdict
            assert (alone.verdict in FLAGGED, among.verdict) == (True, Verdict.SMALL_CHANGE)


def test_pairs_without_enough_sets_are_no_neighbours() -> None:
    """Nothing is concluded from them, so they cost the others nothing."""
    chosen = evenly(0.0445, 0.005)
    few = np.full((299, 5), NAN)
    few[:, :3] = 0.5
    said = judge(np.vstack([chosen, few]), correction=Correction.HOLM)
    assert (said[0].verdict, said[0].among) == (Verdict.REGRESSED, 1)


def test_each_pair_may_have_its_own_margin_and_pairing() -> None:
    per_set = np.tile(evenly(0.03, 0.005), (3, 1))
    said = judge(per_set, margins=[0.02, 0.05, 0.02], pairing=["round", "round", "process"])
    assert [each.verdict for each in said] == [Verdict.REGRESSED, Verdict.EQUIVALENT, Verdict.INCONCLUSIVE]
    assert [each.margin for each in said] == [0.02, 0.05, 0.02]


def test_no_pairs_are_no_judgements() -> None:
    assert judge(np.empty((0, 5)), correction=Correction.HOLM) == []


def test_a_thousand_pairs_cost_no_more_than_a_few_dozen_one_by_one() -> None:
    """Relative to itself, for a machine may be slow: a loop over pairs would cost some thirty times as much."""
    per_set = np.random.default_rng(2).normal(0, 0.01, (1000, 20))
    judge(per_set)

    def seconds(rows: list[FloatArray]) -> float:
        begun = time.process_time()
        for each in rows:
            judge(each)
        return time.process_time() - begun

    together = min(seconds([per_set]) for _ in range(5))
    one_by_one = min(seconds([row[None, :] for row in per_set[:250]]) for _ in range(5))
    assert together < one_by_one
